// SPDX-License-Identifier: BSL-1.0
#include <headgate/protobuf/json.hpp>

#include "convert.hpp"

#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/time_util.h>

#include <algorithm>

namespace headgate::inline v1::protobuf {

namespace {

std::string to_text(const google::protobuf::Message& what) {
    google::protobuf::util::JsonPrintOptions options;
    options.add_whitespace = true;
    options.preserve_proto_field_names = true;
    std::string text;
    // It fails only for messages with Any or with timestamps out of range; ours have neither.
    const auto ignored = google::protobuf::util::MessageToJsonString(what, &text, options);
    static_cast<void>(ignored);
    return text;
}

std::string rfc3339(wall_time at) {
    using google::protobuf::util::TimeUtil;
    constexpr std::int64_t first = TimeUtil::kTimestampMinSeconds, last = TimeUtil::kTimestampMaxSeconds;
    const std::int64_t milliseconds = at.time_since_epoch().count();
    if (milliseconds / 1000 < first or milliseconds / 1000 >= last) return {};
    return TimeUtil::ToString(TimeUtil::MillisecondsToTimestamp(milliseconds));
}

/// The parser's text ends in lines of what it read, and one with a caret below the place.
std::string in_one_line(std::string_view text) {
    const std::size_t first = text.find('\n'), last = text.rfind('\n');
    if (first == last or not text.ends_with('^')) return std::string(text);
    const std::string_view read = text.substr(first + 1, last - first - 1);
    const std::size_t place = std::min(read.size(), text.size() - last - 2);
    const std::string_view there = read.substr(place, read.find('\n', place) - place);
    text = text.substr(0, first);
    if (there.empty()) return std::string(text);
    if (text.ends_with('.')) text.remove_suffix(1);
    return std::string(text) + ", at \"" + std::string(there) + "\"";
}

}  // namespace

expected<program> program_from_json(std::string_view text, const limits& most) {
    if (const auto ok = at_most("program: bytes of JSON", text.size(), most.message); not ok) return failed(ok);
    // The parser passes text on unchecked, to where Protobuf would only log it.
    if (not is_utf8(text)) return invalid("program: the text is not UTF-8");
    google::protobuf::util::JsonParseOptions options;
    options.case_insensitive_enum_parsing = true;
    wire::v1::Program message;
    const auto status = google::protobuf::util::JsonStringToMessage({text.data(), text.size()}, &message, options);
    if (not status.ok()) return invalid("program: " + in_one_line({status.message().data(), status.message().size()}));
    auto found = read(message, most);
    if (not found) return found;
    if (const auto ok = check(*found, most); not ok) return failed(ok);
    return found;
}

std::string to_json(const program& what) {
    wire::v1::Program message;
    write(what, message);
    return to_text(message);
}

std::string to_json(const wish& what) {
    wire::v1::Wish message;
    write(what, message);
    return to_text(message);
}

std::string to_json(const job_record& what) {
    wire::v1::JobRecord message;
    message.set_id(as_utf8(what.id.value));
    write(what.row, *message.mutable_row());
    if (not what.wish)
        message.set_wish_error(as_utf8(describe(what.wish.error())));
    else if (*what.wish)
        write(**what.wish, *message.mutable_wish());
    if (what.time_left) message.set_time_left_ms(what.time_left->count());
    if (what.last_ready) {
        message.set_last_ready_epoch(what.last_ready->epoch.value);
        message.set_last_ready_generation(what.last_ready->generation.value);
    }
    message.set_waits_for(as_utf8(what.waits_for));
    message.set_workers(what.workers);
    message.set_submitted(rfc3339(what.submitted));
    if (what.started) message.set_started(rfc3339(*what.started));
    message.set_since(rfc3339(what.since));
    return to_text(message);
}

}  // namespace headgate::inline v1::protobuf
