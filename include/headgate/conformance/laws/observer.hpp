#pragma once
// SPDX-License-Identifier: BSL-1.0
// conformance: the law of `observer`, for any model and any test framework.

#include <headgate/concepts/observer.hpp>
#include <headgate/conformance/laws/pending.hpp>
#include <headgate/vocabulary/note_text.hpp>

#include <string>
#include <type_traits>
#include <vector>

namespace headgate::inline v1::laws {

/// Calls `report(law, holds, detail)` for "takes": a model from `make()` takes every kind of note in every shape, texts
/// of any bytes included. One that throws breaks it: `detail` names the note, and what was thrown goes on to the
/// caller.
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

/// Reports while an exception passes by. Not by a handler, since this is built without exceptions too.
template <class Report>
class broken_unless_taken {
public:
    broken_unless_taken(Report& to, const note& what) : report_(to), what_(what) {}
    broken_unless_taken(const broken_unless_taken&) = delete;
    broken_unless_taken& operator=(const broken_unless_taken&) = delete;
    ~broken_unless_taken() {
        if (is_taken_) return;
        findings found;
        found.expect(false, "that it takes every note", "an exception at \"" + one_line(text_of(what_), 128) + '"');
        report_("takes", false, found.text());
    }
    void is_taken() { is_taken_ = true; }

private:
    Report& report_;
    const note& what_;
    bool is_taken_ = false;
};

}  // namespace detail

template <class Make, law_report Report>
    requires observer<std::remove_reference_t<std::invoke_result_t<Make&>>>
void check_observer(Make make, Report report) {
    auto&& model = make();
    for (const char* job : {"", "job", "a\nb", "\xff"})
        for (const instant at : {instant{}, instant::max()})
            for (const note& each : detail::every_note()) {
                detail::broken_unless_taken<Report> unless(report, each);
                model.on(job_id{job}, at, each);
                unless.is_taken();
            }
    report("takes", true, std::string());
}

}  // namespace headgate::inline v1::laws
