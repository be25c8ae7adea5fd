#pragma once
// SPDX-License-Identifier: BSL-1.0
// simulation: one number for what a world is, so that a state is not visited twice.

#include <headgate/simulation/hasher.hpp>
#include <headgate/simulation/world.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace headgate::inline v1::simulation {

/// What must arrive in the order in which it was sent: one direction of a stream, and what one engine says. Nothing for
/// what may overtake and be overtaken.
std::optional<std::uint64_t> order_of(const on_its_way& what);

/// Put into the queue for this time it is on its way like what arrives now, and bound to no order.
inline constexpr instant in_no_order = instant::min();

struct world_hash {
    std::uint64_t standing{};  ///< of all but what is on its way
    std::uint64_t traffic{};   ///< the sum of what each on its way is alone

    std::uint64_t value() const { return detail::mixed(standing ^ detail::mixed(traffic)); }

    friend bool operator==(const world_hash&, const world_hash&) = default;
};

/// Of one thing on its way, by its position.
std::uint64_t hash_of(const hasher& empty, const outside& o, std::size_t position);

/// Equal for two worlds in which the same can happen from now on, if they have neither cues nor strangers. `Backend` is
/// hashed by its fields. `signs_of_life` are left out: whatever they are, the same happens, and one check alone asks.
template <class Policies, backend_rules Backend>
world_hash hash_of(const world<Policies, Backend>& in, bool counts_time = true);

// Implementation ------------------------------------------------------------------------------------------------------

inline std::optional<std::uint64_t> order_of(const on_its_way& what) {
    if (const auto* const up = std::get_if<to_controller>(&what)) {
        const auto* const heard = std::get_if<stream_event>(&up->what);
        if (heard) return heard->stream.value << 2 | 1;
    } else if (const auto* const down = std::get_if<to_worker>(&what)) {
        return std::uint64_t{down->to} << 2 | 2;
    } else if (const auto* const said = std::get_if<from_engine>(&what)) {
        return std::uint64_t{said->at} << 2 | 3;
    }
    return std::nullopt;
}

/// What has an order is hashed with how many are before it.
inline std::uint64_t hash_of(const hasher& empty, const outside& o, std::size_t position) {
    const on_its_way& what = o.queue.at(position);
    const instant at = o.queue.time_of(position);
    std::uint64_t before = at == in_no_order ? 99 : 0;
    if (const auto order = order_of(what); order and at != in_no_order)
        o.queue.for_each([&](std::size_t i, instant when, const on_its_way& other) {
            if (when != in_no_order and order_of(other) == order and o.queue.number_of(i) < o.queue.number_of(position))
                ++before;
        });
    return hasher(empty).mix(before).add(std::max(at, o.now)).add(what).value();
}

template <class Policies, backend_rules Backend>
world_hash hash_of(const world<Policies, Backend>& in, bool counts_time) {
    const outside& o = in.around();
    const names known(o);
    const hasher empty(o, known, counts_time);
    hasher all(empty);
    for (std::uint32_t slot = 0; slot < most_controllers; ++slot) {
        const auto* const has = in.controller_at(slot);
        all.mix(has ? 1 : 0);
        if (has) all.add(*has);
    }
    for (process_number i = 0; i < o.backend.all().size(); ++i) {
        const auto* const has = in.worker_at(i);
        all.mix(has ? 1 : 0);
        if (has) all.add(has->machine());
    }
    all.add(in.backend());
    all.add(o.rows.jobs()).add(o.rows.controllers()).add(o.objects).add(o.news).add(o.database_away);
    all.add(o.backend.room).add(o.backend.all()).add(o.places);
    // Streams, connections and calls: by name.
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < o.streams.size(); ++i)
        if (o.streams[i].is_open) sum += hasher(empty).add(stream_id{i + 1}).value();
    for (std::size_t i = 0; i < o.connections.size(); ++i) {
        const outside::connection& one = o.connections[i];
        if (one.is_open and o.backend.all()[one.to].lives())
            sum += hasher(empty).add(connection_id{i + 1}).add(one.from).value() * 3;
    }
    for (const outside::call& one : o.calls)
        if (one.asked) sum += hasher(empty).add(one.on).add(*one.asked).value() * 5;
    all.mix(sum);
    all.add(o.rules).add(o.glimpses);
    std::uint64_t traffic = o.queue.size();
    for (std::size_t i = 0; i < o.queue.size(); ++i) traffic += hash_of(empty, o, i);
    return {all.value(), traffic};
}

}  // namespace headgate::inline v1::simulation
