#pragma once
// SPDX-License-Identifier: BSL-1.0
// postgres: one connection in pipeline mode, which blocks while it is made and never after.

#include "schema.hpp"
#include "text.hpp"

#include <optional>
#include <string>
#include <vector>

namespace headgate::inline v1::postgres {

/// Prepares the statements, then carries them in order. What it was given and did not answer when it broke is unknown.
class session {
public:
    /// Connects, which takes connect_timeout for each address at most.
    // Only the blocking form of libpq keeps that timeout, and so goes on to an address behind one that is silent.
    session(const std::string& connection, const std::string& schema, const words& say);

    enum class phase { preparing, ready, broken };
    phase now() const { return phase_; }
    const error& why() const { return why_; }  ///< it is broken

    int socket() const { return PQsocket(open_.get()); }
    /// Of poll(2).
    short events() const;

    /// Does what can be done without waiting. `each(result)` is called for the one result of each statement that was
    /// given to `send`, in order; `heard()` if somebody notified the channel.
    template <class Each, class Heard>
    void advance(Each each, Heard heard);

    /// Precondition: ready.
    void send(statement which, const arguments& with);

private:
    void prepare();
    void break_off(error why);
    /// The result of one statement, once it is whole; none yet otherwise.
    std::optional<result> next_result();

    const words& say_;
    std::string schema_;
    connection open_{};
    phase phase_ = phase::preparing;
    std::size_t preparing_ = 0;  // results that are still to come
    result held_{};              // of the statement whose end was not seen yet
    error why_{};
};

// Implementation ------------------------------------------------------------------------------------------------------

template <class Each, class Heard>
void session::advance(Each each, Heard heard) {
    if (phase_ == phase::broken) return;
    // Even of a connection that ended, what came before its end is whole.
    const bool is_alive = PQconsumeInput(open_.get()) == 1 and PQflush(open_.get()) >= 0;
    while (std::optional<result> one = next_result()) {
        const ExecStatusType status = PQresultStatus(one->get());
        const bool is_wrong = status != PGRES_COMMAND_OK and status != PGRES_TUPLES_OK;
        if (is_wrong and is_end_of_connection(one->get())) return break_off(say_.failed(one->get()));
        if (preparing_ == 0) {
            each(one->get());
        } else if (is_wrong) {
            return break_off(say_.failed(one->get()));
        } else if (--preparing_ == 0) {
            phase_ = phase::ready;
        }
    }
    bool is_heard = false;
    while (PGnotify* const note = PQnotifies(open_.get())) {
        PQfreemem(note);
        is_heard = true;
    }
    if (is_heard) heard();
    if (not is_alive or PQstatus(open_.get()) != CONNECTION_OK) break_off(say_.lost(open_.get()));
}

}  // namespace headgate::inline v1::postgres
