// SPDX-License-Identifier: BSL-1.0
#include "presses.hpp"

#include "loop.hpp"

#include <headgate/openssl/secrets.hpp>
#include <headgate/worker/driver.hpp>

#include <functional>
#include <stop_token>
#include <string>
#include <utility>

namespace mine {

namespace {

using namespace headgate;

/// What runs subtasks: here each is done as soon as it is started.
class press {
public:
    void start(execution_share share, std::function<void(engine_event)> report) {
        report_ = std::move(report);
        report_(engine_initialized{});
        const plan& in = *share.what->plan;
        for (std::size_t node = 0; node < in.nodes.size(); ++node)
            shares(in, node, share.position, [&](headgate::subtask_range part) {
                for (std::uint32_t subtask = part.first; subtask < part.last; ++subtask) {
                    report_(subtask_started{in.nodes[node].id, subtask});
                    report_(subtask_finished{in.nodes[node].id, subtask});
                }
            });
    }
    static void begin_checkpoint(checkpoint_name) {}
    void stop(bool force) {
        if (not force and report_) report_(engine_stopped{});
    }
    static std::vector<node_counters> counters() { return {}; }

private:
    std::function<void(engine_event)> report_;
};

void work(wire& on, const identity& who, std::stop_token stop) {
    loop events;
    steady_clock clock;
    openssl::secrets secrets;
    press engine;
    wire::end_of link(on);
    worker_driver worker(link, clock, secrets, engine,
                         {.identity = who, .machine = {"this process"}, .data_address = link.rpc_address()});
    const std::stop_callback on_stop(stop, [&worker] { worker.post_stop(); });
    drive(events, worker, [&worker] { return worker.is_over(); });
}

}  // namespace

void presses::start(identity who) {
    const key id{who.job, who.generation, who.worker.id};
    if (threads_.contains(id)) return;
    threads_.emplace(id, [on = wire_, who = std::move(who)](std::stop_token stop) { work(*on, who, std::move(stop)); });
}

}  // namespace mine
