// expect: observer: it has no `void on\(const job_id&, instant, const note&\)`
#include <headgate/conformance/archetypes/observer.hpp>

struct without_on : headgate::archetype::observer {
    void on() = delete;
};

#ifdef CONTROL
template struct headgate::observer_check<headgate::archetype::observer>;
#else
template struct headgate::observer_check<without_on>;
#endif
