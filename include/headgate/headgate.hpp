#pragma once
// SPDX-License-Identifier: BSL-1.0
// headgate: everything but simulation/, conformance/ and assignment/views.hpp, which brings range-v3.

#include <headgate/assignment/balanced.hpp>
#include <headgate/assignment/local.hpp>
#include <headgate/assignment/materialise.hpp>
#include <headgate/assignment/policy.hpp>
#include <headgate/assignment/projected.hpp>
#include <headgate/assignment/report.hpp>
#include <headgate/assignment/slot_filling.hpp>
#include <headgate/assignment/slot_row.hpp>
#include <headgate/assignment/spread.hpp>
#include <headgate/assignment/sticky.hpp>
#include <headgate/concepts/blocking.hpp>
#include <headgate/concepts/no_checkpoints.hpp>
#include <headgate/controller/controller.hpp>
#include <headgate/machine/machine.hpp>
#include <headgate/machine/table.hpp>
#include <headgate/machine/worst_case.hpp>
#include <headgate/retry/retry.hpp>
#include <headgate/worker/driver.hpp>
