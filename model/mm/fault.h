// SPDX-License-Identifier: GPL-2.0-or-later
//
// Injected failures: the nth call of a kernel function fails. The plan is bound by the run.
#ifndef MODEL_MM_FAULT_H_
#define MODEL_MM_FAULT_H_

#include <cstdint>

#include "model/limits.h"

namespace hotplug::mm {

enum class FaultPoint : uint8_t {
  kAddMemory,
  kKmalloc,
  kIoremap,
  kDebugfsCreateDir,
  kReleaseMemRegion,
  kVirtioMem,
};

struct FaultPlan {
  struct Entry {
    FaultPoint point;
    uint8_t nth;    // 1 = the first call
    uint8_t error;  // positive errno
  };
  Entry entries[kMaxFaults] = {};
  uint32_t size = 0;
};

// Counts a call: 0, or the negative errno with which the plan wants it to fail.
int InjectedFault(FaultPoint point);

}  // namespace hotplug::mm

#endif  // MODEL_MM_FAULT_H_
