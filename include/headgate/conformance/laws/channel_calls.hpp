#pragma once
// SPDX-License-Identifier: BSL-1.0
// conformance: what the laws of `channel` call without an answer, noted.

#include <headgate/conformance/laws/pending.hpp>
#include <headgate/vocabulary/call.hpp>
#include <headgate/vocabulary/message.hpp>

#include <cstddef>
#include <string>
#include <utility>

namespace headgate::inline v1::laws {

/// A channel, and where calls of it are noted.
template <class Channel>
struct noted_channel {
    Channel& model;
    findings& into;

    void send(stream_id to, const controller_message& message) {
        into.note_call("send(stream " + std::to_string(to.value) + ", " + std::string(text_of(message)) + ")");
        model.send(to, message);
    }
    void close(stream_id which) {
        into.note_call("close(stream " + std::to_string(which.value) + ")");
        model.close(which);
    }
    void hang_up(connection_id which) {
        into.note_call("hang_up(connection " + std::to_string(which.value) + ")");
        model.hang_up(which);
    }
};

/// The link of a worker, likewise.
template <class Link>
struct noted_link {
    Link& model;
    findings& into;
    std::size_t worker;

    void open() {
        note("open()");
        model.open();
    }
    void send(const worker_message& message) {
        note("send(" + std::string(text_of(message)) + ")");
        model.send(message);
    }
    void close() {
        note("close()");
        model.close();
    }
    void answer(call_id to, const call_answer& with) {
        constexpr const char* names[] = {"who it is", "applied", "refused"};
        note("answer(call " + std::to_string(to.value) + ", " + names[with.index()] + ")");
        model.answer(to, with);
    }
    std::string rpc_address() { return model.rpc_address(); }

private:
    void note(std::string call) { into.note_call("worker " + std::to_string(worker) + ": " + std::move(call)); }
};

}  // namespace headgate::inline v1::laws
