// SPDX-License-Identifier: BSL-1.0
#include "stage.hpp"

template class headgate::machine<headgate::policies<>>;
template struct stages::stage_of<headgate::policies<>>;
