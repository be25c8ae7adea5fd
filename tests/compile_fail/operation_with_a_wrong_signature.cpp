// expect: state_backend: it has no
// expect: void store\(const request<store_checkpoint>&, done\)
// expect: completion_for<store_checkpoint>, called once with
#include <headgate/conformance/archetypes/state_backend.hpp>

using namespace headgate;

struct mine : archetype::state_backend {
#ifdef CONTROL
    void store(const request<store_checkpoint>&, completion_for<store_checkpoint> auto) {}
#else
    outcome<applied> store(const store_checkpoint&);
#endif
};

template struct headgate::state_backend_check<mine>;
