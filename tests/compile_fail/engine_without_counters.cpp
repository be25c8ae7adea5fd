// expect: engine: it has no `std::vector<node_counters> counters\(\)`
#include <headgate/conformance/archetypes/channel.hpp>
#include <headgate/conformance/archetypes/clock.hpp>
#include <headgate/conformance/archetypes/engine.hpp>
#include <headgate/conformance/archetypes/secrets.hpp>
#include <headgate/worker/driver.hpp>

using namespace headgate;

struct counts_nothing : archetype::engine {
#ifndef CONTROL
    void counters() = delete;
#endif
};

void run(archetype::controller_link& link, archetype::clock& clock, archetype::secrets& secrets,
         counts_nothing& engine) {
    worker_driver mine{link, clock, secrets, engine, {}};
    mine.poll();
}
