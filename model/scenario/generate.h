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
#include <optional>

#include "model/scenario/scenario.h"

namespace hotplug::scenario {

// What a kernel that is built for one kind of machine can be.
struct Shape {
  uint8_t block_order;
  uint8_t pageblock_order;
  uint8_t max_order;
  bool debug_vm;
};

struct GenerateOptions {
  uint32_t nr_drivers = 1;
  uint32_t nr_kernels = 1;
  int32_t driver = -1;       // row of the driver; -1 = any
  int32_t kernel = -1;       // row of the kernel profile; -1 = any
  uint32_t min_tasks = 2;    // 1 .. max_tasks
  uint32_t max_tasks = 6;    // .. kMaxTasks
  uint32_t preemptions = 8;  // expected number, at most kMaxPreemptions / 2
  bool kworker = false;      // some of them by it, and of it
  // Machines of this shape only; any shape without.
  std::optional<Shape> shape;
  // Nobody uses the files of the driver.
  bool without_driver = false;
  // One task does what all of them would do, one after the other: nothing runs beside it.
  bool sequential = false;
};

// The scenario of that seed, the same on every machine. It keeps all rules and has a byte
// form.
Scenario Generate(uint64_t seed, const GenerateOptions& options);

}  // namespace hotplug::scenario

#endif  // MODEL_SCENARIO_GENERATE_H_
