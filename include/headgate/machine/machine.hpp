#pragma once
// SPDX-License-Identifier: BSL-1.0
// machine: the job as one copyable value (`value.hpp`), with what it does in every state.

#include <headgate/machine/common.hpp>
#include <headgate/machine/settling.hpp>
#include <headgate/machine/transitions.hpp>
#include <headgate/machine/value.hpp>
