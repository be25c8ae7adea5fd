// SPDX-License-Identifier: BSL-1.0
// A fuzz target: any bytes on a worker's stream from its controller, and as the calls that it hears. Whatever is said,
// each call is answered once, nothing is done for who has not the token, and one plan at most is run: of this
// generation, one that names this worker, after it was accepted, and not after its end (G3, G4, G7, I5).
#include "must.hpp"

#include <headgate/concepts/credentials.hpp>
#include <headgate/protobuf/messages.hpp>
#include <headgate/simulation/clock.hpp>
#include <headgate/simulation/secrets.hpp>
#include <headgate/worker/driver.hpp>

#include <google/protobuf/stubs/logging.h>

#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

using namespace headgate;
using namespace std::chrono_literals;

namespace {

struct hand_link {
    std::function<void(link_event)> hear{};
    std::optional<hello> said{};
    std::map<call_id, call_answer> answers{};

    void listen(link_receiver auto receiver) { hear = receiver; }
    static std::string rpc_address() { return "127.0.0.1:4000"; }
    void open() { hear(link_opened{}); }
    void send(const worker_message& message) {
        if (const auto* const first = std::get_if<hello>(&message)) said = *first;
        const auto again = protobuf::decode_worker_message(protobuf::encode(message));
        must(again && *again == message, "it said what cannot be read");
    }
    void close() { hear(link_ended{"closed"}); }
    void answer(call_id call, const call_answer& with) {
        must(answers.emplace(call, with).second, "a call was answered twice");
    }
};

struct hand_engine {
    std::optional<execution_share> share{};
    std::function<void(engine_event)> report{};
    epoch newest{};
    bool is_ended = false;

    void start(execution_share what, std::function<void(engine_event)> to) {
        must(not share and not is_ended, "a second plan was started");
        share = std::move(what);
        report = std::move(to);
        report(engine_initialized{});
    }
    void begin_checkpoint(checkpoint_name name) {
        must(share and not is_ended, "a checkpoint of nothing");
        must(name.epoch > newest, "a checkpoint that is over");
        newest = name.epoch;
        report(subtask_checkpointed{name.epoch, {{1}, 0, "handle"}});
    }
    void stop(bool force) {
        must(share.has_value(), "a stop of nothing");
        if (not force) report(engine_stopped{});
        is_ended = true;
    }
    static std::vector<node_counters> counters() { return {}; }
};

template <class Read>
std::optional<called> call_of(Read read) {
    if (not read) {
        must(not read.error().text.empty(), "refused without a word");
        return std::nullopt;
    }
    return called{.what = *std::move(read)};
}

std::optional<called> a_call(FuzzedDataProvider& from) {
    const int which = from.ConsumeIntegralInRange<int>(0, 3);
    const std::string bytes = from.ConsumeRandomLengthString(4'096);
    switch (which) {
        case 0: return call_of(protobuf::decode_identify(bytes));
        case 1: return call_of(protobuf::decode_execute(bytes));
        case 2: return call_of(protobuf::decode_checkpoint(bytes));
        default: return call_of(protobuf::decode_stop(bytes));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const google::protobuf::LogSilencer quiet;
    FuzzedDataProvider from(data, size);
    constexpr generation mine{3};
    const worker_identity self{id_of(mine, {0}), 4};
    simulation::secrets secrets{1};
    const digest256 token = worker_token(secrets, generation_secret{}, {"words"}, mine, self);
    simulation::clock clock{instant{} + 1h};
    hand_link link;
    hand_engine engine;
    {
        worker_driver worker(link, clock, secrets, engine,
                             {.identity = {.job = {"words"}, .generation = mine, .worker = self, .token = token},
                              .data_address = "127.0.0.1:4001"});
        std::map<call_id, bool> calls;  // and whether the token was right
        std::uint64_t last = 0;
        bool was_accepted = false;  // it may have lost its stream since: its lease counts (G7)
        const auto poll = [&] {
            const bool was_started = engine.share.has_value();
            const bool was_over = worker.is_over();
            worker.poll();
            was_accepted = was_accepted or worker.machine().is_accepted();
            if (engine.share and not was_started) must(not was_over and was_accepted, "a plan was started for nobody");
        };
        poll();
        while (from.remaining_bytes() > 0) {
            enum class kind { answers_hello, says, calls, ends, waits };
            switch (static_cast<kind>(from.ConsumeIntegralInRange<int>(0, 4))) {
                case kind::answers_hello:
                    if (link.said) {
                        challenge made{.nonce = {std::byte{7}}};
                        made.mac = challenge_mac(secrets, token, *link.said, made.nonce);
                        worker.post(link_event(controller_message(made)));
                    }
                    break;
                case kind::says:
                    if (const auto said = protobuf::decode_controller_message(from.ConsumeRandomLengthString(4'096)))
                        worker.post(link_event(*said));
                    else
                        must(not said.error().text.empty(), "refused without a word");
                    break;
                case kind::calls:
                    if (auto made = a_call(from)) {
                        const bool is_right = from.ConsumeBool();
                        made->id = {++last};
                        if (is_right) made->token = call_token(secrets, token);
                        calls.emplace(made->id, is_right);
                        worker.post(link_event(*std::move(made)));
                    }
                    break;
                case kind::ends: worker.post(link_event(link_ended{"lost"})); break;
                case kind::waits:
                    clock.advance_to(std::max(clock.now(), std::min(worker.next_deadline(), clock.now() + 10s)));
                    break;
            }
            poll();
        }
        for (int i = 0; i < 1'000 and not worker.is_over(); ++i) {
            clock.advance_to(std::max(clock.now(), worker.next_deadline()));
            poll();
        }
        must(worker.is_over(), "it goes on, though nobody answers for it");  // G7
        must(not engine.share or engine.is_ended, "it is over and something runs");
        for (const auto& [id, is_right] : calls) {
            const auto answer = link.answers.find(id);
            must(answer != link.answers.end(), "a call was not answered");
            must(is_right or std::holds_alternative<refused>(answer->second), "done for who has not the token");
        }
    }
    if (not engine.share) return 0;
    const execution& run = *engine.share->what;
    must(run.job == job_id{"words"} and run.generation == mine, "a plan of another generation was started");
    must(check(*run.plan, *run.program).has_value(), "a plan that breaks a rule was started");
    must(run.plan->workers[engine.share->position].id == self.id, "the share of another worker");
    return 0;
}
