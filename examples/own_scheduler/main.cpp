// A scheduler of your own, that starts threads, brings up a word count; ends with 0 if its counts are right.
#include "../common/ask.hpp"
#include "../worker/run_worker.hpp"

#include <headgate/asio/clock.hpp>
#include <headgate/asio/drive.hpp>
#include <headgate/concepts/blocking.hpp>
#include <headgate/concepts/no_checkpoints.hpp>
#include <headgate/controller/controller.hpp>
#include <headgate/grpc/channel.hpp>
#include <headgate/openssl/secrets.hpp>
#include <headgate/sqlite/database.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

namespace {

using namespace headgate;

constexpr std::chrono::milliseconds a_turn{20};
constexpr int most_turns = 3'000;

class my_threads {
public:
    explicit my_threads(std::string controller) : controller_(std::move(controller)) {}

    std::uint32_t worker_slots() const { return 2; }

    outcome<applied> start_workers(const headgate::start_workers& what) try {
        std::map<key, worker> started;  // if there is no thread, those that there were end before the answer
        for (std::size_t i = 0; i < what.workers.size(); ++i)
            if (const key id{what.job, what.generation, what.workers[i].id}; not workers_.contains(id))
                started[id].run({what.job, what.generation, what.workers[i], controller_, what.tokens[i]});
        workers_.merge(started);
        return applied{};
    } catch (const std::system_error& no_thread) {
        return not_applied{{.kind = error_kind::scheduler, .text = no_thread.what()}};
    }

    outcome<std::uint32_t> stop_workers(const headgate::stop_workers& what) {
        const auto is_meant = [&](const auto& one) {
            const auto& [job, generation, id] = one.first;
            return job == what.job and generation <= what.up_to;
        };
        for (auto& one : workers_)
            if (is_meant(one)) one.second.thread.request_stop();
        std::erase_if(workers_, is_meant);  // joins
        return 0U;
    }

    expected<std::vector<worker_id>> workers(const list_workers& what) {
        std::vector<worker_id> alive;
        for (const auto& [who, one] : workers_)
            if (const auto& [job, generation, id] = who; job == what.job and generation == what.generation)
                if (not *one.is_over) alive.push_back(id);
        return alive;
    }

private:
    using key = std::tuple<job_id, generation, worker_id>;

    struct worker {
        std::shared_ptr<std::atomic<bool>> is_over = std::make_shared<std::atomic<bool>>(false);
        std::jthread thread{};

        void run(identity who) {
            thread = std::jthread([who = std::move(who), over = is_over](std::stop_token stop) {
                const auto end = example::run_worker({.identity = who}, std::move(stop));
                if (not end) std::fprintf(stderr, "%s\n", describe(end.error()).c_str());
                *over = true;
            });
        }
    };

    std::string controller_;
    std::map<key, worker> workers_;
};

program word_count(const std::string& input, const std::string& output) {
    return {.nodes = {{.id = {1},
                       .parallelism = 4,
                       .operators = {{{"read"}, R"({"type": "read_files", "directory": ")" + input + R"("})"},
                                     {{"split"}, R"({"type": "split_words"})"}}},
                      {.id = {2},
                       .parallelism = 4,
                       .operators = {{{"count"}, R"({"type": "count_by_key"})"},
                                     {{"write"}, R"({"type": "write_counts", "directory": ")" + output + R"("})"}}}},
            .edges = {{.from = {1}, .to = {2}, .kind = edge_kind::shuffle}}};
}

using counts = std::map<std::string, std::uint64_t>;

counts read_counts(const std::filesystem::path& folder) {
    counts read;
    std::error_code problem;
    for (const auto& part : std::filesystem::directory_iterator(folder, problem)) {
        std::ifstream lines(part.path());
        std::uint64_t count = 0;
        for (std::string word; lines >> count >> word;) read[word] += count;
    }
    return read;
}

int fail(const std::string& why) { return std::fprintf(stderr, "own_scheduler: %s\n", why.c_str()), 1; }

int run(const std::filesystem::path& folder) {
    std::filesystem::create_directory(folder / "in");
    std::ofstream(folder / "in" / "one") << "The gate stands open.\nOpen the gate!\n";
    std::ofstream(folder / "in" / "two") << "the head, the gate\n";

    boost::asio::io_context loop;
    asio::clock clock{loop};
    const auto database = sqlite::database::open({.path = folder / "jobs.db"});
    if (not database) return fail(describe(database.error()));
    const auto mine = sqlite::database::open({.path = folder / "jobs.db"});  // the other is the controller's
    if (not mine) return fail(describe(mine.error()));
    const auto channel = grpc::channel::open({.listen = "127.0.0.1:0"});
    if (not channel) return fail(describe(channel.error()));
    boost::asio::thread_pool one_thread{1};  // where a stop may wait for workers
    blocking scheduler{my_threads{(*channel)->address()},
                       [&](auto job) { boost::asio::post(one_thread, std::move(job)); }};
    no_checkpoints states;
    openssl::secrets secrets;
    controller controller{scheduler, **database, **channel, clock, states, secrets};

    const auto words = std::make_shared<const program>(word_count(folder / "in", folder / "out"));
    const auto submitted =
        example::ask(put_wish{.job = {"words"}, .next = {.version = 1, .name = "words", .program = words}},
                     [&](const auto& r, auto done) { (*mine)->put_wish(r, done); });
    const auto no = [](const error& why) { return describe(why); };
    if (not submitted) return fail("the database does not answer");
    if (const auto why = submitted->match([](auto) { return std::string(); }, no, no); not why.empty())
        return fail(why);

    asio::drive(loop, controller);
    job_row row;
    for (int turn = 0; turn < most_turns and row.state != state_name::finished; ++turn) {
        loop.run_for(a_turn);
        const auto jobs = example::ask(watch_jobs{}, [&](const auto& r, auto done) { (*mine)->watch(r, done); });
        if (not jobs or not *jobs or (*jobs)->jobs.empty()) return fail("the job is not in the database");
        row = (*jobs)->jobs.front().row;
    }
    if (row.state != state_name::finished)
        return fail("the job is " + std::string(text_of(row.state)) + "; " + row.last_error);
    const counts written = read_counts(folder / "out" / std::to_string(row.generation.value));
    for (const auto& [word, count] : written) std::printf("%7lu %s\n", count, word.c_str());
    if (written != counts{{"gate", 3}, {"head", 1}, {"open", 2}, {"stands", 1}, {"the", 4}})
        return fail("these counts are wrong");
    return 0;
}

}  // namespace

int main() {
    std::string folder = (std::filesystem::temp_directory_path() / "own_scheduler.XXXXXX").string();
    if (mkdtemp(folder.data()) == nullptr) return fail("no folder " + folder);
    const int code = run(folder);
    std::filesystem::remove_all(folder);
    return code;
}
