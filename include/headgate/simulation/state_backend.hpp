#pragma once
// SPDX-License-Identifier: BSL-1.0
// simulation: the metadata of checkpoints in memory, a model of `state_backend`.

#include <headgate/concepts/held_completion.hpp>
#include <headgate/concepts/state_backend.hpp>

#include <concepts>
#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace headgate::inline v1::simulation {

/// A copyable value: a copy has its own checkpoints and answers the same calls in flight. Answers within the call or,
/// if it `queues`, when `run_one()` is called, oldest first. No faults but `damage`.
class state_backend {
public:
    /// Calls that may wait; one more is answered at once, as not applied or with an error.
    static constexpr std::size_t most_waiting = 4'096;

    state_backend() = default;
    explicit state_backend(bool queues) : queues_(queues) {}

    void load(const request<load_checkpoint>& r, completion_for<load_checkpoint> auto done) {
        take(r, std::move(done));
    }
    void prepare(const request<prepare_checkpoint>& r, completion_for<prepare_checkpoint> auto done) {
        take(r, std::move(done));
    }
    void store(const request<store_checkpoint>& r, completion_for<store_checkpoint> auto done) {
        take(r, std::move(done));
    }
    void remove(const request<remove_checkpoint>& r, completion_for<remove_checkpoint> auto done) {
        take(r, std::move(done));
    }

    /// Answers the oldest call that waits; false if there is none.
    bool run_one();
    std::size_t waiting() const { return waiting_.size(); }

    /// From now on the metadata of this checkpoint cannot be read, until it is stored again or removed.
    void damage(const job_id& job, checkpoint_name name) { kept_.insert_or_assign({job, name}, std::nullopt); }
    bool has(const job_id& job, checkpoint_name name) const { return kept_.contains({job, name}); }

private:
    using key = std::pair<job_id, checkpoint_name>;
    template <class Effect>
    struct call {
        request<Effect> asked;
        held_completion<Effect> done;
    };
    using any_call =
        std::variant<call<load_checkpoint>, call<prepare_checkpoint>, call<store_checkpoint>, call<remove_checkpoint>>;

    template <class Effect>
    void take(const request<Effect>& r, auto done);

    load_checkpoint::answer carry_out(const load_checkpoint& what) const;
    prepare_checkpoint::answer carry_out(const prepare_checkpoint& what) const;
    store_checkpoint::answer carry_out(const store_checkpoint& what);
    remove_checkpoint::answer carry_out(const remove_checkpoint& what);

    bool queues_ = false;
    // Without a value where it is damaged.
    std::map<key, std::optional<std::shared_ptr<const checkpoint_metadata>>> kept_;
    std::deque<any_call> waiting_;
};

static_assert(headgate::state_backend<state_backend>);

// Implementation ------------------------------------------------------------------------------------------------------

namespace detail {

inline error about(const job_id& job, checkpoint_name name, std::string_view what) {
    return {.kind = error_kind::state_backend,
            .text = "the checkpoint of epoch " + std::to_string(name.epoch.value) + ", generation " +
                    std::to_string(name.generation.value) + " of job " + job.value + std::string(what)};
}

}  // namespace detail

template <class Effect>
void state_backend::take(const request<Effect>& r, auto done) {
    if (not queues_) return done(carry_out(r.what));
    if (waiting_.size() < most_waiting) {
        waiting_.emplace_back(call<Effect>{r, std::move(done)});
        return;
    }
    error full{.kind = error_kind::state_backend, .text = "too many calls wait"};
    if constexpr (std::constructible_from<typename Effect::answer, not_applied>)
        done(not_applied{std::move(full)});
    else
        done(tl::unexpected<error>(std::move(full)));
}

inline bool state_backend::run_one() {
    if (waiting_.empty()) return false;
    const any_call next = std::move(waiting_.front());
    waiting_.pop_front();  // first: a completion may call again
    std::visit([this](const auto& one) { one.done(carry_out(one.asked.what)); }, next);
    return true;
}

inline load_checkpoint::answer state_backend::carry_out(const load_checkpoint& what) const {
    const auto found = kept_.find({what.job, what.name});
    if (found == kept_.end()) return nullptr;
    if (not found->second)
        return tl::unexpected(detail::about(what.job, what.name, " cannot be read: its metadata is damaged"));
    return *found->second;
}

inline prepare_checkpoint::answer state_backend::carry_out(const prepare_checkpoint& what) const {
    if (not has(what.job, what.name)) return not_applied{detail::about(what.job, what.name, " is not there")};
    return applied{};
}

inline store_checkpoint::answer state_backend::carry_out(const store_checkpoint& what) {
    kept_.insert_or_assign({what.job, what.what->name}, what.what);
    return applied{};
}

inline remove_checkpoint::answer state_backend::carry_out(const remove_checkpoint& what) {
    kept_.erase({what.job, what.name});
    return applied{};
}

}  // namespace headgate::inline v1::simulation
