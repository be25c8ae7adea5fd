// SPDX-License-Identifier: BSL-1.0
#include <headgate/filesystem/state_backend.hpp>

#include <headgate/protobuf/codec.hpp>
#include <headgate/vocabulary/note_text.hpp>

#include "file.hpp"

#include <cerrno>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <variant>

namespace headgate::inline v1::filesystem {

namespace {

constexpr const char* file_name = "metadata";
constexpr std::size_t most_bytes = std::size_t{2} << 30;

/// The answer that says that nothing was done.
template <class Answer>
Answer refusal(error why) {
    if constexpr (std::constructible_from<Answer, not_applied>)
        return not_applied{std::move(why)};
    else
        return tl::unexpected<error>(std::move(why));
}

const job_id& job_of(const auto& what) { return what.job; }
checkpoint_name name_of(const auto& what) { return what.name; }
checkpoint_name name_of(const store_checkpoint& what) { return what.what->name; }

error about(const auto& what, std::string_view text, error_kind kind = error_kind::state_backend) {
    const checkpoint_name name = name_of(what);
    return {.kind = kind,
            .text = "the checkpoint of epoch " + std::to_string(name.epoch.value) + ", generation " +
                    std::to_string(name.generation.value) + " of job " + one_line(job_of(what).value) + ": " +
                    std::string(text)};
}

error about(const auto& what, const file_result& failed) {
    const int number = failed.number;
    // Only somebody who changes the system can help; everything else may pass (no space, I/O, a network away).
    const bool is_permanent = number == EACCES or number == EPERM or number == EROFS or number == ENAMETOOLONG or
                              number == ENOTDIR or number == ELOOP;
    return about(what, failed.where.string() + ": " + std::generic_category().message(number),
                 is_permanent ? error_kind::permanent : error_kind::state_backend);
}

outcome<applied> ended(const auto& what, const file_result& how) {
    if (how.is_good()) return applied{};
    if (how.may_have_happened) return unknown{about(what, how)};
    return not_applied{about(what, how)};
}

}  // namespace

class state_backend::implementation {
public:
    implementation(std::filesystem::path directory, options with)
        : directory_(std::move(directory)), with_(with), thread_([this] { work(); }) {}

    ~implementation() {
        std::deque<any_call> left;
        {
            const std::scoped_lock lock(mutex_);
            ends_ = true;
            left.swap(waiting_);
        }
        more_.notify_one();
        for (const any_call& each : left) std::visit([](const auto& one) { one.done(over(one.what)); }, each);
        thread_.join();
    }

    const std::filesystem::path& directory() const { return directory_; }

    template <class Effect>
    void begin(const request<Effect>& r, held_completion<Effect> done) {
        {
            const std::scoped_lock lock(mutex_);
            if (waiting_.size() < with_.most_waiting) {
                waiting_.emplace_back(call<Effect>{r.what, std::move(done)});
                more_.notify_one();
                return;
            }
        }
        done(refusal<typename Effect::answer>(about(r.what, "too many calls to the file system wait")));
    }

private:
    template <class Effect>
    struct call {
        Effect what;
        held_completion<Effect> done;
    };
    using any_call =
        std::variant<call<load_checkpoint>, call<prepare_checkpoint>, call<store_checkpoint>, call<remove_checkpoint>>;

    void work() {
        std::unique_lock lock(mutex_);
        while (true) {
            more_.wait(lock, [this] { return ends_ or not waiting_.empty(); });
            if (ends_) return;
            const any_call next = std::move(waiting_.front());
            waiting_.pop_front();
            lock.unlock();
            std::visit([this](const auto& one) { one.done(guarded(one.what)); }, next);
            lock.lock();
        }
    }

    template <class Effect>
    static typename Effect::answer over(const Effect& what) {
        return refusal<typename Effect::answer>(about(what, "the state backend has ended"));
    }

    /// No memory, above all.
    template <class Effect>
    typename Effect::answer guarded(const Effect& what) const {
        try {
            return carry_out(what);
        } catch (const std::exception& thrown) {
            if constexpr (std::constructible_from<typename Effect::answer, unknown>)
                return unknown{about(what, thrown.what())};
            else
                return tl::unexpected<error>(about(what, thrown.what()));
        }
    }

    std::filesystem::path folder_of(const auto& what) const {
        return checkpoint_folder(directory_, job_of(what), name_of(what));
    }

    load_checkpoint::answer carry_out(const load_checkpoint& what) const {
        const std::filesystem::path file = folder_of(what) / file_name;
        std::string bytes;
        if (const file_result read = read_file(file, most_bytes, bytes); not read.is_good()) {
            if (read.number != ENOENT) return tl::unexpected<error>(about(what, read));
            std::error_code ignored;
            if (std::filesystem::is_directory(directory_, ignored)) return nullptr;
            return tl::unexpected<error>(about(what, directory_.string() + ": no such directory; is it mounted?"));
        }
        std::string_view content;
        std::string why;
        if (not unseal(bytes, content, why)) return tl::unexpected<error>(about(what, file.string() + ": " + why));
        expected<checkpoint_metadata> read = protobuf::decode_checkpoint_metadata(content);
        if (not read) {
            const bool is_newer = read.error().kind == error_kind::unsupported;
            return tl::unexpected<error>(about(what, file.string() + ": " + read.error().text,
                                               is_newer ? error_kind::permanent : error_kind::state_backend));
        }
        if (read->name != what.name) return tl::unexpected<error>(about(what, file.string() + ": it is another's"));
        return std::make_shared<const checkpoint_metadata>(*std::move(read));
    }

    prepare_checkpoint::answer carry_out(const prepare_checkpoint& what) const {
        const std::filesystem::path file = folder_of(what) / file_name;
        std::error_code why;
        if (std::filesystem::is_regular_file(file, why)) return applied{};
        if (why and why.value() != ENOENT) return not_applied{about(what, file_result{why.value(), file})};
        return not_applied{about(what, file.string() + ": there is no such file")};
    }

    store_checkpoint::answer carry_out(const store_checkpoint& what) const {
        const std::filesystem::path folder = folder_of(what);
        for (const std::filesystem::path& each : {folder.parent_path(), folder})
            if (const file_result made = make_folder(each); not made.is_good()) return not_applied{about(what, made)};
        return ended(what, write_file(folder, file_name, sealed(protobuf::encode(*what.what))));
    }

    remove_checkpoint::answer carry_out(const remove_checkpoint& what) const {
        return ended(what, remove_folder(folder_of(what)));
    }

    const std::filesystem::path directory_;
    const options with_;
    std::mutex mutex_;
    std::condition_variable more_;
    std::deque<any_call> waiting_;
    bool ends_ = false;
    std::thread thread_;  // the last: it uses all of the others
};

namespace {

std::filesystem::path made_absolute(const std::filesystem::path& directory) {
    std::error_code why;
    std::filesystem::path whole = std::filesystem::absolute(directory, why);
    return why ? directory : whole.lexically_normal();
}

}  // namespace

state_backend::state_backend(const std::filesystem::path& directory, options with)
    : does_(std::make_unique<implementation>(made_absolute(directory), with)) {}

state_backend::~state_backend() = default;

const std::filesystem::path& state_backend::directory() const { return does_->directory(); }

void state_backend::begin(const request<load_checkpoint>& r, held_completion<load_checkpoint> done) {
    does_->begin(r, std::move(done));
}
void state_backend::begin(const request<prepare_checkpoint>& r, held_completion<prepare_checkpoint> done) {
    does_->begin(r, std::move(done));
}
void state_backend::begin(const request<store_checkpoint>& r, held_completion<store_checkpoint> done) {
    does_->begin(r, std::move(done));
}
void state_backend::begin(const request<remove_checkpoint>& r, held_completion<remove_checkpoint> done) {
    does_->begin(r, std::move(done));
}

}  // namespace headgate::inline v1::filesystem
