// SPDX-License-Identifier: GPL-2.0-or-later
//
// Memory block devices and their files (5.6 drivers/base/memory.c, drivers/base/core.c;
// kernel-facts 1).
#ifndef MODEL_MM_MEMORY_H_
#define MODEL_MM_MEMORY_H_

#include "model/mm/state.h"

namespace hotplug::mm {

// device_hotplug_lock, as kernel code takes it: uninterruptible.
void lock_device_hotplug();
void unlock_device_hotplug();

// Take the device's own lock. 0: changed; 1: was so already; a negative errno. A block is onlined
// as memory_block::online_type says.
int device_online(BlockId block) __must_hold(device_hotplug_lock);
int device_offline(BlockId block) __must_hold(device_hotplug_lock);

// Operand of kTpUevent: what user space is told of a block.
enum : uint32_t { kUeventOffline, kUeventOnline, kUeventAdd, kUeventRemove };

// write(2) to memoryN/state and memoryN/online. 0 for success, -ENOENT if the file is not
// there, -ENODEV if it went away while the write waited for the hotplug lock, -EINTR if the
// task was killed meanwhile, else what the operation says.
int state_store(BlockId block, StateFile word);
int online_store(BlockId block, bool online);

// write(2) of a block's address to memory/probe: the block is added, to the node that it was on
// at boot. 0, -EINTR as above, or what __add_memory() says.
int probe_store(BlockId block);

// write(2) to memory/auto_online_blocks: 0, or -EINVAL. No lock: whoever adds memory meanwhile may
// read the one value or the other.
int auto_online_blocks_store(StateFile word);

// Whether memory goes online by itself when it is added (5.6 memhp_auto_online).
bool memhp_auto_online();

// Device and memmap of a block come and go (5.6 create_memory_block_devices, arch_add_memory
// and their opposites).
void register_memory(BlockId block, NodeId nid);
void create_memmap(BlockId block);
void unregister_memory(BlockId block);
bool HasMemmap(BlockId block);
void remove_memmap(BlockId block);

// Every write to memory_block::state, for the ledger's sake.
void SetState(BlockId block, uint32_t state);

}  // namespace hotplug::mm

#endif  // MODEL_MM_MEMORY_H_
