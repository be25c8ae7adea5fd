#pragma once
// SPDX-License-Identifier: BSL-1.0
// protobuf: what the conversions share. Not installed.

#include <headgate/v1/checkpoint.pb.h>
#include <headgate/v1/incarnation.pb.h>
#include <headgate/v1/job.pb.h>
#include <headgate/v1/plan.pb.h>
#include <headgate/v1/program.pb.h>

#include <headgate/vocabulary/checkpoint.hpp>
#include <headgate/vocabulary/job.hpp>
#include <headgate/vocabulary/limits.hpp>
#include <headgate/vocabulary/outcome.hpp>
#include <headgate/vocabulary/plan.hpp>
#include <headgate/vocabulary/program.hpp>
#include <headgate/vocabulary/utf8.hpp>

#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace headgate::inline v1::protobuf {

inline auto invalid(std::string text) { return failure(error_kind::invalid, std::move(text)); }

/// An error goes on as it is.
template <class T>
auto failed(const expected<T>& why) {
    return tl::unexpected(why.error());
}

inline expected<applied> at_most(std::string_view what, std::size_t size, std::size_t most) {
    if (size <= most) return applied{};
    return invalid(std::string(what) + " " + std::to_string(size) + ", the limit is " + std::to_string(most));
}

expected<applied> check_format(std::string_view what, std::uint32_t found);

/// Deterministic: the messages have no maps, and unknown fields are never written. Throws if they are above 2 GiB,
/// which nothing within the limits is but a checkpoint with huge handles.
template <class Message>
std::string bytes_of(const Message& what) {
    std::string bytes;
    if (not what.SerializeToString(&bytes)) throw std::length_error("a message of more than 2 GiB");
    return bytes;
}

template <class Message>
expected<Message> parsed(std::string_view what, std::string_view bytes, std::size_t most) {
    constexpr std::size_t largest = std::numeric_limits<int>::max();
    if (const auto ok = at_most(std::string(what) + ": bytes", bytes.size(), std::min(most, largest)); not ok)
        return failed(ok);
    Message found;
    if (not found.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
        return invalid(std::string(what) + ": these " + std::to_string(bytes.size()) + " bytes are not one");
    return found;
}

void write(const program& from, wire::v1::Program& to);
void write(const plan& from, wire::v1::Plan& to);
void write(const wish& from, wire::v1::Wish& to);
void write(const job_row& from, wire::v1::JobRow& to);
void write(const checkpoint_metadata& from, wire::v1::CheckpointMetadata& to);
void write(const checkpoint_name& from, wire::v1::CheckpointName& to);
void write(const incarnation& from, wire::v1::Incarnation& to);

expected<program> read(const wire::v1::Program& from, const limits& most);
expected<plan> read(const wire::v1::Plan& from, const limits& most);
expected<wish> read(const wire::v1::Wish& from, const limits& most);
expected<job_row> read(const wire::v1::JobRow& from, const limits& most);
expected<checkpoint_metadata> read(const wire::v1::CheckpointMetadata& from, const limits& most);
checkpoint_name read(const wire::v1::CheckpointName& from);
incarnation read(const wire::v1::Incarnation& from);

}  // namespace headgate::inline v1::protobuf
