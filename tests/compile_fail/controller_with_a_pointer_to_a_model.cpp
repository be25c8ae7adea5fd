// expect: controller: one of the models is a pointer or an expected
// expect: pass what it points to: \*model
#include <headgate/conformance/archetypes/channel.hpp>
#include <headgate/conformance/archetypes/clock.hpp>
#include <headgate/conformance/archetypes/database.hpp>
#include <headgate/conformance/archetypes/scheduler.hpp>
#include <headgate/conformance/archetypes/secrets.hpp>
#include <headgate/conformance/archetypes/state_backend.hpp>
#include <headgate/controller/controller.hpp>

#include <memory>

using namespace headgate;

void run(archetype::scheduler& scheduler, archetype::database& database, std::unique_ptr<archetype::channel>& channel,
         archetype::clock& clock, archetype::state_backend& states, archetype::secrets& secrets) {
#ifdef CONTROL
    controller mine{scheduler, database, *channel, clock, states, secrets};
#else
    controller mine{scheduler, database, channel, clock, states, secrets};
#endif
    mine.poll();
}
