// SPDX-License-Identifier: BSL-1.0
#include "outlet.hpp"

#include <utility>

namespace dataflow {

void outlet::add(std::uint32_t first, std::uint32_t parallelism, std::vector<std::unique_ptr<link>> links) {
    port& made = ports_.emplace_back();
    made.first = first;
    made.parallelism = parallelism;
    for (auto& each : links) {
        lane& one = made.lanes.emplace_back();
        one.to = std::move(each);
    }
}

outlet::lane& outlet::port::of(const record& what) {
    if (lanes.size() == 1) return lanes.front();
    const std::uint64_t hash = hash_of(what.text);
    // A forward edge leads to part of the node. Texts of that part's range go to their owner, as if it were a shuffle,
    // so that state which is shared out by ranges meets its texts; others are spread.
    const std::uint32_t owner = owner_of(hash, parallelism);
    if (owner >= first and owner - first < lanes.size()) return lanes[owner - first];
    return lanes[owner_of(hash, static_cast<std::uint32_t>(lanes.size()))];
}

bool outlet::take(const record& what) {
    for (port& each : ports_) {
        lane& to = each.of(what);
        if (to.open.capacity() == 0) to.open.reserve(batch_ + 256);
        append(to.open, what);
        ++to.records;
        if (to.open.size() >= batch_ and not flush(to)) return false;
    }
    return true;
}

bool outlet::flush(lane& which) {
    if (which.open.empty()) return true;
    const std::uint64_t sent = which.open.size();
    if (not which.to->send({item_kind::batch, std::exchange(which.open, {}), {}}, waited)) return false;
    bytes.store(bytes.load(std::memory_order_relaxed) + sent, std::memory_order_relaxed);
    records.store(records.load(std::memory_order_relaxed) + std::exchange(which.records, 0), std::memory_order_relaxed);
    return true;
}

bool outlet::broadcast(item_kind kind, headgate::epoch epoch) {
    for (port& each : ports_) {
        for (lane& to : each.lanes) {
            if (not flush(to) or not to.to->send({kind, {}, epoch}, waited)) return false;
        }
    }
    return true;
}

bool outlet::end() { return broadcast(item_kind::end, {}); }

bool outlet::barrier(headgate::epoch epoch) { return broadcast(item_kind::barrier, epoch); }

}  // namespace dataflow
