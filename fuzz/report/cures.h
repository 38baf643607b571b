// SPDX-License-Identifier: GPL-2.0-or-later
//
// Which of the known fixes a finding goes away with: what is known already says so by itself, and
// what none of them cures is new, or wants a fix of its own.
#ifndef FUZZ_REPORT_CURES_H_
#define FUZZ_REPORT_CURES_H_

#include <set>
#include <string>
#include <vector>

#include "model/scenario/scenario.h"

namespace hotplug::report {

// The DEDUP_TOKENs of a scenario, and of what becomes of it with its first two preemptions, and
// each one alone, at other steps: a fix makes other steps, and must not cure by missing the moment.
std::set<std::string> TokensNear(scenario::Scenario s);

// The fixes of its driver and of the core with which a scenario that fails has its token nowhere
// near, in the order of `list fixes`, as `+FIX`.
std::vector<std::string> Cures(const scenario::Scenario& s);

}  // namespace hotplug::report

#endif  // FUZZ_REPORT_CURES_H_
