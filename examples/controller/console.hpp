#pragma once
// headgate-controller: what happens to the jobs, as it happens, for whoever looks on.

#include <headgate/assignment/moves.hpp>
#include <headgate/controller/history.hpp>
#include <headgate/controller/metrics.hpp>
#include <headgate/machine/machine.hpp>
#include <headgate/machine/table.hpp>
#include <headgate/vocabulary/note.hpp>
#include <headgate/vocabulary/plan.hpp>
#include <headgate/vocabulary/shared.hpp>

#include <fmt/chrono.h>
#include <fmt/color.h>
#include <fmt/format.h>

#include <unistd.h>
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace headgate::example {

enum class verbosity : std::uint8_t { quiet, normal, verbose };

/// Prints to the standard output. What cannot be written is lost: an observer may not fail.
template <class... Values>
void put(fmt::format_string<Values...> form, Values&&... values) {
    std::fputs(fmt::format(form, std::forward<Values>(values)...).c_str(), stdout);
}

/// Models `observer`. Prints transitions, each attempt's phases as a timeline, what the workers hold, and how
/// much of it is not where it was.
class console {
public:
    explicit console(verbosity says) : says_(says) {}

    void on(const job_id& job, instant at, const note& what) {
        if (first_ == never) first_ = at;
        if (const auto* const moved = std::get_if<transition>(&what)) {
            one_job& seen = jobs_[job];
            if (moved->from == state_name::scheduling) print_timeline(job, seen);
            if (moved->to == state_name::scheduling) seen.phases.clear();
            seen.is_new = moved->to == state_name::running;
            seen.state = moved->to;
            seen.last_beat = at;
            say(job, at, text_of(what), color_of(moved->to));
            if (is_terminal(moved->to)) jobs_.erase(job);
        } else if (const auto* const phase = std::get_if<phase_ended>(&what)) {
            if (const auto seen = jobs_.find(job); seen != jobs_.end()) seen->second.phases.push_back(*phase);
            if (says_ == verbosity::verbose) say(job, at, text_of(what), fmt::color::gray);
        } else {
            say(job, at, text_of(what), fmt::color::gray);
        }
    }

    /// After each poll: what only the machine knows.
    template <class Controller>
    void look_at(const Controller& controller, instant now) {
        if (controller.strangers() > strangers_ and says_ != verbosity::quiet) {
            put("           messages of workers that are not wanted any more, or never were: {}\n",
                controller.strangers());
            std::fflush(stdout);
        }
        strangers_ = controller.strangers();
        const auto trouble = controller.trouble();
        if (trouble.has_value() != has_trouble_ and says_ != verbosity::quiet) {
            put("           {}\n", trouble ? "jobs cannot be looked after: " + one_line(describe(*trouble), 2'000)
                                           : "jobs are looked after again");
            std::fflush(stdout);
        }
        has_trouble_ = trouble.has_value();
        std::erase_if(jobs_, [&](const auto& one) { return not controller.find(one.first); });  // let go
        for (auto& [id, seen] : jobs_) {
            const auto* const value = controller.find(id);
            if (seen.state != state_name::running) {
                seen.was = value->job().durable.plan;
                continue;
            }
            if (std::exchange(seen.is_new, false)) {
                print_placement(id, value->job());
                print_moves(id, value->job(), seen.was.get());
            }
            if (now - seen.last_beat < std::chrono::seconds(5)) continue;
            print_rates(id, seen, controller.metrics(id), value->job(), now);
        }
    }

private:
    static constexpr std::size_t width = 40;

    struct one_job {
        state_name state{};
        bool is_new = false;
        std::vector<phase_ended> phases{};
        job_metrics last{};
        instant last_beat{};
        shared<plan> was{};  ///< with which it ran before; null: it did not
    };

    static fmt::color color_of(state_name state) {
        if (state == state_name::running or state == state_name::finished) return fmt::color::green;
        if (state == state_name::failing or state == state_name::failed) return fmt::color::red;
        if (state == state_name::recovering) return fmt::color::orange;
        return fmt::color::steel_blue;
    }

    /// An id may come from whoever can write to the database.
    static std::string shown(const job_id& id) { return one_line(id.value, limits{}.id); }

    void say(const job_id& job, instant at, const std::string& text, fmt::color color) {
        if (says_ == verbosity::quiet) return;
        const double seconds = static_cast<double>((at - first_).count()) / 1'000;
        const std::string line = one_line(text, 2'000), id = shown(job);
        if (has_colors_)
            put("{:9.3f}  {}  {}\n", seconds, id, fmt::styled(line, fmt::fg(color)));
        else
            put("{:9.3f}  {}  {}\n", seconds, id, line);
        std::fflush(stdout);
    }

    /// When each phase of the attempt began and ended, on one scale.
    void print_timeline(const job_id& job, const one_job& seen) {
        if (says_ == verbosity::quiet or seen.phases.empty()) return;
        duration whole{1};
        for (const phase_ended& one : seen.phases) whole = std::max(whole, one.ended);
        const auto column = [&](duration at) {
            return static_cast<std::size_t>(at.count()) * width / static_cast<std::size_t>(whole.count());
        };
        put("           {}  the attempt of generation {} took {} ms:\n", shown(job),
            seen.phases.front().generation.value, whole.count());
        for (const phase_ended& one : seen.phases) {
            const std::size_t from = std::min(column(one.began), width - 1);
            const std::size_t to = std::max(column(one.ended), from + 1);
            put("             {:<22} |{}{}{}| {:>6} ms\n", text_of(one.what), std::string(from, ' '),
                std::string(to - from, '='), std::string(width - std::min(to, width), ' '),
                (one.ended - one.began).count());
        }
        std::fflush(stdout);
    }

    void print_placement(const job_id& id, const headgate::job& job) {
        if (says_ == verbosity::quiet or not job.running) return;
        const plan& placed = job.plan();
        for (std::size_t worker = 0; worker < std::min<std::size_t>(placed.workers.size(), 16); ++worker) {
            std::string holds;
            for (std::size_t node = 0; node < std::min<std::size_t>(placed.nodes.size(), 16); ++node)
                shares(placed, node, worker, [&](subtask_range range) {
                    holds += fmt::format("  {}[{}..{}]", name_of_node(*job.program, node), range.first, range.last - 1);
                });
            put("           {}  worker {} ({} slots, data {}):{}\n", shown(id),
                ordinal_of(placed.workers[worker].id).value, placed.workers[worker].slots,
                placed.data_addresses[worker], holds);
        }
        std::fflush(stdout);
    }

    void print_moves(const job_id& id, const headgate::job& job, const plan* was) {
        if (says_ == verbosity::quiet or not job.running or not was) return;
        if (const auto moves = moves_of(job.plan(), {.previous = was}))
            put("           {}  {} of {} subtasks are on another worker than before\n", shown(id), moves->subtasks,
                subtasks(job.plan()));
        std::fflush(stdout);
    }

    static std::string name_of_node(const program& of, std::size_t node) {
        return of.nodes[node].operators.front().id.value;
    }

    void print_rates(const job_id& id, one_job& seen, job_metrics next, const headgate::job& job, instant now) {
        const double seconds = static_cast<double>((now - seen.last_beat).count()) / 1'000;
        std::string text;
        for (const node_counters& one : next.nodes) {
            const auto before = std::ranges::find(seen.last.nodes, one.node, &node_counters::node);
            const bool is_same = before != seen.last.nodes.end() and seen.last.generation == next.generation;
            const std::uint64_t made = one.records_out - (is_same ? std::min(before->records_out, one.records_out) : 0);
            const auto node = std::ranges::find(job.program->nodes, one.node, &node::id);
            if (node == job.program->nodes.end() or not is_same) continue;
            text += fmt::format("  {} {:.0f}/s", node->operators.front().id.value, static_cast<double>(made) / seconds);
        }
        if (not text.empty()) say(id, now, "records out:" + text, fmt::color::gray);
        seen.last = std::move(next);
        seen.last_beat = now;
    }

    verbosity says_;
    bool has_colors_ = std::getenv("NO_COLOR") == nullptr and
                       (isatty(STDOUT_FILENO) or std::getenv("CLICOLOR_FORCE") != nullptr);
    instant first_ = never;
    std::uint64_t strangers_ = 0;  ///< as it was last said
    bool has_trouble_ = false;     ///< likewise
    std::map<job_id, one_job> jobs_;  ///< those that are not at their end
};

}  // namespace headgate::example
