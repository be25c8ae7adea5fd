// expect: controller_link: it has no `void answer\(call_id, const call_answer&\)`
#include <headgate/concepts/controller_link.hpp>
#include <headgate/conformance/archetypes/channel.hpp>

struct without_answer : headgate::archetype::controller_link {
    void answer() = delete;
};

#ifdef CONTROL
template struct headgate::controller_link_check<headgate::archetype::controller_link>;
#else
template struct headgate::controller_link_check<without_answer>;
#endif
