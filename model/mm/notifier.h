// SPDX-License-Identifier: GPL-2.0-or-later
//
// The memory notifier chain (5.6 kernel/notifier.c, drivers/base/memory.c; kernel-facts 3).
//
// A notifier block belongs to whoever registers it and lies in its own state in the arena.
// Functions are bound to the machine by the run, so that the arena holds no pointers.
#ifndef MODEL_MM_NOTIFIER_H_
#define MODEL_MM_NOTIFIER_H_

#include "model/mm/state.h"

namespace hotplug::mm {

// A notifier callback: `action` is a MEM_* constant; returns NOTIFY_* or anything else.
using notifier_fn = int32_t (*)(const notifier_block& nb, uint32_t action,
                                const memory_notify_arg& arg);

// Values of notifier_block::notifier_call.
enum : uint8_t { kProbeCall, kDriverCall, kNotifierCalls };

struct NotifierFunctions {
  notifier_fn call[kNotifierCalls] = {};
  // set_online_page_callback(): onlines a chunk of 2^order pages, or keeps them out of Linux.
  void (*online_page)(Pfn pfn, uint32_t order) = nullptr;
};

// Inserts the block behind all of higher or equal priority. Waits while an event is being
// delivered; afterwards the callback may run at any time. 0, or -EEXIST if it is registered
// already and the kernel objects to that (6.1).
int register_memory_notifier(notifier_block& nb);
// Takes the block out. After the return no callback of it runs or will run. -ENOENT if it
// is not registered.
int unregister_memory_notifier(notifier_block& nb);

// Whether the block is in the chain.
bool IsRegistered(const notifier_block& nb);

// Delivers one event to the chain; the return value of the last callback that ran.
int32_t memory_notify(uint32_t action, const memory_notify_arg& arg);
// Whether a GOING_x that came to `error` has been cancelled by the walk that delivered it, so that
// nobody is to be told again (CoreFix::kRobust).
bool IsRolledBack(uint32_t action, int error);

// For the checks: the first of the chain that was told MEM_GOING_* and not how that ended, though
// nobody's answer kept it from it; null if there is none.
const notifier_block* FirstUntold();

}  // namespace hotplug::mm

#endif  // MODEL_MM_NOTIFIER_H_
