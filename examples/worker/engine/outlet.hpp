#pragma once
// SPDX-License-Identifier: BSL-1.0
// engine: the end of a subtask's chain: batches of records into the channels to other subtasks.

#include "gate.hpp"
#include "stage.hpp"

#include <headgate/vocabulary/program.hpp>
#include <headgate/vocabulary/strong.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace dataflow {

/// A channel, seen from who sends.
class link {
public:
    virtual ~link() = default;

    /// Waits for a credit. False once it is closed.
    virtual bool send(item what, wait_meter& waited) = 0;
};

/// Bytes that a batch has when it is sent, by how many channels begin or end on the worker: with them all full, batches
/// take 256 MiB at most, or 10 KiB a channel if that is more.
constexpr std::size_t batch_bytes(std::size_t channels) {
    constexpr std::size_t least = std::size_t{2} << 10, most = std::size_t{32} << 10, budget = std::size_t{256} << 20;
    const std::size_t fair = budget / ((channels + 1) * (channel_window + 1));
    return fair < least ? least : fair > most ? most : fair;
}

/// Every edge that leaves the node gets every record: a shuffle edge the subtask that owns the record's text, a forward
/// edge one of the matching range. Batches that are not full wait for a barrier or the end.
class outlet : public stage {
public:
    explicit outlet(std::size_t batch) : batch_(batch) {}

    /// `links` lead to the subtasks from `first` on of a node of `parallelism`. Before the first record.
    void add(std::uint32_t first, std::uint32_t parallelism, std::vector<std::unique_ptr<link>> links);

    [[nodiscard]] bool take(const record& what) override;
    /// Sends what waits, then the end.
    [[nodiscard]] bool end() override;
    [[nodiscard]] bool barrier(headgate::epoch epoch);

    std::atomic<std::uint64_t> records{0}, bytes{0};  ///< sent; written by the subtask's thread alone
    wait_meter waited{};

private:
    struct lane {
        std::unique_ptr<link> to{};
        std::string open{};
        std::uint64_t records = 0;
    };
    struct port {
        std::uint32_t first{}, parallelism{};
        std::vector<lane> lanes{};

        lane& of(const record& what);
    };

    bool flush(lane& which);
    bool broadcast(item_kind kind, headgate::epoch epoch);

    std::size_t batch_;
    std::vector<port> ports_{};
};

}  // namespace dataflow
