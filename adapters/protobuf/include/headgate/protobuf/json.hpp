#pragma once
// SPDX-License-Identifier: BSL-1.0
// protobuf: programs as the files that users write, and what there is to show of a job, both as JSON.

#include <headgate/vocabulary/job.hpp>
#include <headgate/vocabulary/limits.hpp>
#include <headgate/vocabulary/outcome.hpp>
#include <headgate/vocabulary/program.hpp>
#include <headgate/vocabulary/record.hpp>

#include <string>
#include <string_view>

namespace headgate::inline v1::protobuf {

/// A program file (proto/headgate/v1/program.proto shows one), checked by the rules of `check`. What is not JSON, an
/// unknown field, a value of the wrong type or a broken rule: `invalid`, naming what and where.
expected<program> program_from_json(std::string_view text, const limits& most = {});

/// Indented, fields in snake_case, what is 0 or empty left out. `program_from_json` reads it back as it was, but for
/// operator ids that are not UTF-8.
std::string to_json(const program& what);

/// For people and scripts (`-o json`); 64-bit numbers are strings, as Protobuf's JSON has them. Never read back.
std::string to_json(const wish& what);
std::string to_json(const job_record& what);

}  // namespace headgate::inline v1::protobuf
