#include <headgate/hosting/start.hpp>

#include <headgate/vocabulary/note_text.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <utility>

namespace headgate::inline v1::hosting {

namespace {

constexpr std::array<std::string_view, 10> own_names{"HEADGATE_IDENTITY",   "HEADGATE_JOB",
                                                     "HEADGATE_JOB_NAME",   "HEADGATE_ORGANIZATION",
                                                     "HEADGATE_GENERATION", "HEADGATE_WORKER",
                                                     "HEADGATE_SLOTS",      "HEADGATE_PROGRAM_DIGEST",
                                                     "HEADGATE_TAGS",       "HEADGATE_BACKEND_CONFIGURATION"};

tl::unexpected<error> permanent(std::string text) { return failure(error_kind::permanent, std::move(text)); }

const wish& wish_of(const start_workers& what) {
    static const wish none{};
    return what.wish ? *what.wish : none;
}

std::string hex(std::uint64_t number) {
    std::string text;
    for (int shift = 60; shift >= 0; shift -= 4) text += "0123456789abcdef"[(number >> shift) & 15];
    return text;
}

bool has_nul(std::string_view text) { return text.find('\0') != text.npos; }

void set(variables& all, std::string_view name, std::string value) {
    const auto found = std::ranges::find(all, name, &variables::value_type::first);
    if (found == all.end())
        all.emplace_back(name, std::move(value));
    else
        found->second = std::move(value);
}

}  // namespace

expected<applied> check_start(const start_workers& what, const limits& most) {
    if (what.job.value.size() > most.id)
        return permanent("the job's id has " + std::to_string(what.job.value.size()) + " bytes, the limit is " +
                         std::to_string(most.id));
    if (what.workers.size() > most.workers)
        return permanent(std::to_string(what.workers.size()) + " workers, the limit is " +
                         std::to_string(most.workers));
    if (what.tokens.size() != what.workers.size())
        return permanent(std::to_string(what.tokens.size()) + " tokens for " + std::to_string(what.workers.size()) +
                         " workers");
    const wish& wanted = wish_of(what);
    if (const auto ok = detail::check_environment(wanted.environment, most); not ok) return permanent(ok.error().text);
    bool is_text = not has_nul(what.job.value) and not has_nul(wanted.name) and not has_nul(wanted.organization) and
                   not has_nul(wanted.backend_configuration);
    for (const auto& [name, value] : wanted.tags) is_text = is_text and not has_nul(name) and not has_nul(value);
    if (not is_text) return permanent("a NUL in the id, name, organization, tags or backend configuration of the job");
    return applied{};
}

expected<applied> check_variables(const start_workers& what) {
    constexpr std::size_t most = std::size_t{127} << 10;  // the system takes 128 KiB with the name (MAX_ARG_STRLEN)
    const wish& wanted = wish_of(what);
    std::size_t of_tags = 0;
    for (const auto& [name, value] : wanted.tags) of_tags += name.size() + value.size() + 2;
    for (const auto& [which, size] : {std::pair("name", wanted.name.size()),
                                      {"organization", wanted.organization.size()},
                                      {"tags", of_tags},
                                      {"backend configuration", wanted.backend_configuration.size()}})
        if (size > most)
            return permanent("the job's " + std::string(which) + " has " + std::to_string(size) +
                             " bytes, as a variable of workers' environment the limit is " + std::to_string(most));
    return applied{};
}

error was_stopped(const start_workers& what, generation floor, const std::string& file) {
    const std::string why = "generation " + std::to_string(what.generation.value) + " of job " +
                            one_line(what.job.value) + " was stopped: nothing of it starts any more";
    return {.kind = error_kind::scheduler,
            .text = file.empty() ? why : why + " (up to " + std::to_string(floor.value) + ", as " + file + " says)",
            .needed = std::uint64_t{floor.value} + 1};
}

identity identity_of(const start_workers& what, std::size_t position, std::string_view controller) {
    return {.job = what.job,
            .generation = what.generation,
            .worker = what.workers[position],
            .controller = std::string(controller),
            .token = what.tokens[position]};
}

variables environment_of(const start_workers& what, std::size_t position, const variables& base,
                         std::string_view identity_path) {
    const wish& wanted = wish_of(what);
    std::string tags;
    for (const auto& [name, value] : wanted.tags) tags.append(name).append("=").append(value).append("\n");
    const worker_identity& who = what.workers[position];
    std::array<std::string, own_names.size()> own{std::string(identity_path),
                                                  what.job.value,
                                                  wanted.name,
                                                  wanted.organization,
                                                  std::to_string(what.generation.value),
                                                  std::to_string(who.id.value),
                                                  std::to_string(who.slots),
                                                  hex(what.program_digest),
                                                  std::move(tags),
                                                  wanted.backend_configuration};

    variables all;
    for (const auto& [name, value] : base) set(all, name, value);
    for (const auto& [name, value] : wanted.environment) set(all, name, value);
    for (std::size_t i = 0; i < own.size(); ++i) set(all, own_names[i], std::move(own[i]));
    return all;
}

std::vector<std::string> overridden(const start_workers& what) {
    std::vector<std::string> names;
    for (const auto& [name, value] : wish_of(what).environment)
        if (std::ranges::find(own_names, name) != own_names.end()) names.push_back(name);
    return names;
}

}  // namespace headgate::inline v1::hosting
