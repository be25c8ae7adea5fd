// expect: operator<=>
// expect: values of two kinds have no order
// expect: compare two of one kind
#include <headgate/vocabulary/strong.hpp>

bool is_before(headgate::epoch epoch, headgate::generation of) {
#ifdef CONTROL
    return epoch < headgate::epoch{of.value};
#else
    return epoch < of;
#endif
}
