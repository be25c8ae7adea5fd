#pragma once
// SPDX-License-Identifier: BSL-1.0
// headgate-worker: what a worker does wrong on purpose, at a named point of its life; for seeing what becomes of its
// job.

#include <headgate/concepts/controller_link.hpp>
#include <headgate/concepts/engine.hpp>
#include <headgate/vocabulary/outcome.hpp>
#include <headgate/vocabulary/worker.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace headgate::example {

/// Points are passed in this order.
enum class fault_point : std::uint8_t {
    connecting,  ///< about to open its stream to the controller
    dialled,     ///< registered; the controller asks who is there. Nothing is launched before it is answered
    called,      ///< StartExecution has come
    answered,    ///< StartExecution was answered, the engine is about to start
    starting,    ///< one subtask has started, another is about to
    stopping,    ///< asked to stop, by its controller or a signal
};

enum class fault_kind : std::uint8_t {
    kill,      ///< the process is killed
    halt,      ///< the process is halted until it gets SIGCONT
    withhold,  ///< what was about to happen there does not; all else goes on
};

struct fault {
    fault_point at{};
    fault_kind how{};
    std::optional<worker_id> who{};  ///< empty: every worker
};

/// "dialled=kill", or "dialled=kill@2.0": only worker 0 of generation 2.
expected<fault> parse_fault(std::string_view text);

/// The faults of one worker. Says which it commits before it does.
class faults {
public:
    faults(const std::vector<fault>& all, worker_id self, std::function<void(const std::string&)> log);

    /// Whether what was about to happen is withheld. Thread-safe.
    bool strike(fault_point at) const;

private:
    std::vector<fault> mine_{};
    std::function<void(const std::string&)> log_;
};

/// Models `controller_link` over another, with faults.
template <controller_link Link>
class faulty_link {
public:
    faulty_link(Link& of, const faults& with) : of_(of), with_(with) {}

    template <link_receiver Receiver>
    void listen(Receiver hear) {
        of_.listen([hear, &with = with_](link_event heard) {
            const auto* const call = std::get_if<called>(&heard);
            if (not call or not is_withheld(*call, with)) hear(std::move(heard));
        });
    }
    std::string rpc_address() const { return of_.rpc_address(); }
    void open() {
        if (not with_.strike(fault_point::connecting)) of_.open();
    }
    void send(const worker_message& message) { of_.send(message); }
    void close() { of_.close(); }
    void answer(call_id to, const call_answer& with) { of_.answer(to, with); }

private:
    static bool is_withheld(const called& call, const faults& with) {
        if (std::holds_alternative<identify>(call.what)) return with.strike(fault_point::dialled);
        if (std::holds_alternative<execute>(call.what)) return with.strike(fault_point::called);
        return std::holds_alternative<stop>(call.what) and with.strike(fault_point::stopping);
    }

    Link& of_;
    const faults& with_;
};

/// Models `engine` over another, with faults.
template <engine Engine>
class faulty_engine {
public:
    faulty_engine(Engine& of, const faults& with) : of_(of), with_(with) {}

    template <engine_receiver Receiver>
    void start(execution_share share, Receiver report) {
        if (with_.strike(fault_point::answered)) return;
        const auto started = std::make_shared<std::atomic<std::uint32_t>>(0);
        of_.start(std::move(share), [report, started, &with = with_](engine_event said) {
            const bool is_start = std::holds_alternative<subtask_started>(said);
            const bool is_withheld = is_start and started->fetch_add(1) > 0 and with.strike(fault_point::starting);
            if (not is_withheld) report(std::move(said));
        });
    }
    void begin_checkpoint(checkpoint_name name) { of_.begin_checkpoint(name); }
    void stop(bool force) { of_.stop(force); }
    std::vector<node_counters> counters() { return of_.counters(); }

private:
    Engine& of_;
    const faults& with_;
};

}  // namespace headgate::example
