// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What no field of the kernel says, told to the host's ledger while it happens: references on
 * pages and who has dropped them, who takes pages and gives them back, and what is told to the
 * notifiers.
 */
#include <linux/page_ref.h>
#include <trace/events/kmem.h>
#include <trace/events/page_isolation.h>

#include "compat.h"
#include "glue.h"

/* ---- References -------------------------------------------------------------------------- */

static void changed(struct page* page, int by, const void* caller) {
  world_host.page_ref(page_to_pfn(page), by, atomic_read(&page->_refcount), caller);
}

void __page_ref_set(struct page* page, int v) { world_host.page_set(page_to_pfn(page), v); }
void __page_ref_mod(struct page* page, int v) { changed(page, v, __builtin_return_address(0)); }
void __page_ref_mod_and_test(struct page* page, int v, int ret) {
  changed(page, v, __builtin_return_address(0));
}
void __page_ref_mod_and_return(struct page* page, int v, int ret) {
  changed(page, v, __builtin_return_address(0));
}
void __page_ref_mod_unless(struct page* page, int v, int changes) {
  if (changes) changed(page, v, __builtin_return_address(0));
}
/* For a moment nobody has a reference, and then so many have one. */
void __page_ref_freeze(struct page* page, int v, int ret) {
  if (ret) changed(page, -v, __builtin_return_address(0));
}
void __page_ref_unfreeze(struct page* page, int v) {
  changed(page, v, __builtin_return_address(0));
}

/* ---- The allocator ----------------------------------------------------------------------- */

void world_page_allocated(const struct page* page, unsigned int order) {
  if (page != NULL) world_host.page_allocated(page_to_pfn(page), 1ul << order);
}

void world_page_freed(const struct page* page, unsigned int order) {
  world_host.page_freed(page_to_pfn(page), 1ul << order);
}

/* ---- Isolation --------------------------------------------------------------------------- */

void world_range_tested(unsigned long up_to) { world_host.range_tested(up_to); }

/* ---- Notifications ----------------------------------------------------------------------- */

int __real_memory_notify(unsigned long action, void* v);
int __wrap_memory_notify(unsigned long action, void* v) {
  const struct world_notice notice = world_notice_of(action, v);
  int answer;

  world_host.notify(&notice, 1);
  answer = __real_memory_notify(action, v);
  world_host.notify(&notice, 0);
  return answer;
}
