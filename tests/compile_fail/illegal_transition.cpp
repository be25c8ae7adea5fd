// expect: step
// expect: T1: the table has no such edge
// expect: a state's edges stand in its row of machine/table.hpp
#include <headgate/machine/step.hpp>

using namespace headgate;

step<stopping> end(bool is_gone) {
    if (not is_gone) return stay;
#ifdef CONTROL
    return to<stopped>;
#else
    return to<running>;
#endif
}
