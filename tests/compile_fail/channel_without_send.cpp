// expect: channel: it has no `void send\(stream_id, controller_message\)`
#include <headgate/conformance/archetypes/channel.hpp>

struct without_send : headgate::archetype::channel {
    void send() = delete;
};

#ifdef CONTROL
template struct headgate::channel_check<headgate::archetype::channel>;
#else
template struct headgate::channel_check<without_send>;
#endif
