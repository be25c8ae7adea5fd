#pragma once
#include <headgate/simulation/scheduler.hpp>

#include <utility>

namespace own {

/// Room for four workers of 16 slots.
struct cluster : headgate::simulation::scheduler {
    cluster() : scheduler(headgate::simulation::worker_pool(64, 16)) {}

    void exit(const headgate::job_id& job, headgate::generation of, headgate::worker_id id) {
        scheduler::exit(job, of, id, "exit status 1");
    }
};

/// Forgets what it stopped, so a start that comes late starts workers again.
struct cluster_without_a_floor : cluster {
    void stop_workers(const headgate::request<headgate::stop_workers>& r, auto done) {
        headgate::simulation::worker_pool rest(64, 16);
        for (const auto& one : pool().all())
            if (one.job != r.what.job or one.generation > r.what.up_to)
                (void)rest.start_workers({.job = one.job, .generation = one.generation, .workers = {one.who}});
        *static_cast<headgate::simulation::scheduler*>(this) = headgate::simulation::scheduler(std::move(rest));
        done(std::uint32_t{0});
    }
};

}  // namespace own
