// SPDX-License-Identifier: BSL-1.0
// needs: headgate::grpc headgate::asio headgate::openssl headgate::protobuf gRPC::grpc++
// From a wish to Running over gRPC: every worker registers, is dialled, is told its execution and reports. Beside raw
// gRPC, which opens the same connections and makes the same calls with messages of the same size, but proves, plans,
// compares and keeps nothing, and sets fewer options of its channels (ours: limits, keepalive, no retries). Both take
// turns. Goal: `times`, the quotient of the medians, of at most 1.5.
//
// The argument is the number of workers. They are all in this process, each with an address of its own, where it
// listens before the time begins: how long processes take to start is not measured. The database is in memory.

#include <headgate/asio/drive.hpp>
#include <headgate/assignment/slot_filling.hpp>
#include <headgate/concepts/no_checkpoints.hpp>
#include <headgate/controller/controller.hpp>
#include <headgate/grpc/channel.hpp>
#include <headgate/grpc/controller_link.hpp>
#include <headgate/openssl/secrets.hpp>
#include <headgate/protobuf/messages.hpp>
#include <headgate/simulation/database.hpp>
#include <headgate/simulation/scheduler.hpp>
#include <headgate/worker/driver.hpp>

#include <headgate/v1/worker.grpc.pb.h>

#include <benchmark/benchmark.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <malloc.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace headgate;
using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto patience_of_ours = 60s;

double seconds_since(steady_clock::time_point begun) {
    return std::chrono::duration<double>(steady_clock::now() - begun).count();
}

/// One node with a subtask on each worker.
std::shared_ptr<const program> graph(std::uint32_t workers) {
    return std::make_shared<const program>(
        program{.nodes = {{.id = {1}, .parallelism = workers, .operators = {{{"read"}, ""}}}}, .edges = {}});
}

// Ours ----------------------------------------------------------------------------------------------------------------

/// Says at once that all its subtasks have started.
struct idle_engine {
    void start(execution_share share, auto report) {
        report(engine_initialized{});
        const plan& all = *share.what->plan;
        for (std::size_t node = 0; node < all.nodes.size(); ++node)
            shares(all, node, share.position, [&](subtask_range range) {
                for (std::uint32_t i = range.first; i < range.last; ++i) report(subtask_started{all.nodes[node].id, i});
            });
    }
    void begin_checkpoint(checkpoint_name) {}
    void stop(bool) {}
    std::vector<node_counters> counters() { return {}; }
};

/// Workers that listen, and one thread on which all of them are driven.
class fleet {
public:
    using driver_type = worker_driver<headgate::grpc::controller_link, asio::clock, openssl::secrets, idle_engine>;

    fleet(const std::string& controller, std::uint32_t workers) : controller_(controller), engines_(workers) {
        for (std::uint32_t i = 0; i < workers; ++i) {
            auto made = headgate::grpc::controller_link::make({.controller = controller});
            if (not made) return;
            links_.push_back(*std::move(made));
        }
        thread_ = std::thread([this] { loop_.run(); });
    }
    ~fleet() {
        loop_.stop();
        if (thread_.joinable()) thread_.join();
        drivers_.clear();
    }
    fleet(const fleet&) = delete;
    fleet& operator=(const fleet&) = delete;

    bool listens() const { return links_.size() == engines_.size(); }
    void start(const start_workers& what) {
        for (std::size_t each = 0; each < what.workers.size(); ++each)
            boost::asio::post(loop_, [this, who = identity{.job = what.job,
                                                           .generation = what.generation,
                                                           .worker = what.workers[each],
                                                           .controller = controller_,
                                                           .token = what.tokens[each]}] {
                const std::size_t i = drivers_.size();
                if (i == links_.size()) return;
                drivers_.push_back(std::make_unique<driver_type>(
                    *links_[i], clock_, secrets_, engines_[i],
                    worker_options{.identity = who, .machine = {"here"}, .zone = {}, .data_address = "127.0.0.1:1"}));
                asio::drive(loop_, *drivers_.back());
            });
    }

private:
    std::string controller_;
    boost::asio::io_context loop_{};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{loop_.get_executor()};
    asio::clock clock_{loop_};
    openssl::secrets secrets_{};
    std::vector<idle_engine> engines_;
    std::vector<std::unique_ptr<headgate::grpc::controller_link>> links_{};
    std::vector<std::unique_ptr<driver_type>> drivers_{};
    std::thread thread_{};
};

class starter : public simulation::scheduler {
public:
    starter(fleet& all, std::uint32_t workers)
        : simulation::scheduler(simulation::worker_pool(workers, 1)), fleet_(all) {}

    void start_workers(const request<headgate::start_workers>& r, auto done) {
        fleet_.start(r.what);
        done(applied{});
    }

private:
    fleet& fleet_;
};

/// How long it took from the wish to Running, and the bytes of heap at that moment less those before.
struct came_up {
    double seconds = 0;
    double bytes = 0;
};

double heap_in_use() {
    const auto all = ::mallinfo2();
    return static_cast<double>(all.uordblks + all.hblkhd);
}

/// Jobs share the workers out evenly. Nothing if one did not come to Running.
std::optional<came_up> ours(std::uint32_t workers, std::uint32_t jobs = 1) {
    const double held = heap_in_use();
    auto opened = headgate::grpc::channel::open({.listen = "127.0.0.1:0"});
    if (not opened) return std::nullopt;
    headgate::grpc::channel& channel = **opened;
    boost::asio::io_context loop;
    fleet all(channel.address(), workers);
    if (not all.listens()) return std::nullopt;
    starter scheduler(all, workers);
    simulation::database database;
    asio::clock clock(loop);
    no_checkpoints states;
    openssl::secrets secrets;
    controller one(scheduler, database, channel, clock, states, secrets);
    asio::drive(loop, one);
    loop.run_for(10ms);

    std::vector<job_id> all_jobs;
    for (std::uint32_t i = 0; i < jobs; ++i) all_jobs.push_back({"words-" + std::to_string(i)});
    const wish what{.version = 1, .name = "words", .organization = {}, .program = graph(workers / jobs)};
    const auto begun = steady_clock::now();
    for (const job_id& job : all_jobs)
        database.put_wish(request<put_wish>{.what = {job, 0, what}}, any_completion<put_wish>{});
    const auto runs = [&](const job_id& job) {
        const auto* const found = one.find(job);
        return found != nullptr and found->state() == state_name::running and found->job().persisted and
               found->job().next.generation == generation{1};
    };
    std::size_t up = 0;
    const auto all_run = [&] {
        while (up < all_jobs.size() and runs(all_jobs[up])) ++up;
        return up == all_jobs.size();
    };
    while (not all_run() and steady_clock::now() < begun + patience_of_ours) loop.run_one_for(1s);
    const came_up taken{seconds_since(begun), heap_in_use() - held};
    return std::ranges::all_of(all_jobs, runs) ? std::optional(taken) : std::nullopt;
}

// Raw gRPC ------------------------------------------------------------------------------------------------------------

using wire::v1::ControllerMessage;
using wire::v1::WorkerMessage;

std::string some_bytes() { return std::string(32, 'x'); }

std::shared_ptr<::grpc::Channel> raw_channel(const std::string& to) {
    ::grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    return ::grpc::CreateCustomChannel(to, ::grpc::experimental::LocalCredentials(LOCAL_TCP), arguments);
}

std::unique_ptr<::grpc::Server> raw_server(::grpc::Service& service, std::string& address) {
    ::grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", ::grpc::experimental::LocalServerCredentials(LOCAL_TCP), &port);
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.RegisterService(&service);
    auto server = builder.BuildAndStart();
    address = "127.0.0.1:" + std::to_string(port);
    return server;
}

/// What is to come, from any thread.
class count {
public:
    explicit count(std::uint64_t of) : left_(of) {}
    void came() {
        const std::lock_guard lock(guard_);
        if (--left_ == 0) all_came_.notify_all();
    }
    bool wait() {
        std::unique_lock lock(guard_);
        return all_came_.wait_for(lock, patience_of_ours, [this] { return left_ == 0; });
    }

private:
    std::mutex guard_;
    std::condition_variable all_came_;
    std::uint64_t left_;
};

/// Messages of a stream, one at a time. `start` writes one.
template <class Message>
class writing {
public:
    template <class Start>
    void send(Message what, Start start) {
        const std::lock_guard lock(guard_);
        waiting_.push_back(std::move(what));
        if (waiting_.size() == 1) start(&waiting_.front());
    }
    template <class Start>
    void written(Start start) {
        const std::lock_guard lock(guard_);
        waiting_.pop_front();
        if (not waiting_.empty()) start(&waiting_.front());
    }

private:
    std::mutex guard_;
    std::deque<Message> waiting_;
};

/// The controller's end of one worker's stream.
class raw_stream : public ::grpc::ServerBidiReactor<WorkerMessage, ControllerMessage> {
public:
    raw_stream(std::function<void(std::string)> dial, count& reports) : dial_(std::move(dial)), reports_(reports) {
        StartRead(&read_);
    }
    void OnReadDone(bool ok) override {
        if (not ok) return Finish(::grpc::Status::OK);
        ControllerMessage answer;
        if (read_.has_hello()) {
            answer.mutable_challenge()->set_nonce(some_bytes());
            answer.mutable_challenge()->set_mac(some_bytes());
            send(std::move(answer));
        } else if (read_.has_proof()) {
            answer.mutable_verdict()->mutable_accepted()->set_lease_ms(30'000);
            send(std::move(answer));
            dial_(read_.proof().profile().rpc_address());
        } else if (read_.has_task_report()) {
            reports_.came();
        }
        StartRead(&read_);
    }
    void OnWriteDone(bool ok) override {
        if (ok) writing_.written([this](const ControllerMessage* one) { StartWrite(one); });
    }
    void OnDone() override { delete this; }

private:
    void send(ControllerMessage what) {
        writing_.send(std::move(what), [this](const ControllerMessage* one) { StartWrite(one); });
    }

    std::function<void(std::string)> dial_;
    count& reports_;
    WorkerMessage read_;
    writing<ControllerMessage> writing_;
};

/// The worker's end.
class raw_worker : public wire::v1::Worker::CallbackService,
                   public ::grpc::ClientBidiReactor<WorkerMessage, ControllerMessage> {
public:
    raw_worker(std::string controller, std::uint32_t number) : controller_(std::move(controller)), number_(number) {
        server_ = raw_server(*this, address_);
    }
    ~raw_worker() override {
        if (channel_) {
            context_.TryCancel();
            RemoveHold();
            ended_.wait();
        }
        if (server_) server_->Shutdown(std::chrono::system_clock::now());
    }
    const std::string& address() const { return address_; }

    void begin() {
        channel_ = raw_channel(controller_);
        wire::v1::Controller::NewStub(channel_)->async()->Work(&context_, this);
        AddHold();
        StartRead(&read_);
        StartCall();
        WorkerMessage first;
        first.mutable_hello()->set_protocol(1);
        first.mutable_hello()->set_job("words");
        first.mutable_hello()->set_worker(number_);
        first.mutable_hello()->set_nonce(some_bytes());
        send(std::move(first));
    }
    void OnReadDone(bool ok) override {
        if (not ok) return;
        if (read_.has_challenge()) {
            WorkerMessage second;
            wire::v1::Proof& shown = *second.mutable_proof();
            shown.set_mac(some_bytes());
            shown.mutable_profile()->set_id(number_);
            shown.mutable_profile()->set_slots(1);
            shown.mutable_profile()->set_rpc_address(address_);
            shown.mutable_profile()->set_data_address("127.0.0.1:1");
            send(std::move(second));
        }
        StartRead(&read_);
    }
    void OnWriteDone(bool ok) override {
        if (ok) writing_.written([this](const WorkerMessage* one) { StartWrite(one); });
    }
    void OnDone(const ::grpc::Status&) override { ended_.came(); }

    ::grpc::ServerUnaryReactor* Identify(::grpc::CallbackServerContext* of, const wire::v1::IdentifyRequest*,
                                         wire::v1::IdentifyAnswer* answer) override {
        answer->set_worker(number_);
        answer->set_mac(some_bytes());
        return finished(of);
    }
    ::grpc::ServerUnaryReactor* StartExecution(::grpc::CallbackServerContext* of,
                                               const wire::v1::StartExecutionRequest*, wire::v1::Applied*) override {
        WorkerMessage first, second;
        first.mutable_initialized();
        wire::v1::TaskRange& range = *second.mutable_task_report()->add_started();
        range.set_node(1), range.set_first(number_), range.set_last(number_ + 1);
        send(std::move(first));
        send(std::move(second));
        return finished(of);
    }

private:
    static ::grpc::ServerUnaryReactor* finished(::grpc::CallbackServerContext* of) {
        ::grpc::ServerUnaryReactor* const made = of->DefaultReactor();
        made->Finish(::grpc::Status::OK);
        return made;
    }
    void send(WorkerMessage what) {
        writing_.send(std::move(what), [this](const WorkerMessage* one) { StartWrite(one); });
    }

    std::string controller_, address_{};
    std::uint32_t number_;
    std::shared_ptr<::grpc::Channel> channel_{};
    ::grpc::ClientContext context_{};
    ControllerMessage read_{};
    writing<WorkerMessage> writing_{};
    count ended_{1};
    std::unique_ptr<::grpc::Server> server_{};
};

/// A connection to one worker, and its two calls.
class raw_dial {
public:
    raw_dial(const std::string& to, const wire::v1::StartExecutionRequest& what, count& calls)
        : stub_(wire::v1::Worker::NewStub(raw_channel(to))) {
        nonce_.set_nonce(some_bytes());
        for (::grpc::ClientContext* const each : {&first_, &second_})
            each->AddMetadata("headgate-token-bin", some_bytes());
        stub_->async()->Identify(&first_, &nonce_, &identified_, [this, &what, &calls](const ::grpc::Status& status) {
            if (status.ok())
                stub_->async()->StartExecution(&second_, &what, &applied_, [&calls](const ::grpc::Status& started) {
                    if (started.ok()) calls.came();
                });
        });
    }

private:
    std::unique_ptr<wire::v1::Worker::Stub> stub_;
    ::grpc::ClientContext first_{}, second_{};
    wire::v1::IdentifyRequest nonce_{};
    wire::v1::IdentifyAnswer identified_{};
    wire::v1::Applied applied_{};
};

class raw_controller : public wire::v1::Controller::CallbackService {
public:
    explicit raw_controller(std::uint32_t workers) : calls_(workers), reports_(workers) {
        server_ = raw_server(*this, address_);
    }
    ~raw_controller() override {
        if (server_) server_->Shutdown(std::chrono::system_clock::now());
    }
    const std::string& address() const { return address_; }
    void set(wire::v1::StartExecutionRequest what) { what_ = std::move(what); }
    bool wait() { return reports_.wait() and calls_.wait(); }

    ::grpc::ServerBidiReactor<WorkerMessage, ControllerMessage>* Work(::grpc::CallbackServerContext*) override {
        return new raw_stream(  // deletes itself
            [this](const std::string& to) {
                auto made = std::make_unique<raw_dial>(to, what_, calls_);
                const std::lock_guard lock(guard_);
                dials_.push_back(std::move(made));
            },
            reports_);
    }

private:
    std::string address_{};
    wire::v1::StartExecutionRequest what_{};
    count calls_, reports_;
    std::mutex guard_{};
    std::vector<std::unique_ptr<raw_dial>> dials_{};
    std::unique_ptr<::grpc::Server> server_{};
};

/// What each worker is told, as large as ours.
wire::v1::StartExecutionRequest request_for(const std::vector<std::unique_ptr<raw_worker>>& workers) {
    const auto count = static_cast<std::uint32_t>(workers.size());
    std::vector<offer> offers;
    for (std::uint32_t i = 0; i < count; ++i)
        offers.push_back(
            {.id = id_of({1}, {i}), .machine = {"here"}, .zone = {}, .slots = 1, .data_address = "127.0.0.1:1"});
    const auto program = graph(count);
    execution what{.job = {"words"}, .generation = {1}, .program = program, .plan = {}};
    what.plan = std::make_shared<const plan>(slot_filling{}(*program, offers).value());
    what.digest = digest(*what.plan);
    wire::v1::StartExecutionRequest made;
    made.ParseFromString(protobuf::encode(what) + protobuf::encode_data_token({}));
    return made;
}

std::optional<came_up> raw(std::uint32_t workers) {
    const double held = heap_in_use();
    raw_controller one(workers);
    std::vector<std::unique_ptr<raw_worker>> all;
    for (std::uint32_t i = 0; i < workers; ++i) all.push_back(std::make_unique<raw_worker>(one.address(), i));
    one.set(request_for(all));
    const auto begun = steady_clock::now();
    for (const auto& each : all) each->begin();
    const bool is_up = one.wait();
    const came_up taken{seconds_since(begun), heap_in_use() - held};
    all.clear();
    return is_up ? std::optional(taken) : std::nullopt;
}

// Both ----------------------------------------------------------------------------------------------------------------

double median(std::vector<double> of) {
    const auto middle = of.begin() + static_cast<std::ptrdiff_t>(of.size() / 2);
    std::nth_element(of.begin(), middle, of.end());
    return *middle;
}

void bring_up(benchmark::State& state) {
    const auto workers = static_cast<std::uint32_t>(state.range(0));
    std::vector<double> mine, theirs;
    for (auto _ : state) {
        const auto without = raw(workers), with = ours(workers);
        if (not without or not with) {
            state.SkipWithError(without ? "the job does not run" : "raw gRPC did not come to its end");
            break;
        }
        state.SetIterationTime(with->seconds);
        mine.push_back(with->seconds);
        theirs.push_back(without->seconds);
    }
    if (mine.empty()) return;
    state.counters["median_ms"] = 1'000 * median(mine);
    state.counters["raw_median_ms"] = 1'000 * median(theirs);
    state.counters["times"] = median(mine) / median(theirs);
}
BENCHMARK(bring_up)->Unit(benchmark::kMillisecond)->UseManualTime()->Arg(100)->Arg(1'000)->Iterations(5);

/// Heap for each job of one worker, of both ends, since they are in one process: the controller's share and all of the
/// worker with its server. Raw gRPC beside it has the same streams, connections and servers.
void memory(benchmark::State& state) {
    const auto jobs = static_cast<std::uint32_t>(state.range(0));
    for (auto _ : state) {
        const auto without = raw(jobs), with = ours(jobs, jobs);
        if (not without or not with) {
            state.SkipWithError(without ? "a job does not run" : "raw gRPC did not come to its end");
            break;
        }
        state.SetIterationTime(with->seconds);
        state.counters["bytes_a_job"] = with->bytes / jobs;
        state.counters["raw_bytes_a_job"] = without->bytes / jobs;
        state.counters["times"] = with->bytes / without->bytes;
    }
}
BENCHMARK(memory)->Unit(benchmark::kMillisecond)->UseManualTime()->Arg(100)->Arg(500)->Iterations(1);

}  // namespace
