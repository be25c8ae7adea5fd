// SPDX-License-Identifier: BSL-1.0
#include "durable.hpp"
#include "stage.hpp"
#include "word_table.hpp"

#include <algorithm>
#include <array>
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

/// Of letters the lower case, of all else 0.
constexpr std::array<char, 256> lower_case = [] {
    std::array<char, 256> table{};
    for (int c = 'a'; c <= 'z'; ++c) {
        table[static_cast<std::size_t>(c)] = static_cast<char>(c);
        table[static_cast<std::size_t>(c - 'a' + 'A')] = static_cast<char>(c);
    }
    return table;
}();

class word_splitter : public stage {
public:
    explicit word_splitter(stage& next) : next_(next) {}

    bool take(const record& what) override {
        if (lowered_.size() < what.text.size()) lowered_.resize(what.text.size());
        char* const begin = lowered_.data();
        std::size_t size = 0;
        for (const char c : what.text) {
            const char low = lower_case[static_cast<unsigned char>(c)];
            if (low != 0) {
                begin[size++] = low;
            } else if (size > 0) {
                if (not next_.take({{begin, std::exchange(size, 0)}, what.number})) return false;
            }
        }
        return size == 0 or next_.take({{begin, size}, what.number});
    }

private:
    stage& next_;
    std::string lowered_{};
};

/// What a count and its sink have in common: sums by text, kept in checkpoints.
class summing : public stage {
public:
    summing(std::string name, situation& where) : name_(std::move(name)), where_(where) {}

    bool take(const record& what) override {
        if (sums_.add(hash_of(what.text), what.text, what.number)) return true;
        where_.trouble = trouble{name_, error_domain::user, false,
                                 "more than " + std::to_string(word_table::most_keys) +
                                     " different texts; raise the "
                                     "parallelism of node " +
                                     std::to_string(where_.node.value)};
        return false;
    }

    std::optional<std::string> state() const override {
        std::string bytes;
        for (const word_table::entry& each : sums_.entries()) append(bytes, {each.key(), each.number});
        return bytes;
    }

    expected<applied> restore(const std::vector<kept_state>& states, bool is_shared_out) override {
        for (const kept_state& each : states) {
            record_reader from(each.bytes);
            for (record next; from.next(next);) {
                const std::uint64_t hash = hash_of(next.text);
                if ((not is_shared_out or is_mine(hash)) and not sums_.add(hash, next.text, next.number))
                    return failure(error_kind::invalid, "the state has more different texts than a subtask can hold");
            }
            if (not from.is_at_end())
                return failure(error_kind::invalid,
                               "the state of its subtask " + std::to_string(each.subtask) + " is not one of sums");
        }
        return applied{};
    }

protected:
    /// Whether a sum that another number of subtasks kept is this one's now.
    bool is_mine(std::uint64_t hash) const { return owner_of(hash, where_.parallelism) == where_.subtask; }

    std::string name_;
    situation& where_;
    word_table sums_{};
};

class counter : public summing {
public:
    counter(std::string name, situation& where, stage& next) : summing(std::move(name), where), next_(next) {}

    bool end() override {
        for (const word_table::entry& each : sums_.entries())
            if (not next_.take({each.key(), each.number})) return false;
        sums_.clear();  // a checkpoint from now on must not hand them on again
        return true;
    }

private:
    stage& next_;
};

class count_writer : public summing {
public:
    count_writer(std::string name, situation& where, const std::string& directory)
        : summing(std::move(name), where),
          file_(std::filesystem::path(directory) / std::to_string(where.generation.value) /
                ("part-" + std::to_string(where.subtask))) {}

    expected<applied> prepare() {
        std::error_code wrong;
        std::filesystem::create_directories(file_.parent_path(), wrong);
        if (not wrong) return applied{};
        return failure(error_kind::invalid, "node " + std::to_string(where_.node.value) + ", operator \"" + name_ +
                                                "\": cannot make directory " + file_.parent_path().string() + ": " +
                                                wrong.message());
    }

    bool end() override {
        std::vector<const word_table::entry*> sorted;
        sorted.reserve(sums_.entries().size());
        for (const word_table::entry& each : sums_.entries()) sorted.push_back(&each);
        std::ranges::sort(sorted, {}, [](const word_table::entry* each) { return each->key(); });
        std::string text;
        for (const word_table::entry* each : sorted)
            text.append(std::to_string(each->number)).append(1, ' ').append(each->key()).append(1, '\n');
        const auto ok = write_durably(file_, text, 0644);
        if (not ok)
            where_.trouble = trouble{name_, error_domain::external, may_retry(ok.error().kind), ok.error().text};
        return ok.has_value();
    }

private:
    std::filesystem::path file_;
};

}  // namespace

expected<std::unique_ptr<stage>> make_stage(const operator_configuration& what, const std::string& name, stage* next,
                                            situation& where) {
    using answer = expected<std::unique_ptr<stage>>;
    return std::visit(
        headgate::detail::overloaded{
            [&](const read_files&) -> answer { return failure(error_kind::internal, "a source in a chain"); },
            [&](const split_words&) -> answer { return std::make_unique<word_splitter>(*next); },
            [&](const count_by_key&) -> answer { return std::make_unique<counter>(name, where, *next); },
            [&](const write_counts& how) -> answer {
                auto made = std::make_unique<count_writer>(name, where, how.directory);
                if (const auto ok = made->prepare(); not ok) return tl::unexpected(ok.error());
                return made;
            },
        },
        what);
}

}  // namespace dataflow
