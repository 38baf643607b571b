// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/mm/isolation.h"

#include "model/mm/buddy.h"
#include "model/mm/tracepoints.h"

namespace hotplug::mm {

namespace {

// The order of the tests is the kernel's (kernel-facts 4.2, RFC era).
bool IsUnmovable(Pfn pfn, Isolate why) {
  const page& p = PageAt(pfn);
  if (PageReserved(p)) return true;
  if (p.zone % MAX_NR_ZONES == ZONE_MOVABLE) return false;
  if (p.refcount == 0) return false;
  if (why == Isolate::kMemoryOffline && PageOffline(p)) return false;
  return !PageLRU(p);
}

bool has_unmovable_pages(Pfn pageblock, Isolate why) {
  for (uint32_t i = 0; i < PagesPerPageblock(); ++i) {
    if (IsUnmovable(pageblock + i, why)) return true;
  }
  return false;
}

// Under zone->lock: test and set in one. A pageblock that is not online (any more) is passed
// over, here and below (5.6 __first_valid_page): who needs its pages will not find them free.
int set_migratetype_isolate(Pfn pageblock, Isolate why) {
  if (pfn_to_online_page(pageblock) == nullptr) return 0;
  sim::spin_lock();
  int rc = 0;
  if (PageblockAt(pageblock) == MIGRATE_ISOLATE || has_unmovable_pages(pageblock, why)) {
    rc = -EBUSY;
  } else {
    PageblockAt(pageblock) = MIGRATE_ISOLATE;
    ++page_zone(PageAt(pageblock)).nr_isolate_pageblock;
    RefileFreePages(pageblock, true);
  }
  sim::spin_unlock();
  return rc;
}

void unset_migratetype_isolate(Pfn pageblock) {
  if (pfn_to_online_page(pageblock) == nullptr) return;
  sim::spin_lock();
  if (PageblockAt(pageblock) == MIGRATE_ISOLATE) {
    PageblockAt(pageblock) = MIGRATE_MOVABLE;
    --page_zone(PageAt(pageblock)).nr_isolate_pageblock;
    RefileFreePages(pageblock, false);
  }
  sim::spin_unlock();
}

}  // namespace

int start_isolate_page_range(Pfn start, Pfn end, Isolate why) {
  for (Pfn pb = start; pb < end; pb = pb + PagesPerPageblock()) {
    const int rc = set_migratetype_isolate(pb, why);
    sim::sched_point(kTpIsolate, pb.v, static_cast<uint32_t>(rc));
    if (rc == 0) continue;
    undo_isolate_page_range(start, pb);
    return rc;
  }
  return 0;
}

void undo_isolate_page_range(Pfn start, Pfn end) {
  for (Pfn pb = start; pb < end; pb = pb + PagesPerPageblock()) {
    unset_migratetype_isolate(pb);
    sim::sched_point(kTpUnisolate, pb.v);
  }
}

int test_pages_isolated(Pfn start, Pfn end, Isolate why, Pfn* where) {
  for (Pfn pfn = start; pfn < end;) {
    const page& p = PageAt(pfn);
    // A block that is on its way out is isolated too, but by others, and its section is offline.
    const bool isolated = pfn_to_online_page(pfn) != nullptr && PageblockAt(pfn) == MIGRATE_ISOLATE;
    if (isolated && PageBuddy(p)) {
      pfn = pfn + (1u << p.order);
    } else if (isolated && why == Isolate::kMemoryOffline && PageOffline(p) && p.refcount == 0) {
      ++pfn;
    } else {
      *where = pfn;
      return -EBUSY;
    }
  }
  return 0;
}

Pfn scan_movable_pages(Pfn start, Pfn end, int* rc) {
  for (Pfn pfn = start; pfn < end; ++pfn) {
    const page* p = pfn_to_online_page(pfn);
    if (p == nullptr) continue;
    if (PageLRU(*p)) {
      *rc = 0;
      return pfn;
    }
    if (PageOffline(*p) && p->refcount > 0) {
      *rc = -EBUSY;
      return Pfn{kNoPfn};
    }
  }
  *rc = -ENOENT;
  return Pfn{kNoPfn};
}

namespace {

// One page: take it off the LRU, copy it elsewhere, free it; or put it back. The page is
// held by a reference of our own meanwhile.
void migrate_page(Pfn pfn) {
  page& p = PageAt(pfn);
  p.flags &= static_cast<uint8_t>(~kFlagLru);
  Touch(pfn);
  sim::sched_point(kTpIsolateLru, pfn.v, static_cast<uint32_t>(p.refcount));

  const NodeId nid{p.zone / uint32_t{MAX_NR_ZONES}};
  const Pfn target = alloc_pages(nid, true, 0, kCore);
  const Owner owner = GhostAt(pfn).owner;
  // Anybody else's reference makes migration fail (-EAGAIN), as does a lack of memory.
  const bool moved = target.v != kNoPfn && p.refcount == 2 && IsAllocation(owner);
  if (moved) {
    mm().allocations[owner - kFirstAllocation].pfn = target.v;
    SetOwner(target, owner);
    --p.refcount;
    SetOwner(pfn, kNobody);
  } else if (p.refcount > 0) {
    p.flags |= kFlagLru;
    Touch(pfn);
  }
  sim::sched_point(kTpMigratePage, pfn.v, target.v, moved ? 1 : 0);
  if (target.v == kNoPfn || moved) return;
  __free_page(target);
  sim::sched_point(kTpPutPage, target.v, 0);
}

}  // namespace

void do_migrate_range(Pfn start, Pfn end) {
  for (Pfn pfn = start; pfn < end; ++pfn) {
    if (pfn_to_online_page(pfn) == nullptr || !get_page_unless_zero(pfn)) continue;
    if (PageLRU(PageAt(pfn))) {
      migrate_page(pfn);
    } else {
      sim::sched_point(kTpIsolateFailed, pfn.v);
    }
    put_page(pfn);
    sim::sched_point(kTpPutPage, pfn.v, static_cast<uint32_t>(PageAt(pfn).refcount));
  }
}

// ---- Contiguous allocation ----

namespace {

// Under zone->lock (5.6 pfn_range_valid_contig): only a range that is entirely free will do.
bool pfn_range_valid_contig(Pfn start, Pfn end, uint32_t zone_index) {
  for (Pfn pfn = start; pfn < end; ++pfn) {
    const page* p = pfn_to_online_page(pfn);
    if (p == nullptr || p->zone != zone_index) return false;
    if (PageReserved(*p) || p->refcount > 0) return false;
  }
  return true;
}

// Takes the free chunks of [start, end) off the buddy and hands their pages out one by one.
void isolate_freepages_range(Pfn start, Pfn end, InstanceId instance) {
  sim::spin_lock();
  for (Pfn pfn = start; pfn < end;) {
    const uint32_t pages = 1u << PageAt(pfn).order;
    del_page_from_free_list(pfn);
    for (uint32_t i = 0; i < pages; ++i) {
      PageAt(pfn + i).refcount = 1;
      PageAt(pfn + i).order = 0;
      SetOwner(pfn + i, OwnerOf(instance));
    }
    pfn = pfn + pages;
  }
  sim::spin_unlock();
}

void MigrateAway(Pfn start, Pfn end) {
  constexpr int kTries = 5;  // 5.6 __alloc_contig_migrate_range; the failure is tolerated
  for (int i = 0; i < kTries; ++i) {
    int rc = 0;
    const Pfn pfn = scan_movable_pages(start, end, &rc);
    if (pfn.v == kNoPfn || sim::fatal_signal_pending()) return;
    do_migrate_range(pfn, end);
  }
}

// The range is aligned to the largest chunk already, as whole blocks are.
int alloc_contig_range(Pfn start, Pfn end) {
  int rc = start_isolate_page_range(start, end, Isolate::kAllocContig);
  if (rc != 0) return rc;
  MigrateAway(start, end);
  Pfn where{kNoPfn};
  rc = test_pages_isolated(start, end, Isolate::kAllocContig, &where);
  sim::sched_point(kTpTestIsolated, start.v, static_cast<uint32_t>(rc), where.v);
  if (rc == 0) {
    isolate_freepages_range(start, end, NewInstance(start, end - start));
    sim::sched_point(kTpGrabRange, start.v, end - start);
  }
  undo_isolate_page_range(start, end);
  return rc;
}

}  // namespace

Pfn alloc_contig_pages(uint64_t nr, NodeId nid) {
  HOTPLUG_CHECK(nr != 0 && nr % PagesPerBlock() == 0);
  const uint32_t zone_index = ZoneIndex(nid, ZONE_NORMAL);
  const zone& z = mm().zones[zone_index];
  // The span is read once for each candidate: blocks may come and go meanwhile.
  for (uint64_t pfn = (z.zone_start_pfn + nr - 1) / nr * nr;
       pfn + nr <= uint64_t{z.zone_start_pfn} + z.spanned_pages; pfn += nr) {
    const Pfn start{static_cast<uint32_t>(pfn)};
    const Pfn end{static_cast<uint32_t>(pfn + nr)};
    sim::spin_lock();
    const bool valid = pfn_range_valid_contig(start, end, zone_index);
    sim::spin_unlock();
    sim::sched_point(kTpContigCandidate, start.v, end - start, valid ? 1 : 0);
    if (valid && alloc_contig_range(start, end) == 0) return start;
  }
  sim::sched_point(kTpContigFailed, nid.v);
  return Pfn{kNoPfn};
}

void free_contig_range(Pfn pfn, uint32_t nr) {
  uint32_t in_use = 0;
  for (uint32_t i = 0; i < nr; ++i) {
    DriverAccess(pfn + i);
    if (pfn_to_page(pfn + i).refcount != 1) ++in_use;
    __free_page(pfn + i);
    page_point(kTpFreeContig, pfn + i);
  }
  if (in_use != 0) {
    WARN(kTpWarnInUse, pfn, in_use);
  }
  sim::sched_point(kTpFreeContigDone, pfn.v, nr, in_use);
}

}  // namespace hotplug::mm
