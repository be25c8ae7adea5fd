#include <headgate/concepts/database.hpp>
#include <headgate/machine/job.hpp>
