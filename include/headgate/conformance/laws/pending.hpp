#pragma once
// SPDX-License-Identifier: BSL-1.0
// conformance: how laws ask a model and what they find, without a test framework.

#include <headgate/concepts/completion.hpp>
#include <headgate/conformance/laws/calls.hpp>

#include <atomic>
#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace headgate::inline v1::laws {

/// What `check_...` calls once for each law: its name, whether it holds and, if not, what was expected and what came.
template <class Report>
concept law_report = std::invocable<Report&, std::string_view, bool, std::string>;

/// One call's answer. Completions may come from any thread, and from a faulty model twice.
template <class Effect>
class pending {
public:
    struct completion {
        ticket to;
        std::shared_ptr<pending> into;

        void operator()(typename Effect::answer answer) const { into->come(std::move(answer)); }
        void operator()(completion_takes_the_answer_of<Effect>) const;
    };

    bool came() const { return came_.load(std::memory_order_acquire); }
    /// How often the model answered.
    int calls() const { return calls_.load(); }
    /// Precondition: `came()`.
    const typename Effect::answer& answer() const { return *answer_; }

private:
    void come(typename Effect::answer answer);

    std::atomic<int> calls_{};
    std::atomic<bool> came_{};
    std::optional<typename Effect::answer> answer_;
};

/// Hands a request for `what` and its completion to `call_model(request, done)`. `number` tells tickets apart.
template <class Effect, class CallModel>
std::shared_ptr<pending<Effect>> ask(Effect what, std::uint32_t number, CallModel call_model);

/// Whether the outcome came and is applied.
template <class Effect>
bool is_applied(const pending<Effect>& asked);

/// "applied", "not applied: ...", "unknown: ..."; of a read "answered" or its error; "no answer" before one came. With
/// the result, where that is short: "answered ({1, 2})".
template <class Effect>
std::string describe(const pending<Effect>& asked);

/// What a law expected and did not find, and the calls that led there.
class findings {
public:
    /// Notes `expected`, and what came in its place, unless it happened. Answers whether it did.
    bool expect(bool happened, std::string_view expected, std::string_view came = {});

    /// As `laws::ask` with the next number; the call is one of those that led to what is not found later.
    template <class Effect, class CallModel>
    std::shared_ptr<pending<Effect>> ask(Effect what, CallModel call_model);
    /// A call that has no answer.
    void note_call(std::string call) { calls_.add(std::move(call)); }

    bool empty() const { return text_.empty(); }
    /// "expected ..., came ...; expected ..." and a line for each call before the first that was not found.
    std::string text() const { return text_ + calls_before_; }

private:
    std::string text_;
    std::string calls_before_;
    calls calls_;
    std::uint32_t asked_ = 0;
};

// Implementation ------------------------------------------------------------------------------------------------------

template <class Effect>
void pending<Effect>::come(typename Effect::answer answer) {
    if (calls_.fetch_add(1) > 0) return;
    answer_.emplace(std::move(answer));
    came_.store(true, std::memory_order_release);
}

template <class Effect, class CallModel>
std::shared_ptr<pending<Effect>> ask(Effect what, std::uint32_t number, CallModel call_model) {
    const request<Effect> asked{.by = {.attempt = {number}}, .what = std::move(what)};
    const auto into = std::make_shared<pending<Effect>>();
    call_model(asked, typename pending<Effect>::completion{asked.by, into});
    return into;
}

template <class Effect>
bool is_applied(const pending<Effect>& asked) {
    const auto no = [](const error&) { return false; };
    return asked.came() and asked.answer().match([](const auto&) { return true; }, no, no);
}

template <class Effect>
std::string describe(const pending<Effect>& asked) {
    if (not asked.came()) return "no answer";
    if constexpr (requires { asked.answer().has_value(); }) {
        return asked.answer().has_value() ? "answered" + result_text(*asked.answer())
                                          : describe(asked.answer().error());
    } else {
        return asked.answer().match([](const auto& result) { return "applied" + result_text(result); },
                                    [](const error& why) { return "not applied: " + describe(why); },
                                    [](const error& why) { return "unknown: " + describe(why); });
    }
}

template <class Effect, class CallModel>
std::shared_ptr<pending<Effect>> findings::ask(Effect what, CallModel call_model) {
    std::string call = call_text(what);
    const auto asked = laws::ask(std::move(what), ++asked_, call_model);
    calls_.add(std::move(call), asked);
    return asked;
}

inline bool findings::expect(bool happened, std::string_view expected, std::string_view came) {
    if (happened) return true;
    if (text_.empty())
        calls_before_ = calls_.told();
    else
        text_ += "; ";
    text_.append("expected ").append(expected);
    if (not came.empty()) text_.append(", came ").append(came);
    return false;
}

}  // namespace headgate::inline v1::laws
