#pragma once
// SPDX-License-Identifier: BSL-1.0
// worker: the stream to the controller and the way to being accepted on it (G3).
//
//   resting --reopen--> opening --up--> greeted --challenge holds--> proving --accepted--> accepted
//      ^                   |  late, or  |  does not hold                |  late               |
//      |                   +------------+----------> closing <----------+                     |
//      +---------------------- down, from everywhere ---------------------------------------- +
//
// Nothing is told to a controller that did not prove itself, and little is believed of it: its "go" or "refused" counts
// once nobody proved anything for a while, because a superseded worker's secret is gone with its controller.

#include <headgate/vocabulary/fields.hpp>
#include <headgate/vocabulary/message.hpp>
#include <headgate/worker/context.hpp>
#include <headgate/worker/settings.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace headgate::inline v1 {

class worker_registration {
public:
    bool is_accepted() const { return phase_ == phase::accepted; }
    bool is_open() const { return phase_ != phase::resting and phase_ != phase::closing; }
    /// When the proof of the present acceptance was sent: the lease counts from there.
    instant proven() const { return proven_; }
    /// What went wrong the last time; for people.
    const std::string& trouble() const { return trouble_; }

    void want(worker_context& c, const worker_times& times);
    /// Why to end although nobody proved to be the controller.
    std::optional<worker_end> doubted(worker_context& c) const;

    void up(worker_context& c, const worker_times& times, worker_counts& counts);
    void down(worker_context& c, const worker_times& times, std::string why);
    void challenge(bool holds, worker_context& c, const worker_times& times, worker_counts& counts);

    /// What a verdict said, if it is to be acted on.
    std::optional<verdict> judge(const verdict& said, worker_context& c, const worker_times& times,
                                 worker_counts& counts);
    /// The controller answers: the next loss is the first again.
    void goes_well() { failed_ = {}, paused_ = {}; }
    /// Afterwards nothing is asked for any more.
    void end(worker_context& c);

    friend bool operator==(const worker_registration&, const worker_registration&) = default;

private:
    enum class phase : std::uint8_t { resting, opening, greeted, proving, accepted, closing };

    void enter(phase next, instant until) { phase_ = next, until_ = until; }
    void rest(worker_context& c, const worker_times& times);
    void close(worker_context& c, const worker_times& times, std::string why);
    void doubt(const verdict& said, worker_context& c, const worker_times& times);

    friend fields;
    static constexpr std::size_t field_count = 7;

    phase phase_{};
    instant until_ = instant::min();  ///< of the phase; unused in accepted
    instant proven_{};
    attempt failed_{};
    duration paused_{};
    std::string trouble_{};
    std::optional<std::pair<instant, worker_end>> doubted_{};
};

// Implementation ------------------------------------------------------------------------------------------------------

inline void worker_registration::want(worker_context& c, const worker_times& times) {
    if (phase_ == phase::accepted or not c.reached(until_)) return;
    switch (phase_) {
        case phase::resting:
            enter(phase::opening, c.after(times.answer));
            c.ask(open_link{});
            break;
        case phase::opening: close(c, times, "the stream did not open in time"); break;
        case phase::greeted: close(c, times, "the controller did not answer the hello in time"); break;
        case phase::proving: close(c, times, "the controller did not answer the proof in time"); break;
        case phase::closing: rest(c, times); break;
        case phase::accepted: break;
    }
    c.reached(until_);
}

inline std::optional<worker_end> worker_registration::doubted(worker_context& c) const {
    if (not doubted_ or not c.reached(doubted_->first)) return std::nullopt;
    return doubted_->second;
}

inline void worker_registration::up(worker_context& c, const worker_times& times, worker_counts& counts) {
    switch (phase_) {
        case phase::opening:
            enter(phase::greeted, c.after(times.answer));
            c.ask(say_hello{});
            break;
        case phase::resting:
            // It was given up; only what is asked for may stay open.
            close(c, times, "the stream opened late");
            break;
        case phase::greeted:
        case phase::proving:
        case phase::accepted:
        case phase::closing: ++counts.strange; break;
    }
}

inline void worker_registration::down(worker_context& c, const worker_times& times, std::string why) {
    if (phase_ == phase::resting) return;
    // What closed it is worth more than that it is closed.
    if (phase_ != phase::closing) trouble_ = "stream lost: " + why;
    rest(c, times);
}

inline void worker_registration::challenge(bool holds, worker_context& c, const worker_times& times,
                                           worker_counts& counts) {
    if (phase_ != phase::greeted) {
        ++counts.strange;
        return;
    }
    if (not holds) {
        ++counts.impostors;
        close(c, times, "the controller could not prove itself, or this worker has the token of another");
        return;
    }
    doubted_.reset();
    proven_ = c.after(duration{});
    enter(phase::proving, c.after(times.answer));
    c.ask(say_proof{});
}

inline std::optional<verdict> worker_registration::judge(const verdict& said, worker_context& c,
                                                         const worker_times& times, worker_counts& counts) {
    const bool accepts = std::holds_alternative<accepted>(said);
    switch (phase_) {
        case phase::proving:
            if (accepts) enter(phase::accepted, never);
            return said;
        case phase::accepted:
            if (not accepts) return said;
            ++counts.strange;
            return std::nullopt;
        case phase::greeted:
            ++counts.impostors;
            doubt(said, c, times);
            return std::nullopt;
        case phase::resting:
        case phase::opening:
        case phase::closing: ++counts.strange; return std::nullopt;
    }
    return std::nullopt;
}

inline void worker_registration::doubt(const verdict& said, worker_context& c, const worker_times& times) {
    std::optional<worker_end> end;
    if (const auto* no = std::get_if<refused>(&said)) end = {worker_end_kind::refused, no->why};
    if (std::holds_alternative<go>(said)) end = {worker_end_kind::dismissed, "said by a controller without proof"};
    if (end) doubted_ = {doubted_ ? doubted_->first : c.after(times.doubt), *end};
    close(c, times, end ? end->text : "accepted by a controller without proof");
}

inline void worker_registration::rest(worker_context& c, const worker_times& times) {
    ++failed_.value;
    // At least one millisecond, so that each tick moves the deadline on.
    paused_ = std::max(times.reopen(failed_, paused_, c.bits()), duration(1));
    enter(phase::resting, c.after(paused_));
}

inline void worker_registration::close(worker_context& c, const worker_times& times, std::string why) {
    trouble_ = std::move(why);
    enter(phase::closing, c.after(times.answer));
    c.ask(close_link{});
}

inline void worker_registration::end(worker_context& c) {
    if (is_open()) c.ask(close_link{});
    enter(phase::closing, never);
}

}  // namespace headgate::inline v1
