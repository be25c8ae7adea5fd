// SPDX-License-Identifier: BSL-1.0
#include "file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

namespace headgate::inline v1::filesystem {

namespace {

class descriptor {
public:
    explicit descriptor(int number) : number_(number) {}
    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;
    ~descriptor() {
        if (number_ >= 0) ::close(number_);
    }

    int number() const { return number_; }
    bool is_open() const { return number_ >= 0; }
    /// The error that closing tells, or 0: some file systems report a failed write only here.
    int close() { return ::close(std::exchange(number_, -1)) == 0 ? 0 : errno; }

private:
    int number_;
};

file_result failed(const std::filesystem::path& where, int number = errno) { return {number, where}; }

file_result synchronise(const std::filesystem::path& folder) {
    const descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (not opened.is_open() or ::fsync(opened.number()) != 0) return failed(folder);
    return {};
}

int write_all(int to, std::string_view bytes) {
    while (not bytes.empty()) {
        const ssize_t written = ::write(to, bytes.data(), bytes.size());
        if (written < 0 and errno != EINTR) return errno;
        if (written > 0) bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return 0;
}

/// A temporary file that is gone at the end unless it was renamed.
class temporary {
public:
    explicit temporary(const std::filesystem::path& folder)
        : name_((folder / ".metadata-XXXXXX").string()), opened_(::mkostemp(name_.data(), O_CLOEXEC)) {}
    temporary(const temporary&) = delete;
    temporary& operator=(const temporary&) = delete;
    ~temporary() {
        if (is_there_) ::unlink(name_.c_str());
    }

    bool is_open() const { return opened_.is_open(); }
    file_result fill(std::string_view bytes) {
        is_there_ = true;
        if (const int error = write_all(opened_.number(), bytes); error != 0) return failed(name_, error);
        if (::fsync(opened_.number()) != 0) return failed(name_);
        if (const int error = opened_.close(); error != 0) return failed(name_, error);
        return {};
    }
    file_result rename_to(const std::filesystem::path& name) {
        if (::rename(name_.c_str(), name.c_str()) != 0) return failed(name);
        is_there_ = false;
        return {};
    }

private:
    std::string name_;
    descriptor opened_;
    bool is_there_ = false;
};

}  // namespace

file_result make_folder(const std::filesystem::path& folder) {
    if (::mkdir(folder.c_str(), 0777) == 0) return synchronise(folder.parent_path());
    if (errno == EEXIST) {
        std::error_code ignored;
        if (not std::filesystem::is_directory(folder, ignored)) return failed(folder, ENOTDIR);
        return synchronise(folder.parent_path());  // whoever made it, a worker for example, may not have
    }
    if (errno != ENOENT or folder == folder.parent_path()) return failed(folder);
    if (const file_result above = make_folder(folder.parent_path()); not above.is_good()) return above;
    if (::mkdir(folder.c_str(), 0777) != 0 and errno != EEXIST) return failed(folder);
    return synchronise(folder.parent_path());
}

file_result write_file(const std::filesystem::path& folder, const std::string& name, std::string_view bytes) {
    temporary file(folder);
    if (not file.is_open()) return failed(folder);
    if (const file_result filled = file.fill(bytes); not filled.is_good()) return filled;
    if (const file_result renamed = file.rename_to(folder / name); not renamed.is_good()) return renamed;
    file_result durable = synchronise(folder);
    durable.may_have_happened = not durable.is_good();
    return durable;
}

file_result read_file(const std::filesystem::path& file, std::size_t most, std::string& bytes) {
    const descriptor opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));  // never waits for a pipe
    struct stat about {};
    if (not opened.is_open() or ::fstat(opened.number(), &about) != 0) return failed(file);
    if (not S_ISREG(about.st_mode)) return failed(file, S_ISDIR(about.st_mode) ? EISDIR : EINVAL);
    if (static_cast<std::uintmax_t>(about.st_size) > most) return failed(file, EFBIG);
    bytes.resize(static_cast<std::size_t>(about.st_size));
    std::size_t size = 0;
    while (size < bytes.size()) {
        const ssize_t came = ::read(opened.number(), bytes.data() + size, bytes.size() - size);
        if (came == 0) break;  // it became shorter; the checksum will tell
        if (came < 0 and errno != EINTR) return failed(file);
        if (came > 0) size += static_cast<std::size_t>(came);
    }
    bytes.resize(size);
    return {};
}

file_result remove_folder(const std::filesystem::path& folder) {
    const std::filesystem::path away = folder.parent_path() / (".removed-" + folder.filename().string());
    std::error_code error;
    // Of a removal that was interrupted.
    std::filesystem::remove_all(away, error);
    if (error) return {error.value(), away};
    if (::rename(folder.c_str(), away.c_str()) != 0) {
        if (errno == ENOENT) return {};
        return failed(folder);
    }
    std::filesystem::remove_all(away, error);
    if (error) return {error.value(), away, true};
    file_result durable = synchronise(folder.parent_path());
    durable.may_have_happened = not durable.is_good();
    return durable;
}

namespace {

// "headgate checkpoint 1\n", the content's size and its CRC-32, both in hexadecimal and a line, then the content.
constexpr std::string_view mark = "headgate checkpoint 1\n";
constexpr std::size_t seal_size = mark.size() + 16 + 1 + 8 + 1;

// ISO 3309, reflected, as in zlib and PNG.
std::uint32_t crc32(std::string_view bytes) {
    static constexpr auto table = [] {
        std::array<std::uint32_t, 256> made{};
        for (std::uint32_t i = 0; i < made.size(); ++i) {
            std::uint32_t value = i;
            for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0xedb88320u : 0u);
            made[i] = value;
        }
        return made;
    }();
    std::uint32_t sum = ~std::uint32_t{};
    for (const char each : bytes) sum = table[(sum ^ static_cast<unsigned char>(each)) & 0xffu] ^ (sum >> 8);
    return ~sum;
}

std::string seal_of(std::string_view content) {
    char text[seal_size - mark.size() + 1];
    std::snprintf(text, sizeof text, "%016llx %08x\n", static_cast<unsigned long long>(content.size()), crc32(content));
    return std::string(mark) + text;
}

}  // namespace

std::string sealed(std::string_view content) { return seal_of(content).append(content); }

bool unseal(std::string_view file, std::string_view& content, std::string& why) {
    if (not file.starts_with(mark)) {
        constexpr std::string_view any_format = mark.substr(0, mark.find('1'));
        why = file.starts_with(any_format) ? "it has another format; use the headgate that wrote it"
                                           : "it is no metadata of a checkpoint";
        return false;
    }
    content = file.substr(std::min(seal_size, file.size()));
    if (file.substr(0, seal_size) == seal_of(content)) return true;
    why = "it is damaged: its checksum differs";
    return false;
}

}  // namespace headgate::inline v1::filesystem
