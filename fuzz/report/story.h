// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a world did with a scenario, so that two worlds can be held against each other.
#ifndef FUZZ_REPORT_STORY_H_
#define FUZZ_REPORT_STORY_H_

#include <string>
#include <vector>

#include "model/run/run.h"

namespace hotplug::report {

// Runs the scenario, and tells in order what has happened: all that can be seen at the end of the
// boot (run::WorldState), each delivery to a notifier, each message of the kernel, each result of
// an operation, and behind it what has changed. Nothing in it depends on how many steps anything
// took.
//
//   MEM_GOING_OFFLINE memory5 A = NOTIFY_OK
//   write memory5/state offline = 0
//   memory5: offline dev.offline=1 node=0 free=0 ...
//   zone 0/Normal: start=0x10 spanned=112 present=96 managed=96 free=96 isolated=0
//   verdict ok
std::vector<std::string> StoryOf(const scenario::Scenario& s, run::RunOptions options);

// The first line in which two lists differ, each behind the name of its side. Empty if there is
// none.
struct Side {
  const char* name;
  const std::vector<std::string>& lines;
};
std::string FirstDifference(const Side& a, const Side& b);

// What two runs of a scenario did differently: the first line of their stories in which they
// differ, each behind the name of its world. Empty if there is none.
std::string FirstDifference(const scenario::Scenario& s, const run::RunOptions& a,
                            const run::RunOptions& b);

}  // namespace hotplug::report

#endif  // FUZZ_REPORT_STORY_H_
