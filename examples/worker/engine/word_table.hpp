#pragma once
// SPDX-License-Identifier: BSL-1.0
// engine: numbers by text, added up.

#include "record.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace dataflow {

/// Keys in the order in which they came. Looking up compares the text only where 32 bits of the hash agree; a new key
/// copies its text once. 45 bytes a key and its text.
class word_table {
public:
    static constexpr std::size_t most_keys = 50'000'000;

    struct entry {
        std::uint64_t hash{};
        std::uint64_t number{};
        const char* text{};
        std::size_t size{};

        std::string_view key() const { return {text, size}; }
    };

    /// Precondition: a key always comes with the same hash. False, and nothing is changed, if there are `most_keys`
    /// others already.
    bool add(std::uint64_t hash, std::string_view key, std::uint64_t number);
    const std::vector<entry>& entries() const { return entries_; }
    void clear();

private:
    struct slot {
        std::uint32_t tag{};
        std::uint32_t next{};  ///< number of the entry, from 1; 0: free
    };

    void grow();
    const char* keep(std::string_view key);

    std::vector<slot> slots_{1'024};
    std::vector<entry> entries_{};
    std::vector<std::unique_ptr<char[]>> blocks_{};
    char* free_ = nullptr;
    std::size_t left_ = 0;
};

// Implementation ------------------------------------------------------------------------------------------------------

inline bool word_table::add(std::uint64_t hash, std::string_view key, std::uint64_t number) {
    const std::size_t mask = slots_.size() - 1;
    const auto tag = static_cast<std::uint32_t>(hash);
    // The upper half of the hash chose the subtask, so only the lower half tells its keys apart.
    for (std::size_t at = tag & mask;; at = (at + 1) & mask) {
        slot& here = slots_[at];
        if (here.next == 0) {
            if (entries_.size() == most_keys) return false;
            entries_.push_back({hash, number, keep(key), key.size()});
            here = {tag, static_cast<std::uint32_t>(entries_.size())};
            if (entries_.size() * 2 > slots_.size()) grow();
            return true;
        }
        if (here.tag != tag) continue;
        entry& found = entries_[here.next - 1];
        if (found.key() != key) continue;
        found.number += number;
        return true;
    }
}

inline void word_table::grow() {
    std::vector<slot> larger(slots_.size() * 2);
    const std::size_t mask = larger.size() - 1;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        const auto tag = static_cast<std::uint32_t>(entries_[i].hash);
        std::size_t at = tag & mask;
        while (larger[at].next != 0) at = (at + 1) & mask;
        larger[at] = {tag, static_cast<std::uint32_t>(i + 1)};
    }
    slots_ = std::move(larger);
}

inline const char* word_table::keep(std::string_view key) {
    constexpr std::size_t block = std::size_t{64} << 10;
    if (key.size() > left_) {
        left_ = key.size() > block ? key.size() : block;
        blocks_.push_back(std::make_unique_for_overwrite<char[]>(left_));
        free_ = blocks_.back().get();
    }
    char* const at = free_;
    if (not key.empty()) std::memcpy(at, key.data(), key.size());
    free_ += key.size();
    left_ -= key.size();
    return at;
}

inline void word_table::clear() { *this = word_table(); }

}  // namespace dataflow
