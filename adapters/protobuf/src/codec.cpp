// SPDX-License-Identifier: BSL-1.0
#include <headgate/protobuf/codec.hpp>

#include "convert.hpp"

#include <limits>

namespace headgate::inline v1::protobuf {

namespace {

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
