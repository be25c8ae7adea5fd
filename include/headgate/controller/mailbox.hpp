#pragma once
// SPDX-License-Identifier: BSL-1.0
// controller: the one door through which other threads reach a controller.

#include <headgate/concepts/channel.hpp>
#include <headgate/concepts/mailbox.hpp>
#include <headgate/vocabulary/event.hpp>
#include <headgate/vocabulary/record.hpp>

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
                          answered<advance_lease>, answered<tell>>;

/// Shared by the controller and by every call in flight, so that a completion that comes after the controller's end
/// finds it closed and does nothing.
using controller_mailbox = mailbox<mail>;

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
};

}  // namespace headgate::inline v1
