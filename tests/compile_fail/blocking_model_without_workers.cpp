// expect: blocking
// expect: blocking: the model has no `workers\(const headgate::list_workers&\)` that answers
#include <headgate/concepts/blocking.hpp>

using namespace headgate;

struct cluster {
    std::uint32_t worker_slots() const { return 4; }
    outcome<applied> start_workers(const start_workers&) { return applied{}; }
    outcome<std::uint32_t> stop_workers(const stop_workers&) { return 0u; }
#ifdef CONTROL
    expected<std::vector<worker_id>> workers(const list_workers&) { return std::vector<worker_id>{}; }
#endif
};

void wrap() {
    blocking scheduler{cluster{}};
    (void)scheduler.worker_slots();
}
