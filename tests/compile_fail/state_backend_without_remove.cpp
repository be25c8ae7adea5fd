// expect: state_backend: it has no
// expect: void remove\(const request<remove_checkpoint>&, done\)
// expect: completion_for<remove_checkpoint>, called once with outcome<applied>
#include <headgate/conformance/archetypes/state_backend.hpp>

struct without_remove : headgate::archetype::state_backend {
    void remove() = delete;
};

#ifdef CONTROL
template struct headgate::state_backend_check<headgate::archetype::state_backend>;
#else
template struct headgate::state_backend_check<without_remove>;
#endif
