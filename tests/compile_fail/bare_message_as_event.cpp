// expect: G1: a message is handled fenced|no viable conversion
#include <headgate/vocabulary/event.hpp>

headgate::event hear(headgate::session of, headgate::heartbeat beat) {
#ifdef CONTROL
    return of.fence(beat);
#else
    (void)of;
    return beat;
#endif
}
