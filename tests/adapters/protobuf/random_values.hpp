#pragma once
// SPDX-License-Identifier: BSL-1.0
// Values of every durable kind, drawn at random.

#include <headgate/vocabulary/checkpoint.hpp>
#include <headgate/vocabulary/job.hpp>

#include <cstdint>
#include <memory>
#include <random>
#include <string>

namespace headgate::random_values {

class source {
public:
    explicit source(std::uint32_t seed) : bits_(seed) {}

    std::uint64_t bits() { return bits_(); }
    std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>(bits_() % bound); }
    /// Small, large or any: what varints, signs and limits are sensitive to.
    std::uint64_t wide() { return bits_() >> below(64); }
    std::uint32_t narrow() { return static_cast<std::uint32_t>(bits_() >> (32 + below(32))); }
    bool flip() { return below(2) == 0; }

    std::string text(std::uint32_t most = 12) {
        static constexpr std::string_view letters[] = {"a",  "Z",  "0",  "_",        " ",
                                                       "\"", "\\", "\n", "\xc3\xa9", "\xf0\x9f\x98\x80"};
        std::string made;
        for (std::uint32_t i = below(most + 1); i > 0; --i) made += letters[below(10)];
        return made;
    }
    std::string bytes(std::uint32_t most = 24) {
        std::string made(below(most + 1), '\0');
        for (char& each : made) each = static_cast<char>(below(256));
        return made;
    }

private:
    std::mt19937_64 bits_;
};

/// Why a value was refused; nothing if it was not.
template <class T>
std::string why(const expected<T>& found) {
    return found ? std::string() : found.error().text;
}

inline program a_program(source& from) {
    program made;
    for (std::uint32_t i = from.below(5); i > 0; --i) {
        node& each =
            made.nodes.emplace_back(node{.id = {from.narrow()}, .parallelism = from.narrow(), .operators = {}});
        for (std::uint32_t k = from.below(3); k > 0; --k) each.operators.push_back({{from.text()}, from.bytes()});
    }
    for (std::uint32_t i = from.below(5); i > 0; --i)
        made.edges.push_back({{from.narrow()}, {from.narrow()}, from.flip() ? edge_kind::forward : edge_kind::shuffle});
    return made;
}

inline plan a_plan(source& from) {
    plan made;
    for (std::uint32_t i = from.below(6); i > 0; --i) {
        made.workers.push_back({.id = {from.wide()}, .slots = from.narrow()});
        static_cast<void>(made.machines.push_back(from.bytes()));
        static_cast<void>(made.data_addresses.push_back(from.bytes()));
    }
    for (std::uint32_t i = from.below(3); i > 0; --i) {
        layout& line = made.layouts.emplace_back();
        line.spaced = from.flip() ? spacing::dense : from.flip() ? spacing::even : spacing::level;
        for (std::uint32_t k = from.below(5); k > 0; --k) line.boundaries.push_back(from.narrow());
        for (std::uint32_t k = from.below(5); k > 0; --k) line.owners.push_back(from.narrow());
    }
    for (std::uint32_t i = from.below(4); i > 0; --i)
        made.nodes.push_back(
            {{from.narrow()}, from.narrow(), from.narrow(), from.narrow(), from.flip() ? 1 : from.narrow()});
    return made;
}

inline variables some_variables(source& from) {
    variables made;
    for (std::uint32_t i = from.below(4); i > 0; --i) made.emplace_back(from.text(), from.bytes());
    return made;
}

inline wish a_wish(source& from) {
    wish made;
    made.version = from.wide();
    made.name = from.text();
    made.organization = from.text();
    made.program = std::make_shared<const program>(a_program(from));
    for (std::uint32_t i = from.below(3); i > 0; --i) made.parallelism.push_back({{from.narrow()}, from.narrow()});
    if (from.flip()) made.time_to_live = duration(static_cast<std::int64_t>(from.wide()));
    if (from.flip()) made.ignore_state_before_epoch = epoch{from.narrow()};
    made.checkpoint_interval = duration(static_cast<std::int64_t>(from.wide()));
    made.environment = some_variables(from);
    made.tags = some_variables(from);
    made.backend_configuration = from.bytes();
    made.stop = static_cast<stop_mode>(from.below(5));
    made.restart = static_cast<restart_mode>(from.below(2));
    made.restart_nonce = from.wide();
    made.waits_for_slots = from.flip();
    return made;
}

inline job_row a_row(source& from) {
    job_row made{.revision = from.wide(),
                 .generation = {from.narrow()},
                 .owner = {{from.wide(), from.wide()}},
                 .state = static_cast<state_name>(from.below(state_count)),
                 .is_complete = from.flip(),
                 .applied = from.wide(),
                 .restart_nonce = from.wide(),
                 .restarts = from.narrow(),
                 .tasks = from.wide(),
                 .last_error = from.text(),
                 .plan = {}};
    if (from.flip()) made.plan = std::make_shared<const plan>(a_plan(from));
    return made;
}

inline checkpoint_metadata a_metadata(source& from) {
    checkpoint_metadata made{.name = {{from.narrow()}, {from.narrow()}}, .nodes = {}};
    for (std::uint32_t i = from.below(4); i > 0; --i) {
        node_state& each = made.nodes.emplace_back();
        each.node = {from.narrow()};
        each.parallelism = from.narrow();
        for (std::uint32_t k = from.below(3); k > 0; --k) each.operators.push_back({from.bytes()});
        for (std::uint32_t k = from.below(5); k > 0; --k) each.handles.push_back(from.bytes());
    }
    return made;
}

}  // namespace headgate::random_values
