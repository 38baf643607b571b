// SPDX-License-Identifier: GPL-2.0-or-later
//
// What tasks ask of the kernel of a world: the functions of mm that actors call, by the same names
// and with the same results. They are called by a task, but for register_memory_notifier(), which
// may be called before the first one runs.
#ifndef MODEL_TREE_KERNEL_H_
#define MODEL_TREE_KERNEL_H_

#include <cstdint>

#include "model/world/types.h"

namespace hotplug::tree {

using world::BlockId;
using world::NodeId;
using world::Pfn;
using world::StateFile;

// write(2) to memoryN/state and memoryN/online, memory/probe, memory/auto_online_blocks: 0 or a
// negative errno.
int state_store(BlockId block, StateFile word);
int online_store(BlockId block, bool online);
int probe_store(BlockId block);
int auto_online_blocks_store(StateFile word);

// Firmware takes the DIMM of a block, and gives it back.
int acpi_scan_hot_remove(BlockId block);
int acpi_memory_device_add(BlockId block);

// The notifier of that number, of those of the scenario.
int register_memory_notifier(uint32_t notifier, int32_t priority);
int unregister_memory_notifier(uint32_t notifier);

// 2^order pages: movable ones as single pages, others as one allocation. 0 or -ENOMEM.
int alloc_ordinary(NodeId nid, bool movable, uint32_t order);
// Frees the oldest of the running task; false without one.
bool free_ordinary();
// The same of contiguous pages.
int alloc_contig(NodeId nid, uint32_t order);
bool free_contig();

// A walker's reference: 0, or -ENXIO of a page that is not online or not in use.
int get_page(Pfn pfn);
void put_page(Pfn pfn);

// -ENOSYS where the world has no mm/memory-failure.c.
int memory_failure(Pfn pfn);

}  // namespace hotplug::tree

#endif  // MODEL_TREE_KERNEL_H_
