// SPDX-License-Identifier: GPL-2.0-or-later
//
// A fuzz target for one driver: runs the scenario that the bytes say, with that driver. A
// violation or a run that is stuck prints its report and aborts; the step limit is silent.
//
// target.cc has what an engine asks for, but for LLVMFuzzerInitialize() and
// LLVMFuzzerTestOneInput(), which are of the driver: driver.cc has them for those of the table,
// fuzz/driver/target/file.cc for one that is a file.
#ifndef FUZZ_TARGETS_TARGET_H_
#define FUZZ_TARGETS_TARGET_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "fuzz/mutate/feedback.h"
#include "model/run/run.h"

namespace hotplug::targets {

// What all scenarios run with.
struct Override {
  const drivers::Driver* driver = nullptr;  // in place of the table's
  int32_t kernel = -1;                      // row, in place of the scenario's
  uint32_t kernel_fixes = 0;                // that bytes cannot say
  const run::World* world = &run::kModelWorld;
  uint32_t max_steps = kMaxSteps;
  mutate::SeenPage (*see)(world::Pfn) = &mutate::See<drivers::View>;
  // Called when the machine has booted and nothing has run. Null: there is nothing to do.
  void (*begin)() = nullptr;
};
void SetOverride(const Override& instead);

// The row of a driver. A target without its driver must not look as if it had found nothing.
uint8_t RowOfDriver(const char* name);

// Reads the flags of flags.h. Fails on what is neither one of them, nor in `more`, which the caller
// reads, nor a flag of the engine.
void ReadFlags(int argc, char** argv, std::vector<std::string_view> more = {});

// One execution, with the driver of a row.
int RunBytes(uint8_t row, const uint8_t* data, size_t size);

}  // namespace hotplug::targets

#endif  // FUZZ_TARGETS_TARGET_H_
