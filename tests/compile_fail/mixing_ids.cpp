// expect: operator==
// expect: values of two kinds are never equal
// expect: compare two of one kind
#include <headgate/vocabulary/strong.hpp>

bool is_same(headgate::worker_id worker) {
#ifdef CONTROL
    return worker == headgate::worker_id{1};  // the same file compiles once the mistake is gone
#else
    return worker == headgate::stream_id{1};
#endif
}
