// SPDX-License-Identifier: GPL-2.0-or-later
//
// What tasks allocate, and free again in the order in which they have allocated it: ordinary
// memory, and contiguous memory, of which a driver is not the only user.
#ifndef MODEL_MM_TASK_ALLOC_H_
#define MODEL_MM_TASK_ALLOC_H_

#include "model/mm/state.h"

namespace hotplug::mm {

// 2^order pages of a node, or of others if it has none left: movable ones as single pages, others
// as one allocation (alloc_pages). 0, or -ENOMEM; movable pages that were allocated before that
// stay allocated.
int alloc_ordinary(NodeId nid, bool movable, uint32_t order);
// Frees the oldest of the running task; false without one.
bool free_ordinary();

// 2^order contiguous pages of a node, by alloc_contig_pages() and free_contig_range(): 0, or
// -ENOMEM.
int alloc_contig(NodeId nid, uint32_t order);
// Frees the oldest of the running task; false without one.
bool free_contig();

}  // namespace hotplug::mm

#endif  // MODEL_MM_TASK_ALLOC_H_
