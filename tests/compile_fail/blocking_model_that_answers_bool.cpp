// expect: blocking: the model has no `start_workers\(const headgate::start_workers&\)` that answers `outcome<applied>`
#include <headgate/concepts/blocking.hpp>

using namespace headgate;

struct cluster {
    std::uint32_t worker_slots() const { return 4; }
#ifdef CONTROL
    outcome<applied> start_workers(const start_workers&) { return applied{}; }
#else
    bool start_workers(const start_workers&) { return true; }
#endif
    outcome<std::uint32_t> stop_workers(const stop_workers&) { return 0u; }
    expected<std::vector<worker_id>> workers(const list_workers&) { return std::vector<worker_id>{}; }
};

void wrap() {
    blocking scheduler{cluster{}};
    (void)scheduler.worker_slots();
}
