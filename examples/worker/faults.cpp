// SPDX-License-Identifier: BSL-1.0
#include "faults.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>

namespace headgate::example {

namespace {

template <class Value>
struct named {
    std::string_view name;
    Value value;
};

constexpr std::array points{
    named{std::string_view("connecting"), fault_point::connecting},
    named{std::string_view("dialled"), fault_point::dialled},
    named{std::string_view("called"), fault_point::called},
    named{std::string_view("answered"), fault_point::answered},
    named{std::string_view("starting"), fault_point::starting},
    named{std::string_view("stopping"), fault_point::stopping},
};
constexpr std::array kinds{
    named{std::string_view("kill"), fault_kind::kill},
    named{std::string_view("halt"), fault_kind::halt},
    named{std::string_view("withhold"), fault_kind::withhold},
};

template <class Table>
auto value_of(const Table& table, std::string_view name) {
    const auto at = std::ranges::find(table, name, [](const auto& row) { return row.name; });
    return at == table.end() ? std::nullopt : std::optional(at->value);
}

template <class Table, class Value>
std::string name_of(const Table& table, Value value) {
    return std::string(std::ranges::find(table, value, [](const auto& row) { return row.value; })->name);
}

template <class Table>
std::string names_of(const Table& table) {
    std::string all;
    for (const auto& row : table) all.append(all.empty() ? "" : ", ").append(row.name);
    return all;
}

/// "2.0": generation and ordinal.
std::optional<worker_id> worker_named(std::string_view text) {
    std::uint32_t generation = 0, number = 0;
    const char* const end = text.data() + text.size();
    const auto first = std::from_chars(text.data(), end, generation);
    if (first.ec != std::errc() or first.ptr == end or *first.ptr != '.') return std::nullopt;
    const auto second = std::from_chars(first.ptr + 1, end, number);
    if (second.ec != std::errc() or second.ptr != end) return std::nullopt;
    return id_of(headgate::generation{generation}, ordinal{number});
}

}  // namespace

expected<fault> parse_fault(std::string_view text) {
    const auto bad = [&](const std::string& why) {
        return failure(error_kind::invalid, "fault \"" + std::string(text) + "\": " + why);
    };
    const std::size_t equals = text.find('='), at = text.find('@');
    if (equals == text.npos or at < equals) return bad("POINT=HOW or POINT=HOW@GENERATION.WORKER is needed");
    const auto point = value_of(points, text.substr(0, equals));
    const auto how = value_of(kinds, text.substr(equals + 1, at == text.npos ? at : at - equals - 1));
    if (not point) return bad("the point is one of " + names_of(points));
    if (not how) return bad("how is one of " + names_of(kinds));
    if (at == text.npos) return fault{*point, *how, std::nullopt};
    const auto who = worker_named(text.substr(at + 1));
    if (not who) return bad("after @ there are a generation and a worker's number, as in 1.0");
    return fault{*point, *how, who};
}

faults::faults(const std::vector<fault>& all, worker_id self, std::function<void(const std::string&)> log)
    : log_(std::move(log)) {
    for (const fault& one : all)
        if (not one.who or *one.who == self) mine_.push_back(one);
}

bool faults::strike(fault_point at) const {
    bool is_withheld = false;
    for (const fault& one : mine_) {
        if (one.at != at) continue;
        log_("fault: " + name_of(points, at) + "=" + name_of(kinds, one.how));
        switch (one.how) {
            case fault_kind::kill: std::raise(SIGKILL); break;
            case fault_kind::halt: std::raise(SIGSTOP); break;
            case fault_kind::withhold: is_withheld = true; break;
        }
    }
    return is_withheld;
}

}  // namespace headgate::example
