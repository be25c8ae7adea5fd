#include <headgate/concepts/clock.hpp>
