#pragma once
// headgate-plan: loads of workers as stacked bars by node, one panel a policy, as SVG.

#include "trial.hpp"

#include <span>
#include <string>
#include <vector>

namespace headgate::example {

/// A bar for each of `offers`, idle ones too, ascending by id. At most 1,000 bars a panel: beyond that a bar is the
/// mean of neighbours, and a line shows the fullest of them. The largest seven nodes have colours of their own, the
/// others share one. All panels have one scale, which ends at three times the bound: what is higher is cut, and says
/// so.
std::string picture_of(const std::vector<trial>& trials, const program& of, std::span<const offer> offers);

}  // namespace headgate::example
