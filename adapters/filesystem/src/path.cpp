// SPDX-License-Identifier: BSL-1.0
#include <headgate/filesystem/path.hpp>

#include <string_view>

namespace headgate::inline v1::filesystem {

std::string folder_name(const job_id& job) {
    if (job.value.empty()) return "%";
    std::string name;
    for (const char each : job.value) {
        const bool is_plain = (each >= 'a' and each <= 'z') or (each >= 'A' and each <= 'Z') or
                              (each >= '0' and each <= '9') or each == '_' or each == '-';
        if (is_plain) {
            name += each;
            continue;
        }
        constexpr std::string_view digits = "0123456789ABCDEF";
        const auto byte = static_cast<unsigned char>(each);
        name += '%';
        name += digits[byte >> 4];
        name += digits[byte & 15u];
    }
    return name;
}

std::filesystem::path checkpoint_folder(const std::filesystem::path& directory, const job_id& job,
                                        checkpoint_name name) {
    return directory / folder_name(job) /
           (std::to_string(name.epoch.value) + '-' + std::to_string(name.generation.value));
}

}  // namespace headgate::inline v1::filesystem
