// expect: could not convert|no viable conversion|no known conversion
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
