// expect: could not convert|no viable conversion
#include <headgate/vocabulary/worker.hpp>

headgate::generation generation_of(std::uint64_t number) {
#ifdef CONTROL
    return headgate::generation_of(headgate::worker_id{number});
#else
    return headgate::generation_of(number);
#endif
}
