// expect: alarm
// expect: T2: a state answers every event
// expect: step<State> on\(State&, Context&, const Event&\)|ignores
#include <headgate/machine/step.hpp>

namespace headgate {

struct alarm {};
struct noise {};
struct any_context {};

// Handles one event and ignores the other; a handler under another name is none.
struct sleeper {
    using ignored = ignores<noise>;
};

#ifdef CONTROL
[[maybe_unused]] inline step<sleeper> on(sleeper&, any_context&, const alarm&) { return stay; }
#else
[[maybe_unused]] inline step<sleeper> onn(sleeper&, any_context&, const alarm&) { return stay; }
#endif

static_assert(must_answer_every<sleeper, any_context, std::variant<alarm, noise>>);

}  // namespace headgate
