// SPDX-License-Identifier: GPL-2.0-or-later
//
// Onlining and offlining of the pages of a memory block (mm/memory_hotplug.c of the RFC era:
// 5.6 with the virtio-mem series' PageOffline rules; kernel-facts 2.1, 2.3), and adding and
// removing of memory (2.4, 2.5). Callers hold device_hotplug_lock where the kernel's do.
#ifndef MODEL_MM_HOTPLUG_H_
#define MODEL_MM_HOTPLUG_H_

#include "model/mm/state.h"

namespace hotplug::mm {

// cpus_read_lock and mem_hotplug_lock for writing, in this order.
void mem_hotplug_begin();
void mem_hotplug_done();

// Hands a chunk of 2^order pages that are being onlined, or that a driver has kept out of it
// until now, to the buddy (5.6 generic_online_page).
void generic_online_page(Pfn pfn, uint32_t order);

// Onlines the pages of an offline block into the zone that `online_type` and the spans of
// the zones ask for. 0; a notifier's errno.
int online_pages(BlockId block, mmop online_type);
// Offlines the pages of online blocks, as one range: notifiers are told of all of it at once. 0;
// -EINVAL: a hole, or several zones; -EBUSY: an unmovable page, or pages isolated by somebody
// else; -EINTR: a signal; a notifier's errno.
int offline_pages(BlockId start, uint32_t nr_blocks = 1);

// Whole blocks from `start`; -EEXIST if one is present, an injected errno, or 0. The blocks
// are offline afterwards, unless memory is onlined automatically. With `memmap_on_memory`
// each block's memmap lies at its own start, where the kernel can and is asked to.
// add_memory() takes device_hotplug_lock, __add_memory() expects it.
int add_memory(NodeId nid, BlockId start, uint32_t nr_blocks, bool memmap_on_memory = false);
int __add_memory(NodeId nid, BlockId start, uint32_t nr_blocks, bool memmap_on_memory = false);

// Removes offline blocks: -EBUSY, and nothing happens, if one is not offline. Blocks that are
// absent are passed over. __remove_memory() expects device_hotplug_lock and dies of a block
// that is not offline (kernel-facts 2.4); remove_memory() takes it.
int try_remove_memory(BlockId start, uint32_t nr_blocks);
void __remove_memory(BlockId start, uint32_t nr_blocks);
int remove_memory(BlockId start, uint32_t nr_blocks);

// Offlines (those that are not offline) and removes blocks under device_hotplug_lock. Up to
// 5.10 exactly one, which is present; else -EINVAL. On an error nothing is removed; from 5.11
// on the blocks that it has offlined are onlined again, into the kind of zone they were in.
int offline_and_remove_memory(BlockId start, uint32_t nr_blocks = 1);

// Firmware removes a DIMM of one block, and adds it again (5.6 drivers/acpi: what a kworker does
// when it is notified). To remove: -ENODEV if Linux does not have the block, -EBUSY if it cannot
// be offlined. To add: -EALREADY if firmware has not removed it, -EINVAL if it cannot be added.
int acpi_scan_hot_remove(BlockId block);
int acpi_memory_device_add(BlockId block);

// The first pfn of a node and the first one behind it, which span the zones that span any pages;
// 0 and 0 without one (5.6 node_start_pfn, node_end_pfn, node_spanned_pages).
uint32_t node_start_pfn(NodeId nid);
uint32_t node_end_pfn(NodeId nid);
bool node_spanned_pages(NodeId nid);

}  // namespace hotplug::mm

#endif  // MODEL_MM_HOTPLUG_H_
