// expect: crash_answer
#include <headgate/machine/table.hpp>

using enum headgate::state_name;

// T2: what a controller goes on as that finds the state in the row is the last column, and has no default.
#ifdef CONTROL
constexpr headgate::table_row row{created, {compiling, stopping}, created};
#else
constexpr headgate::table_row row{created, {compiling, stopping}};
#endif
static_assert(row.goes_to.contains(compiling));
