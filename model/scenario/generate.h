// SPDX-License-Identifier: GPL-2.0-or-later
//
// Random scenarios of full length: where a fuzzer that grows from nothing needs thousands of
// inputs to get two tasks to meet, these have them meet at once.
//
//   GenerateOptions options;
//   options.nr_drivers = 7;
//   options.nr_kernels = 4;
//   Scenario s = Generate(/*seed=*/42, options);
#ifndef MODEL_SCENARIO_GENERATE_H_
#define MODEL_SCENARIO_GENERATE_H_

#include <cstdint>

#include "model/scenario/scenario.h"

namespace hotplug::scenario {

struct GenerateOptions {
  uint32_t nr_drivers = 1;
  uint32_t nr_kernels = 1;
  int32_t driver = -1;       // row of the driver; -1 = any
  int32_t kernel = -1;       // row of the kernel profile; -1 = any
  uint32_t min_tasks = 2;    // 1 .. max_tasks
  uint32_t max_tasks = 6;    // .. kMaxTasks
  uint32_t preemptions = 8;  // expected number, at most kMaxPreemptions / 2
  bool kworker = false;      // some of them by it, and of it
};

// The scenario of that seed, the same on every machine. It keeps all rules and has a byte
// form.
Scenario Generate(uint64_t seed, const GenerateOptions& options);

}  // namespace hotplug::scenario

#endif  // MODEL_SCENARIO_GENERATE_H_
