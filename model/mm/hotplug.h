// SPDX-License-Identifier: GPL-2.0-or-later
//
// Onlining and offlining of the pages of a memory block (mm/memory_hotplug.c of the RFC era:
// 5.6 with the virtio-mem series' PageOffline rules; kernel-facts 2.1, 2.3).
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
int online_pages(BlockId block, mmop online_type) __must_hold(device_hotplug_lock);
// Offlines the pages of online blocks, as one range: notifiers are told of all of it at once. 0;
// -EINVAL: a hole, or several zones; -EBUSY: an unmovable page, or pages isolated by somebody
// else; -EINTR: a signal; a notifier's errno.
int offline_pages(BlockId start, uint32_t nr_blocks = 1) __must_hold(device_hotplug_lock);

}  // namespace hotplug::mm

#endif  // MODEL_MM_HOTPLUG_H_
