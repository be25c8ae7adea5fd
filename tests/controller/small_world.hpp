#pragma once
// A small world whose controller is instantiated once, in small_world.support.cpp: most of the time that a test of it
// takes to compile.
#include "bring_up.hpp"

extern template class headgate::controller<headgate::tests::hand_scheduler, headgate::tests::hand_database,
                                           headgate::tests::hand_channel, headgate::tests::hand_clock,
                                           headgate::simulation::state_backend, headgate::tests::hand_secrets,
                                           headgate::policies<>, headgate::tests::listener>;
