// needs: headgate::asio headgate::embedded headgate::grpc headgate::openssl
// A job from its wish to its end: a controller, and workers that are threads of this process and speak gRPC with it.
#include <headgate/asio/clock.hpp>
#include <headgate/asio/drive.hpp>
#include <headgate/concepts/no_checkpoints.hpp>
#include <headgate/controller/controller.hpp>
#include <headgate/embedded/scheduler.hpp>
#include <headgate/grpc/channel.hpp>
#include <headgate/grpc/controller_link.hpp>
#include <headgate/openssl/secrets.hpp>
#include <headgate/simulation/database.hpp>
#include <headgate/vocabulary/note_text.hpp>
#include <headgate/worker/driver.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <utility>
#include <variant>
#include <vector>

namespace {

/// What runs the subtasks: yours. Here each is over as soon as it has begun.
class engine {
public:
    void start(headgate::execution_share share, std::function<void(headgate::engine_event)> report) {
        report_ = std::move(report);
        report_(headgate::engine_initialized{});
        const headgate::plan& plan = *share.what->plan;
        for (std::size_t node = 0; node < plan.nodes.size(); ++node)
            headgate::shares(plan, node, share.position, [&](headgate::subtask_range mine) {
                for (std::uint32_t subtask = mine.first; subtask < mine.last; ++subtask) {
                    report_(headgate::subtask_started{plan.nodes[node].id, subtask});
                    report_(headgate::subtask_finished{plan.nodes[node].id, subtask});
                }
            });
    }
    void begin_checkpoint(headgate::checkpoint_name) {}
    void stop(bool force) {
        if (not force and report_) report_(headgate::engine_stopped{});
    }
    std::vector<headgate::node_counters> counters() { return {}; }

private:
    std::function<void(headgate::engine_event)> report_{};
};

/// One worker, until it is over: a driver around an engine.
void work(const headgate::identity& who, std::stop_token stop) {
    auto link = headgate::grpc::controller_link::make({.controller = who.controller});
    if (not link) throw std::runtime_error(describe(link.error()));
    boost::asio::io_context loop;
    headgate::asio::clock clock{loop};
    headgate::openssl::secrets secrets;
    engine runs;
    headgate::worker_driver worker{**link, clock, secrets, runs, {.identity = who}};
    const std::stop_callback on_stop{stop, [&worker] { worker.post_stop(); }};
    headgate::asio::drive(loop, worker);
    loop.run();
}

/// Shows what becomes of the job, and ends the loop with it.
struct screen {
    boost::asio::io_context& loop;
    headgate::state_name last{};

    void on(const headgate::job_id& job, headgate::instant, const headgate::note& what) {
        std::printf("%s: %s\n", job.value.c_str(), headgate::one_line(text_of(what)).c_str());
        const auto* const moved = std::get_if<headgate::transition>(&what);
        if (moved == nullptr) return;
        last = moved->to;
        if (headgate::is_terminal(last)) boost::asio::post(loop, [this] { loop.stop(); });
    }
};

/// Hears whether the wish was stored.
struct stored {
    headgate::ticket to;

    void operator()(const headgate::outcome<std::uint64_t>& how) const {
        const auto not_stored = [](const headgate::error& why) { std::puts(describe(why).c_str()); };
        how.match([](std::uint64_t) {}, not_stored, not_stored);
    }
};

}  // namespace

int main() {
    boost::asio::io_context loop;
    headgate::asio::clock clock{loop};
    auto channel = headgate::grpc::channel::open({.listen = "127.0.0.1:0"});
    if (not channel) return std::puts(describe(channel.error()).c_str()), 1;
    headgate::embedded::scheduler scheduler{{.run = work, .controller = (*channel)->address(), .slots_per_worker = 4}};
    headgate::simulation::database jobs;  // in memory
    headgate::no_checkpoints states;
    headgate::openssl::secrets secrets;
    screen shown{loop};
    headgate::controller controller{
        scheduler, jobs, **channel, clock, states, secrets, headgate::policies{}, shown,
    };

    const headgate::program words{.nodes = {{.id = {1}, .parallelism = 6, .operators = {{{"read"}, ""}}},
                                            {.id = {2}, .parallelism = 8, .operators = {{{"count"}, ""}}}},
                                  .edges = {{.from = {1}, .to = {2}, .kind = headgate::edge_kind::shuffle}}};
    const headgate::request<headgate::put_wish> submit{
        .what = {.job = {"words"},
                 .next = {.version = 1, .name = "words", .program = std::make_shared<const headgate::program>(words)}}};
    jobs.put_wish(submit, stored{submit.by});

    headgate::asio::drive(loop, controller);
    loop.run();
    return shown.last == headgate::state_name::finished ? 0 : 1;
}
