// expect: worker_driver: one of the models is a pointer or an expected
// expect: pass what it points to: \*model
#include <headgate/conformance/archetypes/channel.hpp>
#include <headgate/conformance/archetypes/clock.hpp>
#include <headgate/conformance/archetypes/engine.hpp>
#include <headgate/conformance/archetypes/secrets.hpp>
#include <headgate/worker/driver.hpp>

#include <memory>

using namespace headgate;

void run(std::unique_ptr<archetype::controller_link>& link, archetype::clock& clock, archetype::secrets& secrets,
         archetype::engine& engine) {
#ifdef CONTROL
    worker_driver mine{*link, clock, secrets, engine, {}};
#else
    worker_driver mine{link, clock, secrets, engine, {}};
#endif
    mine.poll();
}
