#pragma once
// SPDX-License-Identifier: BSL-1.0
// assignment: positions of nodes by id, without a table where ids count up, as they mostly do.

#include <headgate/vocabulary/program.hpp>

#include <cstdint>
#include <optional>
#include <unordered_map>

// Implementation ------------------------------------------------------------------------------------------------------

namespace headgate::inline v1::detail {

/// Of the nodes of a program or a plan; of two with one id the first.
class nodes_by_id {
public:
    template <class Nodes>
    explicit nodes_by_id(const Nodes& nodes) : first_(nodes.empty() ? 0 : nodes.front().id.value) {
        while (count_ < nodes.size() and nodes[count_].id.value == first_ + count_) ++count_;
        for (std::uint32_t i = count_; i < nodes.size(); ++i) others_.emplace(nodes[i].id.value, i);
    }

    std::optional<std::uint32_t> find(node_id id) const {
        const std::uint32_t guess = id.value - first_;
        if (guess < count_) return guess;
        if (others_.empty()) return std::nullopt;
        const auto at = others_.find(id.value);
        return at == others_.end() ? std::nullopt : std::optional(at->second);
    }

private:
    std::uint32_t first_;
    std::uint32_t count_ = 0;                                    ///< of the nodes whose ids count up from the first on
    std::unordered_map<std::uint32_t, std::uint32_t> others_{};  // looked up only, never walked
};

}  // namespace headgate::inline v1::detail
