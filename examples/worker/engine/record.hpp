#pragma once
// SPDX-License-Identifier: BSL-1.0
// engine: what flows between operators, as values and as bytes, and who owns which key.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace dataflow {

/// A line, a word, or a word with its count: a text and how often it stands for itself.
struct record {
    std::string_view text{};  ///< any bytes; valid only as long as the call that hands the record over
    std::uint64_t number = 1;

    friend bool operator==(const record&, const record&) = default;
};

/// Texts are no longer, so that a batch of one record is still a message that every transport takes. Bytes.
inline constexpr std::size_t longest_text = std::size_t{1} << 20;

/// Appends length, text and number. Amortised O(text), allocates only when `to` grows.
void append(std::string& to, const record& what);

/// Numbers below 128 take one byte, all others at most ten.
void append_number(std::string& to, std::uint64_t value);

/// Reads what `append` wrote, front to back; never reads beyond the bytes, whatever they are.
class record_reader {
public:
    explicit record_reader(std::string_view bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

    /// False at the end, and where the bytes are no record.
    bool next(record& into);
    bool number(std::uint64_t& into);
    bool text(std::string_view& into);
    /// After `next` said false: whether all was read.
    bool is_at_end() const { return at_ == end_; }

private:
    const char* at_;
    const char* end_;
};

/// The same on every machine and in every run, so that state can be found again by it. About 1 ns for 8 bytes.
std::uint64_t hash_of(std::string_view text);

/// The subtask of `parallelism` whose range of hashes holds `hash`: ranges are of equal size and ascend with the
/// subtask.
constexpr std::uint32_t owner_of(std::uint64_t hash, std::uint32_t parallelism) {
    return static_cast<std::uint32_t>((hash >> 32) * parallelism >> 32);
}

/// Whether subtask `old` of `old_parallelism` may own a key that subtask `now` of `parallelism` owns.
constexpr bool ranges_meet(std::uint32_t old, std::uint32_t old_parallelism, std::uint32_t now,
                           std::uint32_t parallelism) {
    const std::uint64_t low = std::uint64_t{old} * parallelism, high = std::uint64_t{old + 1} * parallelism;
    return low < std::uint64_t{now + 1} * old_parallelism and std::uint64_t{now} * old_parallelism < high;
}

// Implementation ------------------------------------------------------------------------------------------------------

static_assert(std::endian::native == std::endian::little, "hashes of keys are kept in checkpoints");

inline void append_number(std::string& to, std::uint64_t value) {
    for (; value >= 128; value >>= 7) to.push_back(static_cast<char>(value | 128));
    to.push_back(static_cast<char>(value));
}

inline void append(std::string& to, const record& what) {
    append_number(to, what.text.size());
    to.append(what.text);
    append_number(to, what.number);
}

inline bool record_reader::number(std::uint64_t& into) {
    into = 0;
    for (int shift = 0; shift < 64 and at_ != end_; shift += 7) {
        const auto byte = static_cast<unsigned char>(*at_++);
        into |= std::uint64_t{byte & 127u} << shift;
        if (byte < 128) return true;
    }
    return false;
}

inline bool record_reader::text(std::string_view& into) {
    const char* const begin = at_;
    std::uint64_t size = 0;
    if (not number(size) or size > static_cast<std::uint64_t>(end_ - at_)) {
        at_ = begin;
        return false;
    }
    into = {at_, static_cast<std::size_t>(size)};
    at_ += size;
    return true;
}

inline bool record_reader::next(record& into) {
    const char* const begin = at_;
    if (text(into.text) and number(into.number)) return true;
    at_ = begin;
    return false;
}

// The finaliser of splitmix64 (Steele, Lea, Flood 2014) over one word of 8 bytes after the other.
inline std::uint64_t hash_of(std::string_view text) {
    std::uint64_t state = text.size();
    const auto mix = [&](std::uint64_t word) {
        std::uint64_t z = (state ^ word) + 0x9e3779b97f4a7c15u;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        state = z ^ (z >> 31);
    };
    std::size_t at = 0;
    for (; at + 8 <= text.size(); at += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, text.data() + at, 8);
        mix(word);
    }
    std::uint64_t rest = 0;
    std::memcpy(&rest, text.data() + at, text.size() - at);
    mix(rest);
    return state;
}

}  // namespace dataflow
