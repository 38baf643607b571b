// SPDX-License-Identifier: GPL-2.0-or-later
//
// Trace points of the tree world, beside those of sim, and of mm where both worlds say the same.
#ifndef MODEL_TREE_TRACEPOINTS_H_
#define MODEL_TREE_TRACEPOINTS_H_

#include "model/sim/trace.h"

namespace hotplug::tree {

enum : sim::Tp {
  kTpText = sim::kTreePoints.first,
  kTpSpinLock,
  kTpSpinUnlock,
  kTpMightSleep,
  kTpWarn,
  kTpBug,
  kTpFault,
  kTpAbsent,
  kTpHeap,
  kTpUnregister,
};

// clang-format off
inline constexpr sim::TracePoint kTracePoints[] = {
    {kTpText,       "printk",        "%T", true},
    {kTpSpinLock,   "spin_lock",     ""},
    {kTpSpinUnlock, "spin_unlock",   ""},
    {kTpMightSleep, "might_sleep",   ""},
    {kTpWarn,       "warn_slowpath_fmt", "%T"},
    {kTpBug,        "panic",         "%T"},
    {kTpFault,      "bad_page_fault", "%T"},
    {kTpAbsent,     "not simulated", "%T"},
    {kTpHeap,       "kasan_report",  "%T"},
    {kTpUnregister, "device_unregister", ""},
};
// clang-format on

}  // namespace hotplug::tree

#endif  // MODEL_TREE_TRACEPOINTS_H_
