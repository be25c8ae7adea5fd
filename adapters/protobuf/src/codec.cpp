// SPDX-License-Identifier: BSL-1.0
#include <headgate/protobuf/codec.hpp>

#include "convert.hpp"

#include <algorithm>
#include <limits>

namespace headgate::inline v1::protobuf {

namespace {

/// Length of the sequence that `text` begins with; 0: it begins with none (RFC 3629).
std::size_t sequence(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned first = byte(0);
    if (first < 0x80) return 1;
    const std::size_t length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
    if (length == 0 or text.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i)
        if ((byte(i) & 0xc0u) != 0x80u) return 0;
    const unsigned second = byte(1);
    const bool is_overlong = (first == 0xe0 and second < 0xa0) or (first == 0xf0 and second < 0x90);
    const bool is_surrogate = first == 0xed and second > 0x9f;
    const bool is_above = first == 0xf4 and second > 0x8f;
    return is_overlong or is_surrogate or is_above ? 0 : length;
}

template <class Message, class Value>
std::string encoded(const Value& what) {
    Message message;
    write(what, message);
    return bytes_of(message);
}

template <class Message>
auto decoded(std::string_view what, std::string_view bytes, std::size_t size, const limits& most)
    -> decltype(read(std::declval<Message>(), most)) {
    const auto message = parsed<Message>(what, bytes, size);
    if (not message) return failed(message);
    // The format comes first: a newer form may break any other rule.
    if (const auto ok = check_format(what, message->format()); not ok) return failed(ok);
    return read(*message, most);
}

}  // namespace

bool is_utf8(std::string_view text) {
    while (not text.empty()) {
        const std::size_t length = sequence(text);
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

std::string as_utf8(std::string_view text) {
    std::string found;
    found.reserve(text.size());
    while (not text.empty()) {
        const std::size_t length = sequence(text);
        found.append(length == 0 ? std::string_view("\xef\xbf\xbd") : text.substr(0, length));
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return found;
}

expected<applied> check_format(std::string_view what, std::uint32_t found) {
    if (found == format) return applied{};
    if (found == 0) return invalid(std::string(what) + ": there is no format in it, so these bytes are not one");
    return failure(error_kind::unsupported, std::string(what) + ": format " + std::to_string(found) +
                                                ", this headgate reads " + std::to_string(format) +
                                                "; use the newer headgate that wrote it");
}

std::string encode(const program& what) { return encoded<wire::v1::Program>(what); }
std::string encode(const plan& what) { return encoded<wire::v1::Plan>(what); }
std::string encode(const wish& what) { return encoded<wire::v1::Wish>(what); }
std::string encode(const job_row& what) { return encoded<wire::v1::JobRow>(what); }
std::string encode(const checkpoint_metadata& what) { return encoded<wire::v1::CheckpointMetadata>(what); }

expected<program> decode_program(std::string_view bytes, const limits& most) {
    return decoded<wire::v1::Program>("program", bytes, most.message, most);
}

expected<plan> decode_plan(std::string_view bytes, const limits& most) {
    return decoded<wire::v1::Plan>("plan", bytes, most.message, most);
}

expected<wish> decode_wish(std::string_view bytes, const limits& most) {
    return decoded<wire::v1::Wish>("wish", bytes, most.message, most);
}

expected<job_row> decode_job_row(std::string_view bytes, const limits& most) {
    return decoded<wire::v1::JobRow>("row", bytes, most.message, most);
}

expected<checkpoint_metadata> decode_checkpoint_metadata(std::string_view bytes, const limits& most) {
    return decoded<wire::v1::CheckpointMetadata>("checkpoint metadata", bytes, std::numeric_limits<int>::max(), most);
}

}  // namespace headgate::inline v1::protobuf
