// SPDX-License-Identifier: GPL-2.0-or-later
//
// The buddy allocator (5.6 mm/page_alloc.c): allocation and freeing of pages.
#ifndef MODEL_MM_BUDDY_H_
#define MODEL_MM_BUDDY_H_

#include "model/mm/free_list.h"
#include "model/mm/page.h"

namespace hotplug::mm {

// Puts a chunk of 2^order free pages on the list of `mt`, merged with its free buddies; at its
// tail in any case if it may be merged soon. Counts it in NR_FREE_PAGES unless it is isolated.
void __free_one_page(Pfn pfn, uint32_t order, migratetype mt, End end = End::kHead)
    __must_hold(zone::lock);

// The same in pieces that lie in one pageblock each, on the lists of these.
void split_large_buddy(Pfn pfn, uint32_t order) __must_hold(zone::lock);

// Head of the free chunk that covers a page; kNoPfn if the page is not free.
Pfn FreeChunkHead(Pfn pfn);

// Moves the free chunks that begin in a pageblock to the list of another type, uncounted. Returns
// how many pages they have, and in *num_movable how many of the others could be moved away.
uint32_t move_freepages_block(Pfn pageblock, migratetype mt, uint32_t* num_movable = nullptr)
    __must_hold(zone::lock);

// The two halves of freeing: the page's checks and its pageblock's migratetype are read, a
// step later it is put on a list: of a CPU if there are such, else of the buddy (5.6
// free_unref_page; kernel-facts 4.6 and 8.1).
void free_unref_page(Pfn pfn, uint32_t order);

// The other way to the buddy, from where a free page was on a list of its own: one that still
// has a type is reported and leaked (5.6 free_pages_check).
void free_checked_page(Pfn pfn, uint32_t order, migratetype mt);

// An allocation of 2^order pages for `owner` from `nid`, or from other nodes if it has none
// left; count 1. A movable one is not on the LRU yet (pcp.h). kNoPfn if there is no memory.
Pfn alloc_pages(NodeId nid, bool movable, uint32_t order, Owner owner);
// The same of one node, from its highest zone that will do downwards.
Pfn alloc_pages_node(NodeId nid, zone_type highest, migratetype mt, uint32_t order, Owner owner);

}  // namespace hotplug::mm

#endif  // MODEL_MM_BUDDY_H_
