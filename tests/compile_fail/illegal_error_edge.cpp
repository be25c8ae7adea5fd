// expect: step
// expect: T1: the table has no such edge
// expect: a state's edges stand in its row of machine/table.hpp
#include <headgate/machine/step.hpp>

using namespace headgate;

step<running> lose(const error& why) {
#ifdef CONTROL
    return to<recovering>(why);
#else
    return to<failed>(why);
#endif
}
