// SPDX-License-Identifier: GPL-2.0-or-later
//
// The neighbourhood of a schedule: where its preemptions may have gone when a refactor has given
// a task more scheduling points, or fewer.
#ifndef FUZZ_REFACTOR_NEIGHBOURS_H_
#define FUZZ_REFACTOR_NEIGHBOURS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/scenario/scenario.h"

namespace hotplug::refactor {

using Schedule = decltype(scenario::Scenario::schedule);

struct Neighbour {
  Schedule schedule;
  uint32_t distance;  // the number of steps that something was moved by, at most
};

struct Neighbourhood {
  std::vector<Neighbour> members;  // the nearest first: the schedule itself
  bool complete = true;            // false: there are more than `limit`
};

// What moves is one entry, or one and all later ones of its task, as new scheduling points move
// them: up to two of these at once, each by up to `reach` steps. No member is there twice.
Neighbourhood NeighboursOf(const Schedule& schedule, uint32_t reach, size_t limit);

}  // namespace hotplug::refactor

#endif  // FUZZ_REFACTOR_NEIGHBOURS_H_
