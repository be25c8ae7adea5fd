#pragma once
// SPDX-License-Identifier: BSL-1.0
// machine: the workers of one generation, as the job sees them (S11).

#include <headgate/fact/fact.hpp>
#include <headgate/vocabulary/effect.hpp>
#include <headgate/vocabulary/fields.hpp>
#include <headgate/vocabulary/worker.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace headgate::inline v1 {

enum class worker_phase : std::uint8_t {
    launched,      ///< asked for
    connected,     ///< registered
    open,          ///< dialled, identity proven
    initializing,  ///< its StartExecution was sent
    ready,         ///< it reported itself initialized
    failed,        ///< that report carried an error
    gone,          ///< exited, stream lost, dropped or overdue
};

inline constexpr std::uint32_t unplaced = ~std::uint32_t{0};

struct worker {
    worker_identity identity{};
    worker_profile profile{};  ///< of the incarnation that registered last
    stream_id stream{};
    worker_phase phase = worker_phase::launched;
    std::uint32_t position = unplaced;  ///< in the plan
    bool is_attended = false;
    std::uint32_t dials{};              ///< of this incarnation
    bool is_barred = false;  ///< exited or given up: whatever still comes from it is ignored
    instant heard{};
    fact<dialled> channel{};
    fact<> launched{};
    fact<> barrier{};    ///< of the checkpoint that is being taken
    fact<> dismissed{};  ///< a spare, once the job runs

    bool is_placed() const { return position != unplaced; }
    bool is_open() const {
        return phase == worker_phase::open or phase == worker_phase::initializing or phase == worker_phase::ready;
    }
    bool is_present() const { return phase == worker_phase::connected or is_open(); }

    friend bool operator==(const worker&, const worker&) = default;
};

/// A worker's process keeps its incarnation and its addresses for its life.
inline bool is_same_worker(const worker_profile& was, const worker_profile& shown) {
    return was.incarnation == shown.incarnation and was.rpc_address == shown.rpc_address and
           was.data_address == shown.data_address;
}

/// Workers by ordinal. What has to be done for them is on a list, so a step costs what changed and not what exists.
class crew {
public:
    /// Of this generation; a new crew is a new visit for the tickets of its workers.
    void begin(headgate::generation of);
    void clear();

    /// Launches as many more as are missing from `count` workers of `slots`.
    void fill(std::size_t count, std::uint32_t slots);

    std::uint32_t visit() const { return visit_; }
    const std::vector<worker>& members() const { return members_; }
    std::uint64_t open_slots() const { return open_slots_; }
    std::size_t count(worker_phase phase) const;
    /// Those that are not gone: what start_workers asks for.
    std::vector<worker_identity> wanted() const;
    std::size_t wanted_count() const { return members_.size() - gone_; }

    /// Null if there is none of that number.
    worker* find(ordinal at) { return at.value < members_.size() ? &members_[at.value] : nullptr; }
    ordinal number_of(const worker& one) const { return {static_cast<std::uint32_t>(&one - members_.data())}; }
    std::vector<worker>& all() { return members_; }

    /// The one way to change a phase; keeps the sums.
    void enter(worker& one, worker_phase to);

    /// Puts a worker on the list of those that something may be due for.
    void attend(worker& one);
    void attend_all();
    /// Calls `serve(worker&)` for each on the list, and empties it. What is due by `now` and was not asked for even so
    /// is not wanted any more, and not waited for.
    template <class Serve>
    void serve_attended(instant now, Serve serve);

    /// A lower bound of the workers' deadlines. `tend` attends those that are due by `now`.
    instant next_due() const { return next_due_; }
    void due_at(instant when) { next_due_ = std::min(next_due_, when); }
    void tend(instant now);

    friend bool operator==(const crew&, const crew&) = default;

private:
    static instant next_due(const worker& one, instant after);

    friend fields;
    static constexpr std::size_t field_count = 7;

    std::vector<worker> members_;
    std::vector<std::uint32_t> attention_;
    headgate::generation generation_{};
    std::uint64_t open_slots_ = 0;
    std::size_t gone_ = 0;
    std::uint32_t visit_ = 0;
    instant next_due_ = never;
};

// Implementation ------------------------------------------------------------------------------------------------------

inline void crew::begin(headgate::generation of) {
    clear();
    generation_ = of;
}

inline void crew::clear() {
    members_.clear();
    attention_.clear();
    open_slots_ = 0;
    gone_ = 0;
    next_due_ = never;
    ++visit_;
}

inline void crew::fill(std::size_t count, std::uint32_t slots) {
    while (wanted_count() < count) {
        const ordinal number{static_cast<std::uint32_t>(members_.size())};
        members_.push_back({.identity = {.id = id_of(generation_, number), .slots = slots}});
    }
}

inline std::size_t crew::count(worker_phase phase) const {
    return static_cast<std::size_t>(std::ranges::count(members_, phase, &worker::phase));
}

inline std::vector<worker_identity> crew::wanted() const {
    std::vector<worker_identity> list;
    for (const worker& one : members_)
        if (one.phase != worker_phase::gone) list.push_back(one.identity);
    return list;
}

inline void crew::enter(worker& one, worker_phase to) {
    if (one.is_open()) open_slots_ -= one.profile.slots;
    if (one.phase == worker_phase::gone) --gone_;
    one.phase = to;
    if (one.is_open()) open_slots_ += one.profile.slots;
    if (to == worker_phase::gone) ++gone_;
}

inline void crew::attend(worker& one) {
    if (one.is_attended) return;
    one.is_attended = true;
    attention_.push_back(number_of(one).value);
}

inline void crew::attend_all() {
    for (worker& one : members_) attend(one);
}

inline instant crew::next_due(const worker& one, instant after) {
    instant next = never;
    for (const instant due :
         {one.channel.deadline(), one.launched.deadline(), one.barrier.deadline(), one.dismissed.deadline()})
        if (due > after) next = std::min(next, due);
    return next;
}

template <class Serve>
void crew::serve_attended(instant now, Serve serve) {
    // By index: serving one may put another on the list, or launch a worker, which moves them all.
    for (std::size_t i = 0; i < attention_.size(); ++i) {
        const std::uint32_t at = attention_[i];
        members_[at].is_attended = false;
        serve(members_[at]);
        due_at(next_due(members_[at], now));
    }
    attention_.clear();
}

inline void crew::tend(instant now) {
    if (next_due_ > now) return;
    next_due_ = never;
    for (worker& one : members_) {
        if (next_due(one, instant::min()) <= now) attend(one);
        due_at(next_due(one, now));
    }
}

}  // namespace headgate::inline v1
