#pragma once
// One model of each other concept. The secrets are no HMAC, and one observer throws: they break a law.
#include <headgate/assignment/balanced.hpp>
#include <headgate/concepts/observer.hpp>
#include <headgate/simulation/channel.hpp>
#include <headgate/simulation/clock.hpp>
#include <headgate/simulation/database.hpp>
#include <headgate/simulation/secrets.hpp>
#include <headgate/simulation/state_backend.hpp>

#include <cstddef>
#include <stdexcept>
#include <string>

namespace own {

using headgate::simulation::clock;
using headgate::simulation::database;
using headgate::simulation::state_backend;
using observer = headgate::silent;
using policy = headgate::balanced;

struct observer_that_throws {
    static void on(const headgate::job_id& job, headgate::instant, const headgate::note&) {
        if (job.value == "job") throw std::runtime_error("no room in the log");
    }
};

inline headgate::simulation::secrets secrets() { return headgate::simulation::secrets(1); }

class rig {
public:
    rig() = default;
    rig(const rig&) = delete;

    headgate::simulation::channel& channel() { return channel_; }
    headgate::simulation::controller_link& link(std::size_t n) { return links_[n]; }
    std::string nobody() const { return "nobody:1"; }
    void wake() {}

private:
    headgate::simulation::channel channel_;
    headgate::simulation::controller_link links_[2] = {{channel_, "worker:1"}, {channel_, "worker:2"}};
};

}  // namespace own
