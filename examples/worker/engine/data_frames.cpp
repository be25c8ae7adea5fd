// SPDX-License-Identifier: BSL-1.0
#include "data_frames.hpp"

#include <utility>
#include <vector>

namespace dataflow {

namespace {

constexpr std::size_t header = 5;

}  // namespace

void put(std::string& to, std::uint32_t value) {
    for (int shift = 0; shift < 32; shift += 8) to.push_back(static_cast<char>(value >> shift));
}

std::uint32_t get(const char* from) {
    std::uint32_t value = 0;
    for (int i = 3; i >= 0; --i) value = value << 8 | static_cast<unsigned char>(from[i]);
    return value;
}

std::string encode(const shown& what) {
    std::string bytes;
    put(bytes, what.generation.value);
    put(bytes, static_cast<std::uint32_t>(what.digest));
    put(bytes, static_cast<std::uint32_t>(what.digest >> 32));
    put(bytes, what.position);
    put(bytes, what.channels);
    put(bytes, what.receiver);
    return bytes;
}

std::optional<shown> decode_shown(std::string_view bytes) {
    if (bytes.size() != 24) return std::nullopt;
    return shown{.generation = {get(bytes.data())},
                 .digest = std::uint64_t{get(bytes.data() + 8)} << 32 | get(bytes.data() + 4),
                 .position = get(bytes.data() + 12),
                 .channels = get(bytes.data() + 16),
                 .receiver = get(bytes.data() + 20)};
}

grpc::ByteBuffer buffer_of(const std::string& bytes) {
    const grpc::Slice slice(bytes);
    return {&slice, 1};
}

grpc::ByteBuffer buffer_of(std::uint32_t channel, item what) {
    std::string head(1, static_cast<char>(what.kind));
    put(head, channel);
    if (what.kind == item_kind::barrier) put(head, what.epoch.value);
    if (what.kind != item_kind::batch) return buffer_of(head);
    auto* const held = new std::string(std::move(what.bytes));
    const grpc::Slice slices[]{grpc::Slice(head), grpc::Slice(
                                                      held->data(), held->size(),
                                                      [](void* of) { delete static_cast<std::string*>(of); }, held)};
    return {slices, 2};
}

std::string bytes_of(const grpc::ByteBuffer& from) {
    std::string bytes;
    std::vector<grpc::Slice> slices;
    if (not from.Valid() or not from.Dump(&slices).ok()) return bytes;
    bytes.reserve(from.Length());
    for (const grpc::Slice& each : slices) bytes.append(reinterpret_cast<const char*>(each.begin()), each.size());
    return bytes;
}

std::optional<item> item_of(std::string bytes, std::uint32_t& channel) {
    if (bytes.size() < header or bytes[0] < 0 or bytes[0] > good_bye_kind) return std::nullopt;
    channel = get(bytes.data() + 1);
    item what{.kind = static_cast<item_kind>(bytes[0]), .bytes = {}, .epoch = {}};
    if (what.kind == item_kind::barrier) {
        if (bytes.size() != header + 4) return std::nullopt;
        what.epoch.value = get(bytes.data() + header);
    } else if (what.kind == item_kind::batch) {
        what.bytes = std::move(bytes.erase(0, header));
    }
    return what;
}

}  // namespace dataflow
