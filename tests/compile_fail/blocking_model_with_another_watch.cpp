// expect: blocking: the model's `watch` must be
#include <headgate/concepts/blocking.hpp>

using namespace headgate;

struct cluster {
    static std::uint32_t worker_slots() { return 16; }
    static outcome<applied> start_workers(const start_workers&) { return applied{}; }
    static outcome<std::uint32_t> stop_workers(const stop_workers&) { return std::uint32_t{0}; }
    static expected<std::vector<worker_id>> workers(const list_workers&) { return {}; }
#ifdef CONTROL
    static std::optional<worker_news> watch(cursor) { return std::nullopt; }
#else
    static worker_news watch(cursor) { return {}; }
#endif
};

template struct headgate::scheduler_check<headgate::blocking<cluster>>;
