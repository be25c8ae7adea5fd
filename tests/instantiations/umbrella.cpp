// SPDX-License-Identifier: BSL-1.0
#include <headgate/headgate.hpp>
