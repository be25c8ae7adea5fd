#pragma once
// SPDX-License-Identifier: BSL-1.0
// conformance: the calls that laws make, and their answers, in words.

#include <headgate/vocabulary/record.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace headgate::inline v1::laws {

/// "stop_workers(job, up to generation 2)": the operation, and what of its request the laws vary.
template <class Effect>
std::string call_text(const Effect& what);

/// What an answer brought, as far as it is short; else empty.
template <class Result>
std::string result_text(const Result& result);

/// The calls of one law, in order. Each is told with the answer it has by then.
class calls {
public:
    /// More than this are not told; the last are.
    static constexpr std::size_t most_told = 16;

    void add(std::string text) { all_.push_back({std::move(text)}); }
    /// `describe(*asked)` is the answer.
    template <class Pending>
    void add(std::string text, std::shared_ptr<Pending> asked) {
        all_.push_back({std::move(text), std::move(asked),
                        [](const void* held) { return ": " + describe(*static_cast<const Pending*>(held)); }});
    }

    /// A line for each, indented; empty if there are none.
    std::string told() const;

private:
    struct one {
        std::string what;
        std::shared_ptr<const void> asked{};
        std::string (*answer)(const void*) = nullptr;
    };

    std::vector<one> all_;
};

// Implementation ------------------------------------------------------------------------------------------------------

inline std::string calls::told() const {
    std::string lines;
    const std::size_t first = all_.size() > most_told ? all_.size() - most_told : 0;
    if (first > 0) lines += "\n    after " + std::to_string(first) + " calls:";
    for (std::size_t i = first; i < all_.size(); ++i) {
        lines.append("\n    ").append(std::to_string(i + 1)).append(". ").append(all_[i].what);
        if (all_[i].answer != nullptr) lines += all_[i].answer(all_[i].asked.get());
    }
    return lines;
}

namespace detail {

inline std::string number(std::uint64_t value) { return std::to_string(value); }
inline std::string words(generation value) { return "generation " + number(value.value); }
inline std::string words(checkpoint_name value) {
    return "epoch " + number(value.epoch.value) + ", " + words(value.generation);
}
inline std::string words(const job_row& row) {
    return "revision " + number(row.revision) + ", " + words(row.generation) + ", " + std::string(text_of(row.state));
}
inline std::string words(connection_id on) { return "connection " + number(on.value); }
inline std::string words(cursor since) { return "since " + number(since.value); }

inline std::string listed(const std::vector<worker_id>& ids) {
    std::string text = "{";
    for (const worker_id id : ids) text += (text.size() > 1 ? ", " : "") + number(id.value);
    return text + "}";
}
inline std::string listed(const std::vector<worker_identity>& who) {
    std::vector<worker_id> ids;
    for (const worker_identity& each : who) ids.push_back(each.id);
    return listed(ids);
}

inline std::string words(const start_workers& a) {
    return "start_workers(" + a.job.value + ", " + words(a.generation) + ", workers " + listed(a.workers) + ")";
}
inline std::string words(const stop_workers& a) {
    return "stop_workers(" + a.job.value + ", up to " + words(a.up_to) + ")";
}
inline std::string words(const list_workers& a) { return "workers(" + a.job.value + ", " + words(a.generation) + ")"; }
inline std::string words(const watch_workers& a) { return "watch(" + words(a.since) + ")"; }
inline std::string words(const claim& a) {
    return "claim(" + a.job.value + ", expected revision " + number(a.expected) + ", next: " + words(a.next) + ")";
}
inline std::string words(const store_row& a) {
    return "store(" + a.job.value + ", expected revision " + number(a.expected) + ", next: " + words(a.next) + ")";
}
inline std::string words(const write_checkpoint& a) {
    return "write_checkpoint(" + a.job.value + ", by " + words(a.generation) + ": " + words(a.row.name) + " " +
           std::string(text_of(a.row.state)) + (a.keep > 0 ? ", keep " + number(a.keep) : "") + ")";
}
inline std::string words(const put_wish& a) {
    return "put_wish(" + a.job.value + ", expected version " + number(a.expected) + ")";
}
inline std::string words(const tell& a) { return "tell(" + a.job.value + ", " + number(a.lines.size()) + " lines)"; }
inline std::string words(const advance_lease& a) { return "advance_lease(counter " + number(a.counter) + ")"; }
inline std::string words(const watch_jobs& a) { return "watch(" + words(a.since) + ")"; }
inline std::string words(const read_log& a) {
    return "read_log(" + a.job.value + ", after line " + number(a.after) + ", at most " + number(a.most) + ")";
}
inline std::string words(const dial& a) { return "dial(" + a.address + ")"; }
inline std::string words(const start_execution& a) { return "start_execution(" + words(a.connection) + ")"; }
inline std::string words(const begin_checkpoint& a) {
    return "begin_checkpoint(" + words(a.connection) + ", " + words(a.name) + ")";
}
inline std::string words(const stop_execution& a) {
    return "stop_execution(" + words(a.connection) + ", " + words(a.generation) + ")";
}
inline std::string words(const load_checkpoint& a) { return "load(" + a.job.value + ", " + words(a.name) + ")"; }
inline std::string words(const prepare_checkpoint& a) { return "prepare(" + a.job.value + ", " + words(a.name) + ")"; }
inline std::string words(const store_checkpoint& a) {
    return "store(" + a.job.value + ", " + words(a.what->name) + ")";
}
inline std::string words(const remove_checkpoint& a) { return "remove(" + a.job.value + ", " + words(a.name) + ")"; }

inline std::string result_words(const auto&) { return {}; }
inline std::string result_words(std::uint32_t left) { return number(left) + " left"; }
inline std::string result_words(std::uint64_t version) { return "version " + number(version); }
inline std::string result_words(const std::vector<worker_id>& ids) { return listed(ids); }
inline std::string result_words(const job_row& row) { return words(row); }
inline std::string result_words(const claimed& one) {
    return words(one.row) + (one.restore ? ", restore " + words(one.restore->name) : ", restore nothing");
}
inline std::string result_words(const dialled& one) { return words(one.connection); }
inline std::string result_words(const shared<checkpoint_metadata>& one) { return one ? words(one->name) : "null"; }
inline std::string result_words(const worker_news& news) {
    std::vector<worker_id> ids;
    for (const worker_news::exited& each : news.exits) ids.push_back(each.worker);
    return "exits " + listed(ids) + ", next " + number(news.next.value);
}
inline std::string result_words(const job_news& news) {
    return number(news.jobs.size()) + " jobs, next " + number(news.next.value);
}

}  // namespace detail

template <class Effect>
std::string call_text(const Effect& what) {
    return detail::words(what);
}

template <class Result>
std::string result_text(const Result& result) {
    const std::string words = detail::result_words(result);
    return words.empty() ? words : " (" + words + ")";
}

}  // namespace headgate::inline v1::laws
