// SPDX-License-Identifier: GPL-2.0-or-later
//
// The text form of a scenario, written; parse.h reads it, docs/scenario-format.md specifies
// it. Fuzz targets print it into their reports, so nothing here needs a compiled library.
#ifndef MODEL_SCENARIO_PRINT_H_
#define MODEL_SCENARIO_PRINT_H_

#include <string>
#include <string_view>

#include "model/scenario/scenario.h"

namespace hotplug::scenario {

// The text of a scenario that keeps all rules, ending in a newline. `comments`, if not null,
// has an entry for each one of the schedule; those that are not empty are added as comments.
std::string Print(const Scenario& s, const Names& names, const std::string* comments = nullptr);

// Spellings of single things, for reports and traces: "walker-3", "A", "memory5", and what a
// notifier returned ("notifier_from_errno(-EBUSY)").
std::string TaskName(const Scenario& s, uint32_t task);
std::string NotifierName(uint32_t notifier);
std::string BlockName(const Machine& m, uint32_t block);
std::string AnswerName(uint32_t value);
// What a preemption can be anchored at: "unlock mem_hotplug_lock", "MEM_GOING_OFFLINE memory5 A".
std::string EventName(const Scenario& s, const Names& names, const Event& e);

}  // namespace hotplug::scenario

#endif  // MODEL_SCENARIO_PRINT_H_
