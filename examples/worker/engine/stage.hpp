#pragma once
// SPDX-License-Identifier: BSL-1.0
// engine: one operator of a subtask's chain, and the last stage, which hands on to other subtasks.

#include "configuration.hpp"
#include "record.hpp"

#include <headgate/vocabulary/message.hpp>
#include <headgate/vocabulary/outcome.hpp>
#include <headgate/vocabulary/strong.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dataflow {

/// A wrong configuration, a directory that is missing and state that is damaged stay so in the next worker.
constexpr bool may_retry(headgate::error_kind kind) {
    using enum headgate::error_kind;
    return kind != invalid and kind != permanent and kind != unsupported;
}

/// Why a subtask cannot go on. Empty: it was stopped.
struct trouble {
    std::string operator_name{};
    headgate::error_domain domain{};
    bool may_retry = true;
    std::string text{};
};

/// Where a subtask stands among those of its node, and what its stages share.
struct situation {
    headgate::node_id node{};
    std::uint32_t subtask{};
    std::uint32_t parallelism{};
    headgate::generation generation{};
    std::optional<dataflow::trouble> trouble{};  ///< set by the stage that said false
};

/// State of one operator in one subtask, as a checkpoint holds it.
struct kept_state {
    std::uint32_t subtask{};  ///< of those then
    std::string bytes{};
};

/// Takes records one at a time and hands on to the next stage. All is called in the subtask's thread; false says that
/// the subtask ends, because of `situation::trouble` or because it was stopped.
class stage {
public:
    virtual ~stage() = default;

    [[nodiscard]] virtual bool take(const record& what) = 0;
    /// The input has ended: hands on what is left. The next stage's end is not its concern.
    [[nodiscard]] virtual bool end() { return true; }

    /// Empty: it has none, at no time.
    virtual std::optional<std::string> state() const { return std::nullopt; }
    /// Before all else. `is_shared_out`: the states are those of all subtasks of then that may hold what is this one's;
    /// else its own, all of which it takes up.
    virtual headgate::expected<headgate::applied> restore(const std::vector<kept_state>&, bool is_shared_out) {
        static_cast<void>(is_shared_out);
        return headgate::applied{};
    }
};

/// Gives the records of a node without input.
class source {
public:
    enum class progress : std::uint8_t { more, ended, halted };

    virtual ~source() = default;

    /// Some records, from where it stands; between two steps it stands between two records.
    virtual progress step(stage& to) = 0;
    virtual std::string state() const = 0;
    /// As a stage's. Answers where it goes on, for people.
    virtual headgate::expected<std::string> restore(const std::vector<kept_state>& states, bool is_shared_out) = 0;

    std::atomic<std::uint64_t> records{0}, bytes{0};  ///< read so far; written by the subtask's thread alone
    std::uint64_t records_before = 0;                 ///< read before it was restored
};

/// A pause of at most so many nanoseconds, cut short when the subtask is stopped.
using pause_function = std::function<void(std::int64_t)>;

/// Lists the directory: what is wrong with it is `invalid`.
headgate::expected<std::unique_ptr<source>> make_source(const read_files& from, const std::string& name,
                                                        situation& where, pause_function pause);

/// Outlives neither `next` nor `where`. Makes the directory of a sink.
headgate::expected<std::unique_ptr<stage>> make_stage(const operator_configuration& what, const std::string& name,
                                                      stage* next, situation& where);

}  // namespace dataflow
