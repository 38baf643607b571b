// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Corrections of the core that can be switched on, each a few lines around a call: they show what
 * cures a finding.
 *
 * own_isolation: an isolation is undone by nobody but who has made it. own_test: nobody takes a
 * range for isolated that somebody else has isolated. Both know who has isolated a pageblock.
 * contig_online: no memory goes offline or away while a contiguous range is looked at and taken.
 */
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/page-isolation.h>

#include "compat.h"
#include "glue.h"

static bool own_isolation(void) { return world_machine.fixes & WORLD_OWN_ISOLATION; }
static bool own_test(void) { return world_machine.fixes & WORLD_OWN_TEST; }
static bool contig_online(void) { return world_machine.fixes & WORLD_CONTIG_ONLINE; }

/* ---- Who has isolated what --------------------------------------------------------------- */

#define PAGEBLOCKS (WORLD_BLOCKS * (PAGES_PER_SECTION >> WORLD_PAGEBLOCK_ORDER))

static u8 isolated_by[PAGEBLOCKS]; /* a task + 1, or 0 */

static u8* entry_of(unsigned long pfn) {
  const unsigned long first = world_first_pfn(world_machine.first_block);
  const unsigned long index = (pfn - first) >> pageblock_order;

  return index < PAGEBLOCKS ? &isolated_by[index] : NULL;
}

static bool is_own(unsigned long pfn) {
  const u8* entry = entry_of(pfn);

  return entry == NULL || *entry == 0 || *entry == world_task + 1;
}

/* The host has seen set_pfnblock_flags_mask(), which nobody can wrap. */
void world_note_pageblock(unsigned long pfn, unsigned long flags, unsigned long mask) {
  u8* entry = entry_of(pfn);

  if (entry == NULL || mask != MIGRATETYPE_MASK) return;
  *entry = (flags & mask) == MIGRATE_ISOLATE ? world_task + 1 : 0;
}

/* ---- own_isolation ----------------------------------------------------------------------- */

void __real_undo_isolate_page_range(unsigned long start, unsigned long end, int type);
void __wrap_undo_isolate_page_range(unsigned long start, unsigned long end, int type) {
  unsigned long pfn;

  if (!own_isolation()) {
    __real_undo_isolate_page_range(start, end, type);
    return;
  }
  for (pfn = ALIGN_DOWN(start, pageblock_nr_pages); pfn < end; pfn += pageblock_nr_pages) {
    if (is_own(pfn)) __real_undo_isolate_page_range(pfn, pfn + pageblock_nr_pages, type);
  }
}

/* ---- own_test ---------------------------------------------------------------------------- */

int __real_test_pages_isolated(unsigned long start, unsigned long end, int flags);
int __wrap_test_pages_isolated(unsigned long start, unsigned long end, int flags) {
  unsigned long pfn = start;

  while (own_test() && pfn < end && is_own(pfn)) pfn += pageblock_nr_pages;
  if (own_test() && pfn < end) {
    world_range_tested(pfn);
    return -EBUSY;
  }
  return __real_test_pages_isolated(start, end, flags);
}

/* ---- contig_online ----------------------------------------------------------------------- */

struct page* WORLD_NOPROF(__real_alloc_contig_pages)(unsigned long nr, gfp_t gfp, int nid,
                                                     nodemask_t* nodes);
struct page* WORLD_NOPROF(__wrap_alloc_contig_pages)(unsigned long nr, gfp_t gfp, int nid,
                                                     nodemask_t* nodes) {
  struct page* page;

  if (contig_online()) get_online_mems();
  page = WORLD_NOPROF(__real_alloc_contig_pages)(nr, gfp, nid, nodes);
  if (contig_online()) put_online_mems();
  return page;
}
