#pragma once
// SPDX-License-Identifier: BSL-1.0
// conformance: the laws of `database`, for any model and any test framework.

#include <headgate/concepts/database.hpp>
#include <headgate/conformance/laws/database_checkpoints.hpp>
#include <headgate/conformance/laws/database_news.hpp>
#include <headgate/conformance/laws/database_rows.hpp>
#include <headgate/conformance/laws/database_trial.hpp>
#include <headgate/conformance/laws/pending.hpp>

#include <string_view>
#include <type_traits>

namespace headgate::inline v1::laws {

/// A database, or what points to one.
template <class Made>
concept makes_database = database<std::remove_reference_t<Made>> or requires(Made made) {
    requires database<std::remove_reference_t<decltype(*made)>>;
};

/// Calls `report(law, holds, detail)` once for each law of the concept, each on a new and empty model from `make()`,
/// which may also be a pointer to one. `detail` says what was expected and what came.
///
/// `settle(model, came)` runs the model until `came()` is true, or for as long as the caller has patience; for a model
/// that completes within its calls it does nothing. The requests have no deadline; a law whose answers do not come
/// does not hold.
template <class Make, class Settle, law_report Report>
    requires makes_database<std::invoke_result_t<Make&>>
void check_database(Make make, Settle settle, Report report);

// Implementation ------------------------------------------------------------------------------------------------------

template <class Make, class Settle, law_report Report>
    requires makes_database<std::invoke_result_t<Make&>>
void check_database(Make make, Settle settle, Report report) {
    const auto law = [&](std::string_view name, auto check) {
        auto made = make();
        const auto run = [&](auto& model) {
            database_trial t(model, settle);
            check(t);
            report(name, t.found().empty(), t.found().text());
        };
        if constexpr (database<decltype(made)>)
            run(made);
        else
            run(*made);
    };
    law("submits", [](auto& t) { detail::submits(t); });
    law("versions", [](auto& t) { detail::versions(t); });
    law("wish_apart", [](auto& t) { detail::wish_apart(t); });
    law("exchanges", [](auto& t) { detail::exchanges(t); });
    law("stands", [](auto& t) { detail::stands(t); });
    law("repeats", [](auto& t) { detail::repeats(t); });
    law("restores", [](auto& t) { detail::restores(t); });
    law("marks", [](auto& t) { detail::marks(t); });
    law("fences", [](auto& t) { detail::fences(t); });
    law("forward", [](auto& t) { detail::forward(t); });
    law("cleans", [](auto& t) { detail::cleans(t); });
    law("watches", [](auto& t) { detail::watches(t); });
    law("leases", [](auto& t) { detail::leases(t); });
    law("tells", [](auto& t) { detail::tells(t); });
    law("dates", [](auto& t) { detail::dates(t); });
    law("scoped", [](auto& t) { detail::scoped(t); });
    law("refuses", [](auto& t) { detail::refuses(t); });
    law("answers", [](auto& t) { detail::answers(t); });
}

}  // namespace headgate::inline v1::laws
