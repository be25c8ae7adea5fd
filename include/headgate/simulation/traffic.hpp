#pragma once
// SPDX-License-Identifier: BSL-1.0
// simulation: everything that is on its way in a world, as one queue of plain values.

#include <headgate/concepts/controller_link.hpp>
#include <headgate/controller/mailbox.hpp>
#include <headgate/vocabulary/engine.hpp>
#include <headgate/vocabulary/record.hpp>

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace headgate::inline v1::simulation {

inline constexpr std::size_t most_controllers = 2;

/// Where a controller runs, and how often one was started there: what is meant for an earlier one is lost.
struct host {
    static constexpr std::uint32_t any_boot = ~std::uint32_t{0};  ///< of a turn: whoever runs there then

    std::uint32_t slot{};
    std::uint32_t boot{};

    friend bool operator==(const host&, const host&) = default;
};

/// Position in `outside::processes`.
using process_number = std::uint32_t;

using any_request =
    std::variant<request<claim>, request<store_row>, request<write_checkpoint>, request<advance_lease>,
                 request<watch_jobs>, request<tell>, request<start_workers>, request<stop_workers>,
                 request<watch_workers>, request<load_checkpoint>, request<prepare_checkpoint>,
                 request<store_checkpoint>, request<remove_checkpoint>, request<dial>, request<start_execution>,
                 request<begin_checkpoint>, request<stop_execution>>;

/// A request of a controller arrives where it is carried out.
struct to_outside {
    host from{};
    job_handle job{};
    any_request what{};
};
/// An answer, or something said on a stream, arrives at a controller.
struct to_controller {
    host to{};
    mail what{};
};
/// Something arrives at a worker's process.
struct to_worker {
    process_number to{};
    link_event what{};
    stream_id stream{};  ///< on which it is said or that it is news of; 0: a call, or a stream that is none
    bool is_of_a_stranger{};
};
/// A worker's engine has something to say.
struct from_engine {
    process_number at{};
    engine_event what{};
};
/// A process begins or ends by itself, is stopped or continued, or the network takes its stream.
struct process_turn {
    enum class kind : std::uint8_t { begins, exits, dies, hangs, goes_on, stops, loses_its_stream };

    process_number at{};
    kind what{};
};
/// A controller's process crashes, starts, is stopped or continued.
struct controller_turn {
    enum class kind : std::uint8_t { crashes, starts, pauses, goes_on };

    host at{};
    kind what{};
    duration length{};  ///< of a pause; 0 is drawn
};
/// A long poll or a stop has waited long enough.
struct wait_over {
    enum class kind : std::uint8_t { watch_of_jobs, watch_of_workers, stop_of_workers };

    host of{};
    kind what{};
    ticket by{};
};
/// The user says something new.
struct user_turn {
    std::uint32_t job{};
    std::uint32_t says{};  ///< position in the user's list
};
/// The world changes: an outage begins, slots are taken, the wall clock jumps, everything is healed.
struct world_turn {
    enum class kind : std::uint8_t {
        database_goes,
        slots_go,
        slots_come,
        wall_clock_jumps,
        cuts_off,
        says_gone,
        heals,
    };

    kind what{};
};

using on_its_way = std::variant<to_outside, to_controller, to_worker, from_engine, process_turn, controller_turn,
                                wait_over, user_turn, world_turn>;

/// Ordered by the time of arrival, and what arrives at one time by the order in which it was put there.
class traffic {
public:
    /// More are a fault of the world or of what runs in it.
    static constexpr std::size_t most = 1 << 16;

    void put(instant at, on_its_way what);
    bool is_empty() const { return order_.empty(); }
    std::size_t size() const { return order_.size(); }
    instant next() const { return order_.empty() ? never : order_.front().at; }
    /// Precondition: not empty.
    on_its_way take() { return take_from_heap(); }

    /// For whoever tries every order: calls `each(position, at, what)`.
    template <class Each>
    void for_each(Each each) const {
        for (std::size_t i = 0; i < order_.size(); ++i) each(i, order_[i].at, held_[order_[i].slot]);
    }
    /// Takes out what is at a position of `for_each`.
    on_its_way take_at(std::size_t position);
    const on_its_way& at(std::size_t position) const { return held_[order_[position].slot]; }
    instant time_of(std::size_t position) const { return order_[position].at; }
    /// What was put there earlier has a lower one.
    std::uint64_t number_of(std::size_t position) const { return order_[position].number; }

private:
    struct place {
        instant at{};
        std::uint64_t number{};
        std::uint32_t slot{};
    };
    static bool is_later(const place& left, const place& right) {
        return left.at != right.at ? left.at > right.at : left.number > right.number;
    }
    on_its_way take_from_heap();
    on_its_way free(std::uint32_t slot);

    std::vector<place> order_{};  // a heap
    std::vector<on_its_way> held_{};
    std::vector<std::uint32_t> free_{};
    std::uint64_t number_ = 0;
};

// Implementation ------------------------------------------------------------------------------------------------------

inline void traffic::put(instant at, on_its_way what) {
    assert(order_.size() < most);
    std::uint32_t slot = 0;
    if (free_.empty()) {
        slot = static_cast<std::uint32_t>(held_.size());
        held_.push_back(std::move(what));
    } else {
        slot = free_.back();
        free_.pop_back();
        held_[slot] = std::move(what);
    }
    order_.push_back({at, number_++, slot});
    std::ranges::push_heap(order_, is_later);
}

inline on_its_way traffic::free(std::uint32_t slot) {
    free_.push_back(slot);
    return std::exchange(held_[slot], world_turn{});
}

inline on_its_way traffic::take_from_heap() {
    std::ranges::pop_heap(order_, is_later);
    const std::uint32_t slot = order_.back().slot;
    order_.pop_back();
    return free(slot);
}

inline on_its_way traffic::take_at(std::size_t position) {
    const std::uint32_t slot = order_[position].slot;
    order_[position] = order_.back();
    order_.pop_back();
    std::ranges::make_heap(order_, is_later);
    return free(slot);
}

}  // namespace headgate::inline v1::simulation
