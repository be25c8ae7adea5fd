// expect: could not convert|no viable conversion|conversion from.*to non-scalar
#include <headgate/vocabulary/event.hpp>

headgate::event hear(headgate::session of, headgate::heartbeat beat) {
#ifdef CONTROL
    return of.fence(beat);
#else
    (void)of;
    return beat;
#endif
}
