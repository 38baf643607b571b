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
// Part of the table of the host's functions (abi.h); the same for a world that nobody judges. The
// second pair is what operations.cc has of them.
void FillLedger(world_host* host);
void FillNoLedger(world_host* host);
void FillOperations(world_host* host);
void FillNoOperations(world_host* host);

// Whether a page is one of the machine's, and a task runs: what is told of the kernel's own memory,
// and during the boot, is of none.
bool IsTold(uint64_t pfn);
inline world::Pfn PfnOf(uint64_t pfn) { return world::Pfn{static_cast<uint32_t>(pfn)}; }
void SetOwners(world::Pfn start, uint64_t nr, world::Owner owner);

// The ledger at the end of the boot: pages are the allocator's, or reserved.
void StartLedger();
// Before the checks of a step: pages on their way to the allocator may have come there.
void SettlePages();

// Nobody goes on. References that none of the waiting has any more are nobody's.
void SettleReferences(world::Pfn pfn);

// Notifiers of the scenario that a task registers or unregisters just now, a bit each.
uint16_t ChangingNotifiers();
// One of them has answered an event.
void NoteAnswer(uint32_t notifier, uint32_t action, const world::memory_notify_arg& arg,
                int32_t answer);
// Anybody has, and may have stopped the walk: those behind him are not told.
void NoteStop(uint32_t action, int32_t answer);
// device_hotplug_lock is about to be released.
void NoteHotplugUnlock();
// The running task might give way at `caller`. A loop that waits for others waits here.
void NoteRound(const void* caller);

}  // namespace hotplug::tree

#endif  // MODEL_TREE_LEDGER_H_
