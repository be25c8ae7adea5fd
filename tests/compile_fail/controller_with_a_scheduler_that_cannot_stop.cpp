// expect: scheduler: it has no
// expect: void stop_workers\(const request<stop_workers>&, done\)
// expect: completion_for<stop_workers>
#include <headgate/conformance/archetypes/channel.hpp>
#include <headgate/conformance/archetypes/clock.hpp>
#include <headgate/conformance/archetypes/database.hpp>
#include <headgate/conformance/archetypes/scheduler.hpp>
#include <headgate/conformance/archetypes/secrets.hpp>
#include <headgate/conformance/archetypes/state_backend.hpp>
#include <headgate/controller/controller.hpp>

using namespace headgate;

struct cannot_stop : archetype::scheduler {
#ifndef CONTROL
    void stop_workers() = delete;
#endif
};

void run(cannot_stop& scheduler, archetype::database& database, archetype::channel& channel, archetype::clock& clock,
         archetype::state_backend& states, archetype::secrets& secrets) {
    controller mine{scheduler, database, channel, clock, states, secrets};
    mine.poll();
}
