#pragma once
// SPDX-License-Identifier: BSL-1.0
// end_to_end: engines of several workers in one process, without a controller, and what they said.

#include "engine/engine.hpp"

#include <headgate/assignment/slot_filling.hpp>
#include <headgate/concepts/completion.hpp>
#include <headgate/filesystem/state_backend.hpp>
#include <headgate/vocabulary/plan_check.hpp>

#include <boost/test/unit_test.hpp>

#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace engine_test {

using namespace headgate;
using counts = std::map<std::string, std::uint64_t>;
using place = std::pair<std::uint32_t, std::uint32_t>;  // node, subtask

// Nothing waits for so long unless it hangs.
inline constexpr std::chrono::seconds patience{120};

struct directory {
    std::filesystem::path path;

    directory() {
        std::string made = (std::filesystem::temp_directory_path() / "headgate-engine-XXXXXX").string();
        BOOST_REQUIRE(mkdtemp(made.data()) != nullptr);
        path = made;
    }
    directory(const directory&) = delete;
    directory& operator=(const directory&) = delete;
    ~directory() {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
};

inline void write(const std::filesystem::path& file, const std::string& text) {
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
}

/// Text with words of many lengths, signs, digits, upper case, empty lines and bytes above 127.
inline std::string random_text(std::uint64_t seed, std::size_t words) {
    const auto next = [&] {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        return seed ^= seed << 17;
    };
    std::string text;
    for (std::size_t i = 0; i < words; ++i) {
        const std::uint64_t which = next() % 3'000 * (next() % 40) / 40;
        std::string word;
        for (std::uint64_t rest = which + 1; rest > 0; rest /= 26) word += static_cast<char>('a' + rest % 26);
        if (next() % 9 == 0) word[0] = static_cast<char>(word[0] - 'a' + 'A');
        text += word;
        static constexpr const char* between[]{" ", " ", " ", ", ", "\n", "\n\n", " 42 ", "-", "\xc3\xa9", "'"};
        text += between[next() % 10];
    }
    return text;
}

/// What `tr -cs A-Za-z '\n' | tr A-Z a-z | sort | uniq -c` would say, written to be obvious.
inline void count_words(const std::string& text, std::uint64_t times, counts& into) {
    std::string word;
    for (const char c : text + "\n") {
        if (c >= 'a' and c <= 'z') {
            word += c;
        } else if (c >= 'A' and c <= 'Z') {
            word += static_cast<char>(c - 'A' + 'a');
        } else if (not word.empty()) {
            into[word] += times;
            word.clear();
        }
    }
}

/// A directory of files, and how often each word is in it.
struct input {
    directory in;
    counts expected;

    explicit input(std::size_t files, std::size_t words, std::uint64_t repeat = 1) {
        for (std::size_t i = 0; i < files; ++i) {
            const std::string text = random_text(i + 1, words);
            write(in.path / ("file-" + std::to_string(i)), text);
            count_words(text, repeat, expected);
        }
    }
};

/// Sums of what all parts of a generation hold. Each part must be sorted and name no word twice.
inline counts read_counts(const std::filesystem::path& of) {
    counts found;
    for (const auto& part : std::filesystem::directory_iterator(of)) {
        std::ifstream lines(part.path());
        std::string last;
        for (std::string line; std::getline(lines, line);) {
            const std::size_t space = line.find(' ');
            const std::string word = line.substr(space + 1);
            BOOST_CHECK_LT(last, word);
            BOOST_CHECK(found.emplace(word, std::stoull(line)).second);
            last = word;
        }
    }
    return found;
}

inline node made_node(std::uint32_t id, std::uint32_t parallelism, const std::vector<std::string>& what) {
    node made{.id = {id}, .parallelism = parallelism, .operators = {}};
    for (std::size_t i = 0; i < what.size(); ++i)
        made.operators.push_back({{std::to_string(id) + "-" + std::to_string(i)}, what[i]});
    return made;
}

inline std::string reads(const std::filesystem::path& from, std::uint64_t repeat = 1) {
    return R"({"type":"read_files","directory":")" + from.string() + R"(","repeat":)" + std::to_string(repeat) + "}";
}
inline std::string writes(const std::filesystem::path& to) {
    return R"({"type":"write_counts","directory":")" + to.string() + "\"}";
}
inline const std::string splits = R"({"type":"split_words"})";
inline const std::string sums = R"({"type":"count_by_key"})";

/// 1: read and split; 2: count; 3: write. Shuffle, then forward.
inline program word_count(const std::filesystem::path& from, const std::filesystem::path& to, std::uint32_t sources,
                          std::uint32_t counters, std::uint32_t writers, std::uint64_t repeat = 1) {
    return {.nodes = {made_node(1, sources, {reads(from, repeat), splits}), made_node(2, counters, {sums}),
                      made_node(3, writers, {writes(to)})},
            .edges = {{{1}, {2}, edge_kind::shuffle}, {{2}, {3}, edge_kind::forward}}};
}

/// What engines said, each event with its worker, in the order in which it came.
class hearing {
public:
    void operator()(std::size_t worker, engine_event said) {
        const std::lock_guard lock(guard_);
        heard_.emplace_back(worker, std::move(said));
        changed_.notify_all();
    }

    template <class Predicate>
    bool wait(Predicate is_so) {
        std::unique_lock lock(guard_);
        return changed_.wait_for(lock, patience, [&] { return is_so(*this); });
    }

    template <class Event, class Each>
    void each(Each call) const {
        const std::lock_guard lock(guard_);
        for (const auto& [worker, said] : heard_)
            if (const auto* one = std::get_if<Event>(&said)) call(worker, *one);
    }
    template <class Event>
    std::size_t count() const {
        std::size_t found = 0;
        each<Event>([&](std::size_t, const Event&) { ++found; });
        return found;
    }
    std::map<place, std::string> states(std::uint32_t epoch) const {
        std::map<place, std::string> found;
        each<subtask_checkpointed>([&](std::size_t, const subtask_checkpointed& one) {
            if (one.epoch.value == epoch) found[{one.state.node.value, one.state.subtask}] = one.state.handle;
        });
        return found;
    }
    std::string failures() const {
        std::string all;
        each<task_failure>([&](std::size_t, const task_failure& one) { all += one.text + "\n"; });
        each<engine_initialized>([&](std::size_t, const engine_initialized& one) { all += one.failure; });
        return all;
    }

private:
    mutable std::recursive_mutex guard_;  // a predicate asks while it is held
    std::condition_variable_any changed_;
    std::vector<std::pair<std::size_t, engine_event>> heard_;
};

/// Stops subtasks where a test wants them: their threads wait in `before_step`.
class brake {
public:
    /// Each step of `which` waits, once it has made `free_steps` more.
    void hold(place which, std::size_t free_steps = 0) {
        const std::lock_guard lock(guard_);
        held_[which] = free_steps;
    }
    void release() {
        const std::lock_guard lock(guard_);
        held_.clear();
        waiting_.clear();
        changed_.notify_all();
    }
    bool wait_until_held(place which) {
        std::unique_lock lock(guard_);
        return changed_.wait_for(lock, patience, [&] { return waiting_.contains(which); });
    }
    void step(place which) {
        std::unique_lock lock(guard_);
        ++steps_[which];
        changed_.notify_all();
        const auto at = held_.find(which);
        if (at == held_.end()) return;
        if (at->second > 0) {
            --at->second;
            return;
        }
        waiting_.insert(which);
        changed_.wait(lock, [&] { return not held_.contains(which); });
    }

private:
    std::mutex guard_;
    std::condition_variable changed_;
    std::map<place, std::size_t> held_;
    std::map<place, std::size_t> steps_;
    std::set<place> waiting_;
};

struct cluster_options {
    std::size_t workers = 2;
    std::uint32_t slots = 2;
    std::uint32_t generation = 1;
    std::optional<checkpoint_name> restore{};
    std::filesystem::path states{};
    bool strangers = false;  ///< the second worker has another data token
};

/// Engines with one plan, started at once.
class cluster {
public:
    cluster(program what, cluster_options with) : with_(std::move(with)) {
        make_engines();
        std::vector<offer> offers;
        for (std::size_t i = 0; i < engines_.size(); ++i)
            offers.push_back({.id = {i + 1},
                              .machine = {"here"},
                              .zone = {},
                              .slots = with_.slots,
                              .data_address = engines_[i]->data_address()});
        auto planned = slot_filling{}(what, offers);
        BOOST_REQUIRE_MESSAGE(planned, (planned ? "" : describe(planned.error())));
        start(std::move(what), *std::move(planned));
    }

    /// Subtasks of each node all on the worker that `owners` says, two workers.
    cluster(program what, const std::vector<std::uint32_t>& owners, cluster_options with) : with_(std::move(with)) {
        make_engines();
        plan made;
        for (std::size_t i = 0; i < engines_.size(); ++i) {
            made.workers.push_back({{i + 1}, with_.slots});
            BOOST_REQUIRE(made.machines.push_back("here"));
            BOOST_REQUIRE(made.data_addresses.push_back(engines_[i]->data_address()));
        }
        for (std::uint32_t at = 0; at < what.nodes.size(); ++at) {
            made.layouts.push_back({.spaced = spacing::dense, .boundaries = {0, with_.slots}, .owners = {owners[at]}});
            made.nodes.push_back({what.nodes[at].id, what.nodes[at].parallelism, at, 0});
        }
        const auto ok = check(made, what);
        BOOST_REQUIRE_MESSAGE(ok, (ok ? "" : describe(ok.error())));
        start(std::move(what), std::move(made));
    }

    ~cluster() {
        brake_.release();
        for (const auto& each : engines_) each->stop(true);
    }

    dataflow::engine& operator[](std::size_t worker) { return *engines_[worker]; }
    hearing& heard() { return *heard_; }
    brake& brakes() { return brake_; }
    std::size_t tasks() const { return static_cast<std::size_t>(subtasks(*what_->plan)); }

    bool wait_until_started() {
        return heard_->wait([&](const hearing& h) { return h.count<subtask_started>() == tasks(); });
    }
    bool wait_until_finished() {
        const bool ok = heard_->wait(
            [&](const hearing& h) { return h.count<subtask_finished>() == tasks() or not h.failures().empty(); });
        return ok and heard_->failures().empty();
    }
    void begin_checkpoint(std::uint32_t epoch) {
        for (const auto& each : engines_) each->begin_checkpoint({{epoch}, {with_.generation}});
    }
    bool wait_until_complete(std::uint32_t epoch) {
        return heard_->wait([&](const hearing& h) { return h.states(epoch).size() == tasks(); });
    }
    /// The controller's part: the metadata, in the state directory.
    void keep(std::uint32_t epoch) {
        auto metadata = std::make_shared<checkpoint_metadata>();
        metadata->name = {{epoch}, {with_.generation}};
        const auto states = heard_->states(epoch);
        for (const node& each : what_->program->nodes) {
            node_state& state = metadata->nodes.emplace_back();
            state.node = each.id;
            state.parallelism = each.parallelism;
            for (const chained_operator& one : each.operators) state.operators.push_back(one.id);
            for (std::uint32_t i = 0; i < each.parallelism; ++i) state.handles.push_back(states.at({each.id.value, i}));
        }
        filesystem::state_backend backend(with_.states);
        const auto done = std::make_shared<std::promise<bool>>();
        auto stored = done->get_future();
        backend.store({.what = {.job = what_->job, .what = std::move(metadata)}}, store_completion{done});
        BOOST_REQUIRE(stored.get());
    }
    void kill() {
        brake_.release();
        for (const auto& each : engines_) each->stop(true);
    }
    std::string all_log() {
        const std::lock_guard lock(log_guard_);
        std::string all;
        for (const std::string& each : log_) all += each + "\n";
        return all;
    }

private:
    struct store_completion {
        std::shared_ptr<std::promise<bool>> done{};
        ticket to{};

        void operator()(const outcome<applied>& how) const {
            const auto no = [](const error&) { return false; };
            done->set_value(how.match([](applied) { return true; }, no, no));
        }
    };

    void make_engines() {
        for (std::size_t i = 0; i < with_.workers; ++i) {
            auto made = dataflow::engine::make({.listen = "127.0.0.1:0",
                                                .states = with_.states,
                                                .connect = patience,
                                                .log =
                                                    [this](const std::string& line) {
                                                        const std::lock_guard lock(log_guard_);
                                                        log_.push_back(line);
                                                    },
                                                .before_step =
                                                    [this](node_id node, std::uint32_t index) {
                                                        brake_.step({node.value, index});
                                                    }});
            BOOST_REQUIRE_MESSAGE(made, (made ? "" : describe(made.error())));
            engines_.push_back(*std::move(made));
        }
    }

    void start(program what, plan planned) {
        auto one = std::make_shared<execution>();
        one->job = {"words"};
        one->generation = {with_.generation};
        one->digest = digest(planned);
        one->restore = with_.restore;
        one->program = std::make_shared<const program>(std::move(what));
        one->plan = std::make_shared<const plan>(std::move(planned));
        what_ = std::move(one);
    }

public:
    /// After brakes were set.
    cluster& begin() {
        for (std::uint32_t i = 0; i < engines_.size(); ++i) {
            const auto position = position_of(*what_->plan, {i + 1});
            if (not position) continue;
            digest256 token{};
            token.fill(with_.strangers and i == 1 ? std::byte{7} : std::byte{1});
            engines_[i]->start({what_, *position, token},
                               [heard = heard_, i](engine_event said) { (*heard)(i, std::move(said)); });
        }
        return *this;
    }

private:
    cluster_options with_;
    brake brake_;
    std::mutex log_guard_;
    std::vector<std::string> log_;
    std::shared_ptr<hearing> heard_ = std::make_shared<hearing>();
    std::shared_ptr<const execution> what_;
    std::vector<std::unique_ptr<dataflow::engine>> engines_;
};

}  // namespace engine_test
