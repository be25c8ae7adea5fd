#pragma once
// SPDX-License-Identifier: BSL-1.0
// vocabulary: many short strings in one block of memory.

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace headgate::inline v1 {

/// A list of strings that is copied and compared as two blocks, at 4 bytes a string over their characters.
/// 4 GiB of characters and 2^32 - 1 strings at most.
class packed_strings {
public:
    std::size_t size() const { return ends_.size(); }
    bool empty() const { return ends_.empty(); }
    /// All strings one after the other.
    std::string_view characters() const { return characters_; }

    /// Valid until the list changes. Precondition: `position < size()`.
    std::string_view operator[](std::size_t position) const;

    void reserve(std::size_t strings, std::size_t characters);
    /// False, and nothing is added, if the list is full.
    [[nodiscard]] bool push_back(std::string_view text);
    void clear();

    friend bool operator==(const packed_strings&, const packed_strings&) = default;

private:
    std::string characters_;
    std::vector<std::uint32_t> ends_;
};

// Implementation ------------------------------------------------------------------------------------------------------

inline std::string_view packed_strings::operator[](std::size_t position) const {
    assert(position < ends_.size());
    const std::size_t first = position == 0 ? 0 : ends_[position - 1];
    return std::string_view(characters_).substr(first, ends_[position] - first);
}

inline void packed_strings::reserve(std::size_t strings, std::size_t characters) {
    ends_.reserve(strings);
    characters_.reserve(characters);
}

inline bool packed_strings::push_back(std::string_view text) {
    constexpr std::size_t most = std::numeric_limits<std::uint32_t>::max();
    if (text.size() > most - characters_.size() or ends_.size() == most) return false;
    characters_.append(text);
    ends_.push_back(static_cast<std::uint32_t>(characters_.size()));
    return true;
}

inline void packed_strings::clear() {
    characters_.clear();
    ends_.clear();
}

}  // namespace headgate::inline v1
