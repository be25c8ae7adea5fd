#pragma once
// SPDX-License-Identifier: BSL-1.0
// simulation: one number for any value of a world, whatever the time is.

#include <headgate/controller/controller.hpp>
#include <headgate/fact/waiting.hpp>
#include <headgate/machine/machine.hpp>
#include <headgate/simulation/outside.hpp>
#include <headgate/vocabulary/fields.hpp>
#include <headgate/worker/driver.hpp>

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace headgate::inline v1::simulation {

/// Streams and connections of a world by whose they are, and how many of the same are newer: so that those that are
/// over change no name.
struct names {
    explicit names(const outside& of);

    std::vector<std::uint64_t> streams{}, connections{};
};

/// Feeds every member of every value (`fields`) into 64 bits, but for what decides nothing:
///
/// - instants count from now, so that worlds that differ only in when they are, are one;
/// - streams, connections and calls are named by whose they are, not by the number that they happened to draw;
/// - what is random (secrets, nonces, codes, states of generators) and what is for people (counts, history, metrics,
///   when a phase began) is left out.
class hasher {
public:
    /// `counts_time`: false leaves instants out, so that what only time has moved is the same.
    hasher(const outside& of, const names& known, bool counts_time = true)
        : of_(of), names_(known), now_(of.now), counts_time_(counts_time) {}

    std::uint64_t value() const { return hash_; }

    template <class T>
    hasher& add(const T& what);
    /// In no order.
    template <class List>
    hasher& add_unordered(const List& of);
    template <class T>
    std::uint64_t alone(const T& what) const {
        hasher other(*this);
        other.hash_ = 0;
        return other.add(what).value();
    }

    hasher& mix(std::uint64_t bits) {
        bits *= 0x9e3779b97f4a7c15u;
        hash_ = (hash_ ^ bits ^ (bits >> 32)) * 0xff51afd7ed558ccdu;
        hash_ ^= hash_ >> 29;
        return *this;
    }

    // What is not hashed member by member.
    void put(instant at);
    void put(duration length) { mix(static_cast<std::uint64_t>(length.count())); }
    void put(const std::string& text) { mix(std::hash<std::string_view>{}(text)); }
    template <std::size_t Size>
    void put(const std::array<std::byte, Size>&) {}
    void put(stream_id which);
    void put(connection_id which) { mix(which.value == 0 ? 0 : names_.connections[which.value - 1]); }
    void put(call_id which);
    void put(const controller_seen& one);
    void put(const headgate::wish& one) {
        add(one.version).add(one.stop).add(one.restart_nonce).add(one.ignore_state_before_epoch);
    }
    void put(const headgate::program& one) { mix(one.nodes.size()); }
    void put(const headgate::plan& one) { mix(digest(one)); }
    void put(const execution& one) { add(one.generation).add(one.digest).add(one.restore).add(one.start_epoch); }
    void put(const job_record& one) { add(one.id).add(one.row).add(*one.wish).add(one.time_left); }
    void put(const database_rows::entry& one) { add(one.row).add(one.wish).add(one.checkpoints); }
    void put(const standing_call& one) { add(one.deadline()); }
    // Standing calls are asked anew for ever: how often is no matter.
    void put(const answered<watch_jobs>& one) { add(one.result); }
    void put(const answered<watch_workers>& one) { add(one.result); }
    void put(const request<watch_jobs>& one) { add(one.deadline).add(one.what); }
    void put(const request<watch_workers>& one) { add(one.deadline).add(one.what); }
    void put(const watch_jobs& one) { put_read(one.since); }
    void put(const watch_workers& one) { put_seen(one.since); }
    void put(const job_news& one) { put_read(one.next), add(one.jobs); }
    void put(const worker_news& one) { put_seen(one.next), add(one.exits).add(one.slots_freed); }
    void put(const process& one);
    void put(const checks& one);
    void put(const wait_over& one);
    void put(const glimpse& one) {
        add(one.scheduled_since).add(one.attempt_since).add(one.slots_since).add(one.idle_since).add(one.visit);
    }
    void put(const worker_lease& one);
    void put(const worker_reports& one);
    void put(const worker_machine& one);
    void put(const worker_log& one);
    void put(const governor_state& one) { add(std::max(one.full_at, now_)); }
    // It decides nothing for a policy without a penalty.
    void put(const troubled_machines&) {}
    // For people, or random.
    void put(const counters&) {}
    void put(const told_count&) {}
    void put(const checkpoint_times&) {}
    void put(const timeline&) {}
    void put(const waiting&) {}
    void put(const worker_counts&) {}
    void put(wall_time) {}

    template <class T>
    void put(const fenced<T>& one) {
        add(one.of()).add(one.value());
    }
    template <class T>
    void put(const outcome<T>& one);
    template <class Policies>
    void put(const machine<Policies>& one) {
        add(one.job()).add(one.phase()).add(one.deadline());
    }
    template <class Bindings, class Policies>
    void put(const driver<Bindings, Policies>& one);
    template <class Bindings, class Policies>
    void put(const job_table<Bindings, Policies>& one);
    template <class Bindings, class Policies>
    void put(const routing<Bindings, Policies>& one);
    template <class... Parts>
    void put(const controller<Parts...>& one);
    void put_read(cursor up_to);  ///< of jobs
    void put_seen(cursor up_to);  ///< of workers

private:
    template <class T>
    void spread(const T& what);

    const outside& of_;
    const names& names_;
    instant now_;
    std::uint64_t hash_ = 0;
    bool counts_time_ = true;
    bool has_limits_only_ = false;  // an instant that is past is as good as any other that is
};

// Implementation ------------------------------------------------------------------------------------------------------

inline names::names(const outside& of) : streams(of.streams.size()), connections(of.connections.size()) {
    std::vector<std::uint32_t> seen(2 * of.backend.all().size());
    const auto name = [&](std::size_t counter, process_number whose) {
        return (std::uint64_t{whose} + 1) << 32 | ++seen[counter];
    };
    for (std::size_t i = streams.size(); i-- > 0;)
        streams[i] = name(2 * std::size_t{of.streams[i].of}, of.streams[i].of);
    for (std::size_t i = connections.size(); i-- > 0;)
        connections[i] = name(2 * std::size_t{of.connections[i].to} + 1, of.connections[i].to);
}

inline void hasher::put(stream_id which) {
    if (which.value == 0) return static_cast<void>(mix(0));
    const outside::stream& one = of_.streams[which.value - 1];
    mix(names_.streams[which.value - 1]).add(one.to).add(one.is_open).add(one.is_proven);
}

namespace detail {

template <class T>
concept is_tuple = requires {
    std::tuple_size<T>::value;
};
template <class T>
concept is_pointer = requires(const T& p) {
    typename T::element_type;
    p.get();
};
template <class T>
concept is_variant = requires(const T& v) {
    v.valueless_by_exception();
};
template <class T>
concept is_optional = requires(const T& o) {
    o.has_value();
    *o;
};
template <class T>
concept is_list = requires(const T& l) {
    l.begin();
    l.end();
    l.size();
};
template <class T>
concept is_map_of_streams =
    is_list<T> and std::same_as<typename T::value_type, std::pair<const stream_id, streams::standing>>;

}  // namespace detail

template <class T>
hasher& hasher::add(const T& what) {
    if constexpr (std::is_integral_v<T> or std::is_enum_v<T>)
        mix(static_cast<std::uint64_t>(what));
    else if constexpr (requires { put(what); } and not detail::is_pointer<T>)
        put(what);
    else
        spread(what);
    return *this;
}

template <class T>
void hasher::spread(const T& what) {
    if constexpr (detail::is_pointer<T>) {
        mix(what ? 1 : 0);
        if (what) add(*what);
    } else if constexpr (detail::is_variant<T>) {
        mix(what.index());
        std::visit([&](const auto& one) { add(one); }, what);
    } else if constexpr (detail::is_optional<T>) {
        mix(what.has_value() ? 1 : 0);
        if (what.has_value())
            add(*what);
        else if constexpr (requires { what.error(); })
            add(what.error());
    } else if constexpr (detail::is_list<T> and not detail::is_tuple<T>) {
        if constexpr (detail::is_map_of_streams<T> or std::same_as<T, std::vector<connection_id>>)
            return static_cast<void>(add_unordered(what));
        else {
            mix(what.size());
            for (auto each = what.begin(); each != what.end(); ++each) {
                if constexpr (std::same_as<T, std::vector<bool>>)
                    mix(*each ? 1 : 0);
                else
                    add(*each);
            }
        }
    } else if constexpr (detail::is_tuple<T>) {
        std::apply([&](const auto&... each) { (add(each), ...); }, what);
    } else {
        fields::apply(what, [&](const auto&... each) { (add(each), ...); });
    }
}

template <class List>
hasher& hasher::add_unordered(const List& of) {
    std::uint64_t sum = 0;
    for (const auto& each : of) sum += alone(each);
    return mix(of.size()).mix(sum);
}

inline void hasher::put(instant at) {
    // Those that were never set stand for themselves.
    if (at == never or at == instant{} or at == instant::min())
        mix(static_cast<std::uint64_t>(at.time_since_epoch().count()) + 7);
    else if (not counts_time_)
        mix(5);
    else
        mix(static_cast<std::uint64_t>(((has_limits_only_ ? std::max(at, now_) : at) - now_).count()) << 8);
}

template <class T>
void hasher::put(const outcome<T>& one) {
    one.match([&](const T& what) { mix(1).add(what); }, [&](const error& why) { mix(2).add(why); },
              [&](const error& why) { mix(3).add(why); });
}
}  // namespace headgate::inline v1::simulation

#include <headgate/simulation/hasher/parts.hpp>
