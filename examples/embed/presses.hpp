#pragma once
// SPDX-License-Identifier: BSL-1.0
// The cluster that this controller had before: it starts threads, each of which is a worker.

#include "wire.hpp"

#include <headgate/vocabulary/identity.hpp>

#include <cstdint>
#include <map>
#include <thread>
#include <tuple>
#include <vector>

namespace mine {

/// Plain return values; `headgate::blocking` makes a scheduler of it.
class presses {
public:
    explicit presses(wire& on) : wire_(&on) {}

    static constexpr std::uint32_t worker_slots() { return 2; }

    headgate::outcome<headgate::applied> start_workers(const headgate::start_workers& what) {
        for (std::size_t i = 0; i < what.workers.size(); ++i)
            start({what.job, what.generation, what.workers[i], "wire", what.tokens[i]});
        return headgate::applied{};
    }
    headgate::outcome<std::uint32_t> stop_workers(const headgate::stop_workers& what) {
        std::erase_if(threads_, [&](const auto& each) {  // asks each to stop, and joins it
            const auto& [job, generation, id] = each.first;
            return job == what.job and generation <= what.up_to;
        });
        return 0U;
    }
    headgate::expected<std::vector<headgate::worker_id>> workers(const headgate::list_workers& what) const {
        std::vector<headgate::worker_id> alive;
        for (const auto& [who, thread] : threads_)
            if (std::get<0>(who) == what.job and std::get<1>(who) == what.generation) alive.push_back(std::get<2>(who));
        return alive;
    }

private:
    using key = std::tuple<headgate::job_id, headgate::generation, headgate::worker_id>;

    void start(headgate::identity who);

    wire* wire_;
    std::map<key, std::jthread> threads_;
};

}  // namespace mine
