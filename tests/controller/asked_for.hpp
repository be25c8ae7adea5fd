#pragma once
// A job whose workers are launched and have not come, and how one registers by hand.
#include "small_world.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>
#include <utility>
#include <variant>

namespace headgate::tests {

struct asked_for : small_world {
    asked_for() {
        wish_for({.version = 1});
        BOOST_REQUIRE(until([&] { return scheduler.pool().all().size() == 2; }));
    }

    worker_id who(std::size_t number) const { return scheduler.pool().all()[number].who.id; }
    hello introduction(std::size_t number, incarnation of) const {
        return {.job = job, .generation = {1}, .worker = who(number), .incarnation = of, .nonce = {}};
    }
    worker_profile profile(std::size_t number, incarnation of) const {
        return {.id = who(number),
                .incarnation = of,
                .slots = 4,
                .machine = {"here"},
                .zone = {},
                .rpc_address = "127.0.0.1:1",
                .data_address = "127.0.0.1:2"};
    }
    /// Says `said`, and answers a challenge with `shown`, by the token of the worker of that number.
    std::string registers(std::size_t number, stream_id stream, const hello& said, const worker_profile& shown,
                          const std::string& host = "127.0.0.1") {
        channel.say(stream, said, host);
        controller.poll();
        const auto& heard = channel.sent[stream];
        const auto* const drawn = heard.empty() ? nullptr : std::get_if<challenge>(&heard.back());
        if (not drawn) return verdict_on(stream);
        const digest256 token = scheduler.tokens.at(who(number));
        channel.say(stream, proof{shown, proof_mac(secrets, token, said, drawn->nonce, shown)}, host);
        controller.poll();
        return verdict_on(stream);
    }
    std::string registers(std::size_t number, stream_id stream, incarnation of) {
        return registers(number, stream, introduction(number, of), profile(number, of));
    }
    /// The last that was said on a stream, if it is a verdict.
    std::string verdict_on(stream_id stream) {
        const auto& all = channel.sent[stream];
        const auto* const last = all.empty() ? nullptr : std::get_if<verdict>(&all.back());
        if (not last) return "none";
        if (std::holds_alternative<accepted>(*last)) return "accepted";
        if (const auto* const no = std::get_if<refused>(last)) return "refused: " + no->why;
        return "go";
    }
    std::string answer_to(stream_id stream, worker_message said, const std::string& host = "127.0.0.1") {
        channel.say(stream, std::move(said), host);
        controller.poll();
        return verdict_on(stream);
    }
    bool is_closed(stream_id stream) const { return std::ranges::count(channel.closed, stream) == 1; }
};

}  // namespace headgate::tests
