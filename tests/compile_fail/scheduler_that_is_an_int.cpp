// expect: constraint.*not satisfied
#include <headgate/concepts/scheduler.hpp>

template <headgate::scheduler Scheduler>
struct uses {
    Scheduler* scheduler;
};

#ifdef CONTROL
struct poorest {
    std::uint32_t worker_slots();
    void start_workers(const headgate::request<headgate::start_workers>&, auto) {}
    void stop_workers(const headgate::request<headgate::stop_workers>&, auto) {}
    void workers(const headgate::request<headgate::list_workers>&, auto) {}
    void watch(const headgate::request<headgate::watch_workers>&, auto) {}
};
uses<poorest> it{};
#else
uses<int> it{};
#endif
