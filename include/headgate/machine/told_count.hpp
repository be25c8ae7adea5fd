#pragma once
// SPDX-License-Identifier: BSL-1.0
// machine: what is counted and told of without a line for each (G1).

#include <headgate/vocabulary/strong.hpp>

#include <cstdint>
#include <optional>
#include <utility>

namespace headgate::inline v1 {

/// How much of a count was told. The first of a generation is told at once, the rest when something is told anyway.
class told_count {
public:
    /// How many are to be told now; 0: none.
    constexpr std::uint64_t due(std::uint64_t count, generation of, bool is_told_anyway) {
        if (count == told_ or (of_ == of and not is_told_anyway)) return 0;
        of_ = of;
        return count - std::exchange(told_, count);
    }

    friend constexpr bool operator==(const told_count&, const told_count&) = default;

private:
    std::uint64_t told_ = 0;
    std::optional<generation> of_{};
};

}  // namespace headgate::inline v1
