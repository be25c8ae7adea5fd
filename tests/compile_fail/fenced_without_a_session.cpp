// expect: private
#include <headgate/vocabulary/event.hpp>

headgate::fenced<headgate::heartbeat> forge(headgate::session of) {
#ifdef CONTROL
    return of.fence(headgate::heartbeat{});
#else
    return headgate::fenced<headgate::heartbeat>(of, headgate::heartbeat{});
#endif
}
