// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/mm/buddy.h"

#include <algorithm>

#include "model/mm/kernel.h"
#include "model/mm/pcp.h"
#include "model/mm/tracepoints.h"

namespace hotplug::mm {

namespace {

zone& ZoneOf(Pfn pfn) { return page_zone(PageAt(pfn)); }

bool page_is_buddy(Pfn buddy, uint32_t order, uint8_t zone_index) {
  if (!PfnExists(buddy) || PhaseOf(buddy) == Phase::kAbsent) return false;
  const page& b = PageAt(buddy);
  return PageBuddy(b) && b.order == order && b.zone == zone_index;
}

bool isolated(Pfn pfn) { return PageblockAt(pfn) == MIGRATE_ISOLATE; }

// Merging must not cross from an isolated pageblock into one that is not.
bool MergeCrossesIsolation(Pfn pfn, Pfn buddy, uint32_t order) {
  return order >= geometry().pageblock_order && isolated(pfn) != isolated(buddy);
}

// Pages become free: what an owner says about them is over.
void MarkFree(Pfn pfn, uint32_t order) {
  for (uint32_t i = 0; i < (1u << order); ++i) SetOwner(pfn + i, kBuddy);
}

bool check_new_page(Pfn pfn) {
  const page& p = PageAt(pfn);
  return p.refcount == 0 && (p.type & ~kTypeBuddy) == 0 && p.flags == 0;
}

// Nobody complains about poison: the page is left out, as nobody's.
void check_new_page_bad(Pfn pfn) {
  if (!PageHWPoison(PageAt(pfn))) bad_page(pfn);
}

// Returns the rest of a chunk to the lists while it is halved down to `order`.
void expand(Pfn pfn, uint32_t high, uint32_t order, migratetype mt) {
  while (high > order) {
    --high;
    add_to_free_list(pfn + (1u << high), high, mt);
  }
}

// The smallest free chunk of a type that will do, halved down to `order`.
Pfn __rmqueue_smallest(zone& z, uint32_t order, migratetype mt) {
  for (uint32_t o = order; o <= geometry().max_order; ++o) {
    const Pfn pfn{z.free[o].head[mt]};
    if (pfn.v == kNoPfn) continue;
    del_page_from_free_list(pfn);
    expand(pfn, o, order, mt);
    return pfn;
  }
  return Pfn{kNoPfn};
}

bool can_steal_fallback(uint32_t order, migratetype want) {
  return order >= geometry().pageblock_order / 2u || want == MIGRATE_UNMOVABLE;
}

// A chunk of another type becomes one of the wanted, with all that is free in its pageblock if
// `whole_block` says so, and the pageblock as well if half of it is free or of that type.
void steal_suitable_fallback(Pfn pfn, migratetype want, bool whole_block) {
  const uint32_t order = PageAt(pfn).order;
  if (order >= geometry().pageblock_order) {
    for (uint32_t i = 0; i < (1u << order); i += PagesPerPageblock()) PageblockAt(pfn + i) = want;
    return move_to_free_list(pfn, want);
  }
  if (!whole_block) return move_to_free_list(pfn, want);
  uint32_t movable = 0;
  const uint32_t free =
      move_freepages_block(Pfn{pfn.v & ~(PagesPerPageblock() - 1)}, want, &movable);
  uint32_t alike = movable;
  if (want != MIGRATE_MOVABLE) {
    const bool of_movable = PageblockAt(pfn) == MIGRATE_MOVABLE;
    alike = of_movable ? PagesPerPageblock() - free - movable : 0;
  }
  if (free + alike >= PagesPerPageblock() / 2) PageblockAt(pfn) = want;
}

// Steals of the largest chunk of the other type; or of the smallest that will do, if that cannot
// make the pageblock one of movable pages.
bool __rmqueue_fallback(zone& z, uint32_t order, migratetype want) {
  const migratetype other = want == MIGRATE_MOVABLE ? MIGRATE_UNMOVABLE : MIGRATE_MOVABLE;
  for (uint32_t largest = geometry().max_order + 1u; largest-- > order;) {
    if (z.free[largest].head[other] == kNoPfn) continue;
    const bool can_steal = can_steal_fallback(largest, want);
    uint32_t from = can_steal ? largest : order;
    while (z.free[from].head[other] == kNoPfn) ++from;
    steal_suitable_fallback(Pfn{z.free[from].head[other]}, want, can_steal);
    return true;
  }
  return false;
}

Pfn rmqueue(uint32_t zone_index, migratetype want, uint32_t order) {
  zone& z = mm().zones[zone_index];
  Pfn pfn = __rmqueue_smallest(z, order, want);
  if (pfn.v == kNoPfn && __rmqueue_fallback(z, order, want)) {
    pfn = __rmqueue_smallest(z, order, want);
  }
  if (pfn.v != kNoPfn) z.nr_free_pages -= 1u << order;
  return pfn;
}

void prep_new_page(Pfn pfn, uint32_t order, Owner owner) {
  // Of a compound page only the head has a count.
  for (uint32_t i = 0; i < (1u << order); ++i) {
    PageAt(pfn + i).order = 0;
    SetOwner(pfn + i, owner);
    GhostAt(pfn + i).tail = i == 0 ? 0 : 1;
  }
  page& p = PageAt(pfn);
  p.refcount = 1;
  p.order = static_cast<uint8_t>(order);
}

// What a chunk and its buddy would be together has a free buddy: they may merge soon.
bool buddy_merge_likely(Pfn pfn, uint32_t order) {
  if (order + 1u >= geometry().max_order) return false;
  const Pfn higher{pfn.v & ~(1u << order)};
  return page_is_buddy(Pfn{higher.v ^ (2u << order)}, order + 1, PageAt(pfn).zone);
}

}  // namespace

void __free_one_page(Pfn pfn, uint32_t order, migratetype mt, End end) {
  lockdep_assert_held(zone::lock);
  if (mt != MIGRATE_ISOLATE) ZoneOf(pfn).nr_free_pages += 1u << order;
  MarkFree(pfn, order);
  const uint8_t zone_index = PageAt(pfn).zone;
  while (order < geometry().max_order) {
    const Pfn buddy{pfn.v ^ (1u << order)};
    if (!page_is_buddy(buddy, order, zone_index)) break;
    if (MergeCrossesIsolation(pfn, buddy, order)) break;
    del_page_from_free_list(buddy);
    pfn = Pfn{pfn.v & buddy.v};
    ++order;
  }
  add_to_free_list(pfn, order, mt, buddy_merge_likely(pfn, order) ? End::kTail : end);
}

void split_large_buddy(Pfn pfn, uint32_t order) {
  lockdep_assert_held(zone::lock);
  const uint32_t piece = std::min<uint32_t>(order, geometry().pageblock_order);
  for (const Pfn end = pfn + (1u << order); pfn < end; pfn = pfn + (1u << piece)) {
    __free_one_page(pfn, piece, static_cast<migratetype>(PageblockAt(pfn)));
  }
}

Pfn FreeChunkHead(Pfn pfn) {
  for (uint32_t order = 0; order <= geometry().max_order; ++order) {
    const Pfn head{pfn.v & ~((1u << order) - 1)};
    if (!PfnExists(head)) break;
    const page& p = PageAt(head);
    if (PageBuddy(p) && p.order >= order) return head;
  }
  return Pfn{kNoPfn};
}

uint32_t move_freepages_block(Pfn pageblock, migratetype mt, uint32_t* num_movable) {
  lockdep_assert_held(zone::lock);
  uint32_t moved = 0;
  for (Pfn pfn = pageblock; pfn < pageblock + PagesPerPageblock();) {
    const page& p = PageAt(pfn);
    const uint32_t nr = PageBuddy(p) ? 1u << p.order : 0;
    if (nr != 0) move_to_free_list(pfn, mt);
    if (nr == 0 && num_movable != nullptr && PageLRU(p)) ++*num_movable;
    moved += nr;
    pfn = pfn + std::max(nr, 1u);
  }
  return moved;
}

namespace {

// What type the pageblock has is known from before; only while the zone has any that is isolated is
// it looked up again.
void free_one_page(Pfn pfn, uint32_t order, migratetype mt) {
  // Linking a page that is linked already would make a circle of the list.
  if (FreeChunkHead(pfn).v != kNoPfn) BUG(kTpBugListCorruption, pfn);
  sim::spin_lock(zone::lock);
  const bool again = ZoneOf(pfn).nr_isolate_pageblock != 0 || mt == MIGRATE_ISOLATE;
  if (again && fixed(CoreFix::kSplitChunks)) {
    split_large_buddy(pfn, order);
  } else {
    __free_one_page(pfn, order, again ? static_cast<migratetype>(PageblockAt(pfn)) : mt);
  }
  sim::spin_unlock(zone::lock);
}

// With watermarks of 0. What CPUs keep back does not count, nor what is isolated.
bool zone_watermark_ok(const zone& z, uint32_t order) {
  if (z.nr_free_pages < 1u << order) return false;
  for (uint32_t o = order; o <= geometry().max_order; ++o) {
    const auto& head = z.free[o].head;
    if (head[MIGRATE_UNMOVABLE] != kNoPfn || head[MIGRATE_MOVABLE] != kNoPfn) return true;
  }
  return false;
}

// A free page for an allocation: of this CPU, or else of the buddy.
Pfn TakeFree(uint32_t zone_index, migratetype want, uint32_t order) {
  if (!zone_watermark_ok(mm().zones[zone_index], order)) return Pfn{kNoPfn};
  const bool lists = pcp_allowed_order(order);
  const Pfn pfn = lists ? rmqueue_pcplist(zone_index, want, order) : Pfn{kNoPfn};
  return pfn.v == kNoPfn ? rmqueue(zone_index, want, order) : pfn;
}

}  // namespace

void free_checked_page(Pfn pfn, uint32_t order, migratetype mt) {
  if (PageAt(pfn).type != 0) {
    bad_page(pfn);
  } else {
    free_one_page(pfn, order, mt);
  }
}

void free_unref_page(Pfn pfn, uint32_t order) {
  page& p = PageAt(pfn);
  // free_pages_prepare(): neither the lists nor the buddy get it.
  if (PageHWPoison(p) && order == 0 && kernel().poison_handlable) return SetOwner(pfn, kBuddy);
  const bool debug = mm().debug_vm != 0;
  // free_pages_check(): with DEBUG_VM here, otherwise when the per-CPU list is drained.
  if (debug && (p.type != 0 || (p.flags & kFlagReserved) != 0)) {
    bad_page(pfn);
    return;
  }
  p.flags &= kFlagHwPoison;
  for (uint32_t i = 0; i < (1u << order); ++i) SetOwner(pfn + i, kFreeing);
  const auto mt = static_cast<migratetype>(PageblockAt(pfn));
  if (AtPagePoint(pfn)) {
    sim::sched_point(kTpFreeUnrefPage, pfn.v, mt == MIGRATE_ISOLATE ? 1 : 0);
  }
  pfn_to_page(pfn);  // its memmap may be gone by now
  if (mt == MIGRATE_ISOLATE) {
    free_one_page(pfn, order, mt);  // what it is, unchecked
  } else if (pcp_allowed_order(order)) {
    free_unref_page_commit(pfn, mt, order);
  } else {
    free_checked_page(pfn, order, mt);
  }
}

Pfn alloc_pages_node(NodeId nid, zone_type highest, migratetype mt, uint32_t order, Owner owner) {
  for (uint32_t kind = highest + 1u; kind-- > 0;) {
    const uint32_t zone_index = ZoneIndex(nid, static_cast<zone_type>(kind));
    sim::spin_lock(zone::lock);
    Pfn pfn = TakeFree(zone_index, mt, order);
    while (pfn.v != kNoPfn && !check_new_page(pfn)) {
      check_new_page_bad(pfn);  // and the page is leaked
      pfn = TakeFree(zone_index, mt, order);
    }
    if (pfn.v != kNoPfn) prep_new_page(pfn, order, owner);
    sim::spin_unlock(zone::lock);
    if (pfn.v != kNoPfn) return pfn;
  }
  return Pfn{kNoPfn};
}

Pfn alloc_pages(NodeId nid, bool movable, uint32_t order, Owner owner) {
  const zone_type highest = movable ? ZONE_MOVABLE : ZONE_NORMAL;
  const migratetype mt = movable ? MIGRATE_MOVABLE : MIGRATE_UNMOVABLE;
  Pfn pfn{kNoPfn};
  for (uint32_t n = 0; n < kMaxNodes && pfn.v == kNoPfn; ++n) {
    pfn = alloc_pages_node(NodeId{(nid.v + n) % kMaxNodes}, highest, mt, order, owner);
  }
  return pfn;
}

}  // namespace hotplug::mm
