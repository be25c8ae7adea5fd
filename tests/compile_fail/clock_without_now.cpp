// expect: clock: it has no `headgate::instant now\(\) const`, which never goes back
#include <headgate/conformance/archetypes/clock.hpp>

struct without_now : headgate::archetype::clock {
    void now() = delete;
};

#ifdef CONTROL
template struct headgate::clock_check<headgate::archetype::clock>;
#else
template struct headgate::clock_check<without_now>;
#endif
