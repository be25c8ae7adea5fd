#pragma once
// SPDX-License-Identifier: BSL-1.0
// retry: any operation that answers through a completion, tried until it succeeds or a policy gives up.

#include <headgate/concepts/clock.hpp>
#include <headgate/policy/backoff.hpp>
#include <headgate/policy/retry.hpp>
#include <headgate/vocabulary/outcome.hpp>
#include <headgate/vocabulary/strong.hpp>
#include <headgate/vocabulary/time.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace headgate::inline v1 {

/// Whether an effect whose outcome is unknown may be tried again (G6). Only who knows the effect can say.
enum class if_unknown : std::uint8_t {
    stop,    ///< answer unknown, so that it is found out
    repeat,  ///< a second time does no harm
};

/// `again` says whether to try again, `pause` how long to wait before.
template <retry_policy Policy, backoff Backoff>
struct retries {
    Policy again;
    Backoff pause;
    headgate::if_unknown if_unknown = headgate::if_unknown::stop;
};

/// Calls `operation(attempt, completion)` and, once that has succeeded or is not tried again, `done(answer)`.
///
/// The completion takes an `outcome<T>` or an `expected<T>`, always the same, and `done` gets that type. It is a
/// copyable value, may be called from any thread, also within the operation, and does nothing when called again.
///
///     expected<T>              a value ends it; an error is tried again if the policy says so
///     outcome<T>  applied      ends it
///                 not applied  is tried again if the policy says so
///                 unknown      the same if `how.if_unknown` is repeat; else ends it
///
/// `done` gets the last answer, but after an unknown one a last `not_applied` is answered as unknown: an earlier
/// attempt may have happened.
///
/// `bits` are uniform over all 64-bit values; with the attempt they decide every pause. `timer` must outlive the last
/// attempt. Operation and `done` are kept in one block of memory, the only allocation. They run where completions and
/// the timer call. An operation that answers within its call, with a timer that does so too, nests once for each
/// attempt.
template <timer Timer, retry_policy Policy, backoff Backoff, class Operation, class Done>
void retry(Timer& timer, retries<Policy, Backoff> how, std::uint64_t bits, Operation operation, Done done);

// Implementation ------------------------------------------------------------------------------------------------------

namespace detail {

template <class Timer, class Policy, class Backoff, class Operation, class Done>
class retrying : public std::enable_shared_from_this<retrying<Timer, Policy, Backoff, Operation, Done>> {
public:
    retrying(Timer& timer, retries<Policy, Backoff> how, std::uint64_t bits, Operation operation, Done done)
        : timer_(timer),
          how_(std::move(how)),
          bits_(bits),
          operation_(std::move(operation)),
          done_(std::move(done)),
          began_(timer.now()) {}

    struct completion {
        headgate::attempt attempt;
        std::shared_ptr<retrying> to;

        template <class Answer>
        void operator()(Answer answer) const {
            to->come(attempt, std::move(answer));
        }
    };

    void begin(attempt number) {
        waits_for_ = number.value;
        operation_(number, completion{number, this->shared_from_this()});
    }

private:
    template <class T>
    void come(attempt number, expected<T> answer) {
        if (not is_first(number)) return;
        if (answer or not tries_again(number, answer.error().kind)) done_(std::move(answer));
    }

    template <class T>
    void come(attempt number, outcome<T> answer) {
        if (not is_first(number)) return;
        const bool goes_on = answer.match(
            [](const T&) { return false; }, [&](const error& why) { return tries_again(number, why.kind); },
            [&](const error& why) {
                was_unknown_ = true;
                return how_.if_unknown == if_unknown::repeat and tries_again(number, why.kind);
            });
        if (goes_on) return;
        using why_not = std::optional<error>;
        const why_not why =
            answer.match([](const T&) { return why_not(); }, [](const error& no) { return why_not(no); },
                         [](const error& maybe) { return why_not(maybe); });
        if (was_unknown_ and why) answer = outcome<T>(unknown{*why});
        done_(std::move(answer));
    }

    /// Attempts are 1 and up, so 0 waits for none.
    bool is_first(attempt number) {
        std::uint32_t awaited = number.value;
        return waits_for_.compare_exchange_strong(awaited, 0);
    }

    /// Decides, and sets the timer if so. After that another thread may be in here.
    bool tries_again(attempt failed, error_kind kind) {
        const instant now = timer_.now();
        const std::uint64_t drawn = mixed(bits_, failed.value);
        const duration pause = how_.pause(failed, paused_, drawn);
        if (not how_.again({.attempt = failed, .kind = kind, .began = began_, .now = now, .pause = pause}))
            return false;
        paused_ = pause;
        timer_.at(later(now, pause), [self = this->shared_from_this(), failed] { self->begin({failed.value + 1}); });
        return true;
    }

    /// splitmix64's finaliser (Steele, Lea, Flood 2014) over seed and number.
    static constexpr std::uint64_t mixed(std::uint64_t seed, std::uint64_t number) {
        std::uint64_t z = seed + number * 0x9e3779b97f4a7c15u;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return z ^ (z >> 31);
    }

    Timer& timer_;
    retries<Policy, Backoff> how_;
    std::uint64_t bits_;
    Operation operation_;
    Done done_;
    instant began_;
    duration paused_{};
    bool was_unknown_ = false;
    std::atomic<std::uint32_t> waits_for_{};
};

}  // namespace detail

template <timer Timer, retry_policy Policy, backoff Backoff, class Operation, class Done>
void retry(Timer& timer, retries<Policy, Backoff> how, std::uint64_t bits, Operation operation, Done done) {
    using state = detail::retrying<Timer, Policy, Backoff, Operation, Done>;
    std::make_shared<state>(timer, std::move(how), bits, std::move(operation), std::move(done))->begin({1});
}

}  // namespace headgate::inline v1
