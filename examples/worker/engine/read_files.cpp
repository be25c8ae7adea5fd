// SPDX-License-Identifier: BSL-1.0
#include "stage.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

namespace dataflow {

namespace {

using headgate::applied;
using headgate::error_domain;
using headgate::error_kind;
using headgate::expected;
using headgate::failure;

constexpr std::size_t most_files = 100'000;
constexpr std::uint64_t most_splits = 1'000'000;
constexpr std::size_t piece = std::size_t{64} << 10;  // bytes read at once, and about what a step gives

/// One file once, and where its next line begins.
struct split {
    std::uint64_t index{};  ///< repetition times files, plus file
    std::uint64_t offset{};
};

class file_source : public source {
public:
    file_source(read_files from, std::string name, situation& where, pause_function pause)
        : from_(std::move(from)), name_(std::move(name)), where_(where), pause_(std::move(pause)) {}
    file_source(const file_source&) = delete;
    file_source& operator=(const file_source&) = delete;
    ~file_source() override { close(); }

    expected<applied> list();
    progress step(stage& to) override;
    std::string state() const override;
    expected<std::string> restore(const std::vector<kept_state>& states, bool is_shared_out) override;

private:
    bool open();
    void close();
    const char* line_end();
    bool fill();
    bool give(stage& to, std::size_t size, std::size_t with_end);
    progress fail(const std::string& why, bool may_retry = true);
    progress too_long();
    expected<applied> add(const kept_state& of, std::vector<split>& to, std::uint64_t& lines) const;

    const std::string& file() const { return files_[remaining_[at_].index % files_.size()]; }

    read_files from_;
    std::string name_;
    situation& where_;
    pause_function pause_;
    std::vector<std::string> files_{};  ///< names, sorted
    std::uint64_t fingerprint_ = 0;     ///< of names and sizes
    std::vector<split> remaining_{};    ///< from `at_` on; ascending
    std::size_t at_ = 0;
    int open_ = -1;
    bool is_at_end_ = false;
    std::string buffer_{};      ///< of the open file
    std::size_t begin_ = 0;     ///< in the buffer: the byte at the split's offset
    std::size_t searched_ = 0;  ///< no line ends between `begin_` and this
    std::size_t have_ = 0;      ///< end of what was read
};

expected<applied> file_source::list() {
    const auto bad = [&](const std::string& why) {
        return failure(error_kind::invalid, "node " + std::to_string(where_.node.value) + ", operator \"" + name_ +
                                                "\": directory " + from_.directory + ": " + why);
    };
    std::error_code wrong;
    std::vector<std::pair<std::string, std::uint64_t>> found;
    for (std::filesystem::directory_iterator each(from_.directory, wrong), none; not wrong and each != none;
         each.increment(wrong)) {
        std::string file = each->path().filename().string();
        if (file.front() == '.' or not each->is_regular_file(wrong)) continue;
        if (found.size() == most_files) return bad("more than " + std::to_string(most_files) + " files");
        found.emplace_back(std::move(file), each->file_size(wrong));
    }
    if (wrong) return bad(wrong.message());
    if (found.empty()) return bad("there are no files in it");
    if (found.size() * from_.repeat > most_splits)
        return bad(std::to_string(found.size()) + " files, repeated " + std::to_string(from_.repeat) +
                   " times, are more than " + std::to_string(most_splits) + " splits");
    std::ranges::sort(found);
    for (auto& [file, size] : found) {
        fingerprint_ = hash_of(std::to_string(fingerprint_) + "/" + file + "/" + std::to_string(size));
        files_.push_back(std::move(file));
    }
    const std::uint64_t splits = files_.size() * from_.repeat;
    for (std::uint64_t i = where_.subtask; i < splits; i += where_.parallelism) remaining_.push_back({i, 0});
    return applied{};
}

bool file_source::open() {
    const std::filesystem::path path = std::filesystem::path(from_.directory) / file();
    open_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    begin_ = searched_ = have_ = 0;
    is_at_end_ = false;
    return open_ >= 0;
}

void file_source::close() {
    if (open_ >= 0) ::close(std::exchange(open_, -1));
}

source::progress file_source::fail(const std::string& why, bool may_retry) {
    where_.trouble = trouble{name_, error_domain::external, may_retry, from_.directory + "/" + file() + ": " + why};
    return progress::halted;
}

const char* file_source::line_end() {
    const void* const end = std::memchr(buffer_.data() + searched_, '\n', have_ - searched_);
    if (end == nullptr) searched_ = have_;
    return static_cast<const char*>(end);
}

bool file_source::fill() {
    std::memmove(buffer_.data(), buffer_.data() + begin_, have_ - begin_);
    have_ -= std::exchange(begin_, 0);
    searched_ = have_;
    if (buffer_.size() < have_ + piece) buffer_.resize(have_ + piece);
    ssize_t got = 0;
    do {
        const auto offset = static_cast<off_t>(remaining_[at_].offset + have_);
        got = ::pread(open_, buffer_.data() + have_, piece, offset);
    } while (got < 0 and errno == EINTR);
    if (got > 0) have_ += static_cast<std::size_t>(got);
    is_at_end_ = got == 0;
    return got >= 0;
}

bool file_source::give(stage& to, std::size_t size, std::size_t with_end) {
    const std::string_view line(buffer_.data() + begin_, size);
    begin_ = searched_ = begin_ + with_end;
    remaining_[at_].offset += with_end;
    records.store(records.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    bytes.store(bytes.load(std::memory_order_relaxed) + with_end, std::memory_order_relaxed);
    return to.take({line, 1});
}

source::progress file_source::too_long() {
    return fail("the line at byte " + std::to_string(remaining_[at_].offset) + " is longer than " +
                    std::to_string(longest_text) + " bytes",
                false);
}

source::progress file_source::step(stage& to) {
    if (at_ == remaining_.size()) return progress::ended;
    if (open_ < 0 and not open()) return fail(std::generic_category().message(errno));
    if (line_end() == nullptr) {
        if (not fill()) return fail(std::generic_category().message(errno));
        if (is_at_end_) {
            if (have_ > 0 and not give(to, have_, have_)) return progress::halted;
            close();
            ++at_;
            return progress::more;
        }
    }
    while (const char* const end = line_end()) {
        const auto size = static_cast<std::size_t>(end - buffer_.data()) - begin_;
        if (size > longest_text) return too_long();
        if (not give(to, size, size + 1)) return progress::halted;
        if (from_.lines_per_second == 0) continue;
        pause_(1'000'000'000 / from_.lines_per_second);
        break;  // so that a barrier waits for one line only
    }
    if (searched_ == have_ and have_ - begin_ > longest_text) return too_long();
    return progress::more;
}

// The fingerprint, how many lines were read, then what is left: distances of indices, and offsets.
std::string file_source::state() const {
    std::string bytes_of;
    append_number(bytes_of, fingerprint_);
    append_number(bytes_of, records_before + records);
    std::uint64_t last = 0;
    for (std::size_t i = at_; i < remaining_.size(); ++i) {
        append_number(bytes_of, remaining_[i].index - std::exchange(last, remaining_[i].index));
        append_number(bytes_of, remaining_[i].offset);
    }
    return bytes_of;
}

expected<applied> file_source::add(const kept_state& of, std::vector<split>& to, std::uint64_t& lines) const {
    record_reader from(of.bytes);
    std::uint64_t fingerprint = 0, before = 0, last = 0;
    const bool is_known = from.number(fingerprint) and from.number(before);
    lines += before;
    if (is_known and fingerprint != fingerprint_)
        return failure(error_kind::invalid, "the files of " + from_.directory +
                                                " are not those that were read when the checkpoint was taken");
    for (split next; is_known and not from.is_at_end(); to.push_back(next)) {
        if (not from.number(next.index) or not from.number(next.offset)) break;
        next.index = last += next.index;
        if (next.index >= files_.size() * from_.repeat) break;
    }
    if (not is_known or not from.is_at_end())
        return failure(error_kind::invalid,
                       "the state of its subtask " + std::to_string(of.subtask) + " is not one of this source");
    return applied{};
}

expected<std::string> file_source::restore(const std::vector<kept_state>& states, bool is_shared_out) {
    std::vector<split> all;
    std::uint64_t lines = 0;
    for (const kept_state& each : states) {
        if (const auto ok = add(each, all, lines); not ok) return tl::unexpected(ok.error());
    }
    std::ranges::sort(all, {}, &split::index);
    remaining_.clear();
    for (std::size_t i = 0; i < all.size(); ++i)
        if (not is_shared_out or i % where_.parallelism == where_.subtask) remaining_.push_back(all[i]);
    // Where all share what is left, the first counts what all have read.
    records_before = is_shared_out and where_.subtask > 0 ? 0 : lines;
    if (remaining_.empty()) return std::string("has nothing left to read");
    return "reads on in split " + std::to_string(remaining_[0].index) + " (" + file() + ") at byte " +
           std::to_string(remaining_[0].offset) + ", after " + std::to_string(records_before) + " lines";
}

}  // namespace

expected<std::unique_ptr<source>> make_source(const read_files& from, const std::string& name, situation& where,
                                              pause_function pause) {
    auto made = std::make_unique<file_source>(from, name, where, std::move(pause));
    if (const auto ok = made->list(); not ok) return tl::unexpected(ok.error());
    return made;
}

}  // namespace dataflow
