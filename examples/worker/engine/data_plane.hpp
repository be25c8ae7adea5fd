#pragma once
// SPDX-License-Identifier: BSL-1.0
// engine: channels between the workers of a generation, over gRPC (G3).
//
// A worker opens one stream to each worker that it sends to. What it sends:
//
//     byte 0        0 batch, 1 barrier, 2 end, 3 good-bye
//     bytes 1 to 4  number of the channel, little-endian; 0 of a good-bye
//     from byte 5   of a batch: its bytes; of a barrier: the epoch, 4 bytes, little-endian
//
// What it gets are credits: pairs of 4 bytes each, channel and count; the first message, empty, says that it was let
// in; channel 2^32-1 is the other side's good-bye. The call's metadata show token, generation, digest of the plan,
// position of the sender, number of its channels and position of the receiver.

#include "gate.hpp"

#include <headgate/grpc/transport.hpp>
#include <headgate/vocabulary/message.hpp>
#include <headgate/vocabulary/outcome.hpp>
#include <headgate/vocabulary/strong.hpp>
#include <headgate/vocabulary/time.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace dataflow {

/// What the worker's peers must show, and who hears them.
struct data_session {
    headgate::digest256 token{};  ///< a secret
    headgate::generation generation{};
    std::uint64_t digest{};                    ///< of the plan
    std::uint32_t position{};                  ///< of this worker
    std::vector<std::uint32_t> channels_in{};  ///< from each worker of the plan
    /// Something came; false: it may not have. Called from gRPC's threads, must not wait.
    std::function<bool(std::uint32_t worker, std::uint32_t channel, item what)> arrived{};
    /// The stream from or to a worker ended, and no good-bye came first. Likewise.
    std::function<void(std::uint32_t worker, const std::string& why)> lost{};
};

/// The transport makes sure that a worker is there, the token that it is of this generation; the token is compared in a
/// time that does not depend on it.
///
/// Flow       each channel has `channel_window` credits of its own, so a full one stops nobody but its sender. What
///            waits here to be written is bounded by them.
/// Threads    all members may be called from any thread; `arrived` and `lost` end with `close`.
class data_plane {
public:
    /// Listens at host:port, as `by` allows; port 0: any that is free. Peers are told to come again until `open`.
    static headgate::expected<std::unique_ptr<data_plane>> listen(std::string_view address,
                                                                  const headgate::grpc::transport& by = {});

    data_plane(const data_plane&) = delete;
    data_plane& operator=(const data_plane&) = delete;
    ~data_plane();

    /// host:port, with the port that was given.
    const std::string& address() const;

    /// Peers are let in. Once.
    void open(data_session session);

    /// Opens the stream to the worker at `position`; tries for as long as `limit` while nobody is there or it is not
    /// open yet. Waits. Errors name address and worker.
    headgate::expected<headgate::applied> connect(std::uint32_t position, const std::string& address,
                                                  std::uint32_t channels, headgate::duration limit);

    /// Waits for a credit. False: the stream has ended or `halt` was called. Precondition: connected.
    bool send(std::uint32_t position, std::uint32_t channel, item what, wait_meter& waited);

    /// An item of a channel from the worker at `position` was taken.
    void give_credit(std::uint32_t position, std::uint32_t channel);

    /// Nothing is sent any more; who waits is let go. `connect` gives up.
    void halt();

    /// Halts, says good-bye if it is asked to and all take it within a second, ends all streams and the service, waits
    /// for what runs. The second time it does nothing.
    void close(bool with_good_bye);

    std::size_t queued_bytes() const;  ///< waiting to be written

private:
    struct parts;

    explicit data_plane(std::unique_ptr<parts> of);

    std::unique_ptr<parts> parts_;
};

}  // namespace dataflow
