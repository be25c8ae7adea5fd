#pragma once
// SPDX-License-Identifier: BSL-1.0
// example: a call in the completion form, waited for.

#include <headgate/concepts/completion.hpp>

#include <chrono>
#include <future>
#include <memory>
#include <optional>

namespace headgate::example {

template <class Effect>
struct into_promise {
    ticket to{};
    std::shared_ptr<std::promise<typename Effect::answer>> promise{};

    void operator()(typename Effect::answer answer) const { promise->set_value(std::move(answer)); }
};

/// Calls `call(request, completion)` and waits for the answer; nothing if none comes within `patience`.
template <class Effect>
std::optional<typename Effect::answer> ask(Effect what, auto call,
                                           std::chrono::milliseconds patience = std::chrono::seconds(30)) {
    const request<Effect> asked{.what = std::move(what)};
    const auto promise = std::make_shared<std::promise<typename Effect::answer>>();
    auto answer = promise->get_future();
    call(asked, into_promise<Effect>{asked.by, promise});
    if (answer.wait_for(patience) != std::future_status::ready) return std::nullopt;
    return answer.get();
}

}  // namespace headgate::example
