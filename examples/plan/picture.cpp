#include "picture.hpp"

#include <headgate/assignment/loads.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace headgate::example {

namespace {

constexpr double left = 96, right = 24, width = 1'000, panel = 170, top = 64, gap = 46;
constexpr std::size_t most_bars = 1'000, own_colours = 7;
constexpr std::array<const char*, own_colours + 1> colours{"#4269d0", "#efb118", "#ff725c", "#6cc5b0",
                                                           "#a463f2", "#9c6b4e", "#97bbf5", "#b8bcc4"};

/// By layer, by bar, subtasks; and of each bar the fullest worker.
struct bars {
    std::vector<std::vector<double>> layers{};
    std::vector<double> fullest{};
};

std::string escaped(const std::string& text) {
    std::string made;
    for (const char c : text) switch (c) {
            case '<': made += "&lt;"; break;
            case '>': made += "&gt;"; break;
            case '&': made += "&amp;"; break;
            default: made += c;
        }
    return made;
}

/// By worker of the plan, its place among all that are offered.
std::vector<std::size_t> places_among(std::span<const offer> offers, const plan& in) {
    std::vector<worker_id> ids;
    for (const offer& each : offers) ids.push_back(each.id);
    std::ranges::sort(ids);
    std::vector<std::size_t> places;
    for (const placed_worker& each : in.workers)
        places.push_back(static_cast<std::size_t>(std::ranges::lower_bound(ids, each.id) - ids.begin()));
    return places;
}

bars bars_of(const plan& in, std::span<const offer> offers, const std::vector<std::size_t>& layer_of_node) {
    const std::vector<std::size_t> places = places_among(offers, in);
    const std::size_t workers = std::max<std::size_t>(1, offers.size());
    const std::size_t per_bar = (workers + most_bars - 1) / most_bars, count = (workers + per_bar - 1) / per_bar;
    bars made{.layers = std::vector(own_colours + 1, std::vector<double>(count)),
              .fullest = std::vector<double>(count)};
    std::vector<range_on_worker> ranges;
    for (std::size_t node = 0; node < in.nodes.size(); ++node, ranges.clear()) {
        append_ranges(in, node, ranges);
        for (const range_on_worker& each : ranges)
            made.layers[layer_of_node[node]][places[each.worker] / per_bar] += each.range.size();
    }
    for (std::size_t bar = 0; bar < count; ++bar) {
        const auto in_bar = static_cast<double>(std::min(per_bar, workers - bar * per_bar));
        for (auto& layer : made.layers) layer[bar] /= in_bar;
    }
    const std::vector<std::uint64_t> loads = loads_of(in);
    for (std::size_t w = 0; w < loads.size(); ++w)
        made.fullest[places[w] / per_bar] = std::max(made.fullest[places[w] / per_bar], static_cast<double>(loads[w]));
    return made;
}

/// The outline of a layer on those below it; steps of the same height are one.
std::string layer_path(const std::vector<double>& low, const std::vector<double>& high, double base, double scale) {
    const double step = width / static_cast<double>(low.size());
    // Bars that are wide enough stand apart.
    const double space = step > 4 ? std::min(2.0, step / 6) : 0;
    std::string path;
    const auto x = [&](std::size_t bar) { return left + static_cast<double>(bar) * step; };
    for (std::size_t first = 0; first < low.size();) {
        std::size_t last = first + 1;
        while (space == 0 and last < low.size() and low[last] == low[first] and high[last] == high[first]) ++last;
        if (high[first] > low[first])
            path += fmt::format("M{:.1f} {:.1f}H{:.1f}V{:.1f}H{:.1f}z", x(first), base - low[first] * scale,
                                x(last) - space, base - high[first] * scale, x(first));
        first = last;
    }
    return path;
}

}  // namespace

std::string picture_of(const std::vector<trial>& trials, const program& of, std::span<const offer> offers) {
    std::vector<std::size_t> order(of.nodes.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::ranges::sort(order, {}, [&](std::size_t i) { return std::pair(~of.nodes[i].parallelism, i); });
    const std::size_t own = of.nodes.size() <= own_colours + 1 ? of.nodes.size() : own_colours;
    std::vector<std::size_t> layer(of.nodes.size(), own_colours);
    for (std::size_t rank = 0; rank < own; ++rank) layer[order[rank]] = rank;

    double most = 1, bound_of_all = 1;
    std::size_t panels = 0;
    for (const trial& one : trials) {
        if (not one.report) continue;
        ++panels;
        most = std::max(most, one.report->by_worker.largest);
        bound_of_all = std::max(bound_of_all, static_cast<double>(one.report->bounds.largest));
    }
    most = std::min(most, 3 * bound_of_all);
    const double height = top + static_cast<double>(panels) * (panel + gap) + 10;
    std::string svg = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" width=\"{0:.0f}\" "
        "height=\"{1:.0f}\" "
        "font-family=\"system-ui, sans-serif\" font-size=\"12\"><rect width=\"100%\" height=\"100%\" "
        "fill=\"white\"/>\n",
        left + width + right, height);
    double legend = left;
    svg += fmt::format(
        "<text x=\"{}\" y=\"20\" font-weight=\"bold\">Subtasks by worker, ascending by id; all panels have one "
        "scale</text>\n",
        left);
    for (std::size_t rank = 0; rank <= std::min(own, own_colours); ++rank) {
        const bool is_rest = rank == own;
        if (is_rest and own == of.nodes.size()) break;
        const std::string name =
            is_rest ? fmt::format("{} other nodes", of.nodes.size() - own)
                    : fmt::format("node {} ({})", of.nodes[order[rank]].id.value, of.nodes[order[rank]].parallelism);
        svg += fmt::format(
            "<rect x=\"{:.0f}\" y=\"32\" width=\"11\" height=\"11\" fill=\"{}\"/><text x=\"{:.0f}\" "
            "y=\"42\">{}</text>\n",
            legend, colours[is_rest ? own_colours : rank], legend + 15, name);
        legend += 30 + 6.2 * static_cast<double>(name.size());
    }
    double y = top;
    for (const trial& one : trials) {
        if (not one.report) continue;
        const bars drawn = bars_of(*one.made, offers, layer);
        const double base = y + panel + 18, scale = panel / most;
        const assignment_report& r = *one.report;
        svg += fmt::format(
            "<text x=\"{}\" y=\"{:.0f}\"><tspan font-weight=\"bold\">{}</tspan>  largest {:.0f} ({:.2f} of the bound), "
            "per "
            "slot {:.2f} of the bound; {} of {} workers used</text>\n",
            left, y + 10, escaped(one.policy), r.by_worker.largest, r.gap(), r.gap_per_slot(), r.workers_used,
            r.workers);
        std::vector<double> low(drawn.fullest.size()), high = low;
        for (std::size_t at = 0; at < drawn.layers.size(); ++at) {
            for (std::size_t bar = 0; bar < low.size(); ++bar)
                high[bar] = std::min(most, low[bar] + drawn.layers[at][bar]);
            if (const std::string path = layer_path(low, high, base, scale); not path.empty())
                svg += fmt::format("<path fill=\"{}\" d=\"{}\"/>\n", colours[at], path);
            low = high;
        }
        if (offers.size() > drawn.fullest.size()) {
            std::string line = "M";
            const double step = width / static_cast<double>(drawn.fullest.size());
            for (std::size_t bar = 0; bar < drawn.fullest.size(); ++bar)
                line += fmt::format("{:.1f} {:.1f} ", left + step * (static_cast<double>(bar) + 0.5),
                                    base - std::min(most, drawn.fullest[bar]) * scale);
            svg += fmt::format("<path fill=\"none\" stroke=\"#222\" stroke-width=\"0.7\" d=\"{}\"/>\n", line);
        }
        if (r.by_worker.largest > most)
            svg += fmt::format(
                "<path stroke=\"white\" stroke-width=\"3\" stroke-dasharray=\"9 5\" d=\"M{} {:.1f}H{}\"/>"
                "<text x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">cut at {:.0f}</text>\n",
                left, base - panel + 6, left + width, left - 5, base - panel + 10, most);
        const double bound = base - static_cast<double>(r.bounds.largest) * scale;
        svg += fmt::format(
            "<path stroke=\"#444\" d=\"M{0} {1:.1f}H{2}\"/><path stroke=\"#c00\" stroke-dasharray=\"5 3\" "
            "d=\"M{0} {3:.1f}H{2}\"/><text x=\"{4}\" y=\"{5:.1f}\" text-anchor=\"end\" fill=\"#c00\">bound {6}</text>"
            "<text x=\"{4}\" y=\"{1:.1f}\" text-anchor=\"end\">0</text>\n",
            left, base, left + width, bound, left - 5, bound + 4, r.bounds.largest);
        y += panel + gap;
    }
    return svg + "</svg>\n";
}

}  // namespace headgate::example
