#include <headgate/hosting/directory.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <span>
#include <system_error>
#include <utility>

namespace headgate::inline v1::hosting {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t longest_file = 4'096;
constexpr std::string_view record_ending = ".record", identity_ending = ".identity", new_ending = ".new";

tl::unexpected<error> cannot(std::string_view what, const fs::path& path, int number = errno) {
    return failure(error_kind::scheduler, "cannot " + std::string(what) + " " + path.string() + ": " +
                                              std::generic_category().message(number));
}

fs::path workers_of(const fs::path& at) { return at / "workers"; }
fs::path floor_of(const fs::path& at, const job_id& job) { return at / "floors" / ("job-" + file_name(job.value)); }

fs::path worker_file(const fs::path& at, const key& of, std::string_view ending) {
    return workers_of(at) / ("job-" + file_name(of.job.value) + "." + std::to_string(of.generation.value) + "." +
                             std::to_string(of.worker.value) + std::string(ending));
}

template <class Number>
std::optional<Number> number(std::string_view text) {
    Number value{};
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc() or end != text.data() + text.size()) return std::nullopt;
    return value;
}

/// The inverse of `file_name`.
std::optional<std::string> text_of(std::string_view name) {
    std::string text;
    for (std::size_t i = 0; i < name.size(); ++i) {
        if (name[i] != '%') {
            text += name[i];
            continue;
        }
        unsigned char byte = 0;
        const std::string_view two = name.substr(i + 1, 2);
        const auto [end, problem] = std::from_chars(two.data(), two.data() + two.size(), byte, 16);
        if (two.size() != 2 or problem != std::errc() or end != two.data() + 2) return std::nullopt;
        text += static_cast<char>(byte);
        i += 2;
    }
    return text;
}

/// job-<name>.<generation>.<worker>.record
std::optional<key> key_of(std::string_view name) {
    if (not name.starts_with("job-") or not name.ends_with(record_ending)) return std::nullopt;
    name.remove_prefix(4);
    name.remove_suffix(record_ending.size());
    const std::size_t first = name.find('.');
    if (first == name.npos) return std::nullopt;
    const std::size_t second = name.find('.', first + 1);
    if (second == name.npos) return std::nullopt;
    const std::optional job = text_of(name.substr(0, first));
    const auto generation = number<std::uint32_t>(name.substr(first + 1, second - first - 1));
    const auto worker = number<std::uint64_t>(name.substr(second + 1));
    if (not job or not generation or not worker) return std::nullopt;
    return key{.job = {*job}, .generation = {*generation}, .worker = {*worker}};
}

expected<std::string> read_file(const fs::path& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0) return cannot("open", path);
    std::array<char, longest_file> bytes{};
    std::size_t size = 0;
    ssize_t count = 0;
    while (size < bytes.size() and (count = ::read(file, bytes.data() + size, bytes.size() - size)) > 0)
        size += static_cast<std::size_t>(count);
    const int number = errno;
    ::close(file);
    if (count < 0) return cannot("read", path, number);
    return std::string(bytes.data(), size);
}

/// Whole or not at all. `is_durable`: also after the machine loses power.
expected<applied> replace_file(const fs::path& path, std::string_view text, bool is_durable) {
    const fs::path fresh = path.string() + std::string(new_ending);
    ::unlink(fresh.c_str());
    const int file = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0) return cannot("make", fresh);
    const ssize_t written = ::write(file, text.data(), text.size());  // a few hundred bytes: at once or no room
    const int number = written < 0 ? errno : ENOSPC;
    const bool is_whole = written == static_cast<ssize_t>(text.size()) and (not is_durable or ::fsync(file) == 0);
    ::close(file);
    if (not is_whole) {
        ::unlink(fresh.c_str());
        return cannot("write", fresh, number);
    }
    if (::rename(fresh.c_str(), path.c_str()) != 0) return cannot("rename", fresh);
    if (is_durable) {
        const int folder = ::open(path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (folder < 0) return cannot("open", path.parent_path());
        const int failed = ::fsync(folder);
        ::close(folder);
        if (failed != 0) return cannot("write", path.parent_path());
    }
    return applied{};
}

std::string text_of(const record& what) {
    return "version=1\nslots=" + std::to_string(what.slots) + "\npid=" + std::to_string(what.pid) +
           "\nstarted=" + std::to_string(what.started) + "\nboot=" + what.boot +
           "\nrevoked=" + (what.is_revoked ? "1" : "0") + "\n";
}

/// What the text says; what it does not say stays as it is.
void read_record(std::string_view text, record& into) {
    while (not text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        const std::size_t equals = std::min(line.find('='), line.size());
        const std::string_view name = line.substr(0, equals);
        const std::string_view value = line.substr(std::min(equals + 1, line.size()));
        if (name == "slots") into.slots = number<std::uint32_t>(value).value_or(0);
        if (name == "pid") into.pid = number<std::int64_t>(value).value_or(0);
        if (name == "started") into.started = number<std::uint64_t>(value).value_or(0);
        if (name == "boot") into.boot = value;
        if (name == "revoked") into.is_revoked = value == "1";
    }
}

expected<applied> make_folder(const fs::path& path) {
    if (::mkdir(path.c_str(), 0700) != 0 and errno != EEXIST) return cannot("make", path);
    struct stat found {};
    if (::lstat(path.c_str(), &found) != 0) return cannot("look at", path);
    if (not S_ISDIR(found.st_mode)) return failure(error_kind::permanent, path.string() + " is no directory");
    if (found.st_uid != ::geteuid() or (found.st_mode & 077) != 0)
        return failure(error_kind::permanent, path.string() + " holds secrets of workers: it must belong to the user " +
                                                  "who runs the controller and have mode 0700");
    return applied{};
}

}  // namespace

std::string file_name(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string name;
    for (const char c : text) {
        const bool is_plain =
            (c >= 'a' and c <= 'z') or (c >= 'A' and c <= 'Z') or (c >= '0' and c <= '9') or c == '-' or c == '_';
        const auto byte = static_cast<unsigned char>(c);
        if (is_plain)
            name += c;
        else
            (name += '%').append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
    }
    return name;
}

held_directory::held_directory(held_directory&& other) noexcept
    : at_(std::move(other.at_)), lock_(std::exchange(other.lock_, -1)) {}

held_directory::~held_directory() {
    if (lock_ < 0) return;
    // Not by close alone: a process that was forked meanwhile would hold it on.
    ::flock(lock_, LOCK_UN);
    ::close(lock_);
}

expected<generation> held_directory::floor(const job_id& job) const {
    const fs::path path = floor_of(at_, job);
    if (::access(path.c_str(), F_OK) != 0 and errno == ENOENT) return generation{};
    const auto text = read_file(path);
    if (not text) return tl::unexpected(text.error());
    const auto value = number<std::uint32_t>(std::string_view(*text).substr(0, text->find('\n')));
    if (not value)
        return failure(error_kind::scheduler, path.string() + " holds no number: write the highest generation of the " +
                                                  "job that was stopped, or 0, into it");
    return generation{*value};
}

std::string held_directory::floor_file(const job_id& job) const { return floor_of(at_, job).string(); }

expected<applied> held_directory::raise_floor(const job_id& job, generation to) const {
    const auto now = floor(job);
    if (not now) return tl::unexpected(now.error());
    if (*now >= to) return applied{};
    return replace_file(floor_of(at_, job), std::to_string(to.value) + "\n", true);
}

expected<std::vector<record>> held_directory::records() const {
    std::vector<record> all;
    std::error_code problem;
    for (fs::directory_iterator file(workers_of(at_), problem), end; not problem and file != end;
         file.increment(problem)) {
        const std::optional of = key_of(file->path().filename().string());
        if (not of) continue;
        const auto text = read_file(file->path());
        // Its worker lives: whoever took it for gone would forget it.
        if (not text) return tl::unexpected(text.error());
        read_record(*text, all.emplace_back(record{.of = *of}));
    }
    if (problem) return cannot("list", workers_of(at_), problem.value());
    std::ranges::sort(all, {}, &record::of);
    return all;
}

std::optional<record> held_directory::read(const key& of) const {
    const auto text = read_file(worker_file(at_, of, record_ending));
    if (not text) return std::nullopt;
    record one{.of = of};
    read_record(*text, one);
    return one;
}

expected<applied> held_directory::write(const record& what) const {
    return replace_file(worker_file(at_, what.of, record_ending), text_of(what), false);
}

void held_directory::remove(const key& of) const {
    revoke(of);
    ::unlink(worker_file(at_, of, record_ending).c_str());
}

expected<fs::path> held_directory::hand_over(const identity& to) const {
    fs::path path = worker_file(at_, {to.job, to.generation, to.worker.id}, identity_ending);
    if (const auto done = replace_file(path, print(to), false); not done) return tl::unexpected(done.error());
    return path;
}

void held_directory::revoke(const key& of) const {
    const fs::path file = worker_file(at_, of, identity_ending);
    ::unlink(file.c_str());
    ::unlink((file.string() + std::string(new_ending)).c_str());  // of a controller that died while it wrote it
}

directory::directory(const fs::path& at) {
    std::error_code problem;  // without a working directory: left as it is, and making it says what is wrong
    at_ = fs::absolute(at, problem);
    if (problem) at_ = at;
    at_ = at_.lexically_normal();
}

fs::path directory::identity_path(const key& of) const { return worker_file(at_, of, identity_ending); }

expected<std::optional<held_directory>> directory::try_lock() const {
    std::error_code problem;
    fs::create_directories(at_, problem);
    if (problem) return cannot("make", at_, problem.value());
    for (const fs::path& folder : {workers_of(at_), at_ / "floors"})
        if (const auto made = make_folder(folder); not made) return tl::unexpected(made.error());
    const fs::path path = at_ / "lock";
    const int lock = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock < 0) return cannot("open", path);
    if (::flock(lock, LOCK_EX | LOCK_NB) == 0) return held_directory(at_, lock);
    const int number = errno;
    ::close(lock);
    if (number == EWOULDBLOCK) return std::optional<held_directory>();
    return cannot("lock", path, number);
}

}  // namespace headgate::inline v1::hosting
