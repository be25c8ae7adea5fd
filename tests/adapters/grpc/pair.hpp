#pragma once
// SPDX-License-Identifier: BSL-1.0
// A channel and workers on loopback, and how a test waits for what they hear.

#include <headgate/grpc/channel.hpp>
#include <headgate/grpc/controller_link.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace headgate::grpc_test {

/// Lets a test wait until something was heard, without looking at the time: it fails only after a minute.
class bell {
public:
    void ring() {
        const std::lock_guard held(lock_);
        rung_.notify_all();
    }
    template <class Came>
    bool wait(Came came) {
        std::unique_lock held(lock_);
        return rung_.wait_for(held, std::chrono::minutes(1), came);
    }

private:
    std::mutex lock_;
    std::condition_variable rung_;
};

inline std::unique_ptr<grpc::channel> open_channel(grpc::channel_options with = {}) {
    if (with.listen == grpc::channel_options().listen) with.listen = "127.0.0.1:0";
    auto made = grpc::channel::open(std::move(with));
    BOOST_REQUIRE_MESSAGE(made, (made ? "" : made.error().text));
    return *std::move(made);
}

inline std::unique_ptr<grpc::controller_link> open_link(const grpc::channel& to,
                                                        grpc::controller_link_options with = {}) {
    with.controller = to.address();
    auto made = grpc::controller_link::make(std::move(with));
    BOOST_REQUIRE_MESSAGE(made, (made ? "" : made.error().text));
    return *std::move(made);
}

/// What was heard so far, from any thread.
template <class Event>
class heard {
public:
    explicit heard(bell& rings) : rings_(&rings), all_(std::make_shared<list>()) {}

    void operator()(Event event) const {
        {
            const std::lock_guard held(all_->lock);
            all_->events.push_back(std::move(event));
        }
        rings_->ring();
    }
    std::vector<Event> all() const {
        const std::lock_guard held(all_->lock);
        return all_->events;
    }
    std::size_t size() const { return all().size(); }

    /// Those of one alternative of a link's events.
    template <class Kind>
    std::vector<Kind> of() const {
        std::vector<Kind> found;
        for (const Event& each : all())
            if (const auto* one = std::get_if<Kind>(&each)) found.push_back(*one);
        return found;
    }

private:
    struct list {
        std::mutex lock;
        std::vector<Event> events;
    };
    bell* rings_;
    std::shared_ptr<list> all_;
};

/// How one call ended: a completion.
template <class Effect>
struct ending {
    struct state {
        std::mutex lock;
        std::vector<typename Effect::answer> answers;
    };
    ticket to{};
    bell* rings;
    std::shared_ptr<state> into = std::make_shared<state>();

    explicit ending(bell& rung) : rings(&rung) {}

    void operator()(typename Effect::answer answer) const {
        {
            const std::lock_guard held(into->lock);
            into->answers.push_back(std::move(answer));
        }
        rings->ring();
    }
    std::size_t calls() const {
        const std::lock_guard held(into->lock);
        return into->answers.size();
    }
    /// "applied", "not applied: permanent: why", "unknown: dial: why".
    std::string text() const {
        const std::lock_guard held(into->lock);
        if (into->answers.empty()) return "none";
        return into->answers.front().match([](const auto&) { return std::string("applied"); },
                                           [](const error& why) { return "not applied: " + describe(why); },
                                           [](const error& why) { return "unknown: " + describe(why); });
    }
};

}  // namespace headgate::grpc_test
