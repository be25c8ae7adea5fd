// expect: mine::stop_workers
// expect: completion_takes_the_answer_of
#include <headgate/conformance/archetypes/channel.hpp>
#include <headgate/conformance/archetypes/clock.hpp>
#include <headgate/conformance/archetypes/database.hpp>
#include <headgate/conformance/archetypes/scheduler.hpp>
#include <headgate/conformance/archetypes/secrets.hpp>
#include <headgate/conformance/archetypes/state_backend.hpp>
#include <headgate/controller/controller.hpp>

using namespace headgate;

struct mine : archetype::scheduler {
    static void stop_workers(const request<headgate::stop_workers>&, completion_for<headgate::stop_workers> auto done) {
#ifdef CONTROL
        done(0u);  // none are left
#else
        done("none are left");
#endif
    }
};

void run(mine& scheduler, archetype::database& database, archetype::channel& channel, archetype::clock& clock,
         archetype::state_backend& states, archetype::secrets& secrets) {
    controller mine{scheduler, database, channel, clock, states, secrets};
    mine.poll();
}
