// expect: static assertion failed.*a job that cannot run is given up within 45 minutes
#include <headgate/machine/worst_case.hpp>

constexpr auto chosen = [] {
    headgate::policies<> made;
#ifndef CONTROL
    made.restart.within.without_healthy_run = std::chrono::hours(1);
#endif
    return made;
}();

// R5: a program states its own bound and the compiler holds it to it.
static_assert(headgate::worst_case_until_failed(chosen) < std::chrono::minutes(45),
              "a job that cannot run is given up within 45 minutes");
