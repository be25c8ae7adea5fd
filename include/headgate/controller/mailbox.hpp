#pragma once
// SPDX-License-Identifier: BSL-1.0
// controller: the one door through which other threads reach a controller.

#include <headgate/concepts/channel.hpp>
#include <headgate/vocabulary/event.hpp>
#include <headgate/vocabulary/record.hpp>

#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <variant>
#include <vector>

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

/// Takes mail from any thread. Shared by its controller and by every call in flight, so that a completion that comes
/// after the controller's end finds it closed and does nothing.
class mailbox {
public:
    void post(mail one);
    /// Everything that was posted, in order.
    std::vector<mail> take();
    bool is_empty() const;
    /// What comes from now on is thrown away.
    void close();

    /// `wake()` is called from the posting thread when the box was empty: "poll soon".
    template <std::invocable Wake>
    void on_wake(Wake wake);

private:
    mutable std::mutex guard_;
    std::vector<mail> posted_;
    bool is_closed_ = false;
    std::shared_ptr<void> wake_;
    void (*call_wake_)(void*) = nullptr;
};

/// Answers a request of `Effect` into a mailbox.
template <class Effect>
struct into_mailbox {
    ticket to{};
    job_handle job{};
    std::shared_ptr<mailbox> box{};

    void operator()(typename Effect::answer answer) const {
        answered<Effect> what{to, std::move(answer)};
        if constexpr (std::constructible_from<event, answered<Effect>>)
            box->post(job_mail{job, std::move(what)});
        else
            box->post(std::move(what));
    }
};

// Implementation ------------------------------------------------------------------------------------------------------

inline void mailbox::post(mail one) {
    std::shared_ptr<void> wake;
    {
        const std::lock_guard lock(guard_);
        if (is_closed_) return;
        const bool was_empty = posted_.empty();
        posted_.push_back(std::move(one));
        if (was_empty) wake = wake_;
    }
    // Outside the lock: it may run the controller.
    if (wake) call_wake_(wake.get());
}

inline std::vector<mail> mailbox::take() {
    const std::lock_guard lock(guard_);
    return std::exchange(posted_, {});
}

inline bool mailbox::is_empty() const {
    const std::lock_guard lock(guard_);
    return posted_.empty();
}

inline void mailbox::close() {
    const std::lock_guard lock(guard_);
    is_closed_ = true;
    posted_.clear();
    wake_.reset();
}

template <std::invocable Wake>
void mailbox::on_wake(Wake wake) {
    const std::lock_guard lock(guard_);
    wake_ = std::make_shared<Wake>(std::move(wake));
    call_wake_ = [](void* held) { (*static_cast<Wake*>(held))(); };
}

}  // namespace headgate::inline v1
