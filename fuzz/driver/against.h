// SPDX-License-Identifier: GPL-2.0-or-later
//
// Two drivers held against each other: a driver's own file and our model of it.
#ifndef FUZZ_DRIVER_AGAINST_H_
#define FUZZ_DRIVER_AGAINST_H_

#include <string>

#include "model/drivers/driver.h"
#include "model/scenario/scenario.h"

namespace hotplug::driver {

// What can be compared of a scenario: a schedule counts the steps of a task, who sleeps those of
// all, and two texts of one algorithm do not make the same number. Without it tasks run one after
// the other, until they block, and whoever sleeps is awake when the next one blocks.
scenario::Scenario Comparable(scenario::Scenario s);

// What the two do differently with a scenario: the first line of their expect blocks (results,
// events, log, blocks at the end) in which they differ, each behind its driver's name. Empty if
// there is none. Verdicts are compared by their invariant; behind the same violation nothing is.
std::string FirstDifference(const scenario::Scenario& s, const drivers::Driver& a,
                            const drivers::Driver& b);

}  // namespace hotplug::driver

#endif  // FUZZ_DRIVER_AGAINST_H_
