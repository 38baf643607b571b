// SPDX-License-Identifier: GPL-2.0-or-later
//
// The ledger (model/world/ledger.h) as mm writes it.
#ifndef MODEL_MM_LEDGER_H_
#define MODEL_MM_LEDGER_H_

#include "model/mm/state.h"
#include "model/world/ledger.h"

namespace hotplug::mm {

// An offline operation of blocks that are isolated begins; it ends.
void BeginOperation(BlockId start, uint32_t nr_blocks) __must_hold(mem_hotplug_lock);
void EndOperation(bool succeeded) __must_hold(mem_hotplug_lock);
// The delivery of an event to one notifier begins.
void BeginCallback(Owner owner, uint32_t action);
// The memory of a block is Linux's again.
void Release(BlockId b);

}  // namespace hotplug::mm

#endif  // MODEL_MM_LEDGER_H_
