#pragma once
// SPDX-License-Identifier: BSL-1.0
// vocabulary: characters of UTF-8 (RFC 3629: no overlong forms, no surrogates).

#include <cstddef>
#include <string>
#include <string_view>

namespace headgate::inline v1 {

struct utf8_character {
    char32_t value{};
    std::size_t bytes{};  ///< 0: the text does not begin with a character of UTF-8
};

/// Of a text that is not empty.
constexpr utf8_character first_character(std::string_view text);

constexpr bool is_utf8(std::string_view text);

/// Each byte that is of no character becomes U+FFFD.
inline std::string as_utf8(std::string_view text);

// Implementation ------------------------------------------------------------------------------------------------------

constexpr utf8_character first_character(std::string_view text) {
    const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    if (byte(0) < 0x80) return {byte(0), 1};
    const std::size_t bytes = byte(0) >= 0xf0 ? 4 : byte(0) >= 0xe0 ? 3 : byte(0) >= 0xc0 ? 2 : 0;
    if (bytes == 0 or byte(0) > 0xf4 or text.size() < bytes) return {};
    char32_t value = byte(0) & (0x7fu >> bytes);
    for (std::size_t i = 1; i < bytes; ++i) {
        if ((byte(i) & 0xc0u) != 0x80) return {};
        value = value << 6 | (byte(i) & 0x3fu);
    }
    constexpr char32_t least[] = {0, 0, 0x80, 0x800, 0x1'0000};
    if (value < least[bytes] or value > 0x10'ffff or (value >= 0xd800 and value <= 0xdfff)) return {};
    return {value, bytes};
}

constexpr bool is_utf8(std::string_view text) {
    while (not text.empty()) {
        const std::size_t bytes = first_character(text).bytes;
        if (bytes == 0) return false;
        text.remove_prefix(bytes);
    }
    return true;
}

inline std::string as_utf8(std::string_view text) {
    std::string made;
    made.reserve(text.size());
    while (not text.empty()) {
        const std::size_t bytes = first_character(text).bytes;
        made.append(bytes == 0 ? std::string_view("\xef\xbf\xbd") : text.substr(0, bytes));
        text.remove_prefix(bytes == 0 ? 1 : bytes);
    }
    return made;
}

}  // namespace headgate::inline v1
