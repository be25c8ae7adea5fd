// expect: database: it has no `void store\(const request<store_row>&, done\)`
// expect: completion_for<store_row>, called once with outcome<job_row>
#include <headgate/conformance/archetypes/database.hpp>

struct without_store : headgate::archetype::database {
    void store() = delete;
};

#ifdef CONTROL
template struct headgate::database_check<headgate::archetype::database>;
#else
template struct headgate::database_check<without_store>;
#endif
