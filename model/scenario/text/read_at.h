// SPDX-License-Identifier: GPL-2.0-or-later
//
// A line of the schedule: at TASK (STEP | before|after WHAT [nth=N]) run TASK.
#ifndef MODEL_SCENARIO_TEXT_READ_AT_H_
#define MODEL_SCENARIO_TEXT_READ_AT_H_

#include "model/scenario/scenario.h"
#include "model/scenario/text/line.h"
#include "model/scenario/text/references.h"

namespace hotplug::scenario {

// Reads what follows `at`. All of the scenario that comes before must be known.
bool ReadAt(const Scenario& s, const Names& names, const References& refer, Line& line,
            Preemption* p);

}  // namespace hotplug::scenario

#endif  // MODEL_SCENARIO_TEXT_READ_AT_H_
