// SPDX-License-Identifier: BSL-1.0
#include <headgate/protobuf/messages.hpp>

#include "convert.hpp"
#include "convert_bytes.hpp"

#include <headgate/vocabulary/plan_check.hpp>

#include <cassert>
#include <memory>

namespace headgate::inline v1::protobuf {

namespace {

expected<execution> read_execution(const wire::v1::Execution& from, const limits& most) {
    if (const auto ok = at_most("execution: bytes of the job's id", from.job().size(), most.id); not ok)
        return failed(ok);
    auto what = read(from.program(), most);
    if (not what) return failed(what);
    if (const auto ok = check(*what, most); not ok) return failed(ok);
    auto placed = read(from.plan(), most);
    if (not placed) return failed(placed);
    if (const auto ok = check(*placed, *what, most); not ok) return failed(ok);
    execution to{.job = {from.job()},
                 .generation = {from.generation()},
                 .program = std::make_shared<const program>(*std::move(what)),
                 .plan = std::make_shared<const plan>(*std::move(placed)),
                 .digest = from.digest(),
                 .restore = {},
                 .start_epoch = {from.start_epoch()},
                 .minimum_epoch = {from.minimum_epoch()},
                 .checkpoint_interval = duration(from.checkpoint_interval_ms())};
    if (from.has_restore()) to.restore = read(from.restore());
    return to;
}

}  // namespace

std::string encode(const identify& what) {
    wire::v1::IdentifyRequest message;
    message.set_nonce(what.nonce.data(), what.nonce.size());
    return bytes_of(message);
}

std::string encode(const checkpoint& what) {
    wire::v1::BeginCheckpointRequest message;
    message.set_generation(what.generation.value);
    write(what.name, *message.mutable_name());
    return bytes_of(message);
}

std::string encode(const stop& what) {
    wire::v1::StopExecutionRequest message;
    message.set_generation(what.generation.value);
    return bytes_of(message);
}

std::string encode(const identified& what) {
    wire::v1::IdentifyAnswer message;
    message.set_worker(what.worker.value);
    write(what.incarnation, *message.mutable_incarnation());
    message.set_mac(what.mac.data(), what.mac.size());
    return bytes_of(message);
}

std::string encode(const execution& what) {
    assert(what.program and what.plan);
    wire::v1::StartExecutionRequest message;
    wire::v1::Execution& to = *message.mutable_execution();
    to.set_job(what.job.value);
    to.set_generation(what.generation.value);
    write(*what.program, *to.mutable_program());
    write(*what.plan, *to.mutable_plan());
    to.set_digest(what.digest);
    if (what.restore) write(*what.restore, *to.mutable_restore());
    to.set_start_epoch(what.start_epoch.value);
    to.set_minimum_epoch(what.minimum_epoch.value);
    to.set_checkpoint_interval_ms(what.checkpoint_interval.count());
    return bytes_of(message);
}

std::string encode_data_token(const digest256& token) {
    wire::v1::StartExecutionRequest message;
    message.set_data_token(token.data(), token.size());
    return bytes_of(message);
}

expected<identify> decode_identify(std::string_view bytes, const limits& most) {
    const auto found = parsed<wire::v1::IdentifyRequest>("identify", bytes, most.message);
    if (not found) return failed(found);
    const auto nonce = read_digest("identify: nonce", found->nonce());
    if (not nonce) return failed(nonce);
    return identify{.nonce = *nonce};
}

expected<execute> decode_execute(std::string_view bytes, const limits& most) {
    const auto found = parsed<wire::v1::StartExecutionRequest>("start of execution", bytes, most.message);
    if (not found) return failed(found);
    const auto token = read_digest("start of execution: data token", found->data_token());
    if (not token) return failed(token);
    auto what = read_execution(found->execution(), most);
    if (not what) return failed(what);
    return execute{.what = std::make_shared<const execution>(*std::move(what)), .data_token = *token};
}

expected<checkpoint> decode_checkpoint(std::string_view bytes, const limits& most) {
    const auto found = parsed<wire::v1::BeginCheckpointRequest>("begin of a checkpoint", bytes, most.message);
    if (not found) return failed(found);
    if (not found->has_name()) return invalid("begin of a checkpoint: there is no name");
    return checkpoint{.generation = {found->generation()}, .name = read(found->name())};
}

expected<stop> decode_stop(std::string_view bytes, const limits& most) {
    const auto found = parsed<wire::v1::StopExecutionRequest>("stop", bytes, most.message);
    if (not found) return failed(found);
    return stop{.generation = {found->generation()}};
}

expected<identified> decode_identified(std::string_view bytes, const limits& most) {
    const auto found = parsed<wire::v1::IdentifyAnswer>("identify's answer", bytes, most.message);
    if (not found) return failed(found);
    const auto mac = read_digest("identify's answer: code", found->mac());
    if (not mac) return failed(mac);
    return identified{.worker = {found->worker()}, .incarnation = read(found->incarnation()), .mac = *mac};
}

}  // namespace headgate::inline v1::protobuf
