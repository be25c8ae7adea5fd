#pragma once
// SPDX-License-Identifier: BSL-1.0
// grpc: a worker's stream to its controller. Not installed.

#include "events.hpp"
#include "transport.hpp"

#include <headgate/grpc/controller_link.hpp>

#include <condition_variable>
#include <memory>
#include <mutex>

namespace headgate::inline v1::grpc {

class attempt_to_work;

/// At most one stream at a time.
class worker_stream {
public:
    worker_stream(const controller_link_options& with, endpoint controller, const security& by, events& heard)
        : options_(with), controller_(std::move(controller)), security_(by), events_(heard) {}
    worker_stream(const worker_stream&) = delete;
    worker_stream& operator=(const worker_stream&) = delete;

    /// Ends the stream and waits until its end was heard; no other can be opened.
    // While the server still runs, as connections.hpp says.
    void end();

    void open();
    void send(const worker_message& message);
    void close();

private:
    friend class attempt_to_work;

    std::shared_ptr<attempt_to_work> current();

    const controller_link_options options_;
    const endpoint controller_;
    const security security_;
    events& events_;
    std::mutex lock_;
    std::condition_variable is_idle_;
    std::shared_ptr<attempt_to_work> current_;
    std::size_t running_ = 0;  // whose end was not told yet
    bool is_ending_ = false;
};

}  // namespace headgate::inline v1::grpc
