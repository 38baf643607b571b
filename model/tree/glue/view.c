// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What can be seen: raw bits, as most macros of the kernel object to a page whose struct page is
 * poisoned.
 */
#include <linux/ioport.h>
#include <linux/memory.h>
#include <linux/mm.h>
#include <linux/page-isolation.h>
#include <linux/vmstat.h>

#include "compat.h"
#include "glue.h"

/* ---- Pages ------------------------------------------------------------------------------- */

static u8 flag(const struct page* page, int bit, u8 as) { return page->flags >> bit & 1 ? as : 0; }

static u8 flags_of(struct page* page) {
  u8 flags = WORLD_PAGE_VALID;

  if (page->flags == -1UL) return flags | WORLD_PAGE_POISONED;
  if (PageBuddy(page)) flags |= WORLD_PAGE_BUDDY;
  if (PageOffline(page)) flags |= WORLD_PAGE_OFFLINE;
  flags |= flag(page, PG_lru, WORLD_PAGE_LRU);
  flags |= flag(page, PG_reserved, WORLD_PAGE_RESERVED);
#ifdef CONFIG_MEMORY_FAILURE
  flags |= flag(page, PG_hwpoison, WORLD_PAGE_HWPOISON);
#endif
  return flags;
}

static u8 zone_number(struct zone* zone) {
  const u8 kind = zone_idx(zone) == ZONE_MOVABLE ? 3 : 2;

  return zone_to_nid(zone) * WORLD_ZONES + kind;
}

static u8 type_of_pageblock(struct page* page, unsigned long pfn) {
  switch (get_pfnblock_flags_mask(page, pfn, MIGRATETYPE_MASK)) {
    case MIGRATE_UNMOVABLE:
      return WORLD_UNMOVABLE;
    case MIGRATE_MOVABLE:
      return WORLD_MOVABLE;
    case MIGRATE_ISOLATE:
      return WORLD_ISOLATE;
    default:
      return WORLD_OTHER_TYPE;
  }
}

static void see_page(unsigned long pfn, struct world_page* p) {
  struct page* page = pfn_to_page(pfn);

  p->count = atomic_read(&page->_refcount);
  p->flags = flags_of(page);
  p->order = p->flags & WORLD_PAGE_BUDDY ? page->private : 0;
  p->zone = p->flags & WORLD_PAGE_POISONED ? WORLD_NO_ZONE : zone_number(page_zone(page));
  p->type = type_of_pageblock(page, pfn);
}

const char* world_see_struct_page(unsigned long pfn) { return (const char*)pfn_to_page(pfn); }

u8 world_see_pageblock(unsigned long pfn) { return type_of_pageblock(pfn_to_page(pfn), pfn); }

/* The pages of a chunk that lie in [pfn, pfn + nr). */
static void mark_chunk(const struct page* page, unsigned int order, unsigned long pfn,
                       unsigned long nr, struct world_page* pages) {
  unsigned long i;

  for (i = 0; i < 1ul << order; ++i) {
    const unsigned long index = page_to_pfn(page) + i - pfn;

    if (index < nr) pages[index].flags |= WORLD_PAGE_PCP;
  }
}

/* Those that are on a list of the CPU, of which there is one for each order and type. A list that
 * has been broken is as long as the CPU has pages. */
static void mark_pcp(struct zone* zone, unsigned long pfn, unsigned long nr,
                     struct world_page* pages) {
  const struct per_cpu_pages* pcp = this_cpu_ptr(zone->per_cpu_pageset);
  const struct page* page;
  int left = pcp->count;
  unsigned int i;

  for (i = 0; i < NR_PCP_LISTS && left > 0; ++i) {
    list_for_each_entry(page, &pcp->lists[i], pcp_list) {
      if (left <= 0) break;
      mark_chunk(page, i / MIGRATE_PCPTYPES, pfn, nr, pages);
      left -= 1 << i / MIGRATE_PCPTYPES;
    }
  }
}

void world_see_pages(unsigned long pfn, unsigned long nr, struct world_page* pages) {
  unsigned long i;

  for (i = 0; i < nr; ++i) {
    pages[i] = (struct world_page){};
    if (pfn_valid(pfn + i)) see_page(pfn + i, &pages[i]);
  }
}

unsigned int world_see_nr_pcp_pages(void) {
  struct zone* zone;
  unsigned int nr = 0;

  for_each_populated_zone(zone) nr += this_cpu_ptr(zone->per_cpu_pageset)->count;
  return nr;
}

void world_see_pcp_pages(unsigned long pfn, unsigned long nr, struct world_page* pages) {
  struct zone* zone;

  for_each_populated_zone(zone) mark_pcp(zone, pfn, nr, pages);
}

/* ---- Zones and nodes --------------------------------------------------------------------- */

void world_see_zone(unsigned int number, struct world_zone* z) {
  const unsigned int kind = number % WORLD_ZONES;
  struct zone* zone;

  *z = (struct world_zone){};
  if (kind < 2) return;
  zone = &NODE_DATA(number / WORLD_ZONES)->node_zones[kind == 3 ? ZONE_MOVABLE : ZONE_NORMAL];
  z->start = zone->zone_start_pfn;
  z->spanned = zone->spanned_pages;
  z->present = zone->present_pages;
  z->managed = zone_managed_pages(zone);
  z->free = zone_page_state_snapshot(zone, NR_FREE_PAGES);
  z->isolated = zone->nr_isolate_pageblock;
}

void world_see_node(unsigned int nid, struct world_node* n) {
  const pg_data_t* node = NODE_DATA(nid);

  *n = (struct world_node){};
  n->start = node->node_start_pfn;
  n->spanned = node->node_spanned_pages;
  n->present = node->node_present_pages;
  n->online = node_state(nid, N_ONLINE);
  n->has_memory = node_state(nid, N_MEMORY);
  n->has_normal_memory = node_state(nid, N_NORMAL_MEMORY);
}

/* ---- Blocks and resources ---------------------------------------------------------------- */

static u8 state_of(const struct memory_block* mem) {
  switch (mem->state) {
    case MEM_ONLINE:
      return WORLD_BLOCK_ONLINE;
    case MEM_GOING_OFFLINE:
      return WORLD_BLOCK_GOING_OFFLINE;
    default:
      return WORLD_BLOCK_OFFLINE;
  }
}

static u8 has_resource(unsigned long block) {
  const u64 start = PFN_PHYS(world_first_pfn(block));
  const struct resource* res = iomem_resource.child;

  while (res != NULL && res->end < start) res = res->sibling;
  return res != NULL && res->start <= start && (res->flags & IORESOURCE_BUSY) != 0 &&
         (res->flags & IORESOURCE_SYSTEM_RAM) == IORESOURCE_SYSTEM_RAM;
}

void world_see_block(unsigned long block, struct world_block* b) {
  const struct device* dev = world_find_device(block);
  const struct memory_block* mem;

  *b = (struct world_block){.zone = WORLD_NO_ZONE,
                            .ejected = world_block_is_ejected(block),
                            .resource = has_resource(block)};
  if (dev == NULL) return;
  mem = container_of(dev, struct memory_block, dev);
  b->state = state_of(mem);
  b->dev_offline = dev->offline;
  b->section_online = online_section_nr(mem->start_section_nr);
  b->nid = mem->nid;
  if (mem->zone != NULL) b->zone = zone_number(mem->zone);
}

int world_see_resource(unsigned int index, struct world_resource* r) {
  const struct resource* res = iomem_resource.child;

  while (res != NULL && index-- != 0) res = res->sibling;
  if (res == NULL) return 0;
  *r = (struct world_resource){res->start, res->end,
                               (res->flags & IORESOURCE_SYSTEM_RAM) == IORESOURCE_SYSTEM_RAM,
                               (res->flags & IORESOURCE_BUSY) != 0};
  return 1;
}

void world_page_names(unsigned long pfn, u64* page, u64* address) {
  *page = pfn_valid(pfn) ? (unsigned long)pfn_to_page(pfn) : 0;
  *address = (unsigned long)__va(PFN_PHYS(pfn));
}
