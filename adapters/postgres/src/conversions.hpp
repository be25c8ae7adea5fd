#pragma once
// SPDX-License-Identifier: BSL-1.0
// postgres: what each operation gives its statement, and what it makes of the answer.

#include "schema.hpp"
#include "text.hpp"

#include <headgate/vocabulary/record.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace headgate::inline v1::postgres {

// An error says which limit is broken, before the server is asked.
expected<arguments> arguments_of(const claim& what, const limits& most);
expected<arguments> arguments_of(const store_row& what, const limits& most);
expected<arguments> arguments_of(const write_checkpoint& what, const limits& most);
expected<arguments> arguments_of(const put_wish& what, const limits& most);
expected<arguments> arguments_of(const tell& what, const limits& most);
expected<arguments> arguments_of(const advance_lease& what, bool take_lock);
expected<arguments> arguments_of(const read_log& what, const limits& most);

constexpr statement statement_of(const claim&) { return statement::claim; }
constexpr statement statement_of(const store_row&) { return statement::store; }
constexpr statement statement_of(const write_checkpoint&) { return statement::write_checkpoint; }
constexpr statement statement_of(const put_wish&) { return statement::put_wish; }
constexpr statement statement_of(const tell&) { return statement::tell; }
constexpr statement statement_of(const advance_lease&) { return statement::advance_lease; }
constexpr statement statement_of(const read_log&) { return statement::read_log; }

// Of a result with rows.
outcome<claimed> answer_of(const claim& what, const PGresult* from, const limits& most);
outcome<job_row> answer_of(const store_row& what, const PGresult* from, const limits& most);
outcome<checkpoint_written> answer_of(const write_checkpoint& what, const PGresult* from, const limits& most);
outcome<std::uint64_t> answer_of(const put_wish& what, const PGresult* from, const limits& most);
outcome<applied> answer_of(const tell& what, const PGresult* from, const limits& most);
outcome<std::vector<controller_seen>> answer_of(const advance_lease& what, const PGresult* from, const limits& most);
expected<std::vector<log_line>> answer_of(const read_log& what, const PGresult* from, const limits& most);

/// What a look at the jobs found.
struct seen_jobs {
    struct one {
        job_record record{};
        std::uint64_t changed{};  ///< by which transaction
    };
    std::uint64_t oldest{};   ///< transaction that was not over; all before it are in `jobs`
    std::vector<one> jobs{};  ///< by id
};
seen_jobs seen_of(const PGresult* from, const limits& most);

}  // namespace headgate::inline v1::postgres
