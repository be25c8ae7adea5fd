#pragma once
// SPDX-License-Identifier: BSL-1.0
// simulation: every choice of a run, drawn from a seed or read from a list.

#include <headgate/simulation/secrets.hpp>

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace headgate::inline v1::simulation {

/// Whatever a world leaves to chance it asks here, one number at a time. 0 is what happens where nothing goes wrong: the
/// shortest delay, no fault. So any list of numbers is a run, a shorter one and one with more zeros too, and a run that
/// failed is shrunk by trying those.
class decisions {
public:
    /// Numbers kept of a run; later ones are drawn as well, but cannot be replayed.
    static constexpr std::size_t most_kept = std::size_t{1} << 22;

    explicit decisions(std::uint64_t seed) : drawn_(seed) {}
    /// Those of an earlier run; zeros after their end.
    explicit decisions(std::vector<std::uint32_t> taken) : taken_(std::move(taken)), is_replay_(true) {}

    /// Below `n`, each as likely. Precondition: n > 0.
    std::uint32_t choose(std::uint32_t n);
    /// True `of_1024` times in 1024.
    bool happens(std::uint32_t of_1024) { return of_1024 > 0 and choose(1024) >= 1024 - of_1024; }

    /// What was answered so far, or is to be.
    const std::vector<std::uint32_t>& taken() const { return taken_; }
    /// How many were asked for.
    std::size_t count() const { return count_; }

private:
    std::vector<std::uint32_t> taken_{};
    std::uint64_t drawn_ = 0;
    std::size_t count_ = 0;
    bool is_replay_ = false;
};

// Implementation ------------------------------------------------------------------------------------------------------

inline std::uint32_t decisions::choose(std::uint32_t n) {
    assert(n > 0);
    const std::size_t at = count_++;
    if (is_replay_) return at < taken_.size() ? taken_[at] % n : 0;
    const std::uint64_t bits = detail::mixed(drawn_ += detail::golden) >> 32;
    const auto chosen = static_cast<std::uint32_t>(bits * n >> 32);
    if (at < most_kept) taken_.push_back(chosen);
    return chosen;
}

}  // namespace headgate::inline v1::simulation
