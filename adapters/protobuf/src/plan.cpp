// SPDX-License-Identifier: BSL-1.0
#include "convert.hpp"

#include <algorithm>
#include <span>
#include <vector>

namespace headgate::inline v1::protobuf {

namespace {

void write_strings(const packed_strings& from, wire::v1::PackedStrings& to) {
    to.set_characters(std::string(from.characters()));
    to.mutable_lengths()->Reserve(static_cast<int>(from.size()));
    for (std::size_t i = 0; i < from.size(); ++i) to.add_lengths(static_cast<std::uint32_t>(from[i].size()));
}

expected<packed_strings> read_strings(std::string_view what, const wire::v1::PackedStrings& from, std::size_t count,
                                      std::size_t most) {
    const auto wrong = [&](const std::string& how) { return invalid("plan: " + std::string(what) + " " + how); };
    if (static_cast<std::size_t>(from.lengths_size()) != count)
        return wrong("are " + std::to_string(from.lengths_size()) + " for " + std::to_string(count) + " workers");
    packed_strings to;
    to.reserve(count, from.characters().size());
    std::string_view left = from.characters();
    for (const std::uint32_t length : from.lengths()) {
        if (length > most)
            return wrong("of " + std::to_string(length) + " bytes, the limit is " + std::to_string(most));
        if (length > left.size()) return wrong("end before they should");
        if (not to.push_back(left.substr(0, length))) return wrong("are too many");
        left.remove_prefix(length);
    }
    if (not left.empty()) return wrong("go on after the last");
    return to;
}

template <class Numbers>
std::vector<std::uint32_t> numbers(const Numbers& from) {
    return {from.begin(), from.end()};
}

expected<layout> read_layout(const wire::v1::Layout& from) {
    layout to{.spaced = {}, .boundaries = numbers(from.boundaries()), .owners = numbers(from.owners())};
    switch (from.spaced()) {
        case wire::v1::Layout::DENSE: to.spaced = spacing::dense; return to;
        case wire::v1::Layout::EVEN: to.spaced = spacing::even; return to;
        case wire::v1::Layout::LEVEL: to.spaced = spacing::level; return to;
        case wire::v1::Layout_Spacing_Layout_Spacing_INT_MIN_SENTINEL_DO_NOT_USE_:
        case wire::v1::Layout_Spacing_Layout_Spacing_INT_MAX_SENTINEL_DO_NOT_USE_: break;
    }
    return invalid("plan: a layout has the spacing " + std::to_string(from.spaced()) + ", which does not exist");
}

expected<applied> check_counts(const wire::v1::Plan& from, const limits& most) {
    if (const auto ok = at_most("plan: workers", static_cast<std::size_t>(from.worker_ids_size()), most.workers);
        not ok)
        return ok;
    if (const auto ok = at_most("plan: nodes", static_cast<std::size_t>(from.node_ids_size()), most.nodes); not ok)
        return ok;
    if (from.worker_slots_size() != from.worker_ids_size())
        return invalid("plan: " + std::to_string(from.worker_ids_size()) + " workers, but slots of " +
                       std::to_string(from.worker_slots_size()));
    if (from.node_parallelism_size() != from.node_ids_size() or from.node_layouts_size() != from.node_ids_size() or
        from.node_offsets_size() != from.node_ids_size() or
        (from.node_grains_size() != 0 and from.node_grains_size() != from.node_ids_size()))
        return invalid("plan: its lists of nodes differ in length");
    return applied{};
}

}  // namespace

void write(const plan& from, wire::v1::Plan& to) {
    to.set_format(1);
    for (const placed_worker& each : from.workers) {
        to.add_worker_ids(each.id.value);
        to.add_worker_slots(each.slots);
    }
    write_strings(from.machines, *to.mutable_machines());
    write_strings(from.data_addresses, *to.mutable_data_addresses());
    for (const layout& each : from.layouts) {
        wire::v1::Layout& made = *to.add_layouts();
        switch (each.spaced) {
            case spacing::dense: made.set_spaced(wire::v1::Layout::DENSE); break;
            case spacing::even: made.set_spaced(wire::v1::Layout::EVEN); break;
            case spacing::level: made.set_spaced(wire::v1::Layout::LEVEL); break;
        }
        made.mutable_boundaries()->Add(each.boundaries.begin(), each.boundaries.end());
        made.mutable_owners()->Add(each.owners.begin(), each.owners.end());
    }
    for (const placed_node& each : from.nodes) {
        to.add_node_ids(each.id.value);
        to.add_node_parallelism(each.parallelism);
        to.add_node_layouts(each.layout);
        to.add_node_offsets(each.offset);
    }
    if (std::ranges::any_of(from.nodes, [](const placed_node& each) { return each.grain != 1; }))
        for (const placed_node& each : from.nodes) to.add_node_grains(each.grain);
}

expected<plan> read(const wire::v1::Plan& from, const limits& most) {
    if (const auto ok = check_format("plan", from.format()); not ok) return failed(ok);
    if (const auto ok = check_counts(from, most); not ok) return failed(ok);
    plan to;
    const auto workers = static_cast<std::size_t>(from.worker_ids_size());
    to.workers.reserve(workers);
    for (int i = 0; i < from.worker_ids_size(); ++i)
        to.workers.push_back({.id = {from.worker_ids(i)}, .slots = from.worker_slots(i)});
    auto machines = read_strings("machines", from.machines(), workers, most.id);
    if (not machines) return failed(machines);
    to.machines = *std::move(machines);
    auto addresses = read_strings("data addresses", from.data_addresses(), workers, most.address);
    if (not addresses) return failed(addresses);
    to.data_addresses = *std::move(addresses);
    to.layouts.reserve(static_cast<std::size_t>(from.layouts_size()));
    for (const wire::v1::Layout& each : from.layouts()) {
        auto made = read_layout(each);
        if (not made) return failed(made);
        to.layouts.push_back(*std::move(made));
    }
    to.nodes.reserve(static_cast<std::size_t>(from.node_ids_size()));
    for (int i = 0; i < from.node_ids_size(); ++i)
        to.nodes.push_back({.id = {from.node_ids(i)},
                            .parallelism = from.node_parallelism(i),
                            .layout = from.node_layouts(i),
                            .offset = from.node_offsets(i),
                            .grain = from.node_grains_size() == 0 ? 1 : from.node_grains(i)});
    return to;
}

}  // namespace headgate::inline v1::protobuf
