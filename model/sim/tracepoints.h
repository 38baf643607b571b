// SPDX-License-Identifier: GPL-2.0-or-later
//
// Trace points of sim: locks, waiting, tasks.
#ifndef MODEL_SIM_TRACEPOINTS_H_
#define MODEL_SIM_TRACEPOINTS_H_

#include "model/sim/trace.h"

namespace hotplug::sim {

enum : Tp {
  kTpLock = kSimPoints.first,
  kTpTrylock,
  kTpUnlock,
  kTpReadLock,
  kTpReadUnlock,
  kTpContended,
  kTpSleep,
  kTpWaitTask,
  kTpSpin,
  kTpExit,
  kTpSignal,
  kTpIdle,
  kTpQueued,
};

// clang-format off
inline constexpr TracePoint kTracePoints[] = {
    {kTpLock,       "lock",         "%l"},
    {kTpTrylock,    "mutex_trylock", "%l = %d"},
    {kTpUnlock,     "unlock",       "%l"},
    {kTpReadLock,   "down_read",    "%l"},
    {kTpReadUnlock, "up_read",      "%l"},
    {kTpContended,  "contention_begin", "%l owner=%o"},
    {kTpSleep,      "sleep",        "ticks=%u"},
    {kTpWaitTask,   "wait",         "until %t exits"},
    {kTpSpin,       "spin",         "no change since the last round, object=%x"},
    {kTpExit,       "exit",         "pending=%x"},
    {kTpSignal,     "signal_generate", "%g to %t"},
    {kTpIdle,       "idle",         "until woken = %u"},
    {kTpQueued,     "wait_event",   "woken"},
};
// clang-format on

}  // namespace hotplug::sim

#endif  // MODEL_SIM_TRACEPOINTS_H_
