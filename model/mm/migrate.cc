// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/mm/migrate.h"

#include "model/mm/buddy.h"
#include "model/mm/function.h"
#include "model/mm/pcp.h"
#include "model/mm/poison.h"

namespace hotplug::mm {

Pfn scan_movable_pages(Pfn start, Pfn end, int* rc) {
  for (Pfn pfn = start; pfn < end; ++pfn) {
    const page* p = pfn_to_online_page(pfn);
    if (p == nullptr) continue;
    if (PageLRU(*p)) {
      *rc = 0;
      return pfn;
    }
    if ((PageOffline(*p) && p->refcount > 0) || InUseThoughPoisoned(pfn)) {
      *rc = -EBUSY;
      return Pfn{kNoPfn};
    }
  }
  *rc = -ENOENT;
  return Pfn{kNoPfn};
}

namespace {

// One page: take it off the LRU, copy it elsewhere, free it; or put it back. The page is
// held by a reference of our own meanwhile. True if it has moved.
bool migrate_page(Pfn pfn) {
  page& p = PageAt(pfn);
  p.flags &= static_cast<uint8_t>(~kFlagLru);
  Touch(pfn);
  sim::sched_point(kTpIsolateLru, pfn.v, static_cast<uint32_t>(p.refcount));

  const NodeId nid{p.zone / uint32_t{MAX_NR_ZONES}};
  const Pfn target = alloc_pages(nid, true, 0, kCore);
  const Owner owner = GhostAt(pfn).owner;
  // Anybody else's reference makes migration fail (-EAGAIN), as does a lack of memory.
  const bool movable = IsAllocation(owner) || owner == kKernel;
  const bool moved = target.v != kNoPfn && p.refcount == 2 && movable;
  if (moved) {
    if (IsAllocation(owner)) mm().allocations[owner - kFirstAllocation].pfn = target.v;
    SetOwner(target, owner);
    --p.refcount;
    SetOwner(pfn, kNobody);
    lru_cache_add(target);
  } else if (p.refcount > 0) {
    p.flags |= kFlagLru;
    Touch(pfn);
  }
  sim::sched_point(kTpMigratePage, pfn.v, target.v, moved ? 1 : 0);
  if (target.v == kNoPfn || moved) return moved;
  __free_page(target);
  sim::sched_point(kTpPutPage, target.v, 0);
  return moved;
}

}  // namespace

void do_migrate_range(Pfn start, Pfn end) {
  uint32_t tried = 0;
  uint32_t failed = 0;
  Pfn last_failed{kNoPfn};
  for (Pfn pfn = start; pfn < end; ++pfn) {
    if (pfn_to_online_page(pfn) == nullptr) continue;
    if (PageHWPoison(PageAt(pfn))) {
      UnmapPoisoned(pfn);
      continue;
    }
    if (!get_page_unless_zero(pfn)) continue;
    if (PageLRU(PageAt(pfn))) {
      if (tried++ == 0) fn_begin(Fn::kMigratePages);
      if (!migrate_page(pfn)) {
        ++failed;
        last_failed = pfn;
      }
    } else {
      sim::sched_point(kTpIsolateFailed, pfn.v);
      dump_page(kTpDumpIsolation, pfn);
    }
    put_page(pfn);
    sim::sched_point(kTpPutPage, pfn.v, static_cast<uint32_t>(PageAt(pfn).refcount));
  }
  if (tried != 0) fn_ret(Fn::kMigratePages, static_cast<int>(failed));
  if (failed == 0) return;
  // The kernel limits the rate of these: one stands for all.
  sim::record(kTpMigrationFailed, last_failed.v, failed);
  dump_page(kTpDumpMigration, last_failed);
}

}  // namespace hotplug::mm
