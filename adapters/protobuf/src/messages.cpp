// SPDX-License-Identifier: BSL-1.0
#include <headgate/protobuf/messages.hpp>

#include "convert.hpp"
#include "convert_bytes.hpp"

namespace headgate::inline v1::protobuf {

namespace {

/// Encodes each kind of message into its field of the oneof.
struct writer {
    wire::v1::WorkerMessage& worker;

    void operator()(const hello& from) const {
        wire::v1::Hello& to = *worker.mutable_hello();
        to.set_protocol(from.protocol);
        to.set_job(from.job.value);
        to.set_generation(from.generation.value);
        to.set_worker(from.worker.value);
        write(from.incarnation, *to.mutable_incarnation());
        to.set_nonce(from.nonce.data(), from.nonce.size());
    }
    void operator()(const proof& from) const {
        wire::v1::Proof& to = *worker.mutable_proof();
        to.set_mac(from.mac.data(), from.mac.size());
        wire::v1::WorkerProfile& profile = *to.mutable_profile();
        profile.set_id(from.profile.id.value);
        write(from.profile.incarnation, *profile.mutable_incarnation());
        profile.set_slots(from.profile.slots);
        profile.set_machine(from.profile.machine.value);
        profile.set_zone(from.profile.zone);
        profile.set_rpc_address(from.profile.rpc_address);
        profile.set_data_address(from.profile.data_address);
    }
    void operator()(const initialized& from) const {
        wire::v1::Initialized& to = *worker.mutable_initialized();
        if (from.failure) to.set_failure(*from.failure);
        to.set_no_retry(not from.may_retry);
    }
    void operator()(const heartbeat& from) const {
        wire::v1::Heartbeat& to = *worker.mutable_heartbeat();
        to.set_sequence(from.sequence);
        for (const node_counters& each : from.counters) {
            wire::v1::NodeCounters& made = *to.add_counters();
            made.set_node(each.node.value);
            made.set_records_in(each.records_in);
            made.set_records_out(each.records_out);
            made.set_bytes_in(each.bytes_in);
            made.set_bytes_out(each.bytes_out);
            made.set_backpressure(each.backpressure);
        }
    }
    void operator()(const task_report& from) const {
        wire::v1::TaskReport& to = *worker.mutable_task_report();
        for (const task_range& each : from.started) write_range(each, *to.add_started());
        for (const task_range& each : from.finished) write_range(each, *to.add_finished());
        for (const task_failure& each : from.failures) {
            wire::v1::TaskFailure& made = *to.add_failures();
            made.set_node(each.node.value);
            made.set_subtask(each.subtask);
            made.set_operator_name(each.operator_name);
            made.set_domain(static_cast<wire::v1::TaskFailure::Domain>(each.domain));
            made.set_may_retry(each.may_retry);
            made.set_text(each.text);
        }
    }
    void operator()(const checkpoint_report& from) const {
        wire::v1::CheckpointReport& to = *worker.mutable_checkpoint_report();
        to.set_epoch(from.epoch.value);
        for (const subtask_state& each : from.subtasks) {
            wire::v1::SubtaskState& made = *to.add_subtasks();
            made.set_node(each.node.value);
            made.set_subtask(each.subtask);
            made.set_handle(each.handle);
        }
        if (from.failure) to.set_failure(*from.failure);
    }

    static void write_range(const task_range& from, wire::v1::TaskRange& to) {
        to.set_node(from.node.value);
        to.set_first(from.first);
        to.set_last(from.last);
    }
};

static_assert(static_cast<int>(error_domain::external) == wire::v1::TaskFailure::EXTERNAL);

expected<worker_message> read_message(const wire::v1::Hello& from, const limits& most) {
    if (const auto ok = at_most("hello: bytes of the job's id", from.job().size(), most.id); not ok) return failed(ok);
    const auto nonce = read_digest("hello: nonce", from.nonce());
    if (not nonce) return failed(nonce);
    return hello{.protocol = from.protocol(),
                 .job = {from.job()},
                 .generation = {from.generation()},
                 .worker = {from.worker()},
                 .incarnation = read(from.incarnation()),
                 .nonce = *nonce};
}

expected<worker_message> read_message(const wire::v1::Proof& from, const limits& most) {
    const wire::v1::WorkerProfile& profile = from.profile();
    const struct {
        std::string_view what;
        const std::string& text;
        std::size_t most;
    } texts[] = {{"proof: bytes of the machine's id", profile.machine(), most.id},
                 {"proof: bytes of the zone", profile.zone(), most.id},
                 {"proof: bytes of the RPC address", profile.rpc_address(), most.address},
                 {"proof: bytes of the data address", profile.data_address(), most.address}};
    for (const auto& each : texts)
        if (const auto ok = at_most(each.what, each.text.size(), each.most); not ok) return failed(ok);
    const auto mac = read_digest("proof: code", from.mac());
    if (not mac) return failed(mac);
    return proof{.profile = {.id = {profile.id()},
                             .incarnation = read(profile.incarnation()),
                             .slots = profile.slots(),
                             .machine = {profile.machine()},
                             .zone = profile.zone(),
                             .rpc_address = profile.rpc_address(),
                             .data_address = profile.data_address()},
                 .mac = *mac};
}

expected<worker_message> read_message(const wire::v1::Initialized& from, const limits& most) {
    initialized to;
    if (from.has_failure()) to.failure = cut(from.failure(), most);
    to.may_retry = not from.no_retry();
    return to;
}

expected<worker_message> read_message(const wire::v1::Heartbeat& from, const limits& most) {
    const auto nodes = static_cast<std::size_t>(from.counters_size());
    if (const auto ok = at_most("heartbeat: nodes", nodes, most.nodes); not ok) return failed(ok);
    heartbeat to{.sequence = from.sequence(), .counters = {}};
    to.counters.reserve(nodes);
    for (const wire::v1::NodeCounters& each : from.counters())
        to.counters.push_back({.node = {each.node()},
                               .records_in = each.records_in(),
                               .records_out = each.records_out(),
                               .bytes_in = each.bytes_in(),
                               .bytes_out = each.bytes_out(),
                               .backpressure = each.backpressure()});
    return to;
}

expected<std::vector<task_range>> read_ranges(std::string_view what,
                                              const google::protobuf::RepeatedPtrField<wire::v1::TaskRange>& from,
                                              const limits& most) {
    if (const auto ok = at_most("report: ranges of " + std::string(what) + " subtasks",
                                static_cast<std::size_t>(from.size()), most.ranges);
        not ok)
        return failed(ok);
    std::vector<task_range> to;
    to.reserve(static_cast<std::size_t>(from.size()));
    for (const wire::v1::TaskRange& each : from) {
        const task_range next{{each.node()}, each.first(), each.last()};
        const bool is_after =
            to.empty() or to.back().node < next.node or (to.back().node == next.node and to.back().last <= next.first);
        if (next.first >= next.last or not is_after)
            return invalid("report: the " + std::string(what) + " subtasks [" + std::to_string(next.first) + ", " +
                           std::to_string(next.last) + ") of node " + std::to_string(next.node.value) +
                           " are empty or do not come after those before them");
        to.push_back(next);
    }
    return to;
}

expected<worker_message> read_message(const wire::v1::TaskReport& from, const limits& most) {
    auto started = read_ranges("started", from.started(), most);
    if (not started) return failed(started);
    auto finished = read_ranges("finished", from.finished(), most);
    if (not finished) return failed(finished);
    const auto failures = static_cast<std::size_t>(from.failures_size());
    if (const auto ok = at_most("report: failures", failures, most.failures); not ok) return failed(ok);
    task_report to{.started = *std::move(started), .finished = *std::move(finished), .failures = {}};
    for (const wire::v1::TaskFailure& each : from.failures()) {
        if (const auto ok = at_most("report: bytes of an operator's id", each.operator_name().size(), most.id); not ok)
            return failed(ok);
        if (not wire::v1::TaskFailure::Domain_IsValid(each.domain()))
            return invalid("report: there is no domain " + std::to_string(each.domain()));
        to.failures.push_back({.node = {each.node()},
                               .subtask = each.subtask(),
                               .operator_name = each.operator_name(),
                               .domain = static_cast<error_domain>(each.domain()),
                               .may_retry = each.may_retry(),
                               .text = cut(each.text(), most)});
    }
    return to;
}

expected<worker_message> read_message(const wire::v1::CheckpointReport& from, const limits& most) {
    const auto states = static_cast<std::size_t>(from.subtasks_size());
    if (const auto ok = at_most("checkpoint report: subtasks", states, most.states); not ok) return failed(ok);
    checkpoint_report to{.epoch = {from.epoch()}, .subtasks = {}, .failure = {}};
    to.subtasks.reserve(states);
    for (const wire::v1::SubtaskState& each : from.subtasks())
        to.subtasks.push_back({.node = {each.node()}, .subtask = each.subtask(), .handle = each.handle()});
    if (from.has_failure()) to.failure = cut(from.failure(), most);
    return to;
}

void write_verdict(const verdict& from, wire::v1::Verdict& to) {
    std::visit(headgate::detail::overloaded{
                   [&](const accepted& yes) {
                       to.mutable_accepted()->set_heartbeat_ms(yes.heartbeat.count());
                       to.mutable_accepted()->set_lease_ms(yes.lease.count());
                   },
                   [&](const refused& no) { to.mutable_refused()->set_why(no.why); },
                   [&](const go&) { to.mutable_go(); },
               },
               from);
}

expected<controller_message> read_message(const wire::v1::Verdict& from, const limits& most) {
    switch (from.what_case()) {
        case wire::v1::Verdict::kAccepted: {
            const std::int64_t heartbeat = from.accepted().heartbeat_ms(), lease = from.accepted().lease_ms();
            // A worker would beat without a pause, or end at once.
            if (heartbeat <= 0 or lease <= 0)
                return invalid("verdict: heartbeat " + std::to_string(heartbeat) + " ms, lease " +
                               std::to_string(lease) + " ms: above 0 is needed");
            return verdict(accepted{.heartbeat = duration(heartbeat), .lease = duration(lease)});
        }
        case wire::v1::Verdict::kRefused: return verdict(refused{cut(from.refused().why(), most)});
        case wire::v1::Verdict::kGo: return verdict(go{});
        case wire::v1::Verdict::WHAT_NOT_SET: break;
    }
    return invalid("verdict: there is nothing in it that this version knows");
}

expected<controller_message> read_message(const wire::v1::Challenge& from) {
    const auto nonce = read_digest("challenge: nonce", from.nonce());
    if (not nonce) return failed(nonce);
    const auto mac = read_digest("challenge: code", from.mac());
    if (not mac) return failed(mac);
    return challenge{.nonce = *nonce, .mac = *mac};
}

}  // namespace

std::string encode(const worker_message& what) {
    wire::v1::WorkerMessage message;
    std::visit(writer{message}, what);
    return bytes_of(message);
}

std::string encode(const controller_message& what) {
    wire::v1::ControllerMessage message;
    std::visit(
        headgate::detail::overloaded{
            [&](const challenge& from) {
                message.mutable_challenge()->set_nonce(from.nonce.data(), from.nonce.size());
                message.mutable_challenge()->set_mac(from.mac.data(), from.mac.size());
            },
            [&](const verdict& from) { write_verdict(from, *message.mutable_verdict()); },
            [&](const heartbeat_answer& from) { message.mutable_heartbeat_answer()->set_sequence(from.sequence); },
        },
        what);
    return bytes_of(message);
}

expected<worker_message> decode_worker_message(std::string_view bytes, const limits& most) {
    const auto found = parsed<wire::v1::WorkerMessage>("message", bytes, most.message);
    if (not found) return failed(found);
    switch (found->what_case()) {
        case wire::v1::WorkerMessage::kHello: return read_message(found->hello(), most);
        case wire::v1::WorkerMessage::kProof: return read_message(found->proof(), most);
        case wire::v1::WorkerMessage::kInitialized: return read_message(found->initialized(), most);
        case wire::v1::WorkerMessage::kHeartbeat: return read_message(found->heartbeat(), most);
        case wire::v1::WorkerMessage::kTaskReport: return read_message(found->task_report(), most);
        case wire::v1::WorkerMessage::kCheckpointReport: return read_message(found->checkpoint_report(), most);
        case wire::v1::WorkerMessage::WHAT_NOT_SET: break;
    }
    return invalid("message: there is nothing in it that this version knows");
}

expected<controller_message> decode_controller_message(std::string_view bytes, const limits& most) {
    const auto found = parsed<wire::v1::ControllerMessage>("message", bytes, most.message);
    if (not found) return failed(found);
    switch (found->what_case()) {
        case wire::v1::ControllerMessage::kChallenge: return read_message(found->challenge());
        case wire::v1::ControllerMessage::kVerdict: return read_message(found->verdict(), most);
        case wire::v1::ControllerMessage::kHeartbeatAnswer:
            return heartbeat_answer{.sequence = found->heartbeat_answer().sequence()};
        case wire::v1::ControllerMessage::WHAT_NOT_SET: break;
    }
    return invalid("message: there is nothing in it that this version knows");
}

}  // namespace headgate::inline v1::protobuf
