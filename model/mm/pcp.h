// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a CPU keeps back for itself: free pages of each zone (per_cpu_pages), and pages that
// wait to be put on the LRU (pagevec). 5.6 mm/page_alloc.c, mm/swap.c; 5.11
// zone_pcp_disable(), 5.13 lru_cache_disable(); kernel-facts 2.1, 4.6, 8.1.
//
// A task runs on the CPU that its number says and never moves. A machine whose pcp_high, or
// pagevec size, is 0 has none of it: what is freed goes to the buddy, what is allocated to the
// LRU, at once.
#ifndef MODEL_MM_PCP_H_
#define MODEL_MM_PCP_H_

#include "model/mm/state.h"

namespace hotplug::mm {

// ---- Free pages -------------------------------------------------------------------------

// Whether lists take chunks of that order.
bool pcp_allowed_order(uint32_t order);

// Puts a chunk that was freed, of a pageblock of type `mt` when that was read, on the list of
// this CPU. A list that is full, or disabled, passes some on to the buddy.
void free_unref_page_commit(Pfn pfn, migratetype mt, uint32_t order);

// The youngest chunk of that type and order on the list of this CPU; kNoPfn without one.
Pfn rmqueue_pcplist(uint32_t zone_index, migratetype mt, uint32_t order);

// All pages of a zone's lists go to the buddy: a step for each CPU that has some.
void drain_all_pages(uint32_t zone_index);

// No page of the zone stays on a list between the two; the first drains them. It takes
// pcp_batch_high_lock, and the second releases it.
void zone_pcp_disable(uint32_t zone_index);
void zone_pcp_enable() __must_hold(pcp_batch_high_lock);

// The lists of a zone that has no pages any more.
void zone_pcp_reset(uint32_t zone_index);

// Whether a page is on some list.
bool OnPcpList(Pfn pfn);

// ---- The LRU ----------------------------------------------------------------------------

// Puts a new page on the LRU, by way of this CPU's pagevec, which holds a reference and makes
// the page unmovable until it is full or somebody drains it.
void lru_cache_add(Pfn pfn);

// Empties all pagevecs: a step for each CPU that has pages in its own.
void lru_add_drain_all();

// No page waits in a pagevec between the two; the first drains them.
void lru_cache_disable();
void lru_cache_enable();

}  // namespace hotplug::mm

#endif  // MODEL_MM_PCP_H_
