// expect: fenced
// expect: G1: a message is handled fenced
// expect: session.fence\(message\)
#include <headgate/vocabulary/event.hpp>

headgate::event hear(headgate::session of, headgate::heartbeat beat) {
#ifdef CONTROL
    return of.fence(beat);
#else
    (void)of;
    return beat;
#endif
}
