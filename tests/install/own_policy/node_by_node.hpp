#pragma once
#include <headgate/assignment/slot_filling.hpp>

namespace own {

/// Slot filling that begins each node one slot later.
struct node_by_node {
    headgate::expected<headgate::plan> operator()(const headgate::program& of, std::span<const headgate::offer> offers,
                                                  const headgate::past& before = {}) const {
        auto made = headgate::slot_filling{}(of, offers, before);
        for (std::size_t i = 0; made and i < made->nodes.size(); ++i)
            made->nodes[i].offset = static_cast<std::uint32_t>(i) % made->layouts[0].boundaries.back();
        return made;
    }
};

}  // namespace own
