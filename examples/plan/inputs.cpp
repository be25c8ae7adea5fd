#include "inputs.hpp"

#include <headgate/conformance/assignment/graphs.hpp>
#include <headgate/protobuf/codec.hpp>
#include <headgate/protobuf/json.hpp>
#include <headgate/vocabulary/limits.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <limits>
#include <optional>
#include <string_view>
#include <system_error>

namespace headgate::example {

namespace {

/// Above all numbers in lists: what is added to the ids of plans of runs before.
constexpr std::uint64_t earlier = std::uint64_t{1} << 32;

/// Of a file: larger ones than go into a message are planned with too, as those of a hundred thousand nodes.
constexpr std::size_t most_bytes = 64 * limits{}.message;

auto bad(const std::string& what, const std::string& why) { return failure(error_kind::invalid, what + ": " + why); }

template <class Number = std::uint64_t>
std::optional<Number> number(std::string_view text) {
    Number value{};
    const auto [rest, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc() or rest != text.data() + text.size()) return std::nullopt;
    return value;
}

std::vector<std::string> split(const std::string& text, char by) {
    std::vector<std::string> parts;
    for (std::size_t first = 0, last = 0; last != std::string::npos; first = last + 1) {
        last = text.find(by, first);
        parts.push_back(text.substr(first, last - first));
    }
    return parts;
}

std::string trimmed(const std::string& text) {
    constexpr const char* blanks = " \t\r";
    const std::size_t first = text.find_first_not_of(blanks);
    return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(blanks) + 1 - first);
}

struct worker_group {
    std::uint64_t workers{}, slots{};
    std::string zone{};
};

constexpr const char* form = "WORKERSxSLOTS[@ZONE], as 8x16@rack1";

/// Of the form, whatever the numbers are.
std::optional<worker_group> group_from(const std::string& text) {
    const std::size_t at = text.find('@'), times = text.find('x');
    if (times == std::string::npos) return std::nullopt;
    const auto workers = number(std::string_view(text).substr(0, times));
    const auto slots = number(std::string_view(text).substr(times + 1, at == std::string::npos ? at : at - times - 1));
    if (not workers or not slots) return std::nullopt;
    return worker_group{*workers, *slots, at == std::string::npos ? "" : text.substr(at + 1)};
}

expected<applied> add_group(std::vector<offer>& to, const std::string& text) {
    const auto asked = group_from(text);
    if (not asked) return bad("\"" + text + "\"", std::string(form) + ", is needed");
    const auto& [workers, slots, zone] = *asked;
    const limits most;
    if (const std::size_t longest = most.id - std::string("-machine-25000").size(); zone.size() > longest)
        return bad(text, "a zone of " + std::to_string(zone.size()) + " bytes; at most " + std::to_string(longest) +
                             " are possible");
    if (workers == 0) return bad(text, "at least one worker is needed");
    if (slots == 0) return bad(text, "at least one slot a worker is needed");
    if (slots > most.slots) return bad(text, "at most " + std::to_string(most.slots) + " slots a worker are possible");
    if (workers > most.workers or to.size() + workers > most.workers)
        return bad(text, "at most " + std::to_string(most.workers) + " workers are possible");
    // By zone, so that a machine has the same name whatever stands before its zone.
    const auto here = static_cast<std::uint64_t>(std::ranges::count(to, zone, &offer::zone));
    for (std::uint64_t i = 0; i < workers; ++i) {
        const std::size_t position = to.size();
        to.push_back({.id = {position + 1},
                      .machine = {(zone.empty() ? "machine-" : zone + "-machine-") + std::to_string((here + i) / 4)},
                      .zone = zone,
                      .slots = static_cast<std::uint32_t>(slots),
                      .data_address = "worker-" + std::to_string(position + 1) + ":6121"});
    }
    return applied{};
}

/// What is of the flag's own form is no file.
expected<std::vector<std::string>> groups_from(const std::string& text) {
    std::vector<std::string> groups = split(text, ',');
    if (group_from(groups.front())) return groups;
    if (std::error_code problem; not std::filesystem::exists(text, problem) and not problem)
        return bad(text, std::string("there is no such file, nor is it ") + form);
    const auto lines = read_file(text);
    if (not lines) return tl::unexpected(lines.error());
    groups.clear();
    for (const std::string& line : split(*lines, '\n'))
        if (std::string group = trimmed(line.substr(0, line.find('#'))); not group.empty())
            groups.push_back(std::move(group));
    return groups;
}

}  // namespace

expected<std::string> read_file(const std::string& path) {
    if (std::error_code problem; std::filesystem::is_directory(path, problem)) return bad(path, "is a directory");
    std::ifstream from(path, std::ios::binary);
    if (not from) return bad(path, "cannot be read");
    std::string text;
    for (std::array<char, 65'536> part; from and text.size() <= most_bytes;) {
        from.read(part.data(), part.size());
        text.append(part.data(), static_cast<std::size_t>(from.gcount()));
    }
    if (from.bad()) return bad(path, "cannot be read");
    if (text.empty()) return bad(path, "is empty");
    if (text.size() > most_bytes) return bad(path, "more than " + std::to_string(most_bytes) + " bytes");
    return text;
}

expected<program> program_from(const std::string& file, const std::string& graph) {
    if (not graph.empty()) {
        const std::size_t colon = graph.find(':');
        const auto size = colon == std::string::npos ? std::nullopt : number(std::string_view(graph).substr(colon + 1));
        if (not size) return bad("--graph " + graph, "NAME:SIZE is needed, as in chain:100000");
        auto made = graphs::make(graph.substr(0, colon), *size);
        if (not made) return made;
        if (const auto ok = check(*made); not ok) return tl::unexpected(ok.error());
        return made;
    }
    const auto text = read_file(file);
    if (not text) return tl::unexpected(text.error());
    auto made = protobuf::program_from_json(*text, {.message = most_bytes});
    if (not made) return bad(file, made.error().text);
    return made;
}

expected<std::vector<offer>> workers_from(const std::string& text) {
    const auto groups = groups_from(text);
    if (not groups) return tl::unexpected(groups.error());
    std::vector<offer> made;
    for (const std::string& group : *groups)
        if (const auto ok = add_group(made, group); not ok) return tl::unexpected(ok.error());
    if (made.empty()) return bad("--workers " + text, "there are no workers");
    return made;
}

expected<std::vector<std::uint64_t>> losses_from(const std::string& text) {
    std::vector<std::uint64_t> made;
    if (not text.starts_with("lose=")) return bad("--what-if " + text, "lose=ID[,ID...] is needed, as in lose=3,7");
    for (const std::string& one : split(text.substr(5), ',')) {
        const auto id = number(one);
        if (not id) return bad("--what-if " + text, "\"" + one + "\" is no worker");
        made.push_back(*id);
    }
    if (made.empty()) return bad("--what-if " + text, "which workers are lost?");
    return made;
}

expected<std::pair<std::uint32_t, std::uint32_t>> subtask_from(const std::string& text) {
    const std::size_t slash = text.find('/');
    const auto node =
        slash == std::string::npos ? std::nullopt : number<std::uint32_t>(std::string_view(text).substr(0, slash));
    const auto subtask =
        slash == std::string::npos ? std::nullopt : number<std::uint32_t>(std::string_view(text).substr(slash + 1));
    if (not node or not subtask) return bad("--explain " + text, "NODE/SUBTASK is needed, as in 1/5");
    return std::pair(*node, *subtask);
}

expected<plan> plan_from(const std::string& file) {
    const auto bytes = read_file(file);
    if (not bytes) return tl::unexpected(bytes.error());
    auto made = protobuf::decode_plan(*bytes, {.message = most_bytes});
    if (not made) return bad(file, made.error().text);
    for (placed_worker& each : made->workers) {
        if (each.id.value > std::numeric_limits<std::uint64_t>::max() - earlier)
            return bad(file, "worker " + std::to_string(each.id.value) + ": an id of less than 2^64 - 2^32 is needed");
        each.id.value += earlier;
    }
    return made;
}

std::uint64_t number_of(worker_id id) { return id.value < earlier ? id.value : id.value - earlier; }

}  // namespace headgate::example
