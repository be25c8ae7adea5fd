// SPDX-License-Identifier: BSL-1.0
#include "stage.hpp"

namespace {

using namespace stages;

/// May go through so many transitions for one event.
stage with_turns(std::uint32_t turns, job_row found = {}) {
    policies<> chosen;
    chosen.most.turns = turns;
    return stage(found, chosen);
}

BOOST_AUTO_TEST_CASE(a_step_that_does_not_settle_fails_the_job_with_a_report_and_not_the_process_S19) {
    stage s = with_turns(1);
    s.start();
    BOOST_TEST((s.stands.state == state_name::failed and s.value.is_over() and s.raised_alarm()));
    BOOST_TEST((s.stands.last_error == "internal: in Compiling: one event led to more than 1 transitions"));
}

BOOST_AUTO_TEST_CASE(where_there_is_no_way_to_failing_the_job_is_stopped_with_the_report_S19) {
    stage s = with_turns(0);
    s.start();
    BOOST_TEST((s.stands.state == state_name::stopped and s.value.is_over() and s.raised_alarm()));
    BOOST_TEST((s.stands.last_error == "internal: in Created: one event led to more than 0 transitions"));
}

BOOST_AUTO_TEST_CASE(states_that_end_anyway_do_so_although_their_steps_do_not_settle_S19) {
    for (const state_name state : {state_name::stopping, state_name::failing}) {
        stage s = with_turns(0, left_in(state));
        s.run(1min);
        BOOST_TEST((s.value.is_over() and is_terminal(s.stands.state) and s.raised_alarm()), text_of(state));
    }
}

}  // namespace
