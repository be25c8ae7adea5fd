// SPDX-License-Identifier: BSL-1.0
#include <headgate/columns/job.hpp>
#include <headgate/protobuf/codec.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <memory>
#include <type_traits>
#include <utility>

namespace headgate::inline v1::columns {

namespace {

constexpr std::int64_t year_10000 = 253'402'300'800'000;

std::optional<std::string> bad_id(const std::string& id, const limits& most) {
    if (not id.empty() and id.size() <= most.id) return std::nullopt;
    return "of " + std::to_string(id.size()) + " bytes, not of 1 to " + std::to_string(most.id);
}

/// A wish that keeps its rules, so that nobody acts on one that does not.
expected<wish> decoded(const std::string& bytes, const limits& most) {
    expected<wish> made = protobuf::decode_wish(bytes, most);
    if (made)
        if (const auto ok = check(*made, most); not ok) return tl::unexpected(ok.error());
    return made;
}

tl::unexpected<error> damaged(const job& from, std::string_view column, std::string_view what) {
    return failure(error_kind::invalid, "job \"" + from.id.substr(0, limits{}.id) + "\", column " +
                                            std::string(column) + ": " + std::string(what) +
                                            "; mend the row by hand, or remove the job (README, \"Removing a job\")");
}

/// Gathers the first thing that is wrong, so that the columns read as a list.
class reader {
public:
    explicit reader(const job& from) : from_(from) {}

    template <class Number>
    Number number(std::string_view column, std::int64_t value, std::int64_t most = std::numeric_limits<Number>::max()) {
        if (value >= 0 and value <= most) return static_cast<Number>(value);
        note(column, std::to_string(value) + " is not between 0 and " + std::to_string(most));
        return {};
    }
    std::uint64_t large(std::string_view column, std::int64_t value) {
        return number<std::uint64_t>(column, value, std::numeric_limits<std::int64_t>::max());
    }
    /// One that is counted on from: half of the numbers are left, so that no next one wraps (I16).
    template <class Number>
    Number counted(std::string_view column, std::int64_t value) {
        using stored = std::conditional_t<(sizeof(Number) < sizeof(value)), Number, std::int64_t>;
        return number<Number>(column, value, std::numeric_limits<stored>::max() / 2);
    }
    wall_time time(std::string_view column, std::int64_t value) {
        return wall_time(duration(number<std::int64_t>(column, value, year_10000)));
    }
    template <class Name>
    Name name(std::string_view column, const std::string& value, Name last) {
        for (int i = 0; i <= static_cast<int>(last); ++i)
            if (text_of(static_cast<Name>(i)) == value) return static_cast<Name>(i);
        note(column, "\"" + value.substr(0, 64) + "\" is none of its values");
        return {};
    }
    headgate::incarnation owner(const std::string& value) {
        headgate::incarnation who;
        const bool is_whole = value.size() == 32;
        for (std::size_t half = 0; is_whole and half < 2; ++half) {
            const char* const first = value.data() + half * 16;
            const auto [end, wrong] = std::from_chars(first, first + 16, who.value[half], 16);
            if (wrong == std::errc() and end == first + 16) continue;
            return note("owner", "not 32 hexadecimal digits"), headgate::incarnation{};
        }
        if (not is_whole) note("owner", "not 32 hexadecimal digits");
        return who;
    }
    void note(std::string_view column, std::string_view what) {
        if (not wrong_) wrong_ = damaged(from_, column, what).value();
    }
    template <class T>
    expected<T> finish(T made) const {
        if (wrong_) return tl::unexpected(*wrong_);
        return made;
    }

private:
    const job& from_;
    std::optional<error> wrong_{};
};

}  // namespace

std::string text_of(incarnation who) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text(32, '0');
    for (std::size_t i = 0; i < 32; ++i) text[i] = digits[who.value[i / 16] >> (60 - 4 * (i % 16)) & 15];
    return text;
}

void set(job& to, const wish& from) {
    to.name = from.name;
    to.stop = text_of(from.stop);
    to.version = static_cast<std::int64_t>(from.version);
    to.wish = protobuf::encode(from);
}

void set(job& to, const job_row& from) {
    to.revision = static_cast<std::int64_t>(from.revision);
    to.generation = from.generation.value;
    to.owner = text_of(from.owner);
    to.state = text_of(from.state);
    to.is_complete = from.is_complete;
    to.applied = static_cast<std::int64_t>(from.applied);
    to.restart_nonce = static_cast<std::int64_t>(from.restart_nonce);
    to.restarts = from.restarts;
    to.tasks = static_cast<std::int64_t>(from.tasks);
    to.last_error = from.last_error;
    to.plan = from.plan ? std::optional(protobuf::encode(*from.plan)) : std::nullopt;
}

expected<job> written(const put_wish& what, const limits& most) {
    const auto no = [&](const std::string& why) {
        return failure(error_kind::invalid, "job \"" + what.job.value + "\": " + why);
    };
    if (const auto why = bad_id(what.job.value, most)) return failure(error_kind::invalid, "a job's id is " + *why);
    if (not what.next.program) return no("there is no program");
    wish next = what.next;
    next.version = what.expected + 1;
    job made{.id = what.job.value};
    set(made, next);
    if (const auto read = decoded(made.wish, most); not read) return no(read.error().text);
    return made;
}

expected<job> written(const job_id& id, const job_row& from, const limits& most) {
    job made{.id = id.value};
    set(made, from);
    if (made.plan)
        if (const auto read = protobuf::decode_plan(*made.plan, most); not read)
            return failure(error_kind::invalid, "job \"" + id.value + "\": " + read.error().text);
    return made;
}

expected<wish> wish_of(const job& from, const limits& most) {
    reader read(from);
    expected<wish> made = decoded(from.wish, most);
    if (not made) return damaged(from, "wish", made.error().text);
    made->name = from.name;
    made->stop = read.name("stop", from.stop, stop_mode::force);
    made->version = read.counted<std::uint64_t>("version", from.version);
    if (made->version == 0) read.note("version", "0, but the first is 1");
    return read.finish(*std::move(made));
}

expected<job_row> row_of(const job& from, const limits& most) {
    reader read(from);
    job_row made{
        .revision = read.counted<std::uint64_t>("revision", from.revision),
        .generation = {read.counted<std::uint32_t>("generation", from.generation)},
        .owner = read.owner(from.owner),
        .state = read.name("state", from.state, state_name::finished),
        .is_complete = from.is_complete,
        .applied = read.large("applied", from.applied),
        .restart_nonce = static_cast<std::uint64_t>(from.restart_nonce),
        .restarts = read.counted<std::uint32_t>("restarts", from.restarts),
        .tasks = read.large("tasks", from.tasks),
        .last_error = from.last_error.substr(0, limits{}.error_text),
    };
    if (from.plan) {
        if (expected<plan> decoded = protobuf::decode_plan(*from.plan, most))
            made.plan = std::make_shared<const plan>(*std::move(decoded));
        else
            read.note("plan", decoded.error().text);
    }
    return read.finish(std::move(made));
}

job_record record_of(const job& from, const limits& most) {
    job_record made{.id = {from.id}};
    expected<wish> wished = wish_of(from, most);
    expected<job_row> row = row_of(from, most);
    reader read(from);
    if (const auto why = bad_id(from.id, most)) read.note("id", *why);
    made.workers = read.number<std::uint32_t>("workers", from.workers);
    made.waits_for = from.waits_for.substr(0, most.error_text);
    made.submitted = read.time("submitted", from.submitted);
    read.time("now", from.now);
    if (from.started) made.started = read.time("started", *from.started);
    made.since = read.time("since", from.since);
    if (from.ready_epoch and from.ready_generation)
        made.last_ready = {{read.number<std::uint32_t>("epoch", *from.ready_epoch)},
                           {read.number<std::uint32_t>("generation", *from.ready_generation)}};
    // What no user said yet cannot be reflected: a controller would wait for it for ever (I13).
    if (row and wished and row->applied > wished->version)
        read.note("applied",
                  std::to_string(row->applied) + ", and the wish has version " + std::to_string(wished->version));
    const expected<applied> rest = read.finish(applied{});
    if (wished and wished->time_to_live and rest)
        made.time_left = std::min(*wished->time_to_live, duration(year_10000)) - duration(from.now - from.submitted);
    if (row) made.row = *std::move(row);
    if (not wished)
        made.wish = tl::unexpected(wished.error());
    else if (not row)
        made.wish = tl::unexpected(row.error());
    else if (not rest)
        made.wish = tl::unexpected(rest.error());
    else
        made.wish = std::make_shared<const wish>(*std::move(wished));
    return made;
}

expected<checkpoint_row> row_of(const job_id& job, const checkpoint& from) {
    const columns::job of{.id = job.value};
    reader read(of);
    return read.finish(
        checkpoint_row{.name = {.epoch = {read.number<std::uint32_t>("checkpoints.epoch", from.epoch)},
                                .generation = {read.number<std::uint32_t>("checkpoints.generation", from.generation)}},
                       .state = read.name("checkpoints.state", from.state, checkpoint_state::abandoned)});
}

expected<controller_seen> controller_of(const std::string& incarnation, std::int64_t counter, bool is_gone) {
    const job of{};
    reader read(of);
    return read.finish(controller_seen{read.owner(incarnation), read.large("counter", counter), is_gone});
}

expected<log_line> line_of(const job_id& job, std::int64_t number, std::int64_t at, std::int64_t generation,
                           std::string text, const limits& most) {
    const columns::job of{.id = job.value};
    reader read(of);
    text.resize(std::min(text.size(), most.error_text));
    return read.finish(log_line{.number = read.large("log.number", number),
                                .at = read.time("log.at", at),
                                .generation = {read.number<std::uint32_t>("log.generation", generation)},
                                .text = std::move(text)});
}

std::optional<checkpoint_state> checkpoint_state_of(std::string_view text) {
    for (std::size_t i = 0; i < checkpoint_states; ++i)
        if (headgate::text_of(static_cast<checkpoint_state>(i)) == text) return static_cast<checkpoint_state>(i);
    return std::nullopt;
}

error newer_schema(std::string_view where, std::int64_t found, std::int64_t known) {
    return {.kind = error_kind::permanent,
            .text = std::string(where) + " has tables of version " + std::to_string(found) +
                    ", and this program knows up to version " + std::to_string(known) +
                    "; use a newer headgate with it, or another database"};
}

}  // namespace headgate::inline v1::columns
