// SPDX-License-Identifier: BSL-1.0
// A controller with the default policies.
#define CONTROL
#include "../compile_fail/controller_with_a_scheduler_that_cannot_stop.cpp"
