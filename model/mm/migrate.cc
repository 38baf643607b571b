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

// Pages that were taken off the LRU, each with a reference more, linked as free pages are
// (page->lru). Whoever frees one all the same has destroyed the list.
class IsolatedPages {
 public:
  bool empty() const { return nr_ == 0; }
  uint32_t nr() const { return nr_; }
  Pfn last() const { return last_; }
  void Add(Pfn pfn) {
    Linked(pfn).next = kNoPfn;
    if (nr_++ == 0) {
      first_ = pfn;
    } else {
      Linked(last_).next = pfn.v;
    }
    last_ = pfn;
  }
  Pfn Pop() {
    const Pfn pfn = first_;
    page& p = Linked(pfn);
    first_ = Pfn{p.next};
    if ((--nr_ == 0) != (first_.v == kNoPfn)) BUG(kTpBugListCorruption, pfn);
    p.next = kNoPfn;
    return pfn;
  }

 private:
  static page& Linked(Pfn pfn) {
    if (PageBuddy(PageAt(pfn))) BUG(kTpBugListCorruption, pfn);
    return PageAt(pfn);
  }

  Pfn first_{kNoPfn};
  Pfn last_{kNoPfn};
  uint32_t nr_ = 0;
};

// Takes a page off the LRU, with a reference of its own.
void isolate_lru_page(Pfn pfn) {
  page& p = PageAt(pfn);
  p.flags &= static_cast<uint8_t>(~kFlagLru);
  ++p.refcount;
  AddTransient(pfn);
  Touch(pfn);
  sim::sched_point(kTpIsolateLru, pfn.v, static_cast<uint32_t>(p.refcount));
}

void putback_lru_page(Pfn pfn) {
  PageAt(pfn).flags |= kFlagLru;
  Touch(pfn);
  put_page(pfn);
  sim::sched_point(kTpPutPage, pfn.v, static_cast<uint32_t>(PageAt(pfn).refcount));
}

// Copies an isolated page elsewhere and frees it. True if it has moved.
bool unmap_and_move(Pfn pfn) {
  page& p = PageAt(pfn);
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
  }
  sim::sched_point(kTpMigratePage, pfn.v, target.v, moved ? 1 : 0);
  const Pfn done = moved ? pfn : target;
  if (done.v == kNoPfn) return false;
  if (moved) {
    put_page(pfn);
  } else {
    __free_page(target);
  }
  sim::sched_point(kTpPutPage, done.v, static_cast<uint32_t>(PageAt(done).refcount));
  return moved;
}

// Moves what can be moved. The rest stays in the list, and its number is returned.
uint32_t migrate_pages(IsolatedPages& from) {
  fn_begin(Fn::kMigratePages);
  for (uint32_t left = from.nr(); left != 0; --left) {
    const Pfn pfn = from.Pop();
    if (!unmap_and_move(pfn)) from.Add(pfn);
  }
  fn_ret(Fn::kMigratePages, static_cast<int>(from.nr()));
  return from.nr();
}

// What can be taken off the LRU of [start, end).
IsolatedPages IsolateLru(Pfn start, Pfn end) {
  IsolatedPages source;
  for (Pfn pfn = start; pfn < end; ++pfn) {
    if (pfn_to_online_page(pfn) == nullptr) continue;
    if (PageHWPoison(PageAt(pfn))) {
      UnmapPoisoned(pfn);
      continue;
    }
    if (!get_page_unless_zero(pfn)) continue;
    if (PageLRU(PageAt(pfn))) {
      isolate_lru_page(pfn);
      source.Add(pfn);
    } else {
      sim::sched_point(kTpIsolateFailed, pfn.v);
      dump_page(kTpDumpIsolation, pfn);
    }
    put_page(pfn);
    sim::sched_point(kTpPutPage, pfn.v, static_cast<uint32_t>(PageAt(pfn).refcount));
  }
  return source;
}

}  // namespace

void do_migrate_range(Pfn start, Pfn end) {
  IsolatedPages source = IsolateLru(start, end);
  if (source.empty() || migrate_pages(source) == 0) return;
  // The kernel limits the rate of these: one stands for all.
  sim::record(kTpMigrationFailed, source.last().v, source.nr());
  dump_page(kTpDumpMigration, source.last());
  while (!source.empty()) putback_lru_page(source.Pop());
}

}  // namespace hotplug::mm
