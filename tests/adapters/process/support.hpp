#pragma once
// What the tests of schedulers on this machine share.

#include <headgate/concepts/scheduler.hpp>
#include <headgate/conformance/laws/pending.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <unistd.h>

namespace headgate_tests {

using namespace headgate;

/// Longer than any machine takes; what takes as long has failed.
inline constexpr std::chrono::seconds patience{30};

bool wait_until(auto came) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (not came()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::yield();
    }
    return true;
}

inline constexpr auto wait_for = [](auto&, auto came) { wait_until(came); };

/// Removed with all that is in it.
class folder {
public:
    folder() {
        std::string name = (std::filesystem::temp_directory_path() / "headgate-test-XXXXXX").string();
        path_ = ::mkdtemp(name.data());
    }
    folder(const folder&) = delete;
    folder& operator=(const folder&) = delete;
    ~folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

/// A clock that only the test moves.
struct hand {
    std::atomic<std::int64_t> now{0};

    instant read() const { return instant(duration(now.load())); }
    void advance(duration by) { now += by.count(); }
};

/// Calls a scheduler and waits for its answer.
template <class Scheduler>
class caller {
public:
    explicit caller(Scheduler& model) : model_(&model) {}

    template <class Effect>
    auto begin(Effect what, instant deadline = never) {
        request<Effect> asked{.deadline = deadline, .what = std::move(what)};
        const auto into = std::make_shared<laws::pending<Effect>>();
        const typename laws::pending<Effect>::completion done{asked.by, into};
        if constexpr (std::same_as<Effect, start_workers>) model_->start_workers(asked, done);
        if constexpr (std::same_as<Effect, stop_workers>) model_->stop_workers(asked, done);
        if constexpr (std::same_as<Effect, list_workers>) model_->workers(asked, done);
        if constexpr (std::same_as<Effect, watch_workers>) model_->watch(asked, done);
        return into;
    }
    template <class Effect>
    typename Effect::answer call(Effect what, instant deadline = never) {
        return answer(begin(std::move(what), deadline));
    }
    template <class Pending>
    static auto answer(const Pending& asked) {
        if (not wait_until([&] { return asked->came(); })) throw std::runtime_error("no answer");
        return asked->answer();
    }

    /// "started", or what it was refused for.
    std::string start(const job_id& job, generation of, std::uint32_t workers, variables environment = {}) {
        return text_of(call(start_of(job, of, workers, std::move(environment))));
    }
    static start_workers start_of(const job_id& job, generation of, std::uint32_t workers, variables environment = {}) {
        wish wanted{.name = "name", .organization = "organization", .environment = std::move(environment)};
        start_workers what{.job = job, .generation = of, .wish = std::make_shared<const wish>(std::move(wanted))};
        for (std::uint32_t i = 0; i < workers; ++i) {
            what.workers.push_back({.id = id_of(of, {i}), .slots = 16});
            what.tokens.emplace_back().fill(std::byte{0xc5});
        }
        return what;
    }
    /// How many are left; -1: refused or unknown.
    int stop(const job_id& job, generation up_to, bool force = false) {
        return left_of(call(stop_workers{.job = job, .up_to = up_to, .force = force}));
    }
    std::size_t count(const job_id& job, generation of) {
        const auto found = call(list_workers{.job = job, .generation = of});
        return found ? found->size() : 999;
    }
    /// The next exit, as "<job> <generation> <ordinal>: how"; what else is new is passed over.
    std::string next_exit() {
        for (;;) {
            const auto news = call(watch_workers{.since = since_});
            if (not news) return describe(news.error());
            since_ = news->next;
            for (const worker_news::exited& exit : news->exits)
                return exit.job.value + " " + std::to_string(exit.generation.value) + " " +
                       std::to_string(ordinal_of(exit.worker).value) + ": " + exit.how;
        }
    }

    static std::string text_of(const outcome<applied>& start) {
        return start.match([](applied) { return std::string("started"); },
                           [](const error& why) { return describe(why); },
                           [](const error& why) { return "unknown: " + describe(why); });
    }
    static int left_of(const outcome<std::uint32_t>& stop) {
        const auto no = [](const error&) { return -1; };
        return stop.match([](std::uint32_t left) { return static_cast<int>(left); }, no, no);
    }

private:
    Scheduler* model_;
    cursor since_{};
};

}  // namespace headgate_tests
