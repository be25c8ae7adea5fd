// expect: could not convert|no viable conversion|conversion from.*requested|no known conversion
#include <headgate/vocabulary/job.hpp>

headgate::wish every(int seconds) {
#ifdef CONTROL
    return {.checkpoint_interval = std::chrono::seconds(seconds)};
#else
    return {.checkpoint_interval = seconds};
#endif
}
