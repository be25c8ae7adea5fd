// expect: policies: .dial is a backoff
// expect: an assignment policy goes to .assignment
#include <headgate/machine/policies.hpp>

#ifdef CONTROL
[[maybe_unused]] const headgate::policies chosen{.assignment = headgate::slot_filling{}};
#else
[[maybe_unused]] const headgate::policies chosen{.dial = headgate::slot_filling{}};
#endif
