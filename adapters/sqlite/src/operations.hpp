#pragma once
// SPDX-License-Identifier: BSL-1.0
// sqlite: what each operation does to the tables, at once.

#include "connection.hpp"
#include "lives.hpp"

#include <headgate/columns/job.hpp>

#include <memory>

namespace headgate::inline v1::sqlite {

/// Each is one transaction. Used by one thread.
class operations {
public:
    operations(std::unique_ptr<connection> open, lives controllers, const limits& most)
        : open_(std::move(open)), lives_(std::move(controllers)), most_(most) {}

    outcome<claimed> perform(const claim& what);
    outcome<job_row> perform(const store_row& what);
    outcome<checkpoint_written> perform(const write_checkpoint& what);
    outcome<std::uint64_t> perform(const put_wish& what);
    outcome<applied> perform(const tell& what);
    outcome<std::vector<controller_seen>> perform(const advance_lease& what);
    expected<job_news> perform(const watch_jobs& what);
    expected<std::vector<log_line>> perform(const read_log& what);

    static constexpr int log_lines = 10'000;      ///< kept of each job
    static constexpr int checkpoints_kept = 100;  ///< of those that are compacted

private:
    bool replace(const columns::job& to, std::uint64_t expected);
    /// As it stands. `its` is the plan of `written`, for when that stands.
    std::optional<expected<job_row>> row(const columns::job& written, const std::shared_ptr<const plan>& its);
    expected<std::optional<checkpoint_row>> restore_point(const job_id& job, epoch threshold);
    void mark(const claim& what, const std::optional<checkpoint_row>& restore);
    std::vector<checkpoint_name> clean(const write_checkpoint& what);

    std::unique_ptr<connection> open_;
    lives lives_;
    limits most_;
};

}  // namespace headgate::inline v1::sqlite
