// SPDX-License-Identifier: GPL-2.0-or-later
//
// Adding and removing memory (5.6 mm/memory_hotplug.c; kernel-facts 2.4, 2.5).
#ifndef MODEL_MM_ADD_REMOVE_H_
#define MODEL_MM_ADD_REMOVE_H_

#include "model/mm/state.h"

namespace hotplug::mm {

// Whole blocks from `start`; -EEXIST if one is present, an injected errno, or 0. The blocks
// are offline afterwards, unless memory is onlined automatically. With `memmap_on_memory`
// each block's memmap lies at its own start, where the kernel can and is asked to.
// add_memory() takes device_hotplug_lock.
int add_memory(NodeId nid, BlockId start, uint32_t nr_blocks, bool memmap_on_memory = false);
int __add_memory(NodeId nid, BlockId start, uint32_t nr_blocks, bool memmap_on_memory = false)
    __must_hold(device_hotplug_lock);

// Removes offline blocks: -EBUSY, and nothing happens, if one is not offline. Blocks that are
// absent are passed over. __remove_memory() dies of a block that is not offline (kernel-facts 2.4);
// remove_memory() takes device_hotplug_lock.
int try_remove_memory(BlockId start, uint32_t nr_blocks) __must_hold(device_hotplug_lock);
void __remove_memory(BlockId start, uint32_t nr_blocks) __must_hold(device_hotplug_lock);
int remove_memory(BlockId start, uint32_t nr_blocks);

// Takes device_hotplug_lock, offlines the blocks that are not offline and removes all. Up to
// 5.10 exactly one, which is present; else -EINVAL. On an error nothing is removed; from 5.11
// on the blocks that it has offlined are onlined again, into the kind of zone they were in, be it
// the offlining of another one or the removal that failed.
int offline_and_remove_memory(BlockId start, uint32_t nr_blocks = 1);

// Firmware removes a DIMM of one block, and adds it again (5.6 drivers/acpi: what a kworker does
// when it is notified). To remove: -ENODEV if Linux does not have the block, -EBUSY if it cannot
// be offlined. To add: -EALREADY if firmware has not removed it, -EINVAL if it cannot be added.
int acpi_scan_hot_remove(BlockId block);
int acpi_memory_device_add(BlockId block);

// A driver of DIMMs takes blocks away by offline_and_remove_memory(): firmware has them then.
// -ENODEV, without a call, if Linux does not have one of them, or it is the memory of a device.
int remove_dimms(BlockId start, uint32_t nr_blocks);

}  // namespace hotplug::mm

#endif  // MODEL_MM_ADD_REMOVE_H_
