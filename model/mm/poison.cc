// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/mm/poison.h"

#include "model/mm/buddy.h"
#include "model/mm/kernel.h"
#include "model/mm/pcp.h"

namespace hotplug::mm {

namespace {

// Returns a free chunk to the lists in halves, but for one page.
void break_down_buddy_pages(Pfn chunk, Pfn target, uint32_t order, migratetype mt) {
  while (order-- > 0) {
    const Pfn upper = chunk + (1u << order);
    add_to_free_list(target < upper ? upper : chunk, order, mt);
    if (!(target < upper)) chunk = upper;
  }
}

// Splits a free chunk and keeps the page, unless it has been allocated meanwhile.
bool take_page_off_buddy(Pfn pfn) {
  sim::spin_lock(zone::lock);
  const Pfn head = FreeChunkHead(pfn);
  if (head.v != kNoPfn) {
    const auto mt = static_cast<migratetype>(PageblockAt(head));
    if (mt != MIGRATE_ISOLATE) --page_zone(PageAt(head)).nr_free_pages;
    const uint32_t order = PageAt(head).order;
    del_page_from_free_list(head);
    break_down_buddy_pages(head, pfn, order, mt);
    PageAt(pfn).order = 0;
    SetOwner(pfn, kNobody);
  }
  sim::spin_unlock(zone::lock);
  return head.v != kNoPfn;
}

// The reference of hard poison.
void GetPoisoned(Pfn pfn) {
  ++PageAt(pfn).refcount;
  GhostAt(pfn).poison = 1;
  Touch(pfn);
}

// 1: it has a reference now; 0: it is in the buddy; -EBUSY: it cannot be handled.
int get_any_page(Pfn pfn) {
  // A page that waits for the LRU is not on it yet (5.6 shake_page).
  if (!PageLRU(PageAt(pfn))) lru_add_drain_all();
  const page& p = pfn_to_page(pfn);
  const bool handlable = kernel().poison_handlable;
  if (handlable && FreeChunkHead(pfn).v != kNoPfn) return 0;
  if (p.refcount == 0 || p.order != 0 || (handlable && !PageLRU(p))) return -EBUSY;
  GetPoisoned(pfn);
  return 1;
}

int get_hwpoison_page(Pfn pfn) {
  if (!kernel().poison_pcp_disabled) return get_any_page(pfn);
  zone_pcp_disable(PageAt(pfn).zone);
  const int rc = get_any_page(pfn);
  zone_pcp_enable();
  return rc;
}

}  // namespace

int memory_failure(Pfn pfn) {
  if (pfn_to_online_page(pfn) == nullptr) return -ENXIO;
  page& p = PageAt(pfn);
  if (PageHWPoison(p)) return 0;
  // What is not handled stays poisoned, without a reference.
  if (kernel().poison_handlable) p.flags |= kFlagHwPoison;
  const int rc = get_hwpoison_page(pfn);
  if (rc < 0) return rc;
  if (rc == 0) {
    if (!take_page_off_buddy(pfn)) return -EBUSY;
    GetPoisoned(pfn);
    return 0;
  }
  p.flags |= kFlagHwPoison;
  UnmapPoisoned(pfn);
  return 0;
}

bool InUseThoughPoisoned(Pfn pfn) {
  const page& p = PageAt(pfn);
  return PageHWPoison(p) && p.refcount > GhostAt(pfn).poison && fixed(CoreFix::kPoisonInUse);
}

void UnmapPoisoned(Pfn pfn) {
  page& p = PageAt(pfn);
  Touch(pfn);
  if (!PageLRU(p)) return;
  p.flags &= static_cast<uint8_t>(~kFlagLru);
  const Owner owner = GhostAt(pfn).owner;
  if (!IsAllocation(owner)) return;
  mm().allocations[owner - kFirstAllocation].live = 0;
  SetOwner(pfn, kNobody);
  --p.refcount;
}

}  // namespace hotplug::mm
