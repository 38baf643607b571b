// SPDX-License-Identifier: GPL-2.0-or-later
//
// The memory notifier callback of the RFC's memtrace (kernel-facts 6.1,
// memtrace_memory_notifier_cb) with the corrections that it can be given. Two use it: the driver
// rfc_v1, which is fuzzed, and the instrument of the recordings, which is held against real
// kernels.
#ifndef MODEL_DRIVERS_RFC_CALLBACK_H_
#define MODEL_DRIVERS_RFC_CALLBACK_H_

#include <cstdint>

#include "model/mm/notifier.h"

namespace hotplug::drivers::rfc {

// Corrections. With none of them the callback is the RFC's to the letter.
struct Fixes {
  bool errno_helper;  // onlining is refused by notifier_from_errno()
  bool block_flag;    // the flag is one of each block, not one for all
  bool clear_flag;    // MEM_OFFLINE clears the flag, too
  bool freeze;        // references are dropped by page_ref_freeze(), which may fail
};

// What the callback works with when it is called.
struct Callback {
  mm::Pfn base;  // the range whose references it drops and retakes
  uint32_t nr_pages;
  // Not 0 from MEM_GOING_OFFLINE to the end of the operation: the references have been dropped.
  // With `block_flag` a bit for each block of the range, else one bit.
  uint64_t* going_offline;
  bool refuses_offlining;  // offlining is somebody else's, and is refused
  Fixes fixes;
};

// True if an event is about pages of the range. All others are none of the callback's business.
bool Concerns(const Callback& cb, const mm::memory_notify_arg& arg);

// What the callback answers to an action that concerns it, unless a page cannot be frozen.
int32_t Answer(const Callback& cb, uint32_t action);

// The callback: NOTIFY_OK, or a refusal. Each reference that is dropped or retaken is a step.
int32_t memtrace_memory_notifier_cb(const Callback& cb, uint32_t action,
                                    const mm::memory_notify_arg& arg);

// Brings an offlining of [start, end) to its end: as MEM_OFFLINE does with `clear_flag` if the
// pages are offline, else as MEM_CANCEL_OFFLINE does.
void EndOffline(const Callback& cb, mm::Pfn start, mm::Pfn end, bool offline);

}  // namespace hotplug::drivers::rfc

#endif  // MODEL_DRIVERS_RFC_CALLBACK_H_
