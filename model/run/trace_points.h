// SPDX-License-Identifier: GPL-2.0-or-later
//
// The trace points of all rooms, and what anchored preemptions call them.
#ifndef MODEL_RUN_TRACE_POINTS_H_
#define MODEL_RUN_TRACE_POINTS_H_

#include <cstdint>
#include <span>

#include "model/scenario/scenario.h"
#include "model/sim/trace.h"

namespace hotplug::run {

// What the numbers of a trace point mean; null for one that no table has.
const sim::TracePoint* FindTracePoint(sim::Tp tp);

// All functions that preemptions can be anchored at, in the order of their rows: those of mm::Fn,
// and then the ones below.
std::span<const char* const> AnchoredFunctions();
// The functions that tell only that they are over: scenario::Names::ends.
std::span<const char* const> FunctionEnds();

// What a step of a room above sim is, for sim::Hooks::anchor_of.
sim::AnchorId AnchorOfRecord(const sim::Record& record);

// The number of an event of a scenario, and the event of a number; one without a kind if no text
// can say it: a lock or a second notifier of a driver's own file. For the machine as it has booted.
sim::AnchorId AnchorOf(const scenario::Event& event);
scenario::Event EventOf(sim::AnchorId id, const scenario::Scenario& s);

}  // namespace hotplug::run

#endif  // MODEL_RUN_TRACE_POINTS_H_
