// SPDX-License-Identifier: BSL-1.0
#include "run_worker.hpp"

#include "../common/transport_of.hpp"
#include "engine/engine.hpp"

#include <headgate/concepts/clock.hpp>
#include <headgate/concepts/credentials.hpp>
#include <headgate/grpc/controller_link.hpp>
#include <headgate/openssl/secrets.hpp>
#include <headgate/worker/driver.hpp>

#include <unistd.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>

namespace headgate::example {

namespace {

// What the controller's side gets for reading the last words.
constexpr std::chrono::milliseconds last_words{1'000};

struct steady_clock {
    instant now() const {
        return instant(std::chrono::floor<duration>(std::chrono::steady_clock::now().time_since_epoch()));
    }
};

/// Whoever polls sleeps here.
class sleep {
public:
    void wake() {
        const std::lock_guard lock(guard_);
        is_woken_ = true;
        woken_.notify_all();
    }
    void until(instant when) {
        std::unique_lock lock(guard_);
        const auto is_woken = [&] { return std::exchange(is_woken_, false); };
        if (when == never)
            woken_.wait(lock, is_woken);
        else
            woken_.wait_until(lock, std::chrono::steady_clock::time_point(when.time_since_epoch()), is_woken);
    }

private:
    std::mutex guard_;
    std::condition_variable woken_;
    bool is_woken_ = false;
};

/// Whether the stream is open, so that the last words can be waited for.
struct stream_state {
    std::mutex guard{};
    std::condition_variable changed{};
    bool is_open = false;

    void set(bool open) {
        const std::lock_guard lock(guard);
        is_open = open;
        changed.notify_all();
    }
    void wait_until_closed() {
        std::unique_lock lock(guard);
        changed.wait_for(lock, last_words, [&] { return not is_open; });
    }
};

/// gRPC's link, which tells besides whether its stream is open.
class watched_link {
public:
    explicit watched_link(std::unique_ptr<grpc::controller_link> of) : of_(std::move(of)) {}

    template <link_receiver Receiver>
    void listen(Receiver hear) {
        of_->listen(ear<Receiver>{std::move(hear), stream_});
    }
    const std::string& rpc_address() const { return of_->rpc_address(); }
    void open() { of_->open(); }
    void send(const worker_message& message) { of_->send(message); }
    void close() { of_->close(); }
    void answer(call_id to, const call_answer& with) { of_->answer(to, with); }
    void wait_until_closed() { stream_->wait_until_closed(); }

private:
    template <class Receiver>
    struct ear {
        Receiver hear;
        std::shared_ptr<stream_state> stream;

        void operator()(link_event heard) const {
            if (std::holds_alternative<link_opened>(heard)) stream->set(true);
            if (std::holds_alternative<link_ended>(heard)) stream->set(false);
            hear(std::move(heard));
        }
    };

    std::shared_ptr<stream_state> stream_ = std::make_shared<stream_state>();
    std::unique_ptr<grpc::controller_link> of_;
};

std::string host_name() {
    std::array<char, 256> name{};
    return gethostname(name.data(), name.size() - 1) == 0 ? std::string(name.data()).substr(0, limits{}.id)
                                                          : std::string("unknown");
}

std::string describe(const identity& who) {
    return "worker " + std::to_string(who.worker.id.value) + " of job " + who.job.value + ", generation " +
           std::to_string(who.generation.value);
}

}  // namespace

expected<worker_end> run_worker(run_worker_options with, std::stop_token stop) {
    const auto log = [&](const std::string& line) {
        if (with.log) with.log(line);
    };
    const grpc::transport transport = transport_of(with.tls, "worker");
    openssl::secrets secrets;
    auto made = grpc::controller_link::make({.controller = with.identity.controller,
                                             .listen = with.listen,
                                             .transport = transport,
                                             .call_token = call_token(secrets, with.identity.token)});
    if (not made) return tl::unexpected(made.error());
    const std::string beside = (*made)->rpc_address().substr(0, (*made)->rpc_address().rfind(':')) + ":0";
    auto engine = dataflow::engine::make({.listen = with.data_listen.empty() ? beside : with.data_listen,
                                          .transport = transport,
                                          .states = with.state,
                                          .positions = with.positions,
                                          .log = with.log});
    if (not engine) return tl::unexpected(engine.error());
    const faults wrongs(with.faults, with.identity.worker.id, log);  // heard of until the link has ended
    watched_link watched(*std::move(made));
    faulty_link link(watched, wrongs);
    faulty_engine runs(**engine, wrongs);
    steady_clock clock;
    worker_driver driver(link, clock, secrets, runs,
                         {.identity = with.identity,
                          .slots = with.slots,
                          .machine = {with.machine.empty() ? host_name() : with.machine},
                          .zone = with.zone,
                          .data_address = (*engine)->data_address()});
    log(describe(with.identity) + ": controller " + with.identity.controller + ", control at " + link.rpc_address() +
        ", data at " + (*engine)->data_address());

    const auto waiting = std::make_shared<sleep>();
    driver.on_wake([waiting] { waiting->wake(); });
    const std::stop_callback stopping(stop, [&] {
        if (not wrongs.strike(fault_point::stopping)) driver.post_stop();
    });
    bool was_accepted = false;
    for (driver.poll(); not driver.is_over(); driver.poll()) {
        if (driver.machine().is_accepted() != was_accepted) {
            was_accepted = not was_accepted;
            log(was_accepted ? "accepted by the controller" : "the stream to the controller is lost");
        }
        waiting->until(driver.next_deadline());
    }
    const worker_end end = driver.end();
    if (end.kind != worker_end_kind::lease_over) watched.wait_until_closed();
    log(std::string(text_of(end.kind)) + (end.text.empty() ? "" : ": " + end.text));
    return end;
}

}  // namespace headgate::example
