#pragma once
// SPDX-License-Identifier: BSL-1.0
// engine: a small dataflow engine for one worker: a model of `headgate::engine`.
//
// Its operators are read_files, split_words, count_by_key and write_counts (configuration.hpp). Subtasks of one worker
// hand batches to each other in memory, those of two over the data plane (data_plane.hpp). Checkpoints are aligned
// barriers; counts, sinks and positions of sources come back, also when the parallelism is another.

#include "data_plane.hpp"
#include "state_store.hpp"
#include "subtask.hpp"
#include "wiring.hpp"

#include <headgate/concepts/engine.hpp>
#include <headgate/vocabulary/engine.hpp>
#include <headgate/vocabulary/outcome.hpp>
#include <headgate/vocabulary/time.hpp>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace dataflow {

struct engine_options {
    std::string listen = "127.0.0.1:0";     ///< host:port of the data plane
    headgate::grpc::transport transport{};  ///< of the data plane
    std::filesystem::path states{};         ///< the controller's directory of checkpoints; empty: none can be taken
    std::filesystem::path positions{};      ///< directory for how far sources are, see `position_file`; empty: none
    headgate::duration connect = std::chrono::seconds(60);                ///< what a peer gets for being there
    std::function<void(const std::string&)> log{};                        ///< lines for people; called from any thread
    std::function<void(headgate::node_id, std::uint32_t)> before_step{};  ///< for tests, see `subtask_setting`
};

/// One thread a subtask, joined by `stop`. Runs one share in its life.
///
/// Memory    channels hold `channel_window` batches each, see `batch_bytes`; a slow subtask so slows its sources.
/// Ending    the end of all subtasks is not the end of the engine: it answers checkpoints until it is stopped.
///           A worker that is stopped says good-bye to its peers, which then stand still; one that is lost without it
///           is a failure of a subtask that has a channel with it.
class engine {
public:
    using receiver = std::function<void(headgate::engine_event)>;

    /// More are refused: each has a thread, and what they report at once must fit the driver's mailbox.
    static constexpr std::size_t most_subtasks = 1'024;

    /// The data plane listens at once.
    static headgate::expected<std::unique_ptr<engine>> make(engine_options with);

    engine(const engine&) = delete;
    engine& operator=(const engine&) = delete;
    ~engine();

    const std::string& data_address() const { return plane_->address(); }

    void start(headgate::execution_share share, receiver report);
    void begin_checkpoint(headgate::checkpoint_name name);
    void stop(bool force);
    std::vector<headgate::node_counters> counters();

    /// What waits in channels that end here and for being written. Bytes.
    std::size_t queued_bytes() const;

private:
    engine(engine_options with, std::unique_ptr<data_plane> plane);

    void bring_up();
    headgate::expected<headgate::applied> prepare();
    headgate::expected<headgate::applied> prepare_subtasks();
    headgate::expected<headgate::applied> restore();
    headgate::expected<headgate::applied> join_up();
    void open_data_plane();
    void wire(std::uint32_t edge);
    bool publish();
    subtask* find(std::uint32_t node, std::uint32_t index) const;
    std::uint32_t position_of(headgate::node_id node) const;
    std::filesystem::path position_file_of(std::uint32_t node, std::uint32_t index) const;
    bool arrived(std::uint32_t worker, std::uint32_t channel, item what);
    void lost(std::uint32_t worker, const std::string& why);
    void halt_all();
    void end_all(bool with_good_bye);
    void log(const std::string& line) const;

    struct destination {
        subtask* to{};
        std::size_t lane{};
    };

    engine_options with_;
    std::unique_ptr<data_plane> plane_;
    headgate::execution_share share_{};
    wiring wiring_{};
    std::shared_ptr<const state_store> states_{};
    std::vector<std::unique_ptr<subtask>> subtasks_{};  ///< by node; made by `bring_up`, then never changed
    std::vector<std::vector<destination>> incoming_{};  ///< by worker, by number of the channel
    std::map<std::pair<std::uint32_t, std::uint32_t>, subtask*> by_place_{};  ///< by node's position and subtask
    std::map<std::uint32_t, std::int64_t> waited_before_{};                   ///< by node's position; `counters` alone
    std::int64_t counted_at_ = 0;

    mutable std::mutex guard_;
    receiver report_{};
    bool is_up_ = false, is_halted_ = false, is_ended_ = false;
    headgate::epoch begun_{};
    std::thread bring_up_{}, ending_{};
};

static_assert(headgate::engine<engine>);

}  // namespace dataflow
