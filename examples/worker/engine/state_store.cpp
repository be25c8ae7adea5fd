// SPDX-License-Identifier: BSL-1.0
#include "state_store.hpp"

#include "durable.hpp"
#include "record.hpp"

#include <headgate/filesystem/path.hpp>
#include <headgate/filesystem/state_backend.hpp>

#include <charconv>
#include <future>
#include <optional>
#include <utility>

namespace dataflow {

namespace {

using headgate::checkpoint_metadata;
using headgate::checkpoint_name;
using headgate::error_kind;
using headgate::expected;
using headgate::failure;

// The last character is the version.
constexpr std::string_view first_bytes = "headgate-worker state 1\n";

std::string hex(std::uint64_t value) {
    std::string text(16, '0');
    for (std::size_t i = 16; i-- > 0; value >>= 4) text[i] = "0123456789abcdef"[value & 15];
    return text;
}

struct parsed_handle {
    std::string file{};
    std::uint64_t size{};
    std::string_view checksum{};
};

/// It comes from outside: a file elsewhere is none.
std::optional<parsed_handle> parse(std::string_view handle) {
    const std::size_t first = handle.find(' '), second = handle.find(' ', first + 1);
    if (first == handle.npos or second == handle.npos) return std::nullopt;
    parsed_handle found{std::string(handle.substr(0, first)), 0, handle.substr(second + 1)};
    for (const char c : found.file)
        if (c != '-' and (c < '0' or c > '9')) return std::nullopt;
    const char* const end = handle.data() + second;
    const auto [at, wrong] = std::from_chars(handle.data() + first + 1, end, found.size);
    if (found.file.empty() or wrong != std::errc() or at != end) return std::nullopt;
    return found;
}

struct completion {
    std::shared_ptr<std::promise<headgate::load_checkpoint::answer>> to_whom{};
    headgate::ticket to{};

    void operator()(headgate::load_checkpoint::answer what) const { to_whom->set_value(std::move(what)); }
};

}  // namespace

expected<std::string> state_store::store(checkpoint_name name, headgate::node_id node, std::uint32_t subtask,
                                         const std::vector<operator_state>& what) const {
    if (what.empty()) return std::string(no_state);
    if (not is_there()) return failure(error_kind::invalid, "this worker has no state directory (--state)");
    std::string bytes(first_bytes);
    for (const operator_state& each : what) {
        append_number(bytes, each.name.size());
        bytes += each.name;
        append_number(bytes, each.bytes.size());
        bytes += each.bytes;
    }
    const std::string file = std::to_string(node.value) + "-" + std::to_string(subtask);
    const auto ok = write_durably(headgate::filesystem::checkpoint_folder(directory_, job_, name) / file, bytes, 0600);
    if (not ok) return tl::unexpected(ok.error());
    return file + " " + std::to_string(bytes.size()) + " " + hex(hash_of(bytes));
}

expected<std::vector<operator_state>> state_store::load(checkpoint_name name, std::string_view handle) const {
    std::vector<operator_state> all;
    if (handle == no_state) return all;
    const auto file = parse(handle);
    if (not file) return failure(error_kind::permanent, "\"" + std::string(handle.substr(0, 64)) + "\" names no state");
    const auto path = headgate::filesystem::checkpoint_folder(directory_, job_, name) / file->file;
    const auto bytes = read_whole(path);
    if (not bytes) return tl::unexpected(bytes.error());
    if (bytes->size() != file->size or hex(hash_of(*bytes)) != file->checksum)
        return failure(error_kind::permanent, path.string() + " is damaged: its checksum is another");
    if (not bytes->starts_with(first_bytes))
        return failure(error_kind::permanent, path.string() + " was written by another version of this worker");
    record_reader from(std::string_view(*bytes).substr(first_bytes.size()));
    for (std::string_view of, state; from.text(of) and from.text(state);)
        all.push_back({std::string(of), std::string(state)});
    if (not from.is_at_end()) return failure(error_kind::permanent, path.string() + " is damaged");
    return all;
}

expected<std::shared_ptr<const checkpoint_metadata>> state_store::metadata(checkpoint_name name) const {
    if (not is_there()) return failure(error_kind::invalid, "this worker has no state directory (--state)");
    const auto answer = std::make_shared<std::promise<headgate::load_checkpoint::answer>>();
    auto loaded = answer->get_future();
    headgate::filesystem::state_backend states(directory_);
    states.load({.what = {.job = job_, .name = name}}, completion{answer});
    return loaded.get();
}

}  // namespace dataflow
