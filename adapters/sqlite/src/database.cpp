// SPDX-License-Identifier: BSL-1.0
#include <headgate/sqlite/database.hpp>

#include "operations.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <type_traits>
#include <variant>

namespace headgate::inline v1::sqlite {

namespace {

instant steady_now() {
    return instant(std::chrono::duration_cast<duration>(std::chrono::steady_clock::now().time_since_epoch()));
}

template <class Answer>
Answer refusal(error_kind kind, std::string text) {
    const error why{.kind = kind, .text = std::move(text)};
    if constexpr (std::is_constructible_v<Answer, not_applied>)
        return not_applied{why};
    else
        return tl::unexpected(why);
}

}  // namespace

/// The thread and what waits for it.
class database::worker {
public:
    worker(options how, operations all)
        : how_(std::move(how)), operations_(std::move(all)), thread_([this] { run(); }) {}

    ~worker() {
        {
            const std::scoped_lock lock(mutex_);
            is_ending_ = true;
        }
        news_.notify_one();
        thread_.join();
    }

    template <class Effect>
    void take(const request<Effect>& asked, held_completion<Effect> done) {
        {
            const std::scoped_lock lock(mutex_);
            if (waiting_.size() < how_.most_waiting) {
                waiting_.push_back(call<Effect>{asked, std::move(done)});
                news_.notify_one();
                return;
            }
        }
        done(refusal<typename Effect::answer>(
            error_kind::database,
            "database " + how_.path + ": " + std::to_string(how_.most_waiting) + " calls wait already"));
    }

private:
    template <class Effect>
    struct call {
        request<Effect> asked;
        held_completion<Effect> done;
    };
    using any_call =
        std::variant<call<headgate::claim>, call<store_row>, call<headgate::write_checkpoint>, call<headgate::put_wish>,
                     call<headgate::tell>, call<headgate::advance_lease>, call<watch_jobs>, call<headgate::read_log>>;

    void run() {
        for (;;) {
            std::optional<any_call> next;
            {
                std::unique_lock lock(mutex_);
                const auto is_due = [this] { return is_ending_ or not waiting_.empty(); };
                if (watch_)
                    news_.wait_for(lock, how_.look_every, is_due);
                else
                    news_.wait(lock, is_due);
                if (is_ending_ and waiting_.empty()) break;
                if (not waiting_.empty()) {
                    next = std::move(waiting_.front());
                    waiting_.pop_front();
                }
            }
            if (next) std::visit([this](auto& one) { carry_out(one); }, *next);
            look();
        }
        end_watch();
    }

    template <class Effect>
    void carry_out(call<Effect>& one) {
        if constexpr (std::is_same_v<Effect, watch_jobs>) {
            end_watch();
            watch_ = std::move(one);
        } else {
            one.done(operations_.perform(one.asked.what));
        }
    }

    /// Answers the watch if there is news, or its time is over.
    void look() {
        if (not watch_) return;
        expected<job_news> news = operations_.perform(watch_->asked.what);
        if (not news or not news->jobs.empty())
            std::exchange(watch_, std::nullopt)->done(std::move(news));
        else if (watch_->asked.deadline != never and how_.now() >= watch_->asked.deadline)
            end_watch();
    }

    void end_watch() {
        if (const auto ended = std::exchange(watch_, std::nullopt))
            ended->done(job_news{.next = ended->asked.what.since});
    }

    options how_;
    operations operations_;                    // of the thread alone
    std::optional<call<watch_jobs>> watch_{};  // likewise

    std::mutex mutex_{};
    std::condition_variable news_{};
    std::deque<any_call> waiting_{};
    bool is_ending_ = false;

    std::thread thread_;
};

expected<std::unique_ptr<database>> database::open(options how) {
    if (not how.now) how.now = steady_now;
    auto opened = connection::open(how);
    if (not opened) return tl::unexpected(opened.error());
    operations all(*std::move(opened), lives(how.path + ".controllers"), how.limits);
    return std::unique_ptr<database>(new database(std::make_unique<worker>(std::move(how), std::move(all))));
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

}  // namespace headgate::inline v1::sqlite
