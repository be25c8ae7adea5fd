// SPDX-License-Identifier: BSL-1.0
// Whoever speaks the wire without being one of ours, through the code that anybody can generate from proto/.
#include <headgate/grpc/channel.hpp>
#include <headgate/grpc/controller_link.hpp>

#include "pair.hpp"
#include "raw_peer.hpp"

#include <headgate/protobuf/messages.hpp>

#include <headgate/v1/worker.grpc.pb.h>

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/security/credentials.h>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

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

wire::v1::WorkerMessage wire_of(const worker_message& what) {
    wire::v1::WorkerMessage message;
    BOOST_REQUIRE(message.ParseFromString(protobuf::encode(what)));
    return message;
}

wire::v1::WorkerMessage a_hello() { return wire_of(hello{.job = {"words"}}); }

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

/// The longest that a worker may say before it is accepted.
const hello longest_hello{.protocol = ~0u,
                          .job = {std::string(64, 'j')},
                          .generation = {~0u},
                          .worker = {~std::uint64_t{}},
                          .incarnation = {{~std::uint64_t{}, ~std::uint64_t{}}},
                          .nonce = {}};
const proof longest_proof{.profile = {.id = {~std::uint64_t{}},
                                      .incarnation = {{~std::uint64_t{}, ~std::uint64_t{}}},
                                      .slots = ~0u,
                                      .machine = {std::string(64, 'm')},
                                      .zone = std::string(64, 'z'),
                                      .rpc_address = std::string(256, 'r'),
                                      .data_address = std::string(256, 'd')},
                          .mac = {}};

/// A message with so many bytes that its reader does not know.
wire::v1::WorkerMessage padded(wire::v1::WorkerMessage with, std::size_t bytes) {
    const auto fields = with.GetReflection()->MutableUnknownFields(&with);
    fields->AddLengthDelimited(2047, std::string(bytes - with.ByteSizeLong() - 4, 'x'));
    BOOST_REQUIRE(with.ByteSizeLong() == bytes);
    return with;
}

BOOST_AUTO_TEST_CASE(until_it_is_accepted_a_worker_may_say_hello_and_a_proof_of_some_length_and_no_more_SPEC_10) {
    controller c;
    c.channel->listen(c.streams);
    const auto end_of = [&](const std::vector<wire::v1::WorkerMessage>& said) {
        stream one(*c.channel);
        for (const auto& each : said) one.both->Write(each);
        one.both->WritesDone();
        return one.end().error_message();
    };
    const auto first = wire_of(longest_hello), second = wire_of(longest_proof), beat = wire_of(heartbeat{});
    BOOST_TEST(end_of({first, second}) == "");
    BOOST_REQUIRE(c.rings.wait([&] { return c.streams.size() == 3; }));
    BOOST_TEST((std::get<worker_message>(c.streams.all()[1].what) == worker_message(longest_proof)));
    BOOST_TEST(end_of({padded(first, 1'664), padded(second, 1'664)}) == "");
    for (const std::size_t bytes : {1'665u, 10'000u}) {
        const std::string why =
            "a message of " + std::to_string(bytes) + " bytes, the limit is 1664 until the worker is accepted";
        BOOST_TEST(end_of({padded(first, bytes)}) == why);
        BOOST_TEST(end_of({first, padded(second, bytes)}) == why);
    }
    BOOST_TEST(end_of({first, beat}) == "after the hello comes a proof");
    BOOST_TEST(end_of({first, first}) == "after the hello comes a proof");
    BOOST_TEST(end_of({first, second, second}) == "after the proof a worker waits until it is accepted");
    BOOST_TEST(end_of({first, second, beat}) == "after the proof a worker waits until it is accepted");

    stream works(*c.channel);
    const std::size_t before = c.streams.size();
    works.both->Write(first);
    BOOST_REQUIRE(c.rings.wait([&] { return c.streams.size() > before; }));
    c.channel->send(c.streams.all().back().stream, verdict(accepted{}));
    works.both->Write(padded(beat, 1'665));
    BOOST_TEST(c.rings.wait([&] { return c.streams.size() > before + 1; }));
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

        stream next(*c.channel);
        next.both->Write(a_hello());
        BOOST_TEST(next.both->Read(&answer));
        BOOST_TEST((stranger.end().error_code() == ::grpc::StatusCode::CANCELLED));
        works.both->Write(a_hello());
        BOOST_TEST(works.both->Read(&answer), "who was accepted stays");
        c.channel.reset();
    }
}

/// What hears hellos: of the job "words" it accepts, and others it refuses and closes, as a controller does.
auto doorman(controller& c) {
    return [&c, channel = c.channel.get()](const stream_event& event) {
        if (const auto* const said = std::get_if<worker_message>(&event.what)) {
            const auto* const first = std::get_if<hello>(said);
            const bool is_ours = first and first->job.value == "words";
            channel->send(event.stream, is_ours ? verdict(accepted{}) : verdict(refused{"not launched"}));
            if (not is_ours) channel->close(event.stream);
        }
        c.streams(event);
    };
}

BOOST_AUTO_TEST_CASE(streams_that_read_nothing_do_not_keep_workers_out_SPEC_10) {
    controller c({.streams = 4});
    c.channel->listen(doorman(c));
    raw_peer stranger(c.channel->address());
    for (int i = 0; i < 4; ++i) stranger.open(hello{.job = {"none"}});
    BOOST_REQUIRE(c.rings.wait([&] { return c.streams.size() == 4; }));

    wire::v1::ControllerMessage answer;
    std::list<stream> workers;
    for (int i = 0; i < 4; ++i) {
        workers.emplace_back(*c.channel).both->Write(a_hello());
        BOOST_TEST(workers.back().both->Read(&answer));
        BOOST_TEST(answer.verdict().has_accepted());
    }
    // Each stranger's end is heard: nothing of it is left.
    BOOST_TEST(c.rings.wait([&] { return c.streams.size() == 12; }));
    stream one_more(*c.channel);
    BOOST_TEST((one_more.end().error_code() == ::grpc::StatusCode::RESOURCE_EXHAUSTED));
    c.channel.reset();
}

BOOST_AUTO_TEST_CASE(a_worker_that_does_not_read_that_it_is_let_go_keeps_no_other_out_SPEC_10) {
    controller c({.streams = 1});
    c.channel->listen(doorman(c));
    raw_peer first(c.channel->address());
    first.open(hello{.job = {"words"}});
    BOOST_REQUIRE(c.rings.wait([&] { return c.streams.size() == 1; }));
    c.channel->send(c.streams.all()[0].stream, verdict(go{}));
    c.channel->close(c.streams.all()[0].stream);
    stream second(*c.channel);
    second.both->Write(a_hello());
    wire::v1::ControllerMessage answer;
    BOOST_TEST(second.both->Read(&answer));
    c.channel.reset();
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
