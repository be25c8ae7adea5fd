// expect: ignoring returned value|ignoring return value.*nodiscard
#include <headgate/vocabulary/outcome.hpp>

headgate::outcome<headgate::applied> stop();

void end() {
#ifdef CONTROL
    (void)stop();
#else
    stop();
#endif
}
