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

/// What is one colour, from the bottom up.
struct layers {
    std::vector<std::string> names{};
    std::vector<std::size_t> of_node{};
};

/// The largest nodes by themselves and all others together, if those are less than half; else nodes that follow each
/// other in the program, about as many subtasks in each layer.
layers layers_of(const program& of) {
    const std::size_t count = of.nodes.size(), own = count <= own_colours + 1 ? count : own_colours;
    layers made{.names = {}, .of_node = std::vector<std::size_t>(count, own_colours)};
    std::vector<std::size_t> order(count);
    for (std::size_t i = 0; i < count; ++i) order[i] = i;
    std::ranges::sort(order, {}, [&](std::size_t i) { return std::pair(~of.nodes[i].parallelism, i); });
    std::uint64_t all = 0, of_own = 0;
    for (const node& each : of.nodes) all += each.parallelism;
    for (std::size_t rank = 0; rank < own; ++rank) {
        const node& each = of.nodes[order[rank]];
        of_own += each.parallelism;
        made.of_node[order[rank]] = rank;
        made.names.push_back(fmt::format("node {} ({})", each.id.value, each.parallelism));
    }
    if (own == count) return made;
    made.names.push_back(fmt::format("{} other nodes", count - own));
    if (2 * of_own >= all) return made;
    made.names.clear();
    std::uint64_t before = 0;
    for (std::size_t first = 0, last = 0; first < count; first = last) {
        const std::uint64_t end = all * (made.names.size() + 1) / (own_colours + 1);
        for (; last < count and (before < end or last == first); ++last) {
            made.of_node[last] = made.names.size();
            before += of.nodes[last].parallelism;
        }
        made.names.push_back(last == first + 1
                                 ? fmt::format("node {}", of.nodes[first].id.value)
                                 : fmt::format("{} to {}", of.nodes[first].id.value, of.nodes[last - 1].id.value));
    }
    return made;
}

/// The outline of a layer with all that is below it, which is drawn after it. Steps of less than half a pixel are one.
std::string layer_path(const std::vector<double>& high, double base, double scale) {
    const double step = width / static_cast<double>(high.size());
    // Bars that are wide enough stand apart.
    const double space = step > 4 ? std::min(2.0, step / 6) : 0;
    std::string path;
    const auto same = [&](double a, double b) { return (a > 0) == (b > 0) and std::abs(a - b) * scale < 0.5; };
    const auto x = [&](std::size_t bar) { return left + static_cast<double>(bar) * step; };
    for (std::size_t first = 0; first < high.size();) {
        std::size_t last = first + 1;
        while (space == 0 and last < high.size() and same(high[last], high[first])) ++last;
        if (high[first] > 0)
            path += fmt::format("M{:.1f} {:.1f}H{:.1f}V{:.1f}H{:.1f}z", x(first), base, x(last) - space,
                                base - high[first] * scale, x(first));
        first = last;
    }
    return path;
}

}  // namespace

std::string picture_of(const std::vector<trial>& trials, const program& of, std::span<const offer> offers) {
    const layers shown = layers_of(of);
    double most = 1, bound_of_all = 1;
    std::size_t panels = 0;
    for (const trial& one : trials) {
        if (not one.report) continue;
        ++panels;
        most = std::max(most, one.report->by_worker.largest);
        bound_of_all = std::max(bound_of_all, static_cast<double>(one.report->bounds.largest));
    }
    most = std::min(most, 3 * bound_of_all);
    std::vector<std::pair<double, double>> places;  // of names in the legend, which goes on in the next line if it must
    double legend = left, lines = 0;
    for (const std::string& name : shown.names) {
        const double wide = 30 + 6.6 * static_cast<double>(name.size());
        if (legend > left and legend + wide > left + width) legend = left, ++lines;
        places.emplace_back(legend, 32 + 17 * lines);
        legend += wide;
    }
    const double first_panel = top + 17 * lines;
    const double height = first_panel + static_cast<double>(panels) * (panel + gap) + 10;
    std::string svg = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" width=\"{0:.0f}\" "
        "height=\"{1:.0f}\" "
        "font-family=\"system-ui, sans-serif\" font-size=\"12\"><rect width=\"100%\" height=\"100%\" "
        "fill=\"white\"/>\n",
        left + width + right, height);
    svg += fmt::format(
        "<text x=\"{}\" y=\"20\" font-weight=\"bold\">Subtasks by worker, ascending by id, and node; all panels "
        "have one scale</text>\n",
        left);
    for (std::size_t at = 0; at < shown.names.size(); ++at) {
        svg += fmt::format(
            "<rect x=\"{0:.0f}\" y=\"{1:.0f}\" width=\"11\" height=\"11\" fill=\"{2}\"/><text x=\"{3:.0f}\" "
            "y=\"{4:.0f}\">{5}</text>\n",
            places[at].first, places[at].second, colours[at], places[at].first + 15, places[at].second + 10,
            shown.names[at]);
    }
    double y = first_panel;
    for (const trial& one : trials) {
        if (not one.report) continue;
        const bars drawn = bars_of(*one.made, offers, shown.of_node);
        const double base = y + panel + 18, scale = panel / most;
        const assignment_report& r = *one.report;
        svg += fmt::format(
            "<text x=\"{}\" y=\"{:.0f}\"><tspan font-weight=\"bold\">{}</tspan>  largest {:.0f} ({:.2f} of the bound), "
            "per "
            "slot {:.2f} of the bound; {} of {} workers used</text>\n",
            left, y + 10, escaped(one.policy), r.by_worker.largest, r.gap(), r.gap_per_slot(), r.workers_used,
            r.workers);
        std::vector<std::vector<double>> highs;
        std::vector<double> high(drawn.fullest.size());
        for (const auto& layer : drawn.layers) {
            for (std::size_t bar = 0; bar < high.size(); ++bar) high[bar] = std::min(most, high[bar] + layer[bar]);
            highs.push_back(high);
        }
        for (std::size_t at = shown.names.size(); at-- > 0;)
            if (const std::string path = layer_path(highs[at], base, scale); not path.empty())
                svg += fmt::format("<path fill=\"{}\" d=\"{}\"/>\n", colours[at], path);
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
