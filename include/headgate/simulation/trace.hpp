#pragma once
// SPDX-License-Identifier: BSL-1.0
// simulation: what happened in a world: always as one number, and as lines for people where they are asked for.

#include <headgate/simulation/secrets.hpp>
#include <headgate/vocabulary/time.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace headgate::inline v1::simulation {

/// Two runs with the same digest did the same at the same times (I18).
class trace {
public:
    struct line {
        instant at{};
        std::string who{};
        std::string text{};
    };

    /// Lines after these are not kept.
    static constexpr std::size_t most_lines = 100'000;

    void keep_lines() { keeps_lines_ = true; }
    bool keeps_lines() const { return keeps_lines_; }
    const std::vector<line>& lines() const { return lines_; }
    std::uint64_t digest() const { return digest_; }

    void count(std::uint64_t what) { digest_ = detail::mixed((digest_ ^ what) + detail::golden); }
    /// `text()` is called only where lines are kept.
    template <class Text>
    void say(instant at, std::string_view who, Text text) {
        if (keeps_lines_ and lines_.size() < most_lines) lines_.push_back({at, std::string(who), text()});
    }

private:
    std::uint64_t digest_ = 0;
    bool keeps_lines_ = false;
    std::vector<line> lines_{};
};

}  // namespace headgate::inline v1::simulation
