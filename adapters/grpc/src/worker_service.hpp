#pragma once
// SPDX-License-Identifier: BSL-1.0
// grpc: the service that a controller calls on a worker. Not installed.

#include "events.hpp"
#include "transport.hpp"

#include <headgate/grpc/controller_link.hpp>

#include <headgate/v1/worker.grpc.pb.h>

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>

namespace headgate::inline v1::grpc {

class waiting_call;

// Bytes, not messages, as in streams.hpp.
class worker_service final
    : public wire::v1::Worker::WithRawCallbackMethod_Identify<wire::v1::Worker::WithRawCallbackMethod_StartExecution<
          wire::v1::Worker::WithRawCallbackMethod_BeginCheckpoint<
              wire::v1::Worker::WithRawCallbackMethod_StopExecution<wire::v1::Worker::Service>>>> {
public:
    worker_service(const controller_link_options& with, const security& by, events& heard)
        : options_(with), security_(by), events_(heard) {}
    /// After the server was shut down. Waits for every call to end.
    ~worker_service() override;

    void answer(call_id to, const call_answer& with);

    using context = ::grpc::CallbackServerContext;
    using bytes = ::grpc::ByteBuffer;

    ::grpc::ServerUnaryReactor* Identify(context* of, const bytes* request, bytes* response) override;
    ::grpc::ServerUnaryReactor* StartExecution(context* of, const bytes* request, bytes* response) override;
    ::grpc::ServerUnaryReactor* BeginCheckpoint(context* of, const bytes* request, bytes* response) override;
    ::grpc::ServerUnaryReactor* StopExecution(context* of, const bytes* request, bytes* response) override;

private:
    friend class waiting_call;

    template <class Decode>
    ::grpc::ServerUnaryReactor* take(const context& of, const bytes& request, bytes& response, Decode decode);
    std::shared_ptr<waiting_call> withdraw(std::uint64_t id);
    void ended();

    const controller_link_options options_;
    const security security_;
    events& events_;
    std::mutex lock_;
    std::condition_variable is_idle_;
    std::map<std::uint64_t, std::shared_ptr<waiting_call>> waiting_;
    std::uint64_t last_id_ = 0;
    std::size_t running_ = 0;  // which gRPC has not done with
    std::size_t unheard_ = 0;  // the receiver has not returned from; a caller that gives up does not take one back
};

}  // namespace headgate::inline v1::grpc
