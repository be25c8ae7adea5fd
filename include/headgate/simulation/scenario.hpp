#pragma once
// SPDX-License-Identifier: BSL-1.0
// simulation: a run written down as text: what is done to a world, and what its trace should be.

#include <headgate/simulation/matrix.hpp>
#include <headgate/vocabulary/outcome.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace headgate::inline v1::simulation {

/// A world where each hop takes `hop` and nothing goes wrong but what is said. One command a line, # begins a comment:
///
///     hop 0.1                      seconds that whatever is sent takes; none without it
///     room 3                       slots; else there are plenty
///     submit at 0                  one job of four subtasks on two workers
///     stop force at 1.5            or checkpoint, graceful, immediate; after `submit`, in the order of their times
///     start at 3                   likewise: wished for again, with a new restart nonce
///     rescale 4 at 1               likewise: another parallelism
///     ignore state before 2 at 3   likewise: of earlier epochs, when it starts the next time
///     fault StartExecution: applied, unknown     the next effect of that name; of several, in this order
///     twice start workers          the next answer to it comes twice
///     delay claim by 20            the next effect of that name takes so much longer; of several, in this order
///     delay answer to claim by 5   likewise, on its way back
///     refuse rows at 4 for 10      the database takes no row of the job, as if it had been edited by hand
///     controller 2 at 1            a second one starts
///     crash controller 1 at 2      and comes back
///     pause controller 1 at 2 for 60
///     kill worker 1 at 2           also hang, wake, cut (its stream); by the order in which they were launched
///     fail 2/0 of worker 1 at 3    its subtask, of node 2; may be tried again
///     claim 7/0 of worker 1 at 3   that this one has started, on its first stream; its machine would not
///     slots 8 at 20                so many from then on
///     expect job-1: Scheduling -> Stopping       some line has this text, after the line of the `expect` before
///     run 30                       so long, at most a day; the last, and no time above is later
///
/// After them stand a line ---- and the trace, or nothing where every `expect` is all that is wanted. What strikes
/// nothing says so in the trace: a fault that did not come, a worker that is not there.
///
/// Effects and outcomes are those of matrix.hpp, and the error for another name lists them; `twice` and `delay` take
/// effects that are answered, so no messages.
struct scenario {
    std::vector<std::string> commands{};
    std::vector<std::string> expected{};
    bool has_trace = false;  ///< the line "----" is there
};

/// What came of it.
struct played {
    std::vector<std::string> lines{};  ///< of controllers, database, user, world, and of workers about their subtasks
    std::optional<violation> broken{};
    std::size_t expectations{};  ///< commands `expect`
    std::string unsaid{};  ///< what an `expect` wants and no line says, if nothing is violated
};

/// Commands, a line "----", and the expected lines. Lines end as they do on any system; empty ones at the end are none.
scenario parse_scenario(std::string_view text);
/// Errors are `invalid`: a command that cannot be read, or that stands where it may not, with its line.
template <class Policies = policies<>>
expected<played> play(const scenario& what, Policies policy = {});

// Implementation ------------------------------------------------------------------------------------------------------

namespace detail {

inline std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        lines.emplace_back(text.substr(at, end - at));
        if (lines.back().ends_with('\r')) lines.back().pop_back();
        at = end + 1;
    }
    return lines;
}

/// Reads one command, word by word. The first that does not fit is remembered with what was expected.
class command_reader {
public:
    explicit command_reader(const std::string& line) : in_(line.substr(0, line.find('#'))) {}

    bool is_empty() { return (in_ >> std::ws).eof(); }
    std::string word(const char* what) {
        std::string read;
        if (not(in_ >> read)) wants(what);
        return read;
    }
    bool literal(const char* text) { return word(text) == text or (wants(text), false); }
    template <class Number>
    Number number(const char* what, Number least, Number most = 1'000'000) {
        const std::string read = word(what);
        Number value{};
        const auto [end, error] = std::from_chars(read.data(), read.data() + read.size(), value);
        if (error != std::errc{} or end != read.data() + read.size() or not(value >= least and value <= most))
            wants(what);
        return value;
    }
    duration seconds(const char* what) { return duration(static_cast<std::int64_t>(number(what, 0.0) * 1'000 + 0.5)); }
    duration at() { return literal("at") ? seconds("seconds after \"at\"") : duration{}; }
    std::string rest() {
        std::string read;
        std::getline(in_ >> std::ws, read);
        read.erase(read.find_last_not_of(" \t") + 1);
        return read;
    }
    void wants(const char* what) { fails(std::string(what) + " was expected"); }
    void fails(const std::string& why) {
        if (wrong_.empty()) wrong_ = why;
    }
    std::string wrong() {
        if (wrong_.empty() and not is_empty()) wants("the end of the line");
        return wrong_;
    }

private:
    std::istringstream in_;
    std::string wrong_;
};

/// What commands change, before the world runs.
template <class World>
struct stage {
    static constexpr duration longest_run = std::chrono::hours(24);  // takes some seconds

    World& in;
    headgate::wish wish{};
    duration length{};
    std::vector<std::string> expected{};
    std::size_t line = 0;  // that is read
    std::optional<instant> last_word{};
    std::pair<duration, std::size_t> latest{};  // time, and its line

    outside& around() { return in.around(); }
    instant at(command_reader& read) {
        const duration after = read.at();
        if (after > latest.first) latest = {after, line};
        return around().now + after;
    }

    /// Each word of a user adds to the one before.
    void say(command_reader& read, bool is_first = false) {
        const instant when = at(read);
        if (is_first and last_word) read.fails("the job is submitted above");
        if (not is_first and not last_word) read.fails("\"submit\" is needed above");
        if (last_word and when < *last_word) read.fails("the user says something later above");
        last_word = when;
        in.will_say({when, {"job-1"}, wish});
    }
    void obey(command_reader& read);
    /// With its name at the end of `text`.
    std::uint8_t answered_effect(command_reader& read, const std::string& text) {
        const auto effect = position_of(text, effect_names, "effect");
        if (not effect) {
            read.fails(effect.error().text);
            return no_effect;
        }
        if (planned_fault{*effect}.is_message()) read.fails("nobody answers it; \"fault\" makes it come twice or late");
        return *effect;
    }
    /// "[answer to] EFFECT by SECONDS".
    void hold_up(command_reader& read) {
        std::string text = read.rest();
        constexpr std::string_view answer = "answer to ", by = " by ";
        const bool is_of_answer = text.starts_with(answer);
        if (is_of_answer) text.erase(0, answer.size());
        const std::size_t end = std::min(text.rfind(by), text.size());
        command_reader delay(text.substr(std::min(end + by.size(), text.size())));
        around().delays.push_back({answered_effect(read, text.substr(0, end)), is_of_answer,
                                   delay.seconds("\"by\" and seconds")});
        if (const std::string wrong = delay.wrong(); not wrong.empty()) read.fails(wrong);
    }
    process_number worker(command_reader& read) {
        read.literal("worker");
        return read.number<process_number>("the worker's number, from 1 on,", 1);
    }
    void turn_worker(command_reader& read, process_turn::kind how) {
        const process_number who = worker(read);
        around().queue.put(at(read), process_turn{who - 1, how});
    }
    void say_of_subtask(command_reader& read, bool has_failed) {
        const std::string name = read.word("node/subtask");
        const std::size_t slash = std::min(name.find('/'), name.size());
        node_id node{};
        std::uint32_t subtask = 0;
        const auto number = [&](std::size_t first, std::size_t last, std::uint32_t& into) {
            const char* const end = name.data() + last;
            return std::from_chars(name.data() + std::min(first, last), end, into) ==
                       std::from_chars_result{end, std::errc{}} and
                   first < last;
        };
        if (not number(0, slash, node.value) or not number(slash + 1, name.size(), subtask))
            return read.wants("node/subtask");
        read.literal("of");
        const process_number who = worker(read);
        const instant when = at(read);
        const task_range claimed{node, subtask, subtask + 1};
        if (has_failed)
            around().queue.put(
                when, from_engine{who - 1, task_failure{node, subtask, "count", error_domain::user, true, "failed"}});
        else
            around().queue.put(when, to_controller{{0, 1},
                                                   stream_event{.stream = {who},
                                                                .peer_host = "127.0.0.1",
                                                                .what = task_report{.started = {claimed}}}});
    }
    void turn_controller(command_reader& read, controller_turn::kind how) {
        read.literal("controller");
        const auto number = read.number<std::uint32_t>("1 or 2", 1, most_controllers);
        controller_turn turn{{number - 1, host::any_boot}, how};
        const instant when = at(read);
        if (how == controller_turn::kind::pauses and read.literal("for"))
            turn.length = read.seconds("seconds after \"for\"");
        around().queue.put(when, turn);
    }
};

template <class World>
void stage<World>::obey(command_reader& read) {
    const std::string what = read.word("a command");
    if (length > duration{}) return read.fails("nothing comes after \"run\"");
    if (what == "hop") {
        around().hop = read.seconds("seconds");
    } else if (what == "room") {
        around().backend.room = around().backend.most_room = read.number<std::uint64_t>("slots", 0);
    } else if (what == "submit") {
        say(read, true);
    } else if (what == "stop") {
        const std::string mode = read.word("a stop mode");
        wish.stop = stop_mode::run;
        for (const auto one : {stop_mode::checkpoint, stop_mode::graceful, stop_mode::immediate, stop_mode::force})
            if (mode == text_of(one)) wish.stop = one;
        if (wish.stop == stop_mode::run) read.wants("checkpoint, graceful, immediate or force");
        say(read);
    } else if (what == "start") {
        wish.stop = stop_mode::run;
        ++wish.restart_nonce;
        say(read);
    } else if (what == "rescale") {
        const auto parallelism = read.number<std::uint32_t>("a parallelism, from 1 on,", 1);
        wish.parallelism = {{{1}, parallelism}, {{2}, parallelism}};
        say(read);
    } else if (what == "ignore") {
        read.literal("state");
        read.literal("before");
        wish.ignore_state_before_epoch = epoch{read.number<std::uint32_t>("an epoch, from 1 on,", 1)};
        say(read);
    } else if (what == "fault") {
        const auto planned = fault_named(read.rest());
        if (not planned) return read.fails(planned.error().text);
        around().planned.push_back(*planned);
    } else if (what == "twice") {
        around().answered_twice.push_back(answered_effect(read, read.rest()));
    } else if (what == "delay") {
        hold_up(read);
    } else if (what == "refuse") {
        read.literal("rows");
        const instant from = at(read);
        around().refusals.push_back({from, from});
        if (read.literal("for")) around().refusals.back().until += read.seconds("seconds after \"for\"");
    } else if (what == "controller") {
        read.literal("2");
        around().queue.put(at(read), controller_turn{{1, 0}, controller_turn::kind::starts});
    } else if (what == "crash") {
        turn_controller(read, controller_turn::kind::crashes);
    } else if (what == "pause") {
        turn_controller(read, controller_turn::kind::pauses);
    } else if (what == "kill") {
        turn_worker(read, process_turn::kind::dies);
    } else if (what == "hang") {
        turn_worker(read, process_turn::kind::hangs);
    } else if (what == "wake") {
        turn_worker(read, process_turn::kind::goes_on);
    } else if (what == "cut") {
        turn_worker(read, process_turn::kind::loses_its_stream);
    } else if (what == "fail") {
        say_of_subtask(read, true);
    } else if (what == "claim") {
        say_of_subtask(read, false);
    } else if (what == "slots") {
        around().backend.most_room = read.number<std::uint64_t>("slots", 0);
        around().queue.put(at(read), world_turn{world_turn::kind::slots_come});
    } else if (what == "expect") {
        expected.push_back(read.rest());
        if (expected.back().empty()) read.wants("a text");
    } else if (what == "run") {
        length = read.seconds("seconds");
        if (length == duration{} or length > longest_run) read.wants("more than 0 seconds, at most 86400,");
        if (not last_word) read.fails("\"submit at SECONDS\" is needed above");
        if (length < latest.first) read.fails("line " + std::to_string(latest.second) + " is later than that");
    } else {
        read.wants(
            "hop, room, submit, stop, start, rescale, ignore, fault, twice, delay, refuse, controller, crash, pause, "
            "kill, "
            "hang, wake, cut, fail, claim, slots, expect or run");
    }
}

}  // namespace detail

inline scenario parse_scenario(std::string_view text) {
    scenario read;
    for (std::string& line : detail::lines_of(text)) {
        if (not read.has_trace and line == "----")
            read.has_trace = true;
        else
            (read.has_trace ? read.expected : read.commands).push_back(std::move(line));
    }
    while (not read.expected.empty() and read.expected.back().empty()) read.expected.pop_back();
    return read;
}

template <class Policies>
expected<played> play(const scenario& what, Policies policy) {
    const auto made =
        std::make_unique<world<Policies>>(decisions(std::vector<std::uint32_t>{}), fault_set{}, std::move(policy));
    made->around().seen.keep_lines();
    const instant begun = made->around().now;
    detail::stage stage{*made,
                        {.name = "job-1",
                         .program = std::make_shared<const program>(
                             program{.nodes = {{{1}, 2, {{{"read"}, ""}}}, {{2}, 2, {{{"count"}, ""}}}},
                                     .edges = {{{1}, {2}, edge_kind::shuffle}}})}};
    for (std::size_t i = 0; i < what.commands.size(); ++i) {
        detail::command_reader read(what.commands[i]);
        if (read.is_empty()) continue;
        stage.line = i + 1;
        stage.obey(read);
        if (const std::string wrong = read.wrong(); not wrong.empty())
            return failure(error_kind::invalid,
                           "line " + std::to_string(i + 1) + ", \"" + what.commands[i] + "\": " + wrong);
    }
    if (stage.length == duration{})
        return failure(error_kind::invalid, "a command \"run SECONDS\" is needed at the end");
    made->start_controller(0);
    while (not made->broken() and made->next() <= begun + stage.length and made->step()) {
    }
    const auto did_not_come = [&](const std::string& one) {
        made->around().seen.say(made->around().now, "world", [&] { return one + " did not come"; });
    };
    for (const planned_fault& one : made->around().planned) did_not_come(text_of(one));
    for (const auto effect : made->around().answered_twice)
        did_not_come("another answer to " + std::string(effect_names[effect]));
    for (const auto& one : made->around().delays)
        did_not_come("a late " + std::string(one.is_of_answer ? "answer to " : "") +
                     std::string(effect_names[one.effect]));
    for (const auto& one : made->around().refusals)
        if (not one.has_struck) did_not_come("a refused row");
    played told{.broken = made->broken(), .expectations = stage.expected.size()};
    for (const trace::line& one : made->around().seen.lines()) {
        const bool is_told = (one.who.starts_with("controller") and one.text.starts_with("job-1:")) or
                             (one.who.starts_with("worker") and one.text.starts_with("subtask ")) or
                             (one.who == "database" and not one.text.starts_with("lease")) or
                             (one.who == "user" and one.text.starts_with("job-1:")) or one.who == "world";
        if (not is_told) continue;
        std::string time = std::to_string((one.at - begun).count());
        while (time.size() < 4) time.insert(0, "0");
        time.insert(time.size() - 3, ".");
        told.lines.push_back(std::string(time.size() < 8 ? 8 - time.size() : 0, ' ') + time + "  " + one.who + ": " +
                             one.text);
    }
    if (told.broken) return told;
    auto line = told.lines.cbegin();
    for (const std::string& text : stage.expected) {
        const auto says = [&](const std::string& one) { return one.find(text) != std::string::npos; };
        line = std::find_if(line, told.lines.cend(), says);
        if (line == told.lines.cend()) {
            told.unsaid = text;
            break;
        }
        ++line;
    }
    return told;
}

}  // namespace headgate::inline v1::simulation
