// SPDX-License-Identifier: BSL-1.0
#include "convert.hpp"

#include <algorithm>
#include <cassert>
#include <memory>

namespace headgate::inline v1::protobuf {

namespace {

// The numbers of these enums are those of the vocabulary, and stay.
static_assert(static_cast<int>(stop_mode::force) == wire::v1::Wish::FORCE);
static_assert(static_cast<int>(restart_mode::force) == wire::v1::Wish::AT_ONCE);
static_assert(static_cast<int>(state_name::created) == wire::v1::JobRow::CREATED);
static_assert(static_cast<int>(state_name::checkpoint_stopping) == wire::v1::JobRow::CHECKPOINT_STOPPING);
static_assert(static_cast<int>(state_name::finished) == wire::v1::JobRow::FINISHED);

void write_variable(const std::pair<std::string, std::string>& from, wire::v1::Variable& to) {
    to.set_name(as_utf8(from.first));
    if (is_utf8(from.second))
        to.set_value(from.second);
    else
        to.set_value_bytes(from.second);
}

std::pair<std::string, std::string> read_variable(const wire::v1::Variable& from) {
    switch (from.content_case()) {
        case wire::v1::Variable::kValue: return {from.name(), from.value()};
        case wire::v1::Variable::kValueBytes: return {from.name(), from.value_bytes()};
        case wire::v1::Variable::CONTENT_NOT_SET: break;
    }
    return {from.name(), {}};
}

variables read_variables(const google::protobuf::RepeatedPtrField<wire::v1::Variable>& from) {
    variables to;
    to.reserve(static_cast<std::size_t>(from.size()));
    std::ranges::transform(from, std::back_inserter(to), read_variable);
    return to;
}

std::string read_backend(const wire::v1::Wish& from) {
    switch (from.backend_case()) {
        case wire::v1::Wish::kBackendConfiguration: return from.backend_configuration();
        case wire::v1::Wish::kBackendConfigurationBytes: return from.backend_configuration_bytes();
        case wire::v1::Wish::BACKEND_NOT_SET: break;
    }
    return {};
}

/// What the wish says besides its program.
void read_rest(const wire::v1::Wish& from, wish& to) {
    to.version = from.version();
    to.name = from.name();
    to.organization = from.organization();
    for (const wire::v1::ParallelismOverride& each : from.parallelism())
        to.parallelism.push_back({.node = {each.node()}, .parallelism = each.parallelism()});
    if (from.has_time_to_live_ms()) to.time_to_live = duration(from.time_to_live_ms());
    if (from.has_ignore_state_before_epoch()) to.ignore_state_before_epoch = epoch{from.ignore_state_before_epoch()};
    to.checkpoint_interval = duration(from.checkpoint_interval_ms());
    to.environment = read_variables(from.environment());
    to.tags = read_variables(from.tags());
    to.backend_configuration = read_backend(from);
    to.stop = static_cast<stop_mode>(from.stop());
    to.restart = static_cast<restart_mode>(from.restart());
    to.restart_nonce = from.restart_nonce();
    to.waits_for_slots = from.waits_for_slots();
}

}  // namespace

void write(const incarnation& from, wire::v1::Incarnation& to) {
    to.set_first(from.value[0]);
    to.set_second(from.value[1]);
}

incarnation read(const wire::v1::Incarnation& from) { return {{from.first(), from.second()}}; }

void write(const wish& from, wire::v1::Wish& to) {
    assert(from.program);
    to.set_format(1);
    to.set_version(from.version);
    to.set_name(as_utf8(from.name));
    to.set_organization(as_utf8(from.organization));
    write(*from.program, *to.mutable_program());
    for (const parallelism_override& each : from.parallelism) {
        wire::v1::ParallelismOverride& made = *to.add_parallelism();
        made.set_node(each.node.value);
        made.set_parallelism(each.parallelism);
    }
    if (from.time_to_live) to.set_time_to_live_ms(from.time_to_live->count());
    if (from.ignore_state_before_epoch) to.set_ignore_state_before_epoch(from.ignore_state_before_epoch->value);
    to.set_checkpoint_interval_ms(from.checkpoint_interval.count());
    for (const auto& each : from.environment) write_variable(each, *to.add_environment());
    for (const auto& each : from.tags) write_variable(each, *to.add_tags());
    if (is_utf8(from.backend_configuration))
        to.set_backend_configuration(from.backend_configuration);
    else
        to.set_backend_configuration_bytes(from.backend_configuration);
    to.set_stop(static_cast<wire::v1::Wish::Stop>(from.stop));
    to.set_restart(static_cast<wire::v1::Wish::Restart>(from.restart));
    to.set_restart_nonce(from.restart_nonce);
    to.set_waits_for_slots(from.waits_for_slots);
}

expected<wish> read(const wire::v1::Wish& from, const limits& most) {
    if (not from.has_program()) return invalid("wish: there is no program");
    if (not wire::v1::Wish::Stop_IsValid(from.stop()))
        return invalid("wish: there is no stop mode " + std::to_string(from.stop()));
    if (not wire::v1::Wish::Restart_IsValid(from.restart()))
        return invalid("wish: there is no restart mode " + std::to_string(from.restart()));
    if (const auto ok = at_most("wish: environment variables", static_cast<std::size_t>(from.environment_size()),
                                most.environment_variables);
        not ok)
        return failed(ok);
    auto program = read(from.program(), most);
    if (not program) return failed(program);
    wish to;
    to.program = std::make_shared<const headgate::program>(*std::move(program));
    read_rest(from, to);
    return to;
}

void write(const job_row& from, wire::v1::JobRow& to) {
    to.set_format(1);
    to.set_revision(from.revision);
    to.set_generation(from.generation.value);
    write(from.owner, *to.mutable_owner());
    to.set_state(static_cast<wire::v1::JobRow::State>(from.state));
    to.set_is_complete(from.is_complete);
    to.set_applied(from.applied);
    to.set_restart_nonce(from.restart_nonce);
    to.set_restarts(from.restarts);
    to.set_tasks(from.tasks);
    to.set_last_error(as_utf8(from.last_error));
    if (from.plan) write(*from.plan, *to.mutable_plan());
}

expected<job_row> read(const wire::v1::JobRow& from, const limits& most) {
    if (not wire::v1::JobRow::State_IsValid(from.state()))
        return invalid("row: there is no state " + std::to_string(from.state()));
    job_row to{.revision = from.revision(),
               .generation = {from.generation()},
               .owner = read(from.owner()),
               .state = static_cast<state_name>(from.state()),
               .is_complete = from.is_complete(),
               .applied = from.applied(),
               .restart_nonce = from.restart_nonce(),
               .restarts = from.restarts(),
               .tasks = from.tasks(),
               .last_error = from.last_error(),
               .plan = {}};
    if (from.has_plan()) {
        auto plan = read(from.plan(), most);
        if (not plan) return failed(plan);
        to.plan = std::make_shared<const headgate::plan>(*std::move(plan));
    }
    return to;
}

}  // namespace headgate::inline v1::protobuf
