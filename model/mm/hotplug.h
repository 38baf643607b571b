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

// Onlines the pages of an offline block into the zone that `online_type` and the spans of
// the zones ask for. 0; a notifier's errno.
int online_pages(BlockId block, mmop online_type);
// Offlines the pages of an online block. 0; -EBUSY: an unmovable page, or pages isolated by
// somebody else; -EINTR: a signal; a notifier's errno.
int offline_pages(BlockId block);

// Whole blocks from `start`; -EEXIST if one is present, an injected errno, or 0. The blocks
// are offline afterwards, unless memory is onlined automatically.
// add_memory() takes device_hotplug_lock, __add_memory() expects it.
int add_memory(NodeId nid, BlockId start, uint32_t nr_blocks);
int __add_memory(NodeId nid, BlockId start, uint32_t nr_blocks);

// Removes one offline block: -EBUSY if it is not offline. Expects device_hotplug_lock.
int __remove_memory(BlockId block);

// Offlines (unless it is offline) and removes one block under device_hotplug_lock. -EINVAL
// if it is absent; else the errno of the offlining, and the block stays online.
int offline_and_remove_memory(BlockId block);

// True if the node spans pages of online or offlining memory (5.6 node_spanned_pages).
bool node_spanned_pages(NodeId nid);

}  // namespace hotplug::mm

#endif  // MODEL_MM_HOTPLUG_H_
