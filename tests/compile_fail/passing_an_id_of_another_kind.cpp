// expect: strong<
// expect: two_kinds_never_convert
// expect: pass_the_kind_that_is_asked_for
#include <headgate/vocabulary/worker.hpp>

using namespace headgate;

generation launched_in(node_id node) {
#ifdef CONTROL
    return headgate::generation_of(worker_id{node.value});
#else
    return headgate::generation_of(node);
#endif
}
