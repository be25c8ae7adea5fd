#pragma once
// SPDX-License-Identifier: BSL-1.0
// protobuf: what the conversions of the wire share. Not installed.

#include <headgate/v1/worker.pb.h>

#include "convert.hpp"

#include <headgate/vocabulary/message.hpp>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

namespace headgate::inline v1::protobuf {

/// Nonces, codes and tokens: 32 bytes each.
inline expected<digest256> read_digest(std::string_view what, std::string_view from) {
    digest256 to;
    if (from.size() != to.size())
        return invalid(std::string(what) + " of " + std::to_string(from.size()) + " bytes, 32 are needed");
    std::memcpy(to.data(), from.data(), to.size());
    return to;
}

/// An error text, at most as long as the limit (SPEC 10).
inline std::string cut(std::string_view text, const limits& most) {
    return std::string(text.substr(0, most.error_text));
}

}  // namespace headgate::inline v1::protobuf
