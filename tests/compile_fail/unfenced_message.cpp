// expect: fenced
// expect: G1: a message is handled fenced
// expect: session.fence\(message\)
#include <headgate/vocabulary/event.hpp>

void handle(headgate::fenced<headgate::task_report>);

void hear(headgate::session of, headgate::task_report report) {
#ifdef CONTROL
    handle(of.fence(report));
#else
    (void)of;
    handle(report);
#endif
}
