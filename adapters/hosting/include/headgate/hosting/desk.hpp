#pragma once
// SPDX-License-Identifier: BSL-1.0
// hosting: the thread of a scheduler, with the calls that wait for an answer.

#include <headgate/concepts/held_completion.hpp>
#include <headgate/concepts/worker_log.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <vector>

namespace headgate::inline v1::hosting {

/// Milliseconds of std::chrono::steady_clock.
instant steady_now();

/// Runs what is posted, one after the other, on a thread of its own, and answers the watch and the stops that are held:
/// as soon as there is news or nothing is left, or when their deadline comes. All completions are called on that
/// thread, and no lock is held meanwhile.
class desk {
public:
    /// Posted and not begun; one more is refused.
    static constexpr std::size_t most_calls = 65'536;
    /// How often work that cannot be done yet is tried again.
    static constexpr duration try_again = std::chrono::milliseconds(5);
    /// How often another clock than the steady one is looked at while something has a deadline.
    static constexpr duration look_again = std::chrono::milliseconds(100);
    /// A stop that has not ended all workers is answered so long before its deadline.
    static constexpr duration answer_early = std::chrono::milliseconds(100);

    struct hooks {
        std::function<instant()> now{};  ///< the clock of the deadlines; empty: steady_now
        /// Workers of the job that live, up to this generation.
        std::function<std::uint32_t(const job_id&, generation)> left{};
        /// Called in each turn; answers when it is to be called again at the latest.
        std::function<instant(instant now)> turn{};
    };

    /// Answers whether it is done. If not it is tried again, before all that was posted later. At `never` the desk
    /// ends: it must be done, with whatever answer.
    using work = std::function<bool(instant now)>;

    explicit desk(hooks with);
    desk(const desk&) = delete;
    desk& operator=(const desk&) = delete;
    ~desk();

    /// False if too much waits, or if the desk has ended. From any thread.
    [[nodiscard]] bool post(work one);
    /// Makes the thread take a turn. From any thread, and after the end too.
    void wake();
    /// Does all that was posted, answers all that is held, and ends the thread. Not from that thread.
    void finish();

    // On the desk's thread only ------------------------------------------------------------------------------------

    /// Calls `ready` while `descriptor` is readable, until it is forgotten. False if the system cannot.
    bool notice(int descriptor, std::function<void()> ready);
    void forget(int descriptor);

    void hold(const request<watch_workers>& r, held_completion<watch_workers> done);
    void hold(const request<stop_workers>& r, held_completion<stop_workers> done);
    worker_log& log() { return log_; }

private:
    template <class Effect>
    struct held {
        request<Effect> asked;
        held_completion<Effect> done;
    };

    void run();
    void take_posted();
    void do_work(instant now);
    /// Answers what can be, and when it is to be looked at again.
    instant settle(instant now);
    void wait(instant until);

    hooks with_;
    bool has_own_clock_;
    int epoll_;
    int event_;

    std::mutex mutex_{};
    std::vector<work> posted_{};
    bool ends_ = false;

    std::vector<work> waiting_{};
    std::unordered_map<int, std::function<void()>> noticed_{};
    std::optional<held<watch_workers>> watch_{};
    std::vector<held<stop_workers>> stops_{};
    worker_log log_{};
    std::thread thread_{};
};

/// Posts `work` for the call, or answers that there is too much to do.
template <class Effect>
void post_call(desk& to, const held_completion<Effect>& done, desk::work work) {
    if (to.post(std::move(work))) return;
    error why{.kind = error_kind::scheduler, .text = "too many calls wait for this scheduler"};
    if constexpr (std::constructible_from<typename Effect::answer, not_applied>)
        done(not_applied{std::move(why)});
    else
        done(tl::unexpected<error>(std::move(why)));
}

}  // namespace headgate::inline v1::hosting
