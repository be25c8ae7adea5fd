#pragma once
// SPDX-License-Identifier: BSL-1.0
// concepts: whether a model is given as what points to it, as an `open` that answers an expected invites to.

namespace headgate::inline v1::detail {

template <class Model>
concept pointer_like = requires(Model& m) {
    *m;
    m ? 0 : 0;
};
template <class... Models>
inline constexpr bool points = (pointer_like<Models> or ...);

}  // namespace headgate::inline v1::detail
