#pragma once
// SPDX-License-Identifier: BSL-1.0
// engine: what workers say to each other on a data stream, as bytes (data_plane.hpp has the form).

#include "gate.hpp"

#include <headgate/vocabulary/strong.hpp>

#include <grpcpp/support/byte_buffer.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dataflow {

inline constexpr std::uint32_t good_bye_channel = 0xffffffff;
inline constexpr char good_bye_kind = 3;

/// Numbers of 4 bytes, little-endian.
void put(std::string& to, std::uint32_t value);
std::uint32_t get(const char* from);

/// What a sender shows beside the token.
struct shown {
    headgate::generation generation{};
    std::uint64_t digest{};
    std::uint32_t position{};
    std::uint32_t channels{};
    std::uint32_t receiver{};  ///< whom it means; an address may lead to another

    friend bool operator==(const shown&, const shown&) = default;
};
std::string encode(const shown& what);
std::optional<shown> decode_shown(std::string_view bytes);

grpc::ByteBuffer buffer_of(const std::string& bytes);
/// The batch's bytes are not copied.
grpc::ByteBuffer buffer_of(std::uint32_t channel, item what);
std::string bytes_of(const grpc::ByteBuffer& from);
/// A good-bye comes as an item of `good_bye_kind`. None: that is no message.
std::optional<item> item_of(std::string bytes, std::uint32_t& channel);

}  // namespace dataflow
