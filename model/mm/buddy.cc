// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/mm/buddy.h"

#include <algorithm>

#include "model/mm/kernel.h"
#include "model/mm/pcp.h"
#include "model/mm/tracepoints.h"

namespace hotplug::mm {

namespace {

zone& ZoneOf(Pfn pfn) { return mm().zones[PageAt(pfn).zone]; }

void add_to_free_list(Pfn pfn, uint32_t order, migratetype mt) {
  page& p = PageAt(pfn);
  uint32_t& head = ZoneOf(pfn).free[order].head[mt];
  p.order = static_cast<uint8_t>(order);
  p.type |= kTypeBuddy;
  p.next = head;
  p.prev = kNoPfn;
  if (head != kNoPfn) PageAt(Pfn{head}).prev = pfn.v;
  head = pfn.v;
  Touch(pfn);
}

// The list on which a free chunk lies is the one of its pageblock, but a chunk that spans
// pageblocks may lie on the list of any of them: it is unlinked by its links.
migratetype ListOf(Pfn pfn) {
  const page& p = PageAt(pfn);
  const free_area& area = ZoneOf(pfn).free[p.order];
  for (uint8_t mt = 0; mt < MIGRATE_TYPES; ++mt) {
    if (area.head[mt] == pfn.v) return static_cast<migratetype>(mt);
  }
  BUG(kTpBugListCorruption, pfn);
}

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

// Smallest free chunk of a zone that will do, its own type first. A chunk of another type
// that fills pageblocks converts them (5.6 steal_suitable_fallback, simplified).
Pfn rmqueue(uint32_t zone_index, migratetype want, uint32_t order) {
  zone& z = mm().zones[zone_index];
  const migratetype other = want == MIGRATE_MOVABLE ? MIGRATE_UNMOVABLE : MIGRATE_MOVABLE;
  for (const migratetype mt : {want, other}) {
    for (uint32_t k = 0; k <= geometry().max_order; ++k) {
      // A fallback takes the largest chunk, so that it steals whole pageblocks.
      const uint32_t o = mt == want ? k : geometry().max_order - k;
      if (o < order || z.free[o].head[mt] == kNoPfn) continue;
      const Pfn pfn{z.free[o].head[mt]};
      del_page_from_free_list(pfn);
      if (mt != want && o >= geometry().pageblock_order) {
        for (uint32_t i = 0; i < (1u << o); i += PagesPerPageblock()) PageblockAt(pfn + i) = want;
        expand(pfn, o, order, want);
      } else {
        expand(pfn, o, order, mt);
      }
      z.nr_free_pages -= 1u << order;
      return pfn;
    }
  }
  return Pfn{kNoPfn};
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

}  // namespace

void __free_one_page(Pfn pfn, uint32_t order, migratetype mt) {
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
  add_to_free_list(pfn, order, mt);
}

void del_page_from_free_list(Pfn pfn) {
  lockdep_assert_held(zone::lock);
  page& p = PageAt(pfn);
  if (p.prev == kNoPfn) {
    ZoneOf(pfn).free[p.order].head[ListOf(pfn)] = p.next;
  } else {
    PageAt(Pfn{p.prev}).next = p.next;
  }
  if (p.next != kNoPfn) PageAt(Pfn{p.next}).prev = p.prev;
  p.type &= static_cast<uint8_t>(~kTypeBuddy);
  p.next = p.prev = kNoPfn;
  Touch(pfn);
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

namespace {

// Files a free chunk under the migratetypes that its pageblocks have now: in pieces, if it is
// larger than one, as they may differ.
void FileInPieces(Pfn pfn, uint32_t order) {
  const uint32_t piece = std::min<uint32_t>(order, geometry().pageblock_order);
  const Pfn end = pfn + (1u << order);
  for (Pfn p = pfn; p < end; p = p + (1u << piece)) {
    __free_one_page(p, piece, static_cast<migratetype>(PageblockAt(p)));
  }
}

}  // namespace

void RefileFreePages(Pfn pageblock, bool counted) {
  lockdep_assert_held(zone::lock);
  const Pfn end = pageblock + PagesPerPageblock();
  for (Pfn pfn = pageblock; pfn < end;) {
    const Pfn head = FreeChunkHead(pfn);
    if (head.v == kNoPfn) {
      ++pfn;
      continue;
    }
    const uint32_t order = PageAt(head).order;
    del_page_from_free_list(head);
    if (counted) ZoneOf(head).nr_free_pages -= 1u << order;
    FileInPieces(head, order);
    pfn = head + (1u << order);
  }
}

namespace {

void free_one_page(Pfn pfn, uint32_t order) {
  // Linking a page that is linked already would make a circle of the list.
  if (FreeChunkHead(pfn).v != kNoPfn) BUG(kTpBugListCorruption, pfn);
  sim::spin_lock(zone::lock);
  FileInPieces(pfn, order);
  sim::spin_unlock(zone::lock);
}

// A free page for an allocation: of this CPU, or else of the buddy.
Pfn TakeFree(uint32_t zone_index, migratetype want, uint32_t order) {
  const bool lists = order == 0 && mm().pcp_high != 0;
  const Pfn pfn = lists ? rmqueue_pcplist(zone_index, want) : Pfn{kNoPfn};
  return pfn.v == kNoPfn ? rmqueue(zone_index, want, order) : pfn;
}

}  // namespace

void free_checked_page(Pfn pfn, uint32_t order) {
  if (PageAt(pfn).type != 0) {
    bad_page(pfn);
  } else {
    free_one_page(pfn, order);
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
    free_one_page(pfn, order);  // what it is, unchecked
  } else if (order == 0 && mm().pcp_high != 0) {
    free_unref_page_commit(pfn, mt);
  } else {
    free_checked_page(pfn, order);
  }
}

Pfn alloc_pages(NodeId nid, bool movable, uint32_t order, Owner owner) {
  const migratetype want = movable ? MIGRATE_MOVABLE : MIGRATE_UNMOVABLE;
  for (uint32_t n = 0; n < kMaxNodes; ++n) {
    const NodeId from{(nid.v + n) % kMaxNodes};
    for (uint32_t kind = movable ? ZONE_MOVABLE + 1u : ZONE_NORMAL + 1u; kind-- > 0;) {
      const uint32_t zone_index = ZoneIndex(from, static_cast<zone_type>(kind));
      sim::spin_lock(zone::lock);
      Pfn pfn = TakeFree(zone_index, want, order);
      while (pfn.v != kNoPfn && !check_new_page(pfn)) {
        check_new_page_bad(pfn);  // and the page is leaked
        pfn = TakeFree(zone_index, want, order);
      }
      if (pfn.v != kNoPfn) prep_new_page(pfn, order, owner);
      sim::spin_unlock(zone::lock);
      if (pfn.v != kNoPfn) return pfn;
    }
  }
  return Pfn{kNoPfn};
}

}  // namespace hotplug::mm
