#pragma once
// SPDX-License-Identifier: BSL-1.0
// machine: Created and Compiling. Loads the program from the wish and checks it (S4, S5).
//
//   fact               after                                    if it cannot be had
//   wish               --                                       waits for the one that the row reflects
//   program            wish                                     invalid: Failing, naming node and value
//
// Silent: nothing outside happens, so nothing needs to be durable first.

#include <headgate/machine/context.hpp>
#include <headgate/machine/event.hpp>
#include <headgate/machine/step.hpp>

#include <memory>

namespace headgate::inline v1 {

struct created {
    static constexpr bool is_silent = true;
    using ignored = ignores_all;

    friend bool operator==(const created&, const created&) = default;
};

struct compiling {
    static constexpr bool is_silent = true;
    using ignored = ignores_all;

    friend bool operator==(const compiling&, const compiling&) = default;
};

template <class Context>
step<created> want(created&, Context& c) {
    if (c.job.wish) return to<compiling>;
    c.reached(c.from_now(c.policy.wait.call));
    return stay;
}

template <class Context>
step<compiling> want(compiling&, Context& c) {
    // What the row reflects is on its way here, where another controller saw it first.
    if (not c.job.wish or c.job.wish->version < c.job.next.applied) {
        c.reached(c.from_now(c.policy.wait.call));
        return stay;
    }
    if (c.job.healthy_at == never) c.job.healthy_at = c.from_now({});
    // A wish that cannot be carried out is answered by Failed: only another one is tried again.
    c.job.next.applied = c.job.wish->version;
    c.job.next.restart_nonce = c.job.wish->restart_nonce;
    if (const auto ok = check(*c.job.wish, c.policy.most); not ok) return to<failing>(ok.error());
    auto checked = with_overrides(*c.job.wish->program, c.job.wish->parallelism, c.policy.most);
    if (not checked) return to<failing>(checked.error());
    c.job.program = std::make_shared<const program>(*std::move(checked));
    c.job.program_digest = digest(*c.job.program);
    c.job.compiled = c.job.wish;
    return to<scheduling>;
}

// Implementation ------------------------------------------------------------------------------------------------------

static_assert(must_answer_every<created, context<policies<>>, state_event>);
static_assert(must_answer_every<compiling, context<policies<>>, state_event>);

}  // namespace headgate::inline v1
