#pragma once
// SPDX-License-Identifier: BSL-1.0
// simulation: what controllers ask of the outside and are answered, and what goes wrong on the way.

#include <headgate/simulation/outside.hpp>

namespace headgate::inline v1::simulation {

namespace detail {

inline const job_row& row_of(const claimed& answer) { return answer.row; }
inline const job_row& row_of(const job_row& answer) { return answer; }

/// Whether it is of a write of a row, and shows what was written.
template <class Effect>
bool says_applied(const request<Effect>& asked, const typename Effect::answer& answer) {
    if constexpr (is_row_write<Effect>) {
        const auto yes = [&](const auto& found) {
            const job_row& row = row_of(found);
            return row.revision == asked.what.expected + 1 and same_content(row, asked.what.next);
        };
        const auto no = [](const error&) { return false; };
        return answer.match(yes, no, no);
    } else {
        return false;
    }
}

}  // namespace detail

template <class Effect>
void outside::ask(host from, job_handle job, const request<Effect>& r) {
    if (not hears(from)) return;
    place& asking = places[from.slot];
    look_for_cue(number_of(r.what));
    if (not is_watch<Effect> and strikes(fault::crash_before)) {
        asking.is_doomed = true;
        return;
    }
    const auto plan = planned_for(number_of(r.what));
    if (plan == 1) {
        asking.is_doomed = true;
        return;
    }
    if constexpr (std::same_as<Effect, begin_checkpoint>)
        rules.asked(r, job_at(r.what.connection), rows, now);
    else
        rules.asked(r, rows, now);
    if constexpr (std::same_as<Effect, watch_jobs>) asked_for_news[from.slot] = r.by;
    if constexpr (std::same_as<Effect, start_workers>) names.try_emplace({from.slot, from.boot, job}, r.what.job);
    if constexpr (std::same_as<Effect, claim>) look_at_claim(r);
    if (plan) return ask_as_planned(from, job, r, *plan);
    constexpr fault domain = domain_of<Effect>();
    if (std::same_as<Effect, start_execution> and strikes(fault::execution_refused)) {
        auto refusal = refusal_of<Effect>({.kind = Effect::fails_as, .text = "not now"});
        put_after(soon(), to_controller{from, mail_of<Effect>(job, r.by, std::move(refusal))});
        return;
    }
    const bool is_lost = std::same_as<Effect, start_execution> and strikes(fault::execution_lost);
    if (is_lost or (not is_watch<Effect> and strikes(in_domain(domain, fault::database_loses_request)))) {
        if constexpr (is_row_write<Effect>) lost_requests.insert({r.by.incarnation, r.what.expected});
        if (chosen.choose(2) == 1)
            queue.put(r.deadline, to_controller{from, mail_of<Effect>(job, r.by, no_answer_of<Effect>("lost"))});
    } else {
        put_after(soon(in_domain(domain, fault::database_slow)) + held_up(number_of(r.what), false),
                  to_outside{from, job, r});
    }
    if (not is_watch<Effect> and strikes(fault::crash_after)) asking.is_doomed = true;
}

template <class Effect>
void outside::ask_as_planned(host from, job_handle job, const request<Effect>& r, std::uint8_t outcome) {
    const auto answers = [&](typename Effect::answer answer) {
        put_after(held_up(number_of(r.what), true), to_controller{from, mail_of<Effect>(job, r.by, std::move(answer))});
    };
    const auto arrives = [&] { put_after(held_up(number_of(r.what), false), to_outside{from, job, r}); };
    switch (outcome) {
        case 0:
            arrives();
            places[from.slot].is_doomed = true;
            break;
        case 2:
            arrives();
            muted.push_back(r.by);
            [[fallthrough]];
        case 3: answers(no_answer_of<Effect>("no answer")); break;
        case 4: answers(refusal_of<Effect>({.kind = Effect::fails_as, .text = "not now"})); break;
        case 5: answers(refusal_of<Effect>({.kind = error_kind::permanent, .text = "never"})); break;
        default: break;
    }
}

template <class Effect>
void outside::reply(host to, job_handle job, const request<Effect>& asked, typename Effect::answer answer) {
    constexpr fault domain = domain_of<Effect>();
    if (std::erase(muted, asked.by) > 0) return;
    const bool says_applied = detail::says_applied(asked, answer);
    mail what = mail_of<Effect>(job, asked.by, std::move(answer));
    if (strikes(in_domain(domain, fault::database_loses_answer))) {
        if constexpr (is_row_write<Effect>)
            if (says_applied) lost_answers.insert({asked.by.incarnation, asked.what.expected});
        if (chosen.choose(2) == 1)
            queue.put(std::max(now, asked.deadline),
                      to_controller{to, mail_of<Effect>(job, asked.by, no_answer_of<Effect>("the answer was lost"))});
        return;
    }
    if (const auto again = std::ranges::find(answered_twice, number_of(asked.what)); again != answered_twice.end()) {
        answered_twice.erase(again);
        put_after(hop, to_controller{to, what});
    }
    if (strikes(in_domain(domain, fault::database_repeats)))
        put_after(duration(chosen.choose(16'384)), to_controller{to, what});
    put_after(soon(in_domain(domain, fault::database_slow)) + held_up(number_of(asked.what), true),
              to_controller{to, std::move(what)});
}

}  // namespace headgate::inline v1::simulation
