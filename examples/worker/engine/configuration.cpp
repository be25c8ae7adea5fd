// SPDX-License-Identifier: BSL-1.0
#include "configuration.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <utility>

namespace dataflow {

namespace {

using headgate::error_kind;
using headgate::expected;
using headgate::failure;
using json = nlohmann::json;

/// One operator's JSON, and who it is for the texts of errors.
class reader {
public:
    reader(const headgate::node& of, const headgate::chained_operator& which)
        : name_("node " + std::to_string(of.id.value) + ", operator \"" + which.id.value + "\""),
          value_(json::parse(which.what, nullptr, false)) {}

    tl::unexpected<headgate::error> bad(const std::string& why) const {
        return failure(error_kind::invalid, name_ + ": " + why);
    }

    expected<operator_configuration> read() const {
        if (not value_.is_object()) return bad(R"(its configuration is no JSON object, as in {"type": "split_words"})");
        const auto type = text("type");
        if (not type) return tl::unexpected(type.error());
        if (*type == "read_files") return read_source();
        if (*type == "split_words") return only({"type"}, operator_configuration(split_words{}));
        if (*type == "count_by_key") return only({"type"}, operator_configuration(count_by_key{}));
        if (*type == "write_counts") {
            const auto directory = text("directory");
            if (not directory) return tl::unexpected(directory.error());
            return only({"type", "directory"}, operator_configuration(write_counts{*directory}));
        }
        return bad("unknown type \"" + *type + "\"; there are read_files, split_words, count_by_key and write_counts");
    }

private:
    expected<operator_configuration> read_source() const {
        const auto directory = text("directory");
        if (not directory) return tl::unexpected(directory.error());
        const auto repeat = number("repeat", 1, 1, most_repeats);
        if (not repeat) return tl::unexpected(repeat.error());
        const auto pace = number("lines_per_second", 0, 0, 1'000'000'000);
        if (not pace) return tl::unexpected(pace.error());
        return only({"type", "directory", "repeat", "lines_per_second"},
                    operator_configuration(read_files{*directory, *repeat, *pace}));
    }

    expected<operator_configuration> only(std::initializer_list<std::string_view> names,
                                          operator_configuration found) const {
        for (const auto& [name, value] : value_.items()) {
            bool is_known = false;
            for (const std::string_view each : names) is_known = is_known or each == name;
            if (not is_known) return bad("unknown value \"" + name + "\"");
        }
        return found;
    }

    expected<std::string> text(const char* name) const {
        const auto at = value_.find(name);
        if (at == value_.end()) return bad("\"" + std::string(name) + "\" is missing");
        const auto* found = at->get_ptr<const std::string*>();
        if (found == nullptr or found->empty() or found->find('\0') != std::string::npos)
            return bad("\"" + std::string(name) + "\": " + shown(*at) + " is no text");
        return *found;
    }

    expected<std::uint32_t> number(const char* name, std::uint32_t otherwise, std::uint32_t least,
                                   std::uint32_t most) const {
        const auto at = value_.find(name);
        if (at == value_.end()) return otherwise;
        const auto* found = at->get_ptr<const json::number_unsigned_t*>();
        if (found == nullptr or *found < least or *found > most)
            return bad("\"" + std::string(name) + "\": " + shown(*at) + " is no whole number from " +
                       std::to_string(least) + " to " + std::to_string(most));
        return static_cast<std::uint32_t>(*found);
    }

    static std::string shown(const json& value) {
        return value.dump(-1, ' ', true, json::error_handler_t::replace).substr(0, 64);
    }

    std::string name_;
    json value_;
};

/// What enters a node and what leaves it.
struct place {
    bool is_fed = false, is_shuffled = true, feeds = false;
};

place place_of(const headgate::program& in, const headgate::node& which) {
    place found;
    for (const headgate::edge& each : in.edges) {
        if (each.from == which.id) found.feeds = true;
        if (each.to != which.id) continue;
        found.is_fed = true;
        found.is_shuffled = found.is_shuffled and each.kind == headgate::edge_kind::shuffle;
    }
    return found;
}

std::optional<std::string> misplaced(const operator_configuration& what, const place& at, bool is_first, bool is_last) {
    if (is_first and not at.is_fed and not std::holds_alternative<read_files>(what))
        return "no edge leads here, so its node must begin with read_files";
    if (std::holds_alternative<read_files>(what) and (at.is_fed or not is_first))
        return "read_files reads no input, so it must be first, in a node that no edge leads to";
    if (std::holds_alternative<count_by_key>(what) and not(is_first and at.is_fed and at.is_shuffled))
        return "count_by_key must be first in its node and fed by shuffle edges only";
    if (std::holds_alternative<write_counts>(what) and (at.feeds or not is_last))
        return "write_counts hands nothing on, so it must be last, in a node that no edge leaves";
    if (is_last and not at.feeds and not std::holds_alternative<write_counts>(what))
        return "nothing takes what it hands on; end the node with write_counts or lead an edge from it";
    return std::nullopt;
}

}  // namespace

expected<std::vector<std::vector<operator_configuration>>> configure(const headgate::program& of) {
    std::vector<std::vector<operator_configuration>> all;
    for (const headgate::node& each : of.nodes) {
        const place at = place_of(of, each);
        std::vector<operator_configuration>& chain = all.emplace_back();
        for (std::size_t i = 0; i < each.operators.size(); ++i) {
            const reader json_of(each, each.operators[i]);
            auto found = json_of.read();
            if (not found) return tl::unexpected(found.error());
            if (const auto why = misplaced(*found, at, i == 0, i + 1 == each.operators.size()))
                return json_of.bad(*why);
            chain.push_back(*std::move(found));
        }
    }
    return all;
}

}  // namespace dataflow
