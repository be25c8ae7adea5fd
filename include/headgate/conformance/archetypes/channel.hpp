#pragma once
// SPDX-License-Identifier: BSL-1.0
// conformance: the poorest channel, and the poorest link to a controller.

#include <headgate/concepts/channel.hpp>
#include <headgate/concepts/controller_link.hpp>
#include <headgate/conformance/archetypes/bare.hpp>

#include <string>

namespace headgate::inline v1::archetype {

// Effects are qualified: in a class with a member of that name, the bare name would change its meaning.
struct channel : bare {
    void listen(stream_receiver auto) {}
    void send(stream_id, const controller_message&) {}
    void close(stream_id) {}
    void dial(const request<headgate::dial>&, completion_for<headgate::dial> auto) {}
    void hang_up(connection_id) {}
    void start_execution(const request<headgate::start_execution>&, completion_for<headgate::start_execution> auto) {}
    void begin_checkpoint(const request<headgate::begin_checkpoint>&, completion_for<headgate::begin_checkpoint> auto) {
    }
    void stop_execution(const request<headgate::stop_execution>&, completion_for<headgate::stop_execution> auto) {}
};

struct controller_link : bare {
    void listen(link_receiver auto) {}
    std::string rpc_address() { return {}; }
    void open() {}
    void send(const worker_message&) {}
    void close() {}
    void answer(call_id, const call_answer&) {}
};

static_assert(headgate::channel<channel>);
static_assert(headgate::controller_link<controller_link>);

}  // namespace headgate::inline v1::archetype
