#pragma once
// SPDX-License-Identifier: BSL-1.0
// manual: a channel that tells the scheduler which of its workers have a stream.

#include <headgate/concepts/channel.hpp>
#include <headgate/manual/scheduler.hpp>

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <variant>

namespace headgate::inline v1::manual {

/// Models `channel` over another, which it hands everything on to. A worker has a stream from its acceptance to the
/// stream's end: what a stranger says of itself is noted nowhere.
///
///     headgate::manual::noted_channel channel{*grpc, &scheduler};
///
/// Both outlive it; once it has ended, nothing is noted any more. Without a scheduler (null) nothing is.
template <channel Channel>
class noted_channel {
public:
    noted_channel(Channel& of, scheduler* to) : of_(of), streams_(std::make_shared<noted>(to)) {}
    noted_channel(const noted_channel&) = delete;
    noted_channel& operator=(const noted_channel&) = delete;
    ~noted_channel() { streams_->forget_scheduler(); }

    template <stream_receiver Receiver>
    void listen(Receiver hear) {
        of_.listen([hear, streams = streams_](stream_event heard) {
            streams->hear(heard);
            hear(std::move(heard));
        });
    }
    void send(stream_id stream, const controller_message& message) {
        const auto* const said = std::get_if<verdict>(&message);
        if (said and std::holds_alternative<accepted>(*said)) streams_->accept(stream);
        of_.send(stream, message);
    }
    void close(stream_id stream) { of_.close(stream); }
    void dial(const request<headgate::dial>& r, completion_for<headgate::dial> auto done) {
        of_.dial(r, std::move(done));
    }
    void hang_up(connection_id connection) { of_.hang_up(connection); }
    void start_execution(const request<headgate::start_execution>& r,
                         completion_for<headgate::start_execution> auto done) {
        of_.start_execution(r, std::move(done));
    }
    void begin_checkpoint(const request<headgate::begin_checkpoint>& r,
                          completion_for<headgate::begin_checkpoint> auto done) {
        of_.begin_checkpoint(r, std::move(done));
    }
    void stop_execution(const request<headgate::stop_execution>& r,
                        completion_for<headgate::stop_execution> auto done) {
        of_.stop_execution(r, std::move(done));
    }

private:
    /// Open streams by id; as many as the channel has.
    class noted {
    public:
        explicit noted(scheduler* to) : to_(to) {}

        void hear(const stream_event& heard) {
            const std::lock_guard lock(guard_);
            if (to_ == nullptr) return;
            if (std::holds_alternative<stream_ended>(heard.what)) return end(heard.stream);
            const auto* const said = std::get_if<hello>(&std::get<worker_message>(heard.what));
            if (said) open_.try_emplace(heard.stream, stream{said->job, said->generation, said->worker});
        }
        void accept(stream_id which) {
            const std::lock_guard lock(guard_);
            if (to_ == nullptr) return;
            const auto found = open_.find(which);
            if (found == open_.end()) return;
            stream& one = found->second;
            if (not std::exchange(one.is_accepted, true)) ++accepted_[{one.job, one.worker}];
            to_->note_stream_opened(one.job, one.of, one.worker);
        }
        void forget_scheduler() {
            const std::lock_guard lock(guard_);
            to_ = nullptr;
        }

    private:
        struct stream {
            job_id job{};
            generation of{};
            worker_id worker{};
            bool is_accepted = false;
        };

        void end(stream_id which) {
            const auto found = open_.find(which);
            if (found == open_.end()) return;
            const stream ended = found->second;
            open_.erase(found);
            // It may have come back on another stream before the end of this one was heard.
            if (not ended.is_accepted or --accepted_[{ended.job, ended.worker}] > 0) return;
            accepted_.erase({ended.job, ended.worker});
            to_->note_stream_ended(ended.job, ended.of, ended.worker);
        }

        scheduler* to_;
        std::mutex guard_;
        std::map<stream_id, stream> open_;
        std::map<std::pair<job_id, worker_id>, std::size_t> accepted_;  ///< how many of a worker's are open; above 0
    };

    Channel& of_;
    std::shared_ptr<noted> streams_;
};

}  // namespace headgate::inline v1::manual
