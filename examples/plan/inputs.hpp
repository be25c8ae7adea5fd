#pragma once
// headgate-plan: programs, workers and plans from flags and files. Every error is one line that names what it is about.

#include <headgate/assignment/offer.hpp>
#include <headgate/vocabulary/outcome.hpp>
#include <headgate/vocabulary/plan.hpp>
#include <headgate/vocabulary/program.hpp>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace headgate::example {

/// Of 256 MiB at most.
expected<std::string> read_file(const std::string& path);

/// A program file, or "NAME:SIZE" of conformance/assignment/graphs.hpp. Checked.
expected<program> program_from(const std::string& file, const std::string& graph);

/// "16x4", "8x16@rack1,8x8@rack2", or else a file with one of these a line; '#' begins a comment. Ids count from 1, in
/// each zone four workers are on a machine.
expected<std::vector<offer>> workers_from(const std::string& text);

/// "lose=3,7": ids of workers.
expected<std::vector<std::uint64_t>> losses_from(const std::string& text);

/// "NODE/SUBTASK".
expected<std::pair<std::uint32_t, std::uint32_t>> subtask_from(const std::string& text);

/// Of an earlier generation than all that `workers_from` makes: their ids never meet, so that workers correspond by
/// machine and by how-manyth they are there, not by place in the list (A8).
expected<plan> plan_from(const std::string& file);

/// The number that a worker of this run, or of one before, has in its list.
std::uint64_t number_of(worker_id id);

}  // namespace headgate::example
