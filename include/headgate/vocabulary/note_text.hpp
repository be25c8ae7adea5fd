#pragma once
// SPDX-License-Identifier: BSL-1.0
// vocabulary: notes, and texts from the outside, as lines for people.

#include <headgate/vocabulary/limits.hpp>
#include <headgate/vocabulary/note.hpp>
#include <headgate/vocabulary/outcome.hpp>
#include <headgate/vocabulary/utf8.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace headgate::inline v1 {

/// A text from the outside made fit for one line of a log, a terminal or a database: what a terminal acts on instead of
/// showing it (control characters, line breaks, changes of direction) and what is not UTF-8 becomes \n, \x1b, \u202e;
/// all else stays. Always UTF-8 and at most `most` bytes: a longer text is cut and ends in "...", if that fits.
std::string one_line(std::string_view text, std::size_t most = limits{}.error_text);

/// "Scheduling -> Recovering: dial: 127.0.0.1:7071: refused", "dialling took 0.012 s, from 0.100 s to 0.112 s",
/// "attempt 2 of 3 failed, again in 0.150 s: ...", "attempt 3 of 3 failed, not tried again: ...". Not yet made fit:
/// pass it through `one_line`.
std::string text_of(const note& what);

// Implementation ------------------------------------------------------------------------------------------------------

namespace note_detail {

/// Whether a terminal or a viewer may act on it.
constexpr bool is_control(char32_t value) {
    return value < ' ' or (value >= 0x7f and value <= 0x9f) or value == 0x61c or value == 0x200e or value == 0x200f or
           (value >= 0x2028 and value <= 0x202e) or (value >= 0x2066 and value <= 0x2069) or value == 0xfeff;
}

/// "\x1b", "\u202e".
inline std::string escape(char32_t value) {
    if (value == '\n') return "\\n";
    if (value == '\r') return "\\r";
    if (value == '\t') return "\\t";
    std::string text = value <= 0xff ? "\\x" : "\\u";
    for (int shift = value <= 0xff ? 4 : 12; shift >= 0; shift -= 4) text += "0123456789abcdef"[value >> shift & 15u];
    return text;
}

/// "12.345 s".
inline std::string seconds(duration length) {
    const bool is_negative = length < duration::zero();
    const auto all = static_cast<std::uint64_t>(length.count());
    const std::uint64_t count = is_negative ? std::uint64_t{} - all : all;
    std::string thousandths = std::to_string(count % 1'000);
    thousandths.insert(0, 3 - thousandths.size(), '0');
    return (is_negative ? "-" : "") + std::to_string(count / 1'000) + "." + thousandths + " s";
}

}  // namespace note_detail

inline std::string one_line(std::string_view text, std::size_t most) {
    constexpr std::string_view cut = "...";
    const auto is_plain = [](char one) { return one >= ' ' and one <= '~'; };
    if (text.size() <= most and std::ranges::all_of(text, is_plain)) return std::string(text);
    std::string line;
    std::size_t fits = 0;  // of the line, if the mark of a cut follows
    while (not text.empty()) {
        const utf8_character next = first_character(text);
        const std::size_t bytes = next.bytes == 0 ? 1 : next.bytes;
        if (next.bytes == 0)
            line += note_detail::escape(static_cast<unsigned char>(text[0]));
        else if (note_detail::is_control(next.value))
            line += note_detail::escape(next.value);
        else
            line += text.substr(0, bytes);
        text.remove_prefix(bytes);
        if (line.size() > most) {
            line.resize(fits);
            return most < cut.size() ? line : line.append(cut);
        }
        if (line.size() + cut.size() <= most) fits = line.size();
    }
    return line;
}

inline std::string text_of(const note& what) {
    using note_detail::seconds;
    return std::visit(detail::overloaded{
                          [](const transition& t) {
                              std::string text = std::string(text_of(t.from)) + " -> " + std::string(text_of(t.to));
                              return t.why ? text + ": " + describe(*t.why) : text;
                          },
                          [](const phase_ended& p) {
                              return std::string(text_of(p.what)) + " took " + seconds(p.ended - p.began) + ", from " +
                                     seconds(p.began) + " to " + seconds(p.ended);
                          },
                          [](const retried& r) {
                              return "attempt " + std::to_string(r.attempt.value) +
                                     (r.budget > 0 ? " of " + std::to_string(r.budget) : std::string()) + " failed, " +
                                     (r.pause ? "again in " + seconds(*r.pause) : "not tried again") + ": " +
                                     describe(r.why);
                          },
                          [](const remark& r) { return (r.how == remark::severity::alarm ? "ALARM: " : "") + r.text; },
                      },
                      what);
}

}  // namespace headgate::inline v1
