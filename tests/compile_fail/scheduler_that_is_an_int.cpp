// expect: scheduler: it has no
// expect: std::uint32_t worker_slots\(\)
// expect: the slots of each worker that it starts
#include <headgate/concepts/scheduler.hpp>

#ifdef CONTROL
struct poorest {
    std::uint32_t worker_slots();
    void start_workers(const headgate::request<headgate::start_workers>&, auto) {}
    void stop_workers(const headgate::request<headgate::stop_workers>&, auto) {}
    void workers(const headgate::request<headgate::list_workers>&, auto) {}
    void watch(const headgate::request<headgate::watch_workers>&, auto) {}
};
template struct headgate::scheduler_check<poorest>;
#else
template struct headgate::scheduler_check<int>;
#endif
