// expect: scheduler: it has no
// expect: void start_workers\(const request<start_workers>&, done\)
// expect: completion_for<start_workers>, called once with outcome<applied>
#include <headgate/conformance/archetypes/scheduler.hpp>

namespace archetype = headgate::archetype;
using headgate::completion_for, headgate::request;

struct mine : archetype::scheduler {
#ifdef CONTROL
    void start_workers(const request<headgate::start_workers>&, completion_for<headgate::start_workers> auto) {}
#else
    void start_workers(const request<headgate::start_workers>&, completion_for<headgate::stop_workers> auto) {}
#endif
};

template struct headgate::scheduler_check<mine>;
