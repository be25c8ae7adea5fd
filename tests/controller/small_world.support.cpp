// SPDX-License-Identifier: BSL-1.0
#include "small_world.hpp"

template class headgate::controller<headgate::tests::hand_scheduler, headgate::tests::hand_database,
                                    headgate::tests::hand_channel, headgate::tests::hand_clock,
                                    headgate::simulation::state_backend, headgate::tests::hand_secrets,
                                    headgate::policies<>, headgate::tests::listener>;
