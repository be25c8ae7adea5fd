#include "trial.hpp"

#include "../common/chosen_assignment.hpp"

#include <headgate/assignment/least_moved_bytes.hpp>
#include <headgate/assignment/line_up.hpp>

#include <algorithm>
#include <chrono>
#include <numeric>
#include <utility>
#include <variant>

namespace headgate::example {

namespace {

std::string text_of(sticky_way way) {
    switch (way) {
        case sticky_way::fresh: return "fresh";
        case sticky_way::exact: return "exact";
        case sticky_way::approximate: return "approximate";
    }
    return {};
}

template <class Policy>
trial ask(std::string name, const Policy& policy, const program& of, std::span<const offer> offers,
          const past& before) {
    trial made{.policy = std::move(name), .made = failure(error_kind::internal, "not asked")};
    if (before.previous) made.before = *before.previous;
    made.troubles.assign(before.troubles.begin(), before.troubles.end());
    const auto begun = std::chrono::steady_clock::now();
    if constexpr (requires { policy.decide(of, offers, before); }) {
        auto answer = policy.decide(of, offers, before);
        if (answer) {
            made.way = text_of(answer->way);
            made.least_moved = answer->least_bytes;
            made.made = std::move(answer->made);
        } else {
            made.made = tl::unexpected(std::move(answer.error()));
        }
    } else {
        made.made = policy(of, offers, before);
    }
    made.microseconds = std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begun).count();
    if (made.made) made.made = with_all(*std::move(made.made), offers);
    if (not made.made) return made;
    auto report = judge(*made.made, of, offers, before);
    if (report)
        made.report = *std::move(report);
    else
        made.made = tl::unexpected(report.error());
    return made;
}

}  // namespace

std::optional<double> trial::gap_of_moves() const {
    if (not least_moved or not report or (*least_moved == 0 and report->moves.bytes > 0)) return {};
    return *least_moved == 0 ? 1 : report->moves.bytes / *least_moved;
}

expected<plan> with_all(plan made, std::span<const offer> offers) {
    if (made.workers.size() == offers.size()) return made;
    std::vector<std::uint32_t> order(offers.size());
    std::iota(order.begin(), order.end(), std::uint32_t{0});
    auto all = plan_on(offers, order);
    if (not all) return all;
    all->layouts = std::move(made.layouts);
    all->nodes = std::move(made.nodes);
    for (layout& line : all->layouts) {
        if (line.owners.empty()) {
            line.owners.resize(line.boundaries.size() - 1);
            std::iota(line.owners.begin(), line.owners.end(), std::uint32_t{0});
        }
        for (std::uint32_t& owner : line.owners) owner = *position_of(*all, made.workers[owner].id);
    }
    return all;
}

std::vector<trial> try_policies(std::string_view name, const program& of, std::span<const offer> offers,
                                const past& before, std::span<const offer> after_loss) {
    std::vector<trial> made;
    // What is lost is trouble of its machine.
    std::vector<trouble> troubles(before.troubles.begin(), before.troubles.end());
    for (const offer& each : offers)
        if (not after_loss.empty() and std::ranges::find(after_loss, each.id, &offer::id) == after_loss.end())
            troubles.push_back({.machine = each.machine, .ago = {}});
    const auto try_one = [&](std::string_view each, const auto& policy) {
        trial first = ask(std::string(each), policy, of, offers, before);
        if (after_loss.empty() or not first.made) {
            made.push_back(std::move(first));
            return;
        }
        made.push_back(ask(std::string(each), policy, of, after_loss,
                           {.previous = &*first.made, .sizes = before.sizes, .troubles = troubles}));
    };
    for (const named_assignment& each : assignments)
        if (name == "all" or name == each.name)
            std::visit([&](const auto& policy) { try_one(each.name, policy); }, each.policy.by);
    if (after_loss.empty())
        if (const auto least = least_moved_bytes(of, offers, before))
            for (trial& each : made)
                if (each.report and not each.least_moved and keeps_balance_of(*each.made, of))
                    each.least_moved = *least;
    return made;
}

}  // namespace headgate::example
