// SPDX-License-Identifier: BSL-1.0
#include "session.hpp"

#include <poll.h>

#include <utility>

namespace headgate::inline v1::postgres {

session::session(const std::string& connection_string, const std::string& schema, const words& say)
    : say_(say), schema_(schema) {
    const targets where(connection_string);
    open_ = connection(PQconnectdbParams(where.names(), where.values(), 1));
    if (PQstatus(open_.get()) == CONNECTION_OK)
        prepare();
    else
        break_off(say_.lost(open_.get()));
}

short session::events() const {
    // Nothing to flush is found out by the next PQflush; libpq has no question for it.
    return static_cast<short>(PQflush(open_.get()) == 1 ? POLLIN | POLLOUT : POLLIN);
}

void session::prepare() {
    PQsetNoticeProcessor(
        open_.get(), [](void*, const char*) {}, nullptr);
    const std::string name = quoted(schema_), channel = quoted("headgate." + schema_);
    const std::string settings[] = {
        "SET search_path = " + name,
        // Done means durable (the concept's law), whatever the server's default is.
        "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'",
        "SET lock_timeout = '5s'",
        "LISTEN " + channel,
    };
    bool is_sent = PQsetnonblocking(open_.get(), 1) == 0 and PQenterPipelineMode(open_.get()) == 1;
    for (const std::string& sql : settings) {
        is_sent = is_sent and
                  PQsendQueryParams(open_.get(), sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0) == 1 and
                  PQpipelineSync(open_.get()) == 1;
        ++preparing_;
    }
    for (const prepared& each : statements) {
        is_sent = is_sent and PQsendPrepare(open_.get(), each.name, each.sql, 0, nullptr) == 1 and
                  PQpipelineSync(open_.get()) == 1;
        ++preparing_;
    }
    if (not is_sent) break_off(say_.lost(open_.get()));
}

void session::break_off(error why) {
    phase_ = phase::broken;
    why_ = std::move(why);
}

std::optional<result> session::next_result() {
    // A statement's results end with a null, its transaction with a sync; two nulls in a row: there is no more.
    for (int nulls = 0; nulls < 2 and PQisBusy(open_.get()) == 0;) {
        result one(PQgetResult(open_.get()));
        if (not one) {
            ++nulls;
            continue;
        }
        nulls = 0;
        if (PQresultStatus(one.get()) == PGRES_PIPELINE_SYNC) {
            if (held_) return std::exchange(held_, nullptr);
        } else if (PQresultStatus(one.get()) == PGRES_FATAL_ERROR and is_end_of_connection(one.get())) {
            return one;  // no sync will come
        } else {
            held_ = std::move(one);
        }
    }
    return std::nullopt;
}

void session::send(statement which, const arguments& with) {
    if (not with.send(open_.get(), statements[static_cast<std::size_t>(which)].name)) break_off(say_.lost(open_.get()));
}

}  // namespace headgate::inline v1::postgres
