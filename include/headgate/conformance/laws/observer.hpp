#pragma once
// SPDX-License-Identifier: BSL-1.0
// conformance: the law of `observer`, for any model and any test framework.

#include <headgate/concepts/observer.hpp>
#include <headgate/conformance/laws/pending.hpp>

#include <string>
#include <type_traits>
#include <vector>

namespace headgate::inline v1::laws {

/// Calls `report("takes", true, "")` after a model from `make()` has taken every kind of note in every shape, texts of
/// any bytes included. A model that throws or ends the program breaks the law, and then nothing is reported.
template <class Make, law_report Report>
    requires observer<std::remove_reference_t<std::invoke_result_t<Make&>>>
void check_observer(Make make, Report report);

// Implementation ------------------------------------------------------------------------------------------------------

namespace detail {

inline std::vector<note> every_note() {
    using enum state_name;
    const error why{.kind = error_kind::dial, .text = std::string("\0\xff\n\x1b[2J", 7)};
    std::vector<note> notes{transition{created, compiling, {}, {}}, transition{running, recovering, {~0U}, why},
                            retried{why, {}, 0, {}}, retried{{}, {~0U}, ~0U, duration::max()}};
    for (std::size_t each = 0; each < phase_count; ++each)
        notes.push_back(phase_ended{static_cast<phase>(each), {1}, duration(1), duration::max()});
    for (const auto how : {remark::severity::info, remark::severity::warning, remark::severity::alarm})
        for (const std::string& text : {std::string(), std::string("{} %s"), why.text, std::string(1 << 14, 'x')})
            notes.push_back(remark{how, text});
    return notes;
}

}  // namespace detail

template <class Make, law_report Report>
    requires observer<std::remove_reference_t<std::invoke_result_t<Make&>>>
void check_observer(Make make, Report report) {
    auto&& model = make();
    for (const char* job : {"", "job", "a\nb", "\xff"})
        for (const instant at : {instant{}, instant::max()})
            for (const note& each : detail::every_note()) model.on(job_id{job}, at, each);
    report("takes", true, std::string());
}

}  // namespace headgate::inline v1::laws
