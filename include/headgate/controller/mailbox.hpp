#pragma once
// SPDX-License-Identifier: BSL-1.0
// controller: the one door through which other threads reach a controller.

#include <headgate/concepts/channel.hpp>
#include <headgate/concepts/mailbox.hpp>
#include <headgate/vocabulary/event.hpp>
#include <headgate/vocabulary/limits.hpp>
#include <headgate/vocabulary/mixed.hpp>
#include <headgate/vocabulary/record.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <variant>

namespace headgate::inline v1 {

/// Which of a controller's jobs; never used twice in its life.
using job_handle = strong<struct job_handle_tag>;

/// Something for one job's machine.
struct job_mail {
    job_handle job{};
    headgate::event event{};
};

using mail = std::variant<job_mail, stream_event, answered<watch_jobs>, answered<watch_workers>,
                          answered<advance_lease>, answered<tell>, answered<read_log>>;

/// Whose an item is (SPEC 10): answers count for their job, and what comes on a stream for that stream. So no job keeps
/// another's from coming, while the channel has a thread for it; and none keeps another's waiting, because each has a
/// line, into which the thread that polls puts the streams of its proven workers too (L5). All other streams share one,
/// however many there are.
struct mail_origin {
    enum class kind : std::uint8_t { controller, job, stream, heartbeats, reports };

    std::uint64_t number{};  ///< of the job or the stream
    kind what{};

    friend constexpr bool operator==(const mail_origin&, const mail_origin&) = default;
};

struct sorted_mail {
    static constexpr std::size_t most = limits{}.mailbox;
    static constexpr std::size_t turn = 16;

    static mail_origin origin(const mail& what) {
        if (const auto* const one = std::get_if<job_mail>(&what)) return job(one->job);
        const auto* const heard = std::get_if<stream_event>(&what);
        if (not heard) return {};
        const auto* const said = std::get_if<worker_message>(&heard->what);
        const auto kind = said and std::holds_alternative<heartbeat>(*said)     ? mail_origin::kind::heartbeats
                          : said and std::holds_alternative<task_report>(*said) ? mail_origin::kind::reports
                                                                                : mail_origin::kind::stream;
        return {heard->stream.value, kind};
    }
    static constexpr mail_origin job(job_handle which) { return {which.value, mail_origin::kind::job}; }
    static constexpr mail_origin stream(stream_id which) { return {which.value, mail_origin::kind::stream}; }
    static constexpr mail_origin sender(const mail_origin& of) { return is_of_stream(of) ? stream({of.number}) : of; }
    static constexpr mail_origin line(const mail_origin& sender) { return is_of_stream(sender) ? stream({}) : sender; }
    static constexpr bool is_of_stream(const mail_origin& of) { return of.what >= mail_origin::kind::stream; }
    /// Heartbeats and reports say all that their worker said before.
    static constexpr bool is_cumulative(const mail_origin& of) {
        return of.what == mail_origin::kind::heartbeats or of.what == mail_origin::kind::reports;
    }
    struct hash {
        std::size_t operator()(const mail_origin& of) const {
            return detail::mixed(static_cast<std::uint64_t>(of.what), of.number);
        }
    };
};

/// Shared by the controller and by every call in flight, so that a completion that comes after the controller's end
/// finds it closed and does nothing.
using controller_mailbox = mailbox<mail, sorted_mail>;

/// Answers a request of `Effect` into a mailbox.
template <class Effect>
struct into_mailbox {
    ticket to{};
    job_handle job{};
    std::shared_ptr<controller_mailbox> box{};

    void operator()(typename Effect::answer answer) const {
        answered<Effect> what{to, std::move(answer)};
        if constexpr (std::constructible_from<event, answered<Effect>>)
            box->post(job_mail{job, std::move(what)});
        else
            box->post(std::move(what));
    }
    void operator()(completion_takes_the_answer_of<Effect>) const;
};

}  // namespace headgate::inline v1
