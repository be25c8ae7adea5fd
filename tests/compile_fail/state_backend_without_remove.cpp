// expect: constraint.*not satisfied
#include <headgate/conformance/archetypes/state_backend.hpp>

template <headgate::state_backend StateBackend>
struct uses {
    StateBackend* states;
};

struct without_remove : headgate::archetype::state_backend {
    void remove() = delete;
};

#ifdef CONTROL
uses<headgate::archetype::state_backend> it{};
#else
uses<without_remove> it{};
#endif
