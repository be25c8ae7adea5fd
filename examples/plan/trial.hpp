#pragma once
// headgate-plan: every policy asked about one job, and what the report says of the answers.

#include <headgate/assignment/report.hpp>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace headgate::example {

struct trial {
    std::string policy{};
    std::string way{};  ///< how `sticky` did it; empty for others
    expected<plan> made;
    std::optional<plan> before{};  ///< what it was asked to look back at
    std::optional<assignment_report> report{};
    double microseconds{};  ///< of the assignment
    std::optional<double> least_moved{};
};

/// The same plan with those `offers` too that it leaves out, so that the how-manyth each is on its machine can be told.
/// Precondition: ids of `offers` ascend, and all of the plan's are among them.
expected<plan> with_all(plan made, std::span<const offer> offers);

/// Of all policies, or of the one of that name; plans have all workers. After a loss each is asked again, with its own
/// plan as the past.
std::vector<trial> try_policies(std::string_view name, const program& of, std::span<const offer> offers,
                                const past& before, std::span<const offer> after_loss);

}  // namespace headgate::example
