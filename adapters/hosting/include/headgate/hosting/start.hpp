#pragma once
// SPDX-License-Identifier: BSL-1.0
// hosting: what every start is checked for, and what a worker is told beside its identity (S6).

#include <headgate/vocabulary/effect.hpp>
#include <headgate/vocabulary/identity.hpp>
#include <headgate/vocabulary/job.hpp>
#include <headgate/vocabulary/limits.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace headgate::inline v1::hosting {

/// A token for each worker, sizes within the limits, names of variables as S6 has them, no NUL. All errors are
/// `permanent`: the same start can never work.
expected<applied> check_start(const start_workers& what, const limits& most = {});

/// Whether name, organization, tags and backend configuration fit into a variable each; for schedulers whose workers
/// have an environment of their own. `permanent` likewise.
expected<applied> check_variables(const start_workers& what);

/// The refusal of a start at or below `floor`, which is kept in `file`; empty: it is not in a file. Says from where on
/// a start may be tried.
error was_stopped(const start_workers& what, generation floor, const std::string& file = {});

/// Of `what.workers[position]`.
identity identity_of(const start_workers& what, std::size_t position, std::string_view controller);

/// `base`, then the wish's environment, then headgate's own; a later value of a name wins. Sets
/// HEADGATE_{IDENTITY,JOB,JOB_NAME,ORGANIZATION,GENERATION,WORKER,SLOTS,PROGRAM_DIGEST,TAGS,BACKEND_CONFIGURATION};
/// tags are lines of name=value. No secret is in it. Precondition: `check_start`.
variables environment_of(const start_workers& what, std::size_t position, const variables& base,
                         std::string_view identity_path);

/// Variables of the wish that lose to headgate's, for a warning.
std::vector<std::string> overridden(const start_workers& what);

}  // namespace headgate::inline v1::hosting
