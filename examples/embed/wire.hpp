#pragma once
// SPDX-License-Identifier: BSL-1.0
// The messages that this controller had before, between threads of one process; headgate's words travel in them.

#include <headgate/concepts/channel.hpp>
#include <headgate/concepts/controller_link.hpp>
#include <headgate/concepts/held_completion.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <variant>

namespace mine {

/// Both ends of every line. Receivers and completions are called on the thread that sends, with nothing locked.
class wire {
public:
    // What a controller asks of its channel.
    void listen(headgate::stream_receiver auto receiver) { hear_ = std::move(receiver); }
    void send(headgate::stream_id to, const headgate::controller_message& said) { to_worker(to, said); }
    void close(headgate::stream_id which) { end(which); }
    void dial(const headgate::request<headgate::dial>& r, headgate::completion_for<headgate::dial> auto done) {
        begin_dial(r.what, headgate::held_completion<headgate::dial>(std::move(done)));
    }
    void hang_up(headgate::connection_id which);
    void start_execution(const headgate::request<headgate::start_execution>& r,
                         headgate::completion_for<headgate::start_execution> auto done) {
        call<headgate::start_execution>(r.what.connection, headgate::execute{r.what.what, r.what.data_token}, done);
    }
    void begin_checkpoint(const headgate::request<headgate::begin_checkpoint>& r,
                          headgate::completion_for<headgate::begin_checkpoint> auto done) {
        call<headgate::begin_checkpoint>(r.what.connection, headgate::checkpoint{r.what.name.generation, r.what.name},
                                         done);
    }
    void stop_execution(const headgate::request<headgate::stop_execution>& r,
                        headgate::completion_for<headgate::stop_execution> auto done) {
        call<headgate::stop_execution>(r.what.connection, headgate::stop{r.what.generation}, done);
    }

    /// What a worker asks of its link to the controller: the wire, seen from one of its places.
    class end_of {
    public:
        explicit end_of(wire& on) : on_(on), address_("localhost:" + std::to_string(on.draw())) {}
        end_of(const end_of&) = delete;
        ~end_of() { on_.leave(address_); }

        void listen(headgate::link_receiver auto receiver) { on_.join(address_, std::move(receiver)); }
        std::string rpc_address() const { return address_; }
        void open() { on_.open(address_); }
        void send(const headgate::worker_message& said) { on_.from_worker(address_, said); }
        void close() { on_.end(on_.line_of(address_)); }
        void answer(headgate::call_id to, const headgate::call_answer& with) { on_.answer(to, &with); }

    private:
        wire& on_;
        std::string address_;
    };

private:
    using hear_link = std::function<void(headgate::link_event)>;
    /// Null: hung up.
    using hear_answer = std::function<void(const headgate::call_answer*)>;

    struct line {
        hear_link hear{};
        headgate::stream_id stream{};  ///< 0: not open
    };
    struct connection {
        std::string address{};
        headgate::digest256 token{};
    };
    struct call_on {
        headgate::connection_id connection{};
        hear_answer done{};
    };
    using question = std::variant<headgate::identify, headgate::execute, headgate::checkpoint, headgate::stop>;

    std::uint64_t draw();
    void join(const std::string& address, hear_link hear);
    void leave(const std::string& address);
    void open(const std::string& address);
    headgate::stream_id line_of(const std::string& address);
    void from_worker(const std::string& address, const headgate::worker_message& said);
    void to_worker(headgate::stream_id to, const headgate::controller_message& said);
    void end(headgate::stream_id which);
    void begin_dial(const headgate::dial& what, headgate::held_completion<headgate::dial> done);
    void ask(headgate::connection_id on, question what, hear_answer done);
    void answer(headgate::call_id to, const headgate::call_answer* with);

    template <class Effect>
    void call(headgate::connection_id on, question what, auto done) {
        ask(on, std::move(what), [done](const headgate::call_answer* with) {
            if (with == nullptr)
                done(headgate::unknown{{.kind = Effect::fails_as, .text = "hung up"}});
            else if (const auto* no = std::get_if<headgate::refused>(with))
                done(headgate::not_applied{{.kind = headgate::error_kind::permanent, .text = no->why}});
            else
                done(headgate::applied{});
        });
    }

    std::mutex guard_;  // of all that follows
    std::uint64_t last_ = 0;
    std::map<std::string, line> lines_;
    std::map<headgate::connection_id, connection> connections_;
    std::map<headgate::call_id, call_on> calls_;
    std::function<void(headgate::stream_event)> hear_;
};

}  // namespace mine
