#pragma once
// SPDX-License-Identifier: BSL-1.0
// engine: what the operators of a program are to do, read from their JSON and checked.

#include <headgate/vocabulary/outcome.hpp>
#include <headgate/vocabulary/program.hpp>

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace dataflow {

/// {"type": "read_files", "directory": "/data/in", "repeat": 3, "lines_per_second": 1000}
///
/// A source: the lines of a directory's files, in the order of their names, again and again. Hidden files and what is
/// no file are left out. One file once is a *split*; the subtasks take turns in taking splits.
struct read_files {
    std::string directory{};
    std::uint32_t repeat = 1;
    std::uint32_t lines_per_second = 0;  ///< of each subtask; 0: as fast as it goes

    friend bool operator==(const read_files&, const read_files&) = default;
};

/// {"type": "split_words"}: the runs of A-Z and a-z in a text, in lower case.
struct split_words {
    friend bool operator==(const split_words&, const split_words&) = default;
};

/// {"type": "count_by_key"}: adds up, and hands all sums on when its input has ended. Fed by shuffle edges only, first
/// in its node: else two subtasks would count one word.
struct count_by_key {
    friend bool operator==(const count_by_key&, const count_by_key&) = default;
};

/// {"type": "write_counts", "directory": "/data/out"}
///
/// A sink: when its input has ended, lines "count word", sorted by word, in `directory`/<generation>/part-<subtask>.
/// Last in a node without edges from it.
struct write_counts {
    std::string directory{};

    friend bool operator==(const write_counts&, const write_counts&) = default;
};

using operator_configuration = std::variant<read_files, split_words, count_by_key, write_counts>;

inline constexpr std::uint32_t most_repeats = 1'000'000;

/// By node, in the program's order, by operator of its chain. What cannot be run is `invalid`, naming node, operator
/// and value. Precondition: the program keeps its rules (`check`).
headgate::expected<std::vector<std::vector<operator_configuration>>> configure(const headgate::program& of);

}  // namespace dataflow
