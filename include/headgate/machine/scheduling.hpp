#pragma once
// SPDX-License-Identifier: BSL-1.0
// machine: Scheduling. Begin reading at scheduling/want.hpp.

#include <headgate/machine/scheduling/answers.hpp>
#include <headgate/machine/scheduling/facts.hpp>
#include <headgate/machine/scheduling/messages.hpp>
#include <headgate/machine/scheduling/want.hpp>

namespace headgate::inline v1 {

static_assert(must_answer_every<scheduling, context<policies<>>, state_event>);

}  // namespace headgate::inline v1
