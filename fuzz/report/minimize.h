// SPDX-License-Identifier: GPL-2.0-or-later
//
// The smallest scenario that fails in the same way: the same verdict and DEDUP_TOKEN.
#ifndef FUZZ_REPORT_MINIMIZE_H_
#define FUZZ_REPORT_MINIMIZE_H_

#include <cstdint>
#include <functional>
#include <string>

#include "model/run/run.h"

namespace hotplug::report {

inline constexpr uint32_t kMaxMinimizeRuns = 200000;

struct Minimized {
  scenario::Scenario scenario;  // the smallest so far
  std::string token;            // empty if the run does not fail: nothing is minimized then
  uint32_t runs = 0;
  bool complete = false;  // nothing can be left out any more; false if it was stopped
};

// Leaves out and simplifies one thing at a time, greedily, to a fixed point. Preemptions stay
// where they were, after the same event of the same operation, but may go on with another
// task. Called after each run, `go_on` stops it by returning false; it also stops after
// `max_runs`.
Minimized Minimize(const scenario::Scenario& s, const run::RunOptions& options,
                   const std::function<bool(const Minimized&)>& go_on = nullptr,
                   uint32_t max_runs = kMaxMinimizeRuns);

}  // namespace hotplug::report

#endif  // FUZZ_REPORT_MINIMIZE_H_
