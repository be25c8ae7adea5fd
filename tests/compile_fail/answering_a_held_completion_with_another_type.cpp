// expect: start_workers
// expect: completion_takes_the_answer_of
#include <headgate/concepts/held_completion.hpp>

using namespace headgate;

void start(const held_completion<start_workers>& done) {
#ifdef CONTROL
    done(applied{});
#else
    done(true);
#endif
}
