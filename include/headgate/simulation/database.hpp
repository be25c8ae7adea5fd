#pragma once
// SPDX-License-Identifier: BSL-1.0
// simulation: a database in memory, a value that can be copied with its calls in flight.

#include <headgate/concepts/database.hpp>
#include <headgate/concepts/held_completion.hpp>
#include <headgate/simulation/database_rows.hpp>

#include <concepts>
#include <cstddef>
#include <deque>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

namespace headgate::inline v1::simulation {

/// Models `database` over its rows (database_rows.hpp). Completes within the call; if it `queues`, each call waits
/// for `run`, in the order of coming or in any other, so that what is slow, lost or overtaken can be played. A
/// watch without news waits in either case.
class database : public database_rows {
public:
    /// Calls that may wait; one more is answered at once, as not applied or with an error.
    static constexpr std::size_t most_waiting = 4'096;

    database() = default;
    explicit database(bool queues) : queues_(queues) {}

    /// `done(answer)` of each is called once: within the call, by `run`, or for a watch by whatever brings news.
    void claim(const request<headgate::claim>& r, completion_for<headgate::claim> auto done) { take(r, done); }
    void store(const request<store_row>& r, completion_for<store_row> auto done) { take(r, done); }
    void write_checkpoint(const request<headgate::write_checkpoint>& r,
                          completion_for<headgate::write_checkpoint> auto done) {
        take(r, done);
    }
    void put_wish(const request<headgate::put_wish>& r, completion_for<headgate::put_wish> auto done) { take(r, done); }
    void tell(const request<headgate::tell>& r, completion_for<headgate::tell> auto done) { take(r, done); }
    void advance_lease(const request<headgate::advance_lease>& r, completion_for<headgate::advance_lease> auto done) {
        take(r, done);
    }
    void watch(const request<watch_jobs>& r, completion_for<watch_jobs> auto done) { take(r, done); }
    void read_log(const request<headgate::read_log>& r, completion_for<headgate::read_log> auto done) { take(r, done); }

    /// Calls that wait for `run`.
    std::size_t waiting() const { return waiting_.size(); }
    /// Carries out the call that has waited longest; false if there is none.
    bool run_one() { return run(0); }
    /// Carries out the call at `position` of those that wait; false if there is none.
    bool run(std::size_t position);
    /// Answers the call at `position` "unknown" (a read: `database`), carried out or not. False if there is none.
    bool lose(std::size_t position, bool is_carried_out);

    bool has_held_watch() const { return held_.has_value(); }
    instant watch_deadline() const { return held_ ? held_->asked.deadline : never; }
    /// Answers the held watch with no news, as at its deadline.
    void expire_watch();

protected:
    void answer_watch();  // also for liars

private:
    template <class Effect>
    struct call {
        request<Effect> asked;
        held_completion<Effect> done;
    };
    using any_call =
        std::variant<call<headgate::claim>, call<store_row>, call<headgate::write_checkpoint>, call<headgate::put_wish>,
                     call<headgate::tell>, call<headgate::advance_lease>, call<watch_jobs>, call<headgate::read_log>>;

    template <class Effect>
    void take(const request<Effect>& asked, const held_completion<std::type_identity_t<Effect>>& done);
    template <class Effect>
    void carry_out(const call<Effect>& one);
    std::optional<any_call> pick(std::size_t position);

    bool queues_ = false;
    std::deque<any_call> waiting_{};
    std::optional<call<watch_jobs>> held_{};
};

// Implementation ------------------------------------------------------------------------------------------------------

inline void database::answer_watch() {
    if (not held_) return;
    expected<job_news> news = apply(held_->asked.what);
    if (not news->jobs.empty()) std::exchange(held_, std::nullopt)->done(std::move(news));
}

inline void database::expire_watch() {
    if (const auto ended = std::exchange(held_, std::nullopt)) ended->done(job_news{.next = ended->asked.what.since});
}

template <class Effect>
void database::take(const request<Effect>& asked, const held_completion<std::type_identity_t<Effect>>& done) {
    if (queues_ and waiting_.size() == most_waiting) {
        const error full{.kind = error_kind::database, .text = "too many calls wait"};
        if constexpr (std::constructible_from<typename Effect::answer, not_applied>)
            done(not_applied{full});
        else
            done(tl::unexpected(full));
    } else if (queues_)
        waiting_.push_back(call<Effect>{asked, done});
    else
        carry_out(call<Effect>{asked, done});
}

template <class Effect>
void database::carry_out(const call<Effect>& one) {
    if constexpr (std::same_as<Effect, watch_jobs>) {
        expire_watch();
        held_ = one;
    } else {
        one.done(apply(one.asked.what));
    }
    answer_watch();
}

inline std::optional<database::any_call> database::pick(std::size_t position) {
    if (position >= waiting_.size()) return std::nullopt;
    const auto at = waiting_.begin() + static_cast<std::ptrdiff_t>(position);
    std::optional<any_call> picked(*at);
    waiting_.erase(at);
    return picked;
}

inline bool database::run(std::size_t position) {
    const std::optional<any_call> picked = pick(position);
    if (picked) std::visit([this](const auto& one) { carry_out(one); }, *picked);
    return picked.has_value();
}

inline bool database::lose(std::size_t position, bool is_carried_out) {
    const std::optional<any_call> picked = pick(position);
    if (not picked) return false;
    const error lost{.kind = error_kind::database, .text = "the answer was lost"};
    std::visit(
        [&]<class Effect>(const call<Effect>& one) {
            if (is_carried_out) {
                const auto ignored = apply(one.asked.what);
                static_cast<void>(ignored);
            }
            if constexpr (requires { one.done(tl::unexpected(lost)); })
                one.done(tl::unexpected(lost));
            else
                one.done(unknown{lost});
        },
        *picked);
    answer_watch();
    return true;
}

}  // namespace headgate::inline v1::simulation
