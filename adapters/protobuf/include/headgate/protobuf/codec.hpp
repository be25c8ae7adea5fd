#pragma once
// SPDX-License-Identifier: BSL-1.0
// protobuf: values that outlive their process, as bytes (proto/headgate/v1/{job,plan,program,checkpoint}.proto).

#include <headgate/vocabulary/checkpoint.hpp>
#include <headgate/vocabulary/job.hpp>
#include <headgate/vocabulary/limits.hpp>
#include <headgate/vocabulary/outcome.hpp>
#include <headgate/vocabulary/plan.hpp>
#include <headgate/vocabulary/program.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace headgate::inline v1::protobuf {

/// Of each of the forms below. A newer one is refused with what to do.
inline constexpr std::uint32_t format = 1;

/// Equal values give equal bytes. Bytes that are not UTF-8 in what is text by its nature (names, operator ids, the last
/// error) become U+FFFD; opaque content (an operator's `what`, values of variables, backend configuration, handles)
/// comes back as it was.
std::string encode(const program& what);
std::string encode(const plan& what);
std::string encode(const wish& what);  ///< precondition: it has a program
std::string encode(const job_row& what);
std::string encode(const checkpoint_metadata& what);

/// What `encode` made. Any bytes are a question: `invalid` says what is wrong with them and where, `unsupported` that
/// a newer headgate wrote them. The shape is checked, and the limits on sizes and counts; that a program or a plan
/// keeps its rules is for `check` to say. Programs, plans, wishes and rows have at most `most.message` bytes, metadata
/// at most 2 GiB.
expected<program> decode_program(std::string_view bytes, const limits& most = {});
expected<plan> decode_plan(std::string_view bytes, const limits& most = {});
expected<wish> decode_wish(std::string_view bytes, const limits& most = {});
expected<job_row> decode_job_row(std::string_view bytes, const limits& most = {});
expected<checkpoint_metadata> decode_checkpoint_metadata(std::string_view bytes, const limits& most = {});

}  // namespace headgate::inline v1::protobuf
