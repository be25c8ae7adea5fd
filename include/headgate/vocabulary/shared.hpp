#pragma once
// SPDX-License-Identifier: BSL-1.0
// vocabulary: a large value that never changes, shared by all that hold it and compared by what it says.

#include <concepts>
#include <cstddef>
#include <memory>
#include <utility>

namespace headgate::inline v1 {

/// A `std::shared_ptr<const T>`, equal to another of an equal value, wherever that lies; none equals none. What holds
/// one is a value then: two machines that were fed equal events are equal. O(1) where both hold the same, else T's.
template <class T>
class shared : public std::shared_ptr<const T> {
public:
    shared() = default;
    shared(std::nullptr_t) {}
    template <class Other>
        requires std::convertible_to<std::shared_ptr<Other>, std::shared_ptr<const T>> shared(
            std::shared_ptr<Other> from)
            : std::shared_ptr<const T>(std::move(from)) {}

        friend bool operator==(const shared& left, const shared& right) {
            return left.get() == right.get() or (left and right and *left == *right);
        }
    // Or this would be ambiguous with the standard library's.
    friend bool operator==(const shared& left, std::nullptr_t) { return left.get() == nullptr; }
};

}  // namespace headgate::inline v1
