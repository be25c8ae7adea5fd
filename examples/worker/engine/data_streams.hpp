#pragma once
// SPDX-License-Identifier: BSL-1.0
// engine: the two ends of one stream between workers. Only data_plane.cpp and data_streams.cpp see this.

#include "data_frames.hpp"
#include "data_plane.hpp"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace dataflow {

inline constexpr const char* data_method = "/headgate.worker.data.v1.Data/Send";
inline constexpr const char* token_key = "headgate-data-token-bin";
inline constexpr const char* session_key = "headgate-data-session-bin";

/// How many streams gRPC still has to do with, so that somebody can wait for the last.
class running_streams {
public:
    void begin();
    void end();
    void wait();
    bool wait_for(std::chrono::milliseconds limit);

private:
    std::mutex guard_;
    std::condition_variable is_idle_;
    std::size_t count_ = 0;
};

/// Where batches, barriers and ends go out.
class sender_stream : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>,
                      public std::enable_shared_from_this<sender_stream> {
public:
    using lost_function = std::function<void(const std::string& why)>;

    sender_stream(running_streams& running, std::atomic<std::size_t>& queued, std::shared_ptr<grpc::Channel> through,
                  std::uint32_t channels, lost_function lost)
        : running_(running),
          queued_(queued),
          through_(std::move(through)),
          credits_(channels, channel_window),
          lost_(std::move(lost)) {}

    void begin(const headgate::digest256& token, const shown& what);
    /// Whether it was let in until `until`; else it is over, or will be soon. `halt` ends the waiting.
    bool wait_until_open(std::chrono::steady_clock::time_point until);
    /// Precondition: it is not open and was not halted.
    grpc::Status wait_until_over();

    bool send(std::uint32_t channel, item what, wait_meter& waited);
    void halt();
    void say_good_bye();
    void cancel() { context_.TryCancel(); }

    void OnReadDone(bool ok) override;
    void OnWriteDone(bool ok) override;
    void OnDone(const grpc::Status& status) override;

private:
    struct frame {
        grpc::ByteBuffer bytes{};
        std::size_t counted{};
    };

    bool hear(const grpc::ByteBuffer& message);
    void write_next();
    void release();
    void forget_waiting();

    running_streams& running_;
    std::atomic<std::size_t>& queued_;
    const std::shared_ptr<grpc::Channel> through_;
    grpc::ClientContext context_;
    std::shared_ptr<sender_stream> self_{};  ///< gRPC's own
    grpc::ByteBuffer read_{}, writing_{};

    std::mutex guard_;
    std::condition_variable changed_;
    std::vector<std::uint32_t> credits_;
    std::deque<frame> waiting_{};  ///< as many as there are credits at most, and a good-bye
    std::size_t writes_ = 0;       ///< bytes of the batch in `writing_`
    lost_function lost_;
    bool is_open_ = false, is_writing_ = false, is_halted_ = false, is_over_ = false, is_done_ = false;
    bool says_good_bye_ = false, has_closed_ = false, heard_good_bye_ = false;
    grpc::Status status_{};
};

/// Where they come in.
class receiver_stream : public grpc::ServerGenericBidiReactor, public std::enable_shared_from_this<receiver_stream> {
public:
    receiver_stream(running_streams& running, std::shared_ptr<const data_session> session, std::uint32_t worker)
        : running_(running), session_(std::move(session)), worker_(worker) {}

    void begin();
    void give_credit(std::uint32_t channel);
    /// Nothing is passed on any more, and nothing called lost.
    void halt();
    void say_good_bye();

    void OnReadDone(bool ok) override;
    void OnWriteDone(bool ok) override;
    void OnDone() override;

private:
    bool hear(const grpc::ByteBuffer& message);
    void write_next();
    void finish(grpc::Status status);

    running_streams& running_;
    const std::shared_ptr<const data_session> session_;
    const std::uint32_t worker_;
    std::shared_ptr<receiver_stream> self_{};
    grpc::ByteBuffer read_{}, writing_{};

    std::mutex guard_;
    std::string credits_{};  ///< to be written; a credit is given once for each item that came
    bool is_writing_ = false, is_halted_ = false, is_finished_ = false;
    bool says_good_bye_ = false, heard_good_bye_ = false;
};

/// Says no.
class refusal : public grpc::ServerGenericBidiReactor {
public:
    refusal(running_streams& running, const grpc::Status& why) : running_(running) {
        const std::lock_guard lock(guard_);
        running_.begin();
        Finish(why);
    }
    void OnDone() override {
        std::unique_lock lock(guard_);  // orders this after the constructor, in a way that ThreadSanitizer sees
        running_streams& running = running_;
        lock.unlock();
        delete this;
        running.end();
    }

private:
    running_streams& running_;
    std::mutex guard_;
};

}  // namespace dataflow
