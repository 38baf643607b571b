// SPDX-License-Identifier: GPL-2.0-or-later
//
// Everything that can be left out of a scenario or made simpler, for minimizing.
#ifndef FUZZ_REPORT_REDUCE_H_
#define FUZZ_REPORT_REDUCE_H_

#include <cstdint>
#include <vector>

#include "fuzz/report/print_trace.h"
#include "model/scenario/scenario.h"

namespace hotplug::report {

// Where a preemption is, whatever the number of its step: after the nth event of a kind
// within an operation of its task. `next` is the first task to go on from there that is not
// the one that the preemption names: who would, if that one were not there.
struct Anchor {
  uint32_t op;  // index of the operation; kNoOp: the preemption is never reached
  sim::Tp tp;
  uint32_t nth;
  uint8_t next;
};
inline constexpr uint32_t kNoOp = UINT32_MAX;

// A scheduling point of a run.
struct Point {
  uint32_t step;  // of the run
  uint32_t own;   // of its task
  uint32_t task;
  Anchor anchor;
};
std::vector<Point> PointsOf(const Records& records, const scenario::Scenario& s);
Anchor AnchorOf(const std::vector<Point>& points, const scenario::Preemption& p);

// A scenario and the anchors of its schedule, an entry each.
struct Candidate {
  scenario::Scenario s;
  std::vector<Anchor> anchors;
};

// One way to make a scenario smaller. `apply` makes the change number `i` of its kind; it
// returns false if there is no such change (`i` is beyond the list). A change that is
// nothing leaves the candidate as it is; one that is not allowed leaves it invalid. Every
// other one makes it smaller, so that any order of reductions ends.
struct Reduction {
  const char* what;
  bool (*apply)(Candidate& c, uint32_t i);
};
extern const Reduction kReductions[];
extern const uint32_t kNrReductions;

}  // namespace hotplug::report

#endif  // FUZZ_REPORT_REDUCE_H_
