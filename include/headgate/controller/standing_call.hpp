#pragma once
// SPDX-License-Identifier: BSL-1.0
// controller: a call that is asked again whenever it was answered: a watch, or the lease.

#include <headgate/vocabulary/effect.hpp>
#include <headgate/vocabulary/error.hpp>
#include <headgate/vocabulary/fields.hpp>
#include <headgate/vocabulary/time.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

namespace headgate::inline v1 {

class standing_call {
public:
    bool is_due(instant now) const { return due_ <= now; }
    /// When it is due, or overdue: then it counts as unanswered.
    instant deadline() const { return due_; }

    /// Asked now; if no answer comes until `deadline` it is asked again. `of`: the kind of trouble it is if none came
    /// to the last.
    ticket ask(instant deadline, error_kind of = error_kind::database) {
        if (std::exchange(is_asked_, true)) trouble_ = error{.kind = of, .text = "no answer in time"};
        due_ = deadline;
        ++attempt_.value;
        return {.attempt = attempt_};
    }
    /// Whether `to` is the asking that is waited for. It is asked again at `next`. `trouble`: why it was in vain.
    bool answer(const ticket& to, instant next, std::optional<error> trouble = {}) {
        if (to.attempt != attempt_) return false;
        due_ = next;
        is_asked_ = false;
        trouble_ = std::move(trouble);
        return true;
    }
    /// Why the last was in vain; nothing: it was not, as far as is known.
    const std::optional<error>& trouble() const { return trouble_; }

private:
    friend fields;
    static constexpr std::size_t field_count = 4;

    instant due_{};  // at once
    attempt attempt_{};
    bool is_asked_ = false;
    std::optional<error> trouble_{};
};

}  // namespace headgate::inline v1
