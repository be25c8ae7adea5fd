// expect: a fact is asked for with an effect that answers it
// expect: load_checkpoint
// expect: want\(fact<T>, make\) takes a `make` whose effect has `using result = T`
#include <headgate/machine/context.hpp>

using namespace headgate;

void ask(context<policies<>>& c, fact<applied>& is_prepared) {
#ifdef CONTROL
    c.want(is_prepared, [] { return prepare_checkpoint{}; });
#else
    c.want(is_prepared, [] { return load_checkpoint{}; });
#endif
}
