// SPDX-License-Identifier: GPL-2.0-or-later
//
// Step numbers of a schedule become anchors, which outlive a change of the simulated kernel, and
// anchors become step numbers, which can be counted up and down.
#ifndef FUZZ_REPORT_ANCHORS_H_
#define FUZZ_REPORT_ANCHORS_H_

#include <cstdint>
#include <vector>

#include "model/run/run.h"
#include "model/scenario/scenario.h"

namespace hotplug::report {

// The scenario with each preemption anchored where there is an anchor at its place: a run with the
// same digest. The others keep their steps.
scenario::Scenario Anchored(scenario::Scenario s, run::RunOptions options);

// The scenario with each preemption at a step where it has one: a run with the same digest. Those
// that come before their task's first step, or not at all, keep their anchors.
scenario::Scenario Stepped(scenario::Scenario s, run::RunOptions options);

// After which of its task's own steps each preemption of the schedule comes, 0 before the first;
// kNever if it does not come.
inline constexpr uint32_t kNever = UINT32_MAX;
std::vector<uint32_t> StepsOf(const scenario::Scenario& s, run::RunOptions options);

}  // namespace hotplug::report

#endif  // FUZZ_REPORT_ANCHORS_H_
