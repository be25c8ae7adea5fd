// SPDX-License-Identifier: BSL-1.0
// Mutual TLS between controllers and workers, with certificates that scripts/authority made.
#include <headgate/grpc/channel.hpp>
#include <headgate/grpc/controller_link.hpp>
#include <headgate/grpc/peers.hpp>

#include "authorities.hpp"
#include "pair.hpp"

#include <headgate/conformance/laws/channel.hpp>

#include <boost/test/unit_test.hpp>

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace {

using namespace headgate;
using namespace headgate::grpc_test;

/// A channel and a link of these transports.
struct pair {
    bell rings;
    heard<stream_event> streams{rings};
    heard<link_event> events{rings};
    std::unique_ptr<headgate::grpc::channel> channel;
    std::unique_ptr<headgate::grpc::controller_link> link;

    pair(headgate::grpc::transport controller, headgate::grpc::transport worker)
        : channel(open_channel({.transport = std::move(controller)})),
          link(open_link(*channel, {.transport = std::move(worker)})) {
        channel->listen(streams);
        link->listen(events);
    }
    /// "heard", if the worker's hello was; or why its stream ended.
    std::string opened() {
        link->open();
        link->send(hello{.job = {"words"}});
        BOOST_REQUIRE(rings.wait([&] { return streams.size() > 0 or not events.of<link_ended>().empty(); }));
        return streams.size() > 0 ? "heard" : events.of<link_ended>().front().why;
    }
    /// "heard", if the controller's call was; or how it ended.
    std::string dialled_with() {
        ending<dial> how(rings);
        channel->dial(request<dial>{.deadline = headgate::grpc::steady_now() + std::chrono::seconds(30),
                                    .what = {.worker = {1}, .address = link->rpc_address()}},
                      how);
        BOOST_REQUIRE(rings.wait([&] { return how.calls() > 0 or not events.of<called>().empty(); }));
        return how.calls() > 0 ? how.text() : "heard";
    }
};

bool says(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

/// As in laws.test.cpp, over TLS.
class rig {
public:
    rig(bell& rings, const authorities& by) : bell_(&rings) {
        channel_ = open_channel({.transport = by.of("ours", "controller")});
        for (auto& each : links_) each = open_link(*channel_, {.transport = by.of("ours", "worker")});
        nobody_ = open_link(*channel_, {.transport = by.of("ours", "worker")})->rpc_address();
    }

    headgate::grpc::channel& channel() { return *channel_; }
    headgate::grpc::controller_link& link(std::size_t n) { return *links_[n]; }
    std::string nobody() const { return nobody_; }
    void wake() { bell_->ring(); }

private:
    bell* bell_;
    std::string nobody_;
    std::unique_ptr<headgate::grpc::channel> channel_;
    std::unique_ptr<headgate::grpc::controller_link> links_[2];
};

BOOST_AUTO_TEST_CASE(the_channel_over_mutual_tls_keeps_every_law) {
    const authorities by;
    bell rings;
    int laws = 0;
    headgate::laws::check_channel([&] { return rig(rings, by); }, [&](rig&, auto came) { rings.wait(came); },
                                  [&](std::string_view law, bool holds, const std::string& detail) {
                                      ++laws;
                                      BOOST_TEST(holds, law << ": " << detail);
                                  });
    BOOST_TEST(laws == 7);
}

BOOST_AUTO_TEST_CASE(only_the_other_role_of_our_authority_is_listened_to_I17_G3) {
    const authorities by;
    const auto controller = by.of("ours", "controller"), worker = by.of("ours", "worker");
    for (const char* const good : {"ours", "odd"}) {
        pair ours(by.of(good, "controller"), by.of(good, "worker"));
        BOOST_TEST(ours.opened() == "heard");
        BOOST_TEST(ours.dialled_with() == "heard");
    }
    struct {
        const char* what;
        headgate::grpc::transport controller, worker;
    } const strangers[] = {
        {"a worker of another authority", controller, by.of("theirs", "worker")},
        {"a controller of another authority", by.of("theirs", "controller"), worker},
        {"a worker with a controller's certificate", controller, controller},
        {"a controller with a worker's certificate", worker, worker},
        {"a worker whose certificate has ended", by.of("odd", "controller"), by.of("odd", "late_worker")},
        {"a controller whose certificate has ended", by.of("odd", "late_controller"), by.of("odd", "worker")},
        {"a worker whose certificate names no role", by.of("odd", "controller"), by.of("odd", "nobody")},
        {"a controller whose certificate names no role", by.of("odd", "nobody"), by.of("odd", "worker")},
        {"a worker in plain text", controller, headgate::grpc::this_machine{}},
        {"a controller in plain text", headgate::grpc::this_machine{}, worker},
    };
    for (const auto& each : strangers) {
        BOOST_TEST_CONTEXT(each.what) {
            pair both(each.controller, each.worker);
            BOOST_TEST(both.opened() != "heard");
            BOOST_TEST(says(both.dialled_with(), "not applied: "));
            BOOST_TEST(both.streams.size() == 0u);
            BOOST_TEST(both.events.of<called>().empty());
        }
    }
}

/// Says "welcome" to whoever comes in, and nothing else.
class open_house : public ::grpc::CallbackGenericService {
    class welcome : public ::grpc::ServerGenericBidiReactor {
    public:
        welcome() {
            const std::lock_guard held(lock_);
            Finish({::grpc::StatusCode::NOT_FOUND, "welcome"});
        }
        void OnDone() override {
            { const std::lock_guard seen(lock_); }  // after the constructor, in a way that ThreadSanitizer sees
            delete this;
        }

    private:
        std::mutex lock_;
    };

    ::grpc::ServerGenericBidiReactor* CreateReactor(::grpc::GenericCallbackServerContext*) override {
        return new welcome;
    }
};

BOOST_AUTO_TEST_CASE(workers_are_let_in_by_workers_of_their_authority_alone_G3) {
    const authorities by;
    const auto is_let_in = [](const headgate::grpc::transport& at, const headgate::grpc::transport& who) {
        const auto inside = headgate::grpc::peers::make(at), outside = headgate::grpc::peers::make(who);
        BOOST_REQUIRE((inside and outside));
        open_house house;
        const auto served = inside->serve("127.0.0.1:0", house);
        BOOST_REQUIRE(served);
        const auto through = outside->connect(served->address, std::chrono::seconds(30));
        BOOST_REQUIRE(through);
        ::grpc::GenericStub stub(*through);
        ::grpc::ClientContext context;
        const ::grpc::ByteBuffer nothing;
        ::grpc::ByteBuffer answered;
        ::grpc::CompletionQueue queue;
        const auto call = stub.PrepareUnaryCall(&context, "/any", nothing, &queue);
        call->StartCall();
        ::grpc::Status how;
        call->Finish(&answered, &how, &queue);
        void* tag = nullptr;
        bool ok = false;
        BOOST_REQUIRE(queue.Next(&tag, &ok));
        return how.error_message() == "welcome";
    };
    const auto worker = by.of("ours", "worker");
    BOOST_TEST(is_let_in(worker, worker));
    BOOST_TEST(is_let_in(headgate::grpc::this_machine{}, headgate::grpc::this_machine{}));
    struct {
        const char* what;
        headgate::grpc::transport at, who;
    } const strangers[] = {
        {"a controller", worker, by.of("ours", "controller")},
        {"to a controller", by.of("ours", "controller"), worker},
        {"of another authority", worker, by.of("theirs", "worker")},
        {"whose certificate has ended", by.of("odd", "worker"), by.of("odd", "late_worker")},
        {"to one whose certificate has ended", by.of("odd", "late_worker"), by.of("odd", "worker")},
        {"nobody", by.of("odd", "worker"), by.of("odd", "nobody")},
        {"to nobody", by.of("odd", "nobody"), by.of("odd", "worker")},
        {"in plain text", worker, headgate::grpc::this_machine{}},
        {"to plain text", headgate::grpc::this_machine{}, worker},
    };
    for (const auto& each : strangers) BOOST_TEST(not is_let_in(each.at, each.who), each.what);
}

BOOST_AUTO_TEST_CASE(files_that_cannot_be_used_are_named_and_nothing_is_listened_on) {
    const authorities by;
    const auto good = by.of("ours", "controller");
    const auto refusal = [&](headgate::grpc::mutual_tls with) {
        const auto channel = headgate::grpc::channel::open({.listen = "127.0.0.1:0", .transport = with});
        const auto link = headgate::grpc::controller_link::make({.transport = with});
        BOOST_TEST((not channel and not link));
        if (channel or link) return std::string("taken");
        BOOST_TEST((channel.error().kind == error_kind::invalid and link.error().kind == error_kind::invalid));
        return channel.error().text;
    };
    std::ofstream(by.file("garbage")) << "no certificate";
    std::ofstream(by.file("broken")) << "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n";
    const std::string missing = by.file("missing"), garbage = by.file("garbage");
    std::filesystem::permissions(garbage, std::filesystem::perms{0600});
    for (std::string headgate::grpc::mutual_tls::*each :
         {&headgate::grpc::mutual_tls::authority, &headgate::grpc::mutual_tls::certificate,
          &headgate::grpc::mutual_tls::key}) {
        auto with = good;
        with.*each = missing;
        BOOST_TEST(says(refusal(with), "cannot be read: " + missing));
        with.*each = by.file("ours");
        BOOST_TEST(says(refusal(with), "cannot be read: " + by.file("ours")), "a directory");
        with.*each = garbage;
        BOOST_TEST(says(refusal(with), "is not PEM: " + garbage));
    }
    auto mixed = good;
    mixed.key = by.of("ours", "worker").key;
    BOOST_TEST(says(refusal(mixed), mixed.key));
    auto broken = good;
    broken.certificate = by.file("broken");
    BOOST_TEST(says(refusal(broken), broken.certificate));
}

BOOST_AUTO_TEST_CASE(a_key_that_others_may_use_is_refused_by_its_file_and_mode_and_a_certificate_is_not_G3) {
    const authorities by;
    const auto with = by.of("ours", "worker");
    const auto tried = [&](const std::string& file, unsigned mode) {
        std::filesystem::permissions(file, std::filesystem::perms{mode});
        const auto made = headgate::grpc::controller_link::make({.transport = with});
        return made ? std::string("made") : made.error().text;
    };
    for (const auto& [mode, text] : {std::pair(0640u, "0640"),
                                     {0604u, "0604"},
                                     {0620u, "0620"},
                                     {0601u, "0601"},
                                     {0777u, "0777"},
                                     {0644u, "0644"}})
        BOOST_TEST(tried(with.key, mode) == std::string("the certificate's key has mode ") + text +
                                                ", so that others may use it: chmod 600 " + with.key);
    for (const unsigned mode : {0600u, 0400u, 0700u}) BOOST_TEST(tried(with.key, mode) == "made");
    BOOST_TEST(tried(with.certificate, 0644) == "made");
    BOOST_TEST(tried(with.authority, 0644) == "made");
}

BOOST_AUTO_TEST_CASE(with_tls_any_numeric_address_will_do_but_the_unspecified_one) {
    const authorities by;
    const auto tried = [&](const char* controller) {
        const auto made =
            headgate::grpc::controller_link::make({.controller = controller, .transport = by.of("ours", "worker")});
        return made ? std::string("made") : made.error().text;
    };
    BOOST_TEST(tried("10.0.0.7:7070") == "made");
    BOOST_TEST(tried("[2001:db8::1]:7070") == "made");
    BOOST_TEST(says(tried("0.0.0.0:7070"), "is every address"));
    BOOST_TEST(says(tried("[::]:7070"), "is every address"));
    BOOST_TEST(says(tried("controller.example:7070"), "is not numeric"));
}

}  // namespace
