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
    /// Bytes that every plan moves whose largest load per slot is at most `sticky`'s, of which this is one.
    std::optional<double> least_moved{};
    std::vector<trouble> troubles{};  ///< that it was told of

    /// How far what it moves is above that: 1 is the best there is.
    std::optional<double> gap_of_moves() const;
};

/// The same plan with those `offers` too that it leaves out, so that the how-manyth each is on its machine can be told.
/// Precondition: ids of `offers` ascend, and all of the plan's are among them.
expected<plan> with_all(plan made, std::span<const offer> offers);

/// Of all policies, or of the one of that name; plans have all workers. After a loss each is asked again, with its own
/// plan as the past; without one they have a past in common, and so what is proven of what must move.
std::vector<trial> try_policies(std::string_view name, const program& of, std::span<const offer> offers,
                                const past& before, std::span<const offer> after_loss);

}  // namespace headgate::example
