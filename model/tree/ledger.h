// SPDX-License-Identifier: GPL-2.0-or-later
//
// The ledger of the tree world (model/world/ledger.h): what the kernel and the glue tell while it
// happens becomes phases, owners and references. Nothing of it is read by the kernel.
#ifndef MODEL_TREE_LEDGER_H_
#define MODEL_TREE_LEDGER_H_

#include <cstdint>
#include <span>

#include "model/tree/functions.h"
#include "model/world/ledger.h"

namespace hotplug::tree {

// The functions that begin and end phases and operations.
std::span<const Watcher> LedgerWatchers();
// Part of the table of the host's functions (abi.h); the same for a world that nobody judges.
void FillLedger(world_host* host);
void FillNoLedger(world_host* host);

// The ledger at the end of the boot: pages are the allocator's, or reserved.
void StartLedger();
// Before the checks of a step: pages on their way to the allocator may have come there.
void SettlePages();

// A notifier of the scenario has answered an event.
void NoteAnswer(uint32_t notifier, uint32_t action, int32_t answer);
// device_hotplug_lock is about to be released.
void NoteHotplugUnlock();

}  // namespace hotplug::tree

#endif  // MODEL_TREE_LEDGER_H_
