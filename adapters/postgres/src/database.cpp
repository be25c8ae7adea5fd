// SPDX-License-Identifier: BSL-1.0
#include <headgate/postgres/database.hpp>

#include "bell.hpp"
#include "install.hpp"
#include "session.hpp"
#include "watcher.hpp"

#include <poll.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <type_traits>
#include <variant>

namespace headgate::inline v1::postgres {

namespace {

using real = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds first_pause{100}, longest_pause{5'000};
constexpr milliseconds prepare_limit{5'000};  ///< once connected
constexpr milliseconds watch_tick{50};        ///< how late a watch's deadline is seen
constexpr milliseconds end_limit{5'000};
constexpr std::size_t most_sent = 256;  ///< statements in the pipeline

instant steady_now() { return instant(std::chrono::duration_cast<duration>(real::now().time_since_epoch())); }

template <class Answer>
Answer refusal(error why) {
    if constexpr (std::is_constructible_v<Answer, not_applied>)
        return not_applied{std::move(why)};
    else
        return tl::unexpected(std::move(why));
}

template <class Answer>
Answer doubt(error why) {
    if constexpr (std::is_constructible_v<Answer, unknown>)
        return unknown{std::move(why)};
    else
        return tl::unexpected(std::move(why));
}

template <class Effect>
struct call {
    request<Effect> asked;
    held_completion<Effect> done;
};

}  // namespace

/// The thread, what waits for it and what it sent.
class database::worker {
public:
    worker(options how, words say) : how_(std::move(how)), say_(std::move(say)), thread_([this] { run(); }) {}

    ~worker() {
        {
            const std::scoped_lock lock(mutex_);
            is_ending_ = true;
        }
        bell_.ring();
        thread_.join();
    }

    template <class Effect>
    void take(const request<Effect>& asked, held_completion<Effect> done) {
        {
            const std::scoped_lock lock(mutex_);
            if (waiting_.size() < how_.most_waiting) {
                waiting_.push_back(call<Effect>{asked, std::move(done)});
                bell_.ring();
                return;
            }
        }
        done(refusal<typename Effect::answer>(say_.say(
            error_kind::database, std::to_string(how_.most_waiting) + " calls wait already", "ask again later")));
    }

private:
    using any_call =
        std::variant<call<headgate::claim>, call<store_row>, call<headgate::write_checkpoint>, call<headgate::put_wish>,
                     call<headgate::tell>, call<headgate::advance_lease>, call<watch_jobs>, call<headgate::read_log>>;
    struct notification {};
    struct look {
        cursor since;
    };
    /// What was sent, in order.
    using in_flight =
        std::variant<call<headgate::claim>, call<store_row>, call<headgate::write_checkpoint>, call<headgate::put_wish>,
                     call<headgate::tell>, call<headgate::advance_lease>, call<headgate::read_log>, look, notification>;

    void run() {
        connect();
        for (;;) {
            wait();
            bell_.hush();
            if (session_) {
                session_->advance([this](const PGresult* one) { came(one); }, [this] { is_look_due_ = true; });
                const bool is_late = session_->now() != session::phase::ready and real::now() >= prepare_by_;
                if (is_late or session_->now() == session::phase::broken)
                    lost(is_late ? say_.say(error_kind::database, "no answer within 5 s", "look at the network")
                                 : session_->why());
            } else if (real::now() >= next_try_) {
                connect();
            }
            carry_out();
            look_for_news();
            if (is_over()) break;
        }
        lost(say_.say(error_kind::database, "the connection was closed", "open it again"));
        carry_out();  // refuses what waits still
        end_watch();
    }

    void wait() const {
        pollfd files[2] = {{bell_.file(), POLLIN, 0}, {-1, 0, 0}};
        milliseconds most = watch_ ? watch_tick : milliseconds(3'600'000);
        const auto until = [&](real::time_point when) {
            const auto left = std::chrono::ceil<milliseconds>(when - real::now());
            most = std::clamp(left, milliseconds(0), most);
        };
        if (session_) {
            files[1] = {session_->socket(), session_->events(), 0};
            if (session_->now() != session::phase::ready) until(prepare_by_);
            if (session_->now() == session::phase::broken) most = milliseconds(0);
        } else {
            until(next_try_);
        }
        if (is_end_seen_) until(end_by_);
        ::poll(files, 2, static_cast<int>(most.count()));
    }

    void connect() {
        locked_.clear();
        session_.emplace(how_.connection, how_.schema, say_);
        prepare_by_ = real::now() + prepare_limit;
        is_look_due_ = true;
    }

    /// What was sent is unknown; what was not is not applied.
    void lost(error why) {
        session_.reset();
        why_ = std::move(why);
        is_look_sent_ = false;
        next_try_ = real::now() + pause_;
        pause_ = std::min(pause_ * 2, longest_pause);
        for (in_flight& each : std::exchange(sent_, {})) std::visit([this](auto& one) { unanswered(one); }, each);
        if (watch_) std::exchange(watch_, std::nullopt)->done(tl::unexpected(why_));
    }

    template <class Effect>
    void unanswered(const call<Effect>& one) {
        one.done(doubt<typename Effect::answer>(why_));
    }
    void unanswered(const look&) {}
    void unanswered(const notification&) {}

    /// Sends what waits, or refuses it where there is no connection. While one is made it waits.
    void carry_out() {
        while (sent_.size() < most_sent) {
            if (session_ and session_->now() != session::phase::ready) return;
            std::optional<any_call> next;
            {
                const std::scoped_lock lock(mutex_);
                if (waiting_.empty()) return;
                next = std::move(waiting_.front());
                waiting_.pop_front();
            }
            std::visit([this](auto& one) { begin(one); }, *next);
        }
    }

    void begin(call<watch_jobs>& one) {
        end_watch();
        if (not session_) return one.done(tl::unexpected(why_));
        watch_ = std::move(one);
        is_look_due_ = true;
    }

    template <class Effect>
    void begin(call<Effect>& one) {
        if (not session_) return one.done(refusal<typename Effect::answer>(why_));
        constexpr bool is_lease = std::is_same_v<Effect, headgate::advance_lease>;
        const auto with = [&] {
            if constexpr (is_lease)
                return arguments_of(one.asked.what, locked_.insert(one.asked.what.self).second);
            else
                return arguments_of(one.asked.what, how_.limits);
        }();
        if (not with) return one.done(refusal<typename Effect::answer>(with.error()));
        session_->send(statement_of(one.asked.what), *with);
        sent_.push_back(std::move(one));
        // A transaction of its own, since commits that notify queue for a lock of the whole server.
        constexpr bool is_news = not is_lease and not std::is_same_v<Effect, headgate::read_log> and
                                 not std::is_same_v<Effect, headgate::write_checkpoint>;
        if constexpr (is_news) {
            session_->send(statement::notify, {});
            sent_.push_back(notification{});
        }
    }

    void look_for_news() {
        const bool is_ready = session_ and session_->now() == session::phase::ready;
        if (watch_ and watch_->asked.deadline != never and how_.now() >= watch_->asked.deadline) end_watch();
        if (not watch_ or not is_ready or is_look_sent_) return;
        if (not is_look_due_ and real::now() < next_look_) return;
        const cursor since = watch_->asked.what.since;
        arguments what;
        what.add(static_cast<std::int64_t>(watcher::oldest_of(since)));
        session_->send(statement::watch, what);
        sent_.push_back(look{since});
        is_look_sent_ = true;
        is_look_due_ = false;
        next_look_ = real::now() + how_.look_every;
    }

    void came(const PGresult* one) {
        if (sent_.empty()) return;
        in_flight what = std::move(sent_.front());
        sent_.pop_front();
        pause_ = first_pause;
        const bool is_done = PQresultStatus(one) == PGRES_TUPLES_OK;
        std::visit([&](auto& each) { answer(each, one, is_done); }, what);
    }

    template <class Effect>
    void answer(call<Effect>& which, const PGresult* one, bool is_done) {
        if (is_done) return which.done(answer_of(which.asked.what, one, how_.limits));
        if constexpr (std::is_same_v<Effect, headgate::advance_lease>) locked_.erase(which.asked.what.self);
        which.done(refusal<typename Effect::answer>(say_.failed(one)));
    }
    void answer(notification&, const PGresult*, bool) {}
    void answer(look& what, const PGresult* one, bool is_done) {
        is_look_sent_ = false;
        if (not watch_) return;
        if (not is_done) return std::exchange(watch_, std::nullopt)->done(tl::unexpected(say_.failed(one)));
        seen_jobs found = seen_of(one, how_.limits);
        if (watch_->asked.what.since != what.since) {
            is_look_due_ = true;  // a newer watch came
        } else if (watcher::oldest_of(what.since) > found.oldest) {
            watch_->asked.what.since = {};  // of a database that was put back
            is_look_due_ = true;
        } else if (auto news = watcher_.news(what.since, std::move(found))) {
            std::exchange(watch_, std::nullopt)->done(*std::move(news));
        }
    }

    void end_watch() {
        if (const auto ended = std::exchange(watch_, std::nullopt))
            ended->done(job_news{.next = ended->asked.what.since});
    }

    bool is_over() {
        const std::scoped_lock lock(mutex_);
        if (is_ending_ and not std::exchange(is_end_seen_, true)) end_by_ = real::now() + end_limit;
        const bool is_idle = waiting_.empty() and sent_.empty();
        return is_end_seen_ and (is_idle or real::now() >= end_by_);
    }

    options how_;
    words say_;

    // Of the thread alone:
    std::optional<session> session_{};
    std::deque<in_flight> sent_{};
    std::set<incarnation> locked_{};  // whose lock this connection holds; one, but for tests
    std::optional<call<watch_jobs>> watch_{};
    watcher watcher_{};
    bool is_look_due_ = false, is_look_sent_ = false, is_end_seen_ = false;
    real::time_point next_look_{}, next_try_{}, prepare_by_{}, end_by_{};
    milliseconds pause_ = first_pause;
    error why_{};

    std::mutex mutex_{};
    std::deque<any_call> waiting_{};
    bool is_ending_ = false;

    bell bell_{};
    std::thread thread_;
};

expected<std::unique_ptr<database>> database::open(options how) {
    if (not how.now) how.now = steady_now;
    words say(how.connection);
    if (const auto wrong = install(how, say)) return tl::unexpected(*wrong);
    return std::unique_ptr<database>(new database(std::make_unique<worker>(std::move(how), std::move(say))));
}

database::database(std::unique_ptr<worker> all) : worker_(std::move(all)) {}
database::~database() = default;

void database::take(const request<headgate::claim>& r, held_completion<headgate::claim> done) {
    worker_->take(r, done);
}
void database::take(const request<store_row>& r, held_completion<store_row> done) { worker_->take(r, done); }
void database::take(const request<headgate::write_checkpoint>& r, held_completion<headgate::write_checkpoint> done) {
    worker_->take(r, done);
}
void database::take(const request<headgate::put_wish>& r, held_completion<headgate::put_wish> done) {
    worker_->take(r, done);
}
void database::take(const request<headgate::tell>& r, held_completion<headgate::tell> done) { worker_->take(r, done); }
void database::take(const request<headgate::advance_lease>& r, held_completion<headgate::advance_lease> done) {
    worker_->take(r, done);
}
void database::take(const request<watch_jobs>& r, held_completion<watch_jobs> done) { worker_->take(r, done); }
void database::take(const request<headgate::read_log>& r, held_completion<headgate::read_log> done) {
    worker_->take(r, done);
}

}  // namespace headgate::inline v1::postgres
