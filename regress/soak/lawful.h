// SPDX-License-Identifier: GPL-2.0-or-later
//
// Generated scenarios in which nobody but the driver of a device can be at fault: for its test, and
// for who counts what comes out of many (virtio_runs.cc). What they leave out is in
// regress/virtio_mem.
#ifndef REGRESS_SOAK_LAWFUL_H_
#define REGRESS_SOAK_LAWFUL_H_

#include <cstdint>

#include "model/mm/kernel.h"
#include "model/mm/types.h"
#include "model/scenario/generate.h"

namespace hotplug {

// On 6.1 with the fixes of the core, but for those that tell CANCEL to fewer than any kernel does.
// A callback that stops the walk refuses what it is told, as the kernel's documentation has it, and
// no user adds memory of the device by himself.
inline scenario::Scenario LawfulScenario(uint64_t seed) {
  scenario::GenerateOptions generate;
  generate.nr_kernels = mm::kNrKernels;
  generate.kernel = mm::kNrKernels - 1;
  generate.kworker = true;
  scenario::Scenario s = scenario::Generate(seed, generate);
  s.machine.fixes = mm::kCoreFixes.all() & ~(mm::CoreFix::kPaired | mm::CoreFix::kRobust);
  for (uint32_t i = s.ops.size; i-- > 0;) {
    if (s.ops[i].kind == scenario::OpKind::kWriteProbe) s.ops.erase(i);
  }
  for (uint32_t i = s.answers.size; i-- > 0;) {
    const auto value = static_cast<int32_t>(s.answers[i].value);
    const bool stops = (value & mm::NOTIFY_STOP_MASK) != 0;
    if (stops && mm::notifier_to_errno(value) == 0) s.answers.erase(i);
  }
  return s;
}

}  // namespace hotplug

#endif  // REGRESS_SOAK_LAWFUL_H_
