// SPDX-License-Identifier: BSL-1.0
// Whoever speaks the wire without being one of ours, through the code that anybody can generate from proto/.
#include <headgate/grpc/channel.hpp>
#include <headgate/grpc/controller_link.hpp>

#include "pair.hpp"

#include <headgate/protobuf/messages.hpp>

#include <headgate/v1/worker.grpc.pb.h>

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/security/credentials.h>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace {

using namespace headgate;
using namespace headgate::grpc_test;

auto connect(const std::string& address) {
    return ::grpc::CreateChannel(address, ::grpc::experimental::LocalCredentials(LOCAL_TCP));
}

struct worker {
    bell rings;
    heard<link_event> events{rings};
    std::unique_ptr<headgate::grpc::controller_link> link;
    std::unique_ptr<wire::v1::Worker::Stub> stub;

    explicit worker(std::optional<digest256> call_token = {}) {
        auto made = headgate::grpc::controller_link::make({.controller = "127.0.0.1:1", .call_token = call_token});
        BOOST_REQUIRE(made);
        link = *std::move(made);
        stub = wire::v1::Worker::NewStub(connect(link->rpc_address()));
    }

    ::grpc::Status identify(::grpc::ClientContext& context, const std::string& nonce = std::string(32, 'n')) {
        wire::v1::IdentifyRequest request;
        request.set_nonce(nonce);
        wire::v1::IdentifyAnswer answer;
        return stub->Identify(&context, request, &answer);
    }
};

BOOST_AUTO_TEST_CASE(a_call_without_a_token_is_refused_and_not_heard_G3) {
    worker w;
    w.link->listen(w.events);
    ::grpc::ClientContext none, crooked, twice;
    crooked.AddMetadata("headgate-token-bin", "short");
    twice.AddMetadata("headgate-token-bin", std::string(32, 'a'));
    twice.AddMetadata("headgate-token-bin", std::string(32, 'b'));
    for (::grpc::ClientContext* each : {&none, &crooked, &twice})
        BOOST_TEST((w.identify(*each).error_code() == ::grpc::StatusCode::UNAUTHENTICATED));
    BOOST_TEST(w.events.size() == 0u);
}

BOOST_AUTO_TEST_CASE(a_call_s_token_is_carried_up_for_the_worker_to_judge_G3) {
    worker w;
    w.link->listen([&](const link_event& event) {
        w.events(event);
        const auto& call = std::get<called>(event);
        w.link->answer(call.id, call.token == digest256{} ? call_answer(identified{{1}, {}, {}})
                                                          : call_answer(refused{"not my controller"}));
    });
    ::grpc::ClientContext right, wrong;
    right.AddMetadata("headgate-token-bin", std::string(32, '\0'));
    wrong.AddMetadata("headgate-token-bin", std::string(32, 'x'));
    BOOST_TEST(w.identify(right).ok());
    const ::grpc::Status refused = w.identify(wrong);
    BOOST_TEST((refused.error_code() == ::grpc::StatusCode::FAILED_PRECONDITION));
    BOOST_TEST(refused.error_message() == "not my controller");
    BOOST_TEST((w.events.of<called>().back().token == digest256([] {
                    digest256 all;
                    all.fill(std::byte{'x'});
                    return all;
                }())));
}

/// How a call of which nothing but its metadata is ever sent ends; a server that waits for the message: by its
/// deadline.
::grpc::Status end_of_a_call_without_message(const std::string& address, const std::string& token) {
    ::grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(3));
    if (not token.empty()) context.AddMetadata("headgate-token-bin", token);
    ::grpc::GenericStub stub(connect(address));
    ::grpc::CompletionQueue queue;
    const auto call = stub.PrepareCall(&context, "/headgate.wire.v1.Worker/StartExecution", &queue);
    void* tag = nullptr;
    bool is_done = false;
    call->StartCall(nullptr);
    queue.Next(&tag, &is_done);
    ::grpc::Status status;
    call->Finish(&status, nullptr);
    queue.Next(&tag, &is_done);
    return status;
}

BOOST_AUTO_TEST_CASE(a_call_with_another_token_than_the_worker_s_is_refused_before_its_message_is_read_G3) {
    digest256 own;
    own.fill(std::byte{'t'});
    worker w(own);
    w.link->listen([&](const link_event& event) {
        w.events(event);
        w.link->answer(std::get<called>(event).id, identified{{1}, {}, {}});
    });
    const std::string right(32, 't');
    std::string almost = right;
    almost.back() = 'u';
    for (const std::string& wrong : {std::string(32, 'x'), almost, std::string(31, 't'), std::string()}) {
        const ::grpc::Status unread = end_of_a_call_without_message(w.link->rpc_address(), wrong);
        BOOST_TEST((unread.error_code() == ::grpc::StatusCode::UNAUTHENTICATED));
        BOOST_TEST(unread.error_message() ==
                   (wrong.size() == 32 ? "the token is not this worker's" : "there is no call token of 32 bytes"));
        ::grpc::ClientContext context;
        if (not wrong.empty()) context.AddMetadata("headgate-token-bin", wrong);
        BOOST_TEST((w.identify(context, "short").error_code() == ::grpc::StatusCode::UNAUTHENTICATED));
    }
    BOOST_TEST(w.events.size() == 0u);
    ::grpc::ClientContext context, crooked;
    context.AddMetadata("headgate-token-bin", right);
    crooked.AddMetadata("headgate-token-bin", right);
    BOOST_TEST(w.identify(context).ok());
    BOOST_TEST((w.identify(crooked, "short").error_code() == ::grpc::StatusCode::INVALID_ARGUMENT));
    BOOST_TEST(w.events.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_call_that_is_no_message_is_refused_and_not_heard) {
    worker w;
    w.link->listen(w.events);
    ::grpc::ClientContext context;
    context.AddMetadata("headgate-token-bin", std::string(32, 'x'));
    const ::grpc::Status status = w.identify(context, "short");
    BOOST_TEST((status.error_code() == ::grpc::StatusCode::INVALID_ARGUMENT));
    BOOST_TEST(status.error_message() == "identify: nonce of 5 bytes, 32 are needed");
    BOOST_TEST(w.events.size() == 0u);
}

BOOST_AUTO_TEST_CASE(a_worker_that_does_not_listen_yet_says_so) {
    worker w;
    ::grpc::ClientContext context;
    context.AddMetadata("headgate-token-bin", std::string(32, 'x'));
    BOOST_TEST((w.identify(context).error_code() == ::grpc::StatusCode::UNAVAILABLE));
}

/// A stream to a channel by whoever wants one.
struct stream {
    ::grpc::ClientContext context;
    std::unique_ptr<wire::v1::Controller::Stub> stub;
    std::unique_ptr<::grpc::ClientReaderWriter<wire::v1::WorkerMessage, wire::v1::ControllerMessage>> both;

    explicit stream(const headgate::grpc::channel& to) : stub(wire::v1::Controller::NewStub(connect(to.address()))) {
        context.set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(1));  // a failure, not a hang
        both = stub->Work(&context);
    }
    ~stream() { context.TryCancel(); }
    ::grpc::Status end() {
        wire::v1::ControllerMessage message;
        while (both->Read(&message)) {
        }
        return both->Finish();
    }
};

struct controller {
    bell rings;
    heard<stream_event> streams{rings};
    std::unique_ptr<headgate::grpc::channel> channel;

    explicit controller(headgate::grpc::channel_options with = {}) : channel(open_channel(std::move(with))) {}
};

wire::v1::WorkerMessage a_hello() {
    wire::v1::WorkerMessage message;
    BOOST_REQUIRE(message.ParseFromString(protobuf::encode(worker_message(hello{.job = {"words"}}))));
    return message;
}

BOOST_AUTO_TEST_CASE(a_stream_that_does_not_begin_with_a_hello_is_ended_and_not_heard) {
    controller c;
    c.channel->listen(c.streams);
    stream rude(*c.channel);
    wire::v1::WorkerMessage beat;
    beat.mutable_heartbeat();
    rude.both->Write(beat);
    const ::grpc::Status status = rude.end();
    BOOST_TEST((status.error_code() == ::grpc::StatusCode::INVALID_ARGUMENT));
    BOOST_TEST(status.error_message() == "a stream begins with a hello");

    stream empty(*c.channel);
    empty.both->Write(wire::v1::WorkerMessage());
    BOOST_TEST((empty.end().error_code() == ::grpc::StatusCode::INVALID_ARGUMENT));
    c.channel.reset();
    BOOST_TEST(c.streams.size() == 0u);
}

BOOST_AUTO_TEST_CASE(a_message_that_is_none_ends_the_stream_and_the_end_is_heard) {
    controller c;
    c.channel->listen(c.streams);
    stream odd(*c.channel);
    odd.both->Write(a_hello());
    wire::v1::WorkerMessage short_proof;
    short_proof.mutable_proof()->set_mac("short");
    odd.both->Write(short_proof);
    BOOST_TEST(odd.end().error_message() == "proof: code of 5 bytes, 32 are needed");
    BOOST_REQUIRE(c.rings.wait([&] { return c.streams.size() == 2; }));
    BOOST_TEST(std::holds_alternative<stream_ended>(c.streams.all().back().what));
}

BOOST_AUTO_TEST_CASE(a_controller_that_does_not_listen_yet_says_so) {
    controller c;
    stream early(*c.channel);
    BOOST_TEST((early.end().error_code() == ::grpc::StatusCode::UNAVAILABLE));
}

BOOST_AUTO_TEST_CASE(streams_that_say_nothing_or_hello_and_no_more_do_not_keep_workers_out_SPEC_10) {
    for (const bool greets : {false, true}) {
        controller c({.streams = 2});
        // The first is accepted, others are challenged.
        c.channel->listen([&, channel = c.channel.get(), hellos = std::make_shared<int>(0)](const stream_event& event) {
            c.streams(event);
            if (not std::holds_alternative<worker_message>(event.what)) return;
            if ((*hellos)++ == 0) return channel->send(event.stream, verdict{accepted{}});
            channel->send(event.stream, challenge{});
        });
        wire::v1::ControllerMessage answer;
        stream works(*c.channel);
        works.both->Write(a_hello());
        BOOST_REQUIRE(works.both->Read(&answer));
        stream stranger(*c.channel);
        stranger.both->WaitForInitialMetadata();
        if (greets) stranger.both->Write(a_hello());
        if (greets) BOOST_REQUIRE(stranger.both->Read(&answer));

        stream refused(*c.channel);
        BOOST_TEST((refused.end().error_code() == ::grpc::StatusCode::RESOURCE_EXHAUSTED));
        BOOST_TEST((stranger.end().error_code() == ::grpc::StatusCode::RESOURCE_EXHAUSTED));
        // The server lets go of it a little later; a worker comes again.
        bool is_taken = false;
        for (int attempt = 0; attempt < 10'000 and not is_taken; ++attempt) {
            stream again(*c.channel);
            again.both->Write(a_hello());
            is_taken = again.both->Read(&answer);
        }
        BOOST_TEST(is_taken);
        works.both->Write(a_hello());
        BOOST_TEST(works.both->Read(&answer), "who was accepted stays");
        c.channel.reset();
    }
}

BOOST_AUTO_TEST_CASE(the_wire_is_what_the_protos_say) {
    controller c;
    c.channel->listen(c.streams);
    stream s(*c.channel);
    s.both->Write(a_hello());
    BOOST_REQUIRE(c.rings.wait([&] { return c.streams.size() == 1; }));
    const auto first = c.streams.all().front();
    BOOST_TEST((std::get<worker_message>(first.what) == worker_message(hello{.job = {"words"}})));
    c.channel->send(first.stream, verdict(go{}));
    wire::v1::ControllerMessage message;
    BOOST_REQUIRE(s.both->Read(&message));
    BOOST_TEST(message.verdict().has_go());
    c.channel->close(first.stream);
    BOOST_TEST(s.end().ok());
}

}  // namespace
