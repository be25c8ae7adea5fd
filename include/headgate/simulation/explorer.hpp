#pragma once
// SPDX-License-Identifier: BSL-1.0
// simulation: every order in which events of a small world may come (situation.hpp says which), breadth first, so that
// what breaks it is found by a shortest path.

#include <headgate/simulation/situation.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace headgate::inline v1::simulation {

struct exploration_limits {
    std::uint64_t states = 50'000'000;
    /// Goes on from a state by an answer alone that nobody waits for, if one is on its way: it changes nothing (I2).
    bool prunes = true;
    /// While more states wait to be gone on from, the newest goes first: that needs less room (one is a world, of about
    /// 16 KB), but what is found then may have a shorter path.
    std::uint64_t waiting = 150'000;
};

enum class exploration_end : std::uint8_t { wholly, states, told_to_end, violation };

struct exploration {
    exploration_end end{};
    std::uint64_t states{};   ///< that are different
    std::uint64_t steps{};    ///< taken from them
    std::uint64_t waiting{};  ///< states found and not gone on from
    std::uint32_t depth{};    ///< events on the longest path
    std::uint64_t resting{};  ///< states in which the job is where its user wants it
    std::optional<violation> broken{};
    bool is_shortest = true;            ///< the oldest always went first, so no path is longer than need be
    std::vector<std::uint32_t> path{};  ///< to the violation: of all that could happen, which did
};

/// States that were visited, by hash. Open addressing; 16 to 32 bytes a state.
class visited {
public:
    /// False if it was there.
    bool insert(std::uint64_t hash);
    std::size_t size() const { return size_; }

private:
    std::vector<std::uint64_t> at_ = std::vector<std::uint64_t>(std::size_t{1} << 16);
    std::size_t size_ = 0;
};

/// Goes on from `start` in every way there is. `tell(exploration)` is called from time to time, about every thousand
/// steps, and answers whether to go on.
/// Two states of one hash are taken for one: with 64 bits and n states the chance of any such pair is about n^2 / 2^65.
template <class Policies, backend_rules Backend, class Tell>
exploration explore(const situation<Policies, Backend>& start, const exploration_limits& limits, Tell tell);

/// The run along a path, with all that is told on the way; nothing if it asks for an event that cannot come there.
template <class Policies, backend_rules Backend>
std::optional<situation<Policies, Backend>> follow(situation<Policies, Backend> start,
                                                   const std::vector<std::uint32_t>& path);

// Implementation ------------------------------------------------------------------------------------------------------

inline bool visited::insert(std::uint64_t hash) {
    if (hash == 0) hash = 1;
    if (2 * size_ >= at_.size()) {
        std::vector<std::uint64_t> before(2 * at_.size());
        before.swap(at_);
        size_ = 0;
        for (const std::uint64_t one : before)
            if (one != 0) insert(one);
    }
    for (std::size_t i = hash & (at_.size() - 1);; i = (i + 1) & (at_.size() - 1)) {
        if (at_[i] == hash) return false;
        if (at_[i] != 0) continue;
        at_[i] = hash;
        ++size_;
        return true;
    }
}

namespace detail {

/// How each state was reached first: for the path.
struct origin {
    std::uint32_t from{};
    std::uint32_t by{};
};

/// A world in which nothing can happen any more must be at rest; one that ended as failed had a cause, and here is
/// none.
template <class Policies, backend_rules Backend>
void judge(situation<Policies, Backend>& now, bool is_stuck) {
    outside& o = now.in().around();
    for (const auto& [id, entry] : o.rows.jobs()) {
        if (entry.row.state == state_name::failed)
            o.rules.expect(false, invariant::no_cause_to_fail, o.now,
                           [&] { return id.value + ": " + entry.row.last_error; });
        if (is_stuck)
            o.rules.expect(now.rests(), entry.wish->stop == stop_mode::run ? invariant::converges : invariant::stops,
                           o.now, [&] {
                               return "nothing can happen any more, and " + id.value + " is " +
                                      std::string(text_of(entry.row.state));
                           });
    }
}

}  // namespace detail

template <class Policies, backend_rules Backend, class Tell>
exploration explore(const situation<Policies, Backend>& start, const exploration_limits& limits, Tell tell) {
    using situation_type = situation<Policies, Backend>;
    struct found {
        std::unique_ptr<situation_type> what;
        world_hash is{};
        std::uint32_t number{};
        std::uint32_t depth{};
    };
    struct successor {
        std::unique_ptr<situation_type> what;
        world_hash is{};
        std::uint32_t by{};
    };
    std::vector<successor> all;
    exploration told;
    visited seen;
    std::vector<detail::origin> origins{{}};
    std::deque<found> front;
    std::vector<move> moves;
    seen.insert(start.hash());
    front.push_back({std::make_unique<situation_type>(start), hash_of(start.in()), 0, 0});
    const auto end = [&](exploration_end how) {
        told.end = how;
        told.states = seen.size();
        told.waiting = front.size();
        return told;
    };
    const auto path_to = [&](std::uint32_t number) {
        std::vector<std::uint32_t> path;
        for (; number != 0; number = origins[number].from) path.insert(path.begin(), origins[number].by);
        return path;
    };
    while (not front.empty()) {
        const bool is_newest_first = front.size() > limits.waiting;
        told.is_shortest = told.is_shortest and not is_newest_first;
        const found one = std::move(is_newest_first ? front.back() : front.front());
        is_newest_first ? front.pop_back() : front.pop_front();
        told.depth = std::max(told.depth, one.depth);
        one.what->list(moves);
        told.resting += one.what->rests() ? 1u : 0u;
        if (moves.empty()) detail::judge(*one.what, true);
        if (one.what->in().broken()) {
            told.broken = one.what->in().broken();
            told.path = path_to(one.number);
            return end(exploration_end::violation);
        }
        all.clear();
        for (std::uint32_t i = 0; i < moves.size(); ++i) {
            auto next = std::make_unique<situation_type>(*one.what);
            next->take(moves[i]);
            ++told.steps;
            detail::judge(*next, false);
            if (next->in().broken()) {
                told.broken = next->in().broken();
                told.path = path_to(one.number);
                told.path.push_back(i);
                told.depth = std::max(told.depth, one.depth + 1);
                return end(exploration_end::violation);
            }
            const world_hash is = hash_of(next->in());
            const bool is_stale = limits.prunes and one.what->is_stale(moves[i], one.is, is);
            if (is_stale) all.clear();
            all.push_back({std::move(next), is, i});
            if (is_stale) break;
        }
        for (auto& [next, is, by] : all) {
            if (not seen.insert(next->hash_with(is))) continue;
            origins.push_back({one.number, by});
            front.push_back({std::move(next), is, static_cast<std::uint32_t>(origins.size() - 1), one.depth + 1});
        }
        if (seen.size() >= limits.states) return end(exploration_end::states);
        if (told.steps % 1'024 < moves.size() and not tell(end(exploration_end::told_to_end))) return told;
    }
    return end(exploration_end::wholly);
}

template <class Policies, backend_rules Backend>
std::optional<situation<Policies, Backend>> follow(situation<Policies, Backend> start,
                                                   const std::vector<std::uint32_t>& path) {
    std::vector<move> moves;
    for (const std::uint32_t one : path) {
        if (start.in().broken()) break;
        start.list(moves);
        if (one >= moves.size()) return std::nullopt;
        start.take(moves[one]);
        detail::judge(start, false);
    }
    start.list(moves);
    if (moves.empty()) detail::judge(start, true);
    return start;
}

}  // namespace headgate::inline v1::simulation
