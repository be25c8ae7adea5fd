#pragma once
// SPDX-License-Identifier: BSL-1.0
// controller: how often a host may ask for a worker to be registered (SPEC 10); of IPv6, how often a /64.

#include <headgate/policy/governor.hpp>
#include <headgate/policy/network.hpp>
#include <headgate/vocabulary/limits.hpp>
#include <headgate/vocabulary/time.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string_view>
#include <utility>

namespace headgate::inline v1 {

/// A token bucket for each network that said hello lately. It knows at most `most_networks`; more share one bucket.
/// What one may is kept to whole milliseconds: of more than 1,000 a second each counts as one a millisecond.
class arrivals {
public:
    static constexpr std::size_t most_networks = 4'096;

    /// Whether one more hello of this host is to be looked at. If so, it counts. `now` must not go back.
    bool admit(std::string_view host, const limits& most, instant now);
    std::size_t networks() const { return buckets_.size(); }

private:
    governor_state& bucket_of(std::string_view host, instant now);

    std::map<network, governor_state> buckets_;
    governor_state shared_{};
};

// Implementation ------------------------------------------------------------------------------------------------------

inline bool arrivals::admit(std::string_view host, const limits& most, instant now) {
    const std::uint32_t a_second = std::clamp(most.registrations_per_second, 1u, 1'000u);
    // Rounded up, so never more than was said.
    const governor rate{.burst = most.registrations_burst, .every = duration((1'000 + a_second - 1) / a_second)};
    governor_state& bucket = bucket_of(host, now);
    const turn asked = rate(bucket, now);
    if (asked.go > now) return false;
    bucket = asked.next;
    return true;
}

inline governor_state& arrivals::bucket_of(std::string_view host, instant now) {
    network from = network_of(host);
    if (const auto known = buckets_.find(from); known != buckets_.end()) return known->second;
    // A bucket that is full again is as good as none.
    if (buckets_.size() == most_networks)
        std::erase_if(buckets_, [&](const auto& one) { return one.second.full_at <= now; });
    return buckets_.size() < most_networks ? buckets_.emplace(std::move(from), governor_state{}).first->second
                                           : shared_;
}

}  // namespace headgate::inline v1
