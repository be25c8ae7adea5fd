#pragma once
// SPDX-License-Identifier: BSL-1.0
// grpc: a model of `channel`: workers' streams come in, calls to workers go out (proto/headgate/v1/worker.proto).

#include <headgate/concepts/channel.hpp>
#include <headgate/grpc/transport.hpp>
#include <headgate/vocabulary/effect.hpp>
#include <headgate/vocabulary/limits.hpp>
#include <headgate/vocabulary/message.hpp>
#include <headgate/vocabulary/outcome.hpp>
#include <headgate/vocabulary/time.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace headgate::inline v1::grpc {

/// Milliseconds of std::chrono::steady_clock.
instant steady_now();

struct channel_options {
    std::string listen = "127.0.0.1:7070";  ///< host:port; port 0: any that is free
    grpc::transport transport{};            ///< this end's certificate names `controller_role`
    headgate::limits limits{};              ///< of these: message, id, address, error_text and the counts in messages
    std::function<instant()> now = steady_now;  ///< the clock of the requests' deadlines; called from any thread
    duration connect_timeout = std::chrono::seconds(5);  ///< a dial takes no longer, whatever its deadline
    duration longest_call = std::chrono::minutes(10);    ///< for requests whose deadline is later, or `never`
    /// Open at a time; one more takes the place of the oldest that was not accepted or is closed, or is refused.
    std::size_t streams = 65'536;
    std::size_t stream_queue = 64;     ///< messages that wait to be sent on one stream; one more ends it
    std::size_t connections = 65'536;  ///< dialled at a time; one more dial is answered not applied
    std::size_t calls = 65'536;        ///< in flight at a time; one more is answered not applied
};

/// Workers' streams, and connections to workers, over gRPC.
///
/// Outcomes   a worker's refusal: not applied, `permanent`. A message above the limit: not applied, `invalid`. No
///            answer in time, a connection that broke or was hung up: unknown. A dial changes nothing, so it is unknown
///            only at its deadline.
/// Streams    heard from their hello on. What is not a message, or a first message that is not a hello, ends the
///            stream; and so does, until `accepted` was sent, all but a hello and a proof, of about 2 KiB at most.
/// Threads    every member may be called from any thread; the receiver and completions are called from threads of
///            gRPC, and within the call where there is nothing to wait for. None may destroy the channel.
/// Ending     the destructor ends all streams and calls and waits for the receiver and completions to return: every
///            completion was called then, and nothing is heard after it.
class channel {
public:
    using options = channel_options;

    /// Listens at once; a worker that comes before `listen` is told to come again. An address that is not one, not
    /// reached by the transport or in use, a file that cannot be used: an error that names it.
    static expected<std::unique_ptr<channel>> open(options with = {});

    ~channel();
    channel(const channel&) = delete;
    channel& operator=(const channel&) = delete;

    /// host:port, with the port that was given.
    const std::string& address() const;

    template <stream_receiver Receiver>
    void listen(Receiver hear) {
        hear_with([hear = std::move(hear)](stream_event heard) { hear(std::move(heard)); });
    }
    void send(stream_id to, const controller_message& message);
    void close(stream_id which);

    void dial(const request<headgate::dial>& asked, completion_for<headgate::dial> auto done) {
        begin(asked, std::move(done));
    }
    void hang_up(connection_id which);
    void start_execution(const request<headgate::start_execution>& asked,
                         completion_for<headgate::start_execution> auto done) {
        begin(asked, std::move(done));
    }
    void begin_checkpoint(const request<headgate::begin_checkpoint>& asked,
                          completion_for<headgate::begin_checkpoint> auto done) {
        begin(asked, std::move(done));
    }
    void stop_execution(const request<headgate::stop_execution>& asked,
                        completion_for<headgate::stop_execution> auto done) {
        begin(asked, std::move(done));
    }

private:
    struct parts;

    explicit channel(std::unique_ptr<parts> of);

    void hear_with(std::function<void(stream_event)> hear);
    void begin(const request<headgate::dial>& asked, std::function<void(outcome<dialled>)> done);
    void begin(const request<headgate::start_execution>& asked, std::function<void(outcome<applied>)> done);
    void begin(const request<headgate::begin_checkpoint>& asked, std::function<void(outcome<applied>)> done);
    void begin(const request<headgate::stop_execution>& asked, std::function<void(outcome<applied>)> done);

    std::unique_ptr<parts> parts_;
};

static_assert(headgate::channel<channel>);

}  // namespace headgate::inline v1::grpc
