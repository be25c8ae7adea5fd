#pragma once
// SPDX-License-Identifier: BSL-1.0
// engine: one subtask: its chain of stages, its inputs, its thread.

#include "gate.hpp"
#include "outlet.hpp"
#include "position_file.hpp"
#include "stage.hpp"
#include "state_store.hpp"

#include <headgate/vocabulary/checkpoint.hpp>
#include <headgate/vocabulary/engine.hpp>
#include <headgate/vocabulary/message.hpp>
#include <headgate/vocabulary/program.hpp>

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace dataflow {

/// What a subtask is made from.
struct subtask_setting {
    const headgate::node* node{};  ///< outlives it
    std::vector<operator_configuration> chain{};
    std::uint32_t node_position{};  ///< in the program
    std::uint32_t subtask{};
    std::uint32_t parallelism{};
    headgate::generation generation{};
    std::size_t channels_in{};
    std::size_t batch{};  ///< bytes
    std::shared_ptr<const state_store> states{};
    std::function<void(headgate::engine_event)> report{};
    std::filesystem::path position{};  ///< of a source: the file for how far it is; empty: none
    /// For tests: called before each step of a source and each batch, in the subtask's thread.
    std::function<void(headgate::node_id, std::uint32_t)> before_step{};
};

/// Its thread lives until `halt`, also after the subtask has finished: then it answers later barriers with its last
/// state, so that checkpoints stay complete.
class subtask {
public:
    explicit subtask(subtask_setting with) : with_(std::move(with)), inputs_(with_.channels_in) {}
    subtask(const subtask&) = delete;
    subtask& operator=(const subtask&) = delete;
    ~subtask();

    /// Makes the stages. A configuration that cannot be run is `invalid`.
    headgate::expected<headgate::applied> prepare();
    /// Takes up what `then` kept of its node; after `prepare`. Answers what to tell people, if anything.
    headgate::expected<std::string> restore(headgate::checkpoint_name name, const headgate::node_state& then,
                                            bool is_keyed);
    void start();

    /// Sources take the checkpoint at their next record; others wait for the barrier, or answer when they have
    /// finished.
    void begin_checkpoint(headgate::epoch epoch);
    /// Something else ended it. False if it had ended already.
    bool fail(const std::string& why);
    /// Ends it where it stands; `join` waits for its thread.
    void halt();
    void join();

    gate& inputs() { return inputs_; }
    outlet& outputs() { return *outlet_; }
    /// Of a source, with those before it was restored.
    std::uint64_t lines_read() const { return source_ ? source_->records_before + source_->records : 0; }
    bool is_source() const { return with_.channels_in == 0; }
    const subtask_setting& setting() const { return with_; }
    void add_to(headgate::node_counters& counters) const;
    std::int64_t waited(std::int64_t now) const { return outlet_->waited.read(now); }

private:
    enum class phase : std::uint8_t { running, finished, failed };

    void run();
    bool run_source();
    bool run_fed();
    bool take_batch(const std::string& bytes);
    bool finish();
    void answer_later();
    bool checkpoint(headgate::epoch epoch, bool with_barrier);
    void break_down();
    bool end_as(phase how);
    void pause(std::int64_t nanoseconds);
    std::vector<operator_state> state() const;

    subtask_setting with_;
    situation where_{};
    gate inputs_;
    std::unique_ptr<outlet> outlet_{};
    std::vector<std::unique_ptr<stage>> stages_{};  ///< by operator; of a source's node none for the first
    std::unique_ptr<source> source_{};
    position_file position_{};  ///< of the source
    stage* first_ = nullptr;  ///< what input is given to

    mutable std::mutex guard_;
    std::condition_variable changed_;
    std::atomic<std::uint32_t> begun_{0};  ///< newest epoch that was begun here
    std::uint32_t answered_ = 0;           ///< newest epoch with its state reported; the thread's alone
    std::atomic<bool> is_halted_{false};
    phase phase_ = phase::running;
    std::atomic<std::uint64_t> records_in_{0}, bytes_in_{0};
    std::thread thread_{};
};

}  // namespace dataflow
