// SPDX-License-Identifier: GPL-2.0-or-later
//
// Page isolation and contiguous allocation (5.6 mm/page_isolation.c, mm/page_alloc.c).
#ifndef MODEL_MM_ISOLATION_H_
#define MODEL_MM_ISOLATION_H_

#include "model/mm/page.h"

namespace hotplug::mm {

// What isolation is for; changes how PageOffline pages count (kernel-facts 4.2).
enum class Isolate { kAllocContig, kMemoryOffline };

// Isolates every pageblock of [start, end). Returns 0, or -EBUSY after undoing what this
// call has isolated.
int start_isolate_page_range(Pfn start, Pfn end, Isolate why);
// What pageblock::isolated_by says of those that the running task isolates.
inline uint8_t IsolatorId() { return static_cast<uint8_t>(sim::current_task().v); }
// Makes the isolated pageblocks of [start, end) MIGRATE_MOVABLE again.
void undo_isolate_page_range(Pfn start, Pfn end);
// 0 if every page of [start, end) is free in an isolated pageblock (or may count as such),
// else -EBUSY and the first other page in *where. One step: takes zone->lock.
int test_pages_isolated(Pfn start, Pfn end, Isolate why, Pfn* where);

// The pages of [start, end) with count 1, if they are free or can be moved away: 0; -EBUSY; -EINTR:
// killed. `owner` decides about them; with kNobody that is a new instance.
int alloc_contig_range(Pfn start, Pfn end, Owner owner);
// nr pages of a kernel zone of a node, the highest zone and in it the lowest range aligned to
// nr that can be had; its first pfn, or kNoPfn. `owner` as above. nr is a power of two for the
// alignment to hold.
Pfn alloc_contig_pages(uint64_t nr, NodeId nid, Owner owner = kNobody);
// Drops one reference of each page, and warns about those that had more or less than one. They are
// the driver's, or `owner`'s if it is not kNobody.
void free_contig_range(Pfn pfn, uint32_t nr, Owner owner = kNobody);

}  // namespace hotplug::mm

#endif  // MODEL_MM_ISOLATION_H_
