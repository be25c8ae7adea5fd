#pragma once
// SPDX-License-Identifier: BSL-1.0
// vocabulary: what a worker is handed when it is started, as text (G3).

#include <headgate/vocabulary/limits.hpp>
#include <headgate/vocabulary/message.hpp>
#include <headgate/vocabulary/outcome.hpp>
#include <headgate/vocabulary/worker.hpp>

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace headgate::inline v1 {

/// Of the text; a newer one is refused with what to do.
inline constexpr std::uint32_t identity_version = 1;

/// The variable that names the file with a worker's identity.
inline constexpr std::string_view identity_variable = "HEADGATE_IDENTITY";

/// Holds a secret: it goes into a file that only its user can read, and into no log.
struct identity {
    job_id job{};
    headgate::generation generation{};
    worker_identity worker{};
    std::string controller{};  ///< host:port to register at
    digest256 token{};

    friend bool operator==(const identity&, const identity&) = default;
};

/// Lines of `name=value`, at most 1 KiB within the limits. Bytes of a value that are no printable ASCII, and %, are
/// written as %XX, so a job's id may hold anything.
std::string print(const identity& what);

/// The inverse of `print`; lines in any order. Errors are `invalid`, name the line, and never show the token.
expected<identity> parse_identity(std::string_view text, const limits& most = {});

// Implementation ------------------------------------------------------------------------------------------------------

namespace identity_detail {

inline constexpr std::string_view hex_digits = "0123456789abcdef";
inline constexpr std::size_t longest_identity = 8'192;  // bytes of text

inline void append_hex(std::string& to, unsigned byte) {
    to += hex_digits[byte >> 4];
    to += hex_digits[byte & 15];
}

inline std::optional<std::byte> hex_byte(std::string_view two) {
    if (two.size() != 2) return std::nullopt;
    const std::size_t high = hex_digits.find(two[0]), low = hex_digits.find(two[1]);
    if (high == hex_digits.npos or low == hex_digits.npos) return std::nullopt;
    return static_cast<std::byte>(high << 4 | low);
}

inline std::string escaped(std::string_view text) {
    std::string line;
    for (const char c : text) {
        if (c > ' ' and c <= '~' and c != '%') {
            line += c;
        } else {
            line += '%';
            append_hex(line, static_cast<unsigned char>(c));
        }
    }
    return line;
}

inline std::optional<std::string> unescaped(std::string_view line) {
    std::string text;
    while (not line.empty()) {
        if (line.front() != '%') {
            text += line.front();
            line.remove_prefix(1);
            continue;
        }
        const std::optional byte = hex_byte(line.substr(1, 2));
        if (not byte) return std::nullopt;
        text += static_cast<char>(*byte);
        line.remove_prefix(3);
    }
    return text;
}

template <class Number>
std::optional<Number> whole_number(std::string_view text) {
    Number value{};
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc() or end != text.data() + text.size()) return std::nullopt;
    return value;
}

inline std::optional<digest256> digest(std::string_view hex) {
    digest256 code{};
    if (hex.size() != 2 * code.size()) return std::nullopt;
    for (std::size_t i = 0; i < code.size(); ++i) {
        const std::optional byte = hex_byte(hex.substr(2 * i, 2));
        if (not byte) return std::nullopt;
        code[i] = *byte;
    }
    return code;
}

inline tl::unexpected<error> bad_identity(std::string what) {
    return failure(error_kind::invalid, "worker identity: " + std::move(what));
}

enum class identity_line : std::uint8_t { version, job, generation, worker, slots, controller, token };
inline constexpr std::array<std::string_view, 7> identity_lines{"version", "job",        "generation", "worker",
                                                                "slots",   "controller", "token"};

/// Whether `value` is one, and where it goes.
inline bool read_line(identity_line name, std::string_view value, const limits& most, identity& into) {
    const auto put = [](auto& place, auto read) {
        if (read) place = *std::move(read);
        return read.has_value();
    };
    switch (name) {
        case identity_line::version: return whole_number<std::uint32_t>(value).has_value();
        case identity_line::job: return put(into.job.value, unescaped(value)) and into.job.value.size() <= most.id;
        case identity_line::generation: return put(into.generation.value, whole_number<std::uint32_t>(value));
        case identity_line::worker: return put(into.worker.id.value, whole_number<std::uint64_t>(value));
        case identity_line::slots:
            return put(into.worker.slots, whole_number<std::uint32_t>(value)) and into.worker.slots <= most.slots;
        case identity_line::controller:
            return put(into.controller, unescaped(value)) and into.controller.size() <= most.address;
        case identity_line::token: return put(into.token, digest(value));
    }
    return false;
}

}  // namespace identity_detail

inline std::string print(const identity& what) {
    std::string text = "version=" + std::to_string(identity_version);
    text.append("\njob=").append(identity_detail::escaped(what.job.value));
    text.append("\ngeneration=").append(std::to_string(what.generation.value));
    text.append("\nworker=").append(std::to_string(what.worker.id.value));
    text.append("\nslots=").append(std::to_string(what.worker.slots));
    text.append("\ncontroller=").append(identity_detail::escaped(what.controller)).append("\ntoken=");
    for (const std::byte byte : what.token) identity_detail::append_hex(text, std::to_integer<unsigned>(byte));
    return text += '\n';
}

inline expected<identity> parse_identity(std::string_view text, const limits& most) {
    if (text.size() > identity_detail::longest_identity) return identity_detail::bad_identity("longer than any");
    identity read;
    std::array<bool, identity_detail::identity_lines.size()> seen{};
    while (not text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(line.size() < text.size() ? line.size() + 1 : line.size());
        const std::size_t equals = line.find('=');
        const std::string_view name = line.substr(0, equals);
        std::size_t at = 0;
        while (at < seen.size() and identity_detail::identity_lines[at] != name) ++at;
        // A line that nobody knows is not shown: it may be a token that was damaged.
        if (at == seen.size() or equals == line.npos) return identity_detail::bad_identity("a line that is none of it");
        const std::string_view value = line.substr(equals + 1);
        if (std::exchange(seen[at], true)) return identity_detail::bad_identity("two lines " + std::string(name));
        const auto which = static_cast<identity_detail::identity_line>(at);
        if (not identity_detail::read_line(which, value, most, read))
            return identity_detail::bad_identity("the value of " + std::string(name) + " is none or above the limits");
        if (which == identity_detail::identity_line::version and
            identity_detail::whole_number<std::uint32_t>(value) != identity_version)
            return identity_detail::bad_identity("it has version " + std::string(value) +
                                                 " and this worker reads version " + std::to_string(identity_version) +
                                                 ": build controller and worker with the same headgate");
    }
    for (std::size_t at = 0; at < seen.size(); ++at)
        if (not seen[at])
            return identity_detail::bad_identity("no line " + std::string(identity_detail::identity_lines[at]));
    return read;
}

}  // namespace headgate::inline v1
