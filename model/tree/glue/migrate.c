// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The LRU, and migration of pages on it: anonymous pages that one process has mapped, over the real
 * lists and counts. What mm/rmap.c, mm/swap.c and mm/migrate.c do with such pages, without their
 * contents and without page tables.
 */
#include <linux/migrate.h>
#include <linux/mm_inline.h>
#include <linux/nodemask.h>
#include <linux/sched/signal.h>
#include <linux/swap.h>

#include "compat.h"
#include "glue.h"
#include "internal.h"

void world_map(struct page* page) {
  __folio_set_swapbacked(page_folio(page));
  atomic_set(&page->_mapcount, 0);
}

void world_unmap(struct page* page) { atomic_set(&page->_mapcount, -1); }

/* ---- Pages that wait for the LRU, each with a reference ---------------------------------- */

#define PAGEVEC 15
static struct page* waiting[PAGEVEC];
static unsigned int nr_waiting;
atomic_t lru_disable_count = ATOMIC_INIT(0);

static void add_to_lru(struct page* page) {
  struct folio* folio = page_folio(page);
  struct lruvec* lruvec = folio_lruvec(folio);

  spin_lock_irq(&lruvec->lru_lock);
  folio_set_lru(folio);
  lruvec_add_folio(lruvec, folio);
  spin_unlock_irq(&lruvec->lru_lock);
}

/* They are the CPU's, which does nothing else meanwhile. */
void lru_add_drain_cpu(int cpu) {
  unsigned int i;

  world_atomic_begin();
  for (i = 0; i < nr_waiting; ++i) {
    add_to_lru(waiting[i]);
    put_page(waiting[i]);
  }
  nr_waiting = 0;
  world_atomic_end();
}
void lru_add_drain(void) { lru_add_drain_cpu(0); }
void lru_add_drain_all(void) {
  world_host.point();
  lru_add_drain();
}
void lru_add_drain_cpu_zone(struct zone* zone) { lru_add_drain(); }

void lru_cache_disable(void) {
  atomic_inc(&lru_disable_count);
  lru_add_drain_all();
}

void world_lru_add(struct page* page) {
  if (world_machine.pagevec == 0 || lru_cache_disabled()) {
    add_to_lru(page);
    return;
  }
  world_atomic_begin();
  get_page(page);
  waiting[nr_waiting++] = page;
  if (nr_waiting >= min_t(unsigned int, world_machine.pagevec, PAGEVEC)) lru_add_drain();
  world_atomic_end();
}

unsigned int world_see_cached(unsigned long pfn) {
  unsigned int i, references = 0;

  for (i = 0; i < nr_waiting; ++i) references += page_to_pfn(waiting[i]) == pfn;
  return references;
}

/* Whoever has disabled it enables it again. */
void world_check_lru(void) {
  if (!lru_cache_disabled()) return;
  world_host.kept("lru_disable_count");
  atomic_set(&lru_disable_count, 0);
}

/* A page that is freed, or goes off the LRU for good. */
void world_lru_del(struct page* page) {
  struct folio* folio = page_folio(page);
  struct lruvec* lruvec = folio_lruvec(folio);

  if (!folio_test_clear_lru(folio)) return;
  spin_lock_irq(&lruvec->lru_lock);
  lruvec_del_folio(lruvec, folio);
  spin_unlock_irq(&lruvec->lru_lock);
}

/* The last reference is gone. */
void __folio_put(struct folio* folio) {
  world_lru_del(&folio->page);
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
  free_unref_page(&folio->page, folio_order(folio));
#else
  if (folio_test_large(folio)) {
    destroy_large_folio(folio);
  } else {
    free_unref_page(&folio->page, 0);
  }
#endif
}

/* Of no file. */
#if WORLD_FOLIOS
struct address_space* folio_mapping(struct folio* folio) { return NULL; }
void folio_unlock(struct folio* folio) { __clear_bit(PG_locked, &folio->flags); }
void mlock_drain_remote(int cpu) {}
#else
struct address_space* page_mapping(struct page* page) { return NULL; }
int __page_mapcount(struct page* page) { return atomic_read(&page->_mapcount) + 1; }
void mlock_page_drain_remote(int cpu) {}
#endif

/* ---- Isolation --------------------------------------------------------------------------- */

static bool isolate(struct page* page) {
  if (!PageLRU(page)) return false;
  get_page(page);
  world_lru_del(page);
  return true;
}

static void count_isolated(struct page* page, int pages) {
  mod_node_page_state(page_pgdat(page), NR_ISOLATED_ANON + page_is_file_lru(page), pages);
}

static void put_back(struct page* page) {
  world_lru_add(page);
  put_page(page);
}

void putback_movable_pages(struct list_head* list) {
  struct page *page, *next;

  list_for_each_entry_safe(page, next, list, lru) {
    list_del(&page->lru);
    count_isolated(page, -1);
    put_back(page);
  }
}

#if WORLD_FOLIOS
bool folio_isolate_lru(struct folio* folio) { return isolate(&folio->page); }
bool isolate_folio_to_list(struct folio* folio, struct list_head* list) {
  if (!isolate(&folio->page)) return false;
  list_add(&folio->lru, list);
  count_isolated(&folio->page, 1);
  return true;
}
bool isolate_movable_page(struct page* page, isolate_mode_t mode) { return false; }
#else
int isolate_lru_page(struct page* page) { return isolate(page) ? 0 : -EBUSY; }
int isolate_movable_page(struct page* page, isolate_mode_t mode) { return -EBUSY; }
#endif

/* ---- Migration --------------------------------------------------------------------------- */

/* Pages of kernel zones stay in such. */
static struct page* target(struct page* from, unsigned long private) {
  const struct migration_target_control* c = (void*)private;
  const int nid = c->nid == NUMA_NO_NODE ? page_to_nid(from) : c->nid;
  const gfp_t zones = page_zonenum(from) == ZONE_MOVABLE ? __GFP_HIGHMEM : 0;

  return __alloc_pages(c->gfp_mask | zones, 0, nid, c->nmask);
}

#if WORLD_FOLIOS
#define NEW_TARGET(get, page, private) folio_page(get(page_folio(page), private), 0)
struct folio* alloc_migration_target(struct folio* from, unsigned long private) {
  return (struct folio*)target(&from->page, private);
}
#else
#define NEW_TARGET(get, page, private) get(page, private)
struct page* alloc_migration_target(struct page* from, unsigned long private) {
  return target(from, private);
}
#endif

static bool is_mapped(const struct page* page) { return atomic_read(&page->_mapcount) >= 0; }

/* An isolated page that is none any more. */
static void let_go(struct page* page) {
  list_del(&page->lru);
  count_isolated(page, -1);
  put_page(page);
}

/* The isolated page has moved, or not: a reference that is not that of its process forbids it. One
 * that has been freed meanwhile needs no place. */
static int migrate_one(struct page* page, struct page* to) {
  const bool freed = page_count(page) == 1;

  if (freed || !page_ref_freeze(page, is_mapped(page) ? 2 : 1)) {
    put_page(to);
    if (freed) let_go(page);
    return freed ? 0 : -EAGAIN;
  }
  get_page(to); /* its process may free it from now on */
  world_unmap(page);
  world_map(to);
  world_allocation_moved(page, to);
  page_ref_unfreeze(page, 1);
  world_lru_add(to);
  put_page(to);
  let_go(page);
  return 0;
}

#if WORLD_FOLIOS
int migrate_pages(struct list_head* from, new_folio_t get, free_folio_t put, unsigned long private,
                  enum migrate_mode mode, int reason, unsigned int* succeeded) {
#else
int migrate_pages(struct list_head* from, new_page_t get, free_page_t put, unsigned long private,
                  enum migrate_mode mode, int reason, unsigned int* succeeded) {
#endif
  struct page *page, *next;
  int failed = 0;

  list_for_each_entry_safe(page, next, from, lru) {
    struct page* to;

    cond_resched();
    to = NEW_TARGET(get, page, private);
    /* Without memory the others need not be tried. */
    if (to == NULL) {
      failed = -ENOMEM;
      break;
    }
    if (migrate_one(page, to) != 0) ++failed;
  }
  return failed;
}
