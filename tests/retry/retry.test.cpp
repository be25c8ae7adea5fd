// SPDX-License-Identifier: BSL-1.0
#include <headgate/retry/retry.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace headgate;
using namespace std::chrono_literals;

/// Time that moves only when it is told to.
class manual_timer {
public:
    instant now() const { return now_; }
    void at(instant when, std::function<void()> done) { waiting_.emplace(when, std::move(done)); }
    /// False if nobody waits.
    bool run_one() {
        if (waiting_.empty()) return false;
        auto next = waiting_.extract(waiting_.begin());
        now_ = std::max(now_, next.key());
        next.mapped()();
        return true;
    }
    void pass(duration by) { now_ += by; }

private:
    instant now_{};
    std::multimap<instant, std::function<void()>> waiting_;
};
static_assert(timer<manual_timer>);

const error down{.kind = error_kind::dial};
const error bad{.kind = error_kind::permanent};

using read_answer = expected<int>;
using effect_answer = outcome<int>;

std::string text(const read_answer& answer) {
    return answer ? "value " + std::to_string(*answer) : std::string(text_of(answer.error().kind));
}
std::string text(const effect_answer& answer) {
    return answer.match([](int value) { return "applied " + std::to_string(value); },
                        [](const error& why) { return "not applied " + std::string(text_of(why.kind)); },
                        [](const error& why) { return "unknown " + std::string(text_of(why.kind)); });
}

/// What became of an operation that answers these one after the other.
struct course {
    std::vector<instant> tried;
    std::vector<std::string> ended;
};

template <class Answer, class Policy, class Backoff>
course run(std::vector<Answer> answers, retries<Policy, Backoff> how, bool later = false) {
    manual_timer time;
    course seen;
    retry(
        time, how, 0,
        [&](attempt number, auto done) {
            seen.tried.push_back(time.now());
            if (number.value > answers.size()) return;
            if (later)
                time.at(time.now(), [&answers, number, done] { done(answers[number.value - 1]); });
            else
                done(answers[number.value - 1]);
        },
        [&](const Answer& answer) { seen.ended.push_back(text(answer)); });
    while (time.run_one()) {
    }
    return seen;
}

using ends = std::vector<std::string>;
constexpr instant zero{};

constexpr retries three{.again = attempt_limit{3} and if_transient{}, .pause = exponential{.first = 1s, .most = 1min}};
constexpr retries three_repeat{.again = attempt_limit{3} and if_transient{},
                               .pause = exponential{.first = 1s, .most = 1min},
                               .if_unknown = if_unknown::repeat};

const auto no = tl::unexpected(down);

BOOST_AUTO_TEST_CASE(a_success_ends_it_R2) {
    for (const bool later : {false, true}) {
        const course first = run<read_answer>({7}, three, later);
        BOOST_TEST((first.ended == ends{"value 7"}));
        BOOST_TEST((first.tried == std::vector{zero}));
        const course third = run<read_answer>({no, no, 7}, three, later);
        BOOST_TEST((third.ended == ends{"value 7"}));
        BOOST_TEST((third.tried == std::vector{zero, zero + 1s, zero + 3s}), "the pauses are the backoff's");
    }
}

BOOST_AUTO_TEST_CASE(a_budget_of_three_is_three_attempts_R2) {
    for (const bool later : {false, true}) {
        const course seen = run<read_answer>({no, no, no, 7}, three, later);
        BOOST_TEST((seen.ended == ends{"dial"}));
        BOOST_TEST(seen.tried.size() == 3u);
    }
}

BOOST_AUTO_TEST_CASE(what_cannot_be_helped_is_not_tried_again_R2) {
    BOOST_TEST((run<read_answer>({no, tl::unexpected(bad), 7}, three).ended == ends{"permanent"}));
    BOOST_TEST((run<effect_answer>({not_applied{bad}, 7}, three).ended == ends{"not applied permanent"}));
}

BOOST_AUTO_TEST_CASE(time_limits_count_the_pause_before_the_next_attempt_R2) {
    const retries limited{.again = time_limit{10s}, .pause = constant{4s}};
    BOOST_TEST(run<read_answer>({no, no, no, no, no}, limited).tried.size() == 3u);
    const retries until{.again = deadline_limit{zero + 8s}, .pause = constant{4s}};
    BOOST_TEST(run<read_answer>({no, no, no, no, no}, until).tried.size() == 2u);
}

BOOST_AUTO_TEST_CASE(an_unknown_outcome_is_not_repeated_unless_the_caller_says_so_G6) {
    const course stopped = run<effect_answer>({unknown{down}, 7}, three);
    BOOST_TEST((stopped.ended == ends{"unknown dial"}));
    BOOST_TEST(stopped.tried.size() == 1u);
    BOOST_TEST((run<effect_answer>({unknown{down}, 7}, three_repeat).ended == ends{"applied 7"}));
    BOOST_TEST((run<effect_answer>({unknown{bad}, 7}, three_repeat).ended == ends{"unknown permanent"}));
    BOOST_TEST((run<effect_answer>({not_applied{down}, unknown{down}, 7}, three).ended == ends{"unknown dial"}));
}

BOOST_AUTO_TEST_CASE(an_attempt_that_may_have_happened_is_not_forgotten_G6) {
    BOOST_TEST(
        (run<effect_answer>({unknown{down}, not_applied{bad}}, three_repeat).ended == ends{"unknown permanent"}));
    BOOST_TEST((run<effect_answer>({unknown{down}, not_applied{down}, not_applied{down}}, three_repeat).ended ==
                ends{"unknown dial"}));
    BOOST_TEST((run<effect_answer>({not_applied{down}, not_applied{down}, not_applied{down}}, three_repeat).ended ==
                ends{"not applied dial"}));
}

BOOST_AUTO_TEST_CASE(an_answer_that_comes_twice_or_too_late_does_nothing) {
    manual_timer time;
    std::vector<std::string> ended;
    std::vector<std::function<void(read_answer)>> completions;
    retry(
        time, three, 0, [&](attempt, auto done) { completions.push_back(done); },
        [&](const read_answer& answer) { ended.push_back(text(answer)); });
    completions[0](no);
    completions[0](7);
    BOOST_TEST(ended.empty());
    BOOST_TEST(time.run_one());
    completions[0](7);
    BOOST_TEST(ended.empty());
    completions[1](8);
    completions[1](no);
    completions[0](no);
    BOOST_TEST((ended == ends{"value 8"}));
    BOOST_TEST(not time.run_one());
}

BOOST_AUTO_TEST_CASE(the_same_bits_give_the_same_pauses_and_others_do_not_R4) {
    const auto tried = [](std::uint64_t bits) {
        manual_timer time;
        std::vector<instant> seen;
        retry(
            time, retries{.again = attempt_limit{8}, .pause = full_jitter{constant{1h}}}, bits,
            [&](attempt, auto done) {
                seen.push_back(time.now());
                done(read_answer(no));
            },
            [](const read_answer&) {});
        while (time.run_one()) {
        }
        return seen;
    };
    BOOST_TEST((tried(1) == tried(1)));
    BOOST_TEST((tried(1) != tried(2)));
    const auto seen = tried(1);
    BOOST_TEST(seen.size() == 8u);
    for (std::size_t i = 2; i < seen.size(); ++i) BOOST_TEST((seen[i] - seen[i - 1] != seen[i - 1] - seen[i - 2]));
}

BOOST_AUTO_TEST_CASE(all_is_let_go_when_it_has_ended) {
    const auto alive = std::make_shared<int>();
    {
        manual_timer time;
        retry(
            time, three, 0, [alive](attempt, auto done) { done(effect_answer(not_applied{down})); },
            [alive](const effect_answer&) {});
        while (time.run_one()) {
        }
    }
    BOOST_TEST(alive.use_count() == 1);
}

BOOST_AUTO_TEST_CASE(results_that_cannot_be_copied_are_moved_through) {
    using answer = outcome<std::unique_ptr<int>>;
    manual_timer time;
    int got = 0;
    retry(
        time, three, 0, [](attempt, auto done) { done(answer(std::make_unique<int>(9))); },
        [&](answer ended) {
            got = ended.match([](const auto& value) { return *value; }, [](const error&) { return -1; },
                              [](const error&) { return -2; });
        });
    BOOST_TEST(got == 9);
}

}  // namespace
