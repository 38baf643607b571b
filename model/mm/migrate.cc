// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/mm/migrate.h"

#include <algorithm>

#include "model/mm/buddy.h"
#include "model/mm/function.h"
#include "model/mm/kernel.h"
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
  void AddFirst(Pfn pfn) {
    Linked(pfn).next = first_.v;
    if (nr_++ == 0) last_ = pfn;
    first_ = pfn;
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

node& NodeOf(const page& p) { return mm().nodes[p.zone / uint32_t{MAX_NR_ZONES}]; }

// Takes a page off the LRU, with a reference of its own.
void isolate_lru_page(Pfn pfn) {
  page& p = PageAt(pfn);
  ++NodeOf(p).nr_isolated;
  p.flags &= static_cast<uint8_t>(~kFlagLru);
  ++p.refcount;
  AddTransient(pfn);
  Touch(pfn);
  sim::sched_point(kTpIsolateLru, pfn.v, static_cast<uint32_t>(p.refcount));
}

void putback_movable_pages(IsolatedPages& pages) {
  while (!pages.empty()) {
    const Pfn pfn = pages.Pop();
    --NodeOf(PageAt(pfn)).nr_isolated;
    lru_cache_add(pfn);
    put_page(pfn);
    sim::sched_point(kTpPutPage, pfn.v, static_cast<uint32_t>(PageAt(pfn).refcount));
  }
}

bool HasMemoryBeside(NodeId nid) {
  for (uint32_t n = 0; n < kMaxNodes; ++n) {
    if (n != nid.v && mm().nodes[n].has_memory != 0) return true;
  }
  return false;
}

enum migrate_reason { MR_MEMORY_HOTPLUG, MR_CONTIG_RANGE };

// Pages of kernel zones stay in such. What goes offline leaves its node, unless no other has
// memory.
Pfn alloc_migration_target(Pfn from, migrate_reason reason) {
  const uint32_t zone = PageAt(from).zone;
  const NodeId nid{zone / uint32_t{MAX_NR_ZONES}};
  const zone_type highest = KindOf(zone) == ZONE_MOVABLE ? ZONE_MOVABLE : ZONE_NORMAL;
  const bool leaves = reason == MR_MEMORY_HOTPLUG && HasMemoryBeside(nid);
  Pfn pfn{kNoPfn};
  for (uint32_t n = leaves ? 1 : 0; n < kMaxNodes && pfn.v == kNoPfn; ++n) {
    const NodeId to{(nid.v + n) % kMaxNodes};
    pfn = alloc_pages_node(to, highest, MIGRATE_MOVABLE, 0, kCore);
  }
  return pfn;
}

// Copies an isolated page elsewhere and frees it: 0, -EAGAIN or -ENOMEM.
int unmap_and_move(Pfn pfn, migrate_reason reason) {
  page& p = PageAt(pfn);
  const Pfn target = alloc_migration_target(pfn, reason);
  const Owner owner = GhostAt(pfn).owner;
  // Anybody else's reference makes migration fail.
  const bool movable = IsAllocation(owner) || owner == kKernel;
  const bool moved = target.v != kNoPfn && p.refcount == 2 && movable;
  if (moved) {
    if (IsAllocation(owner)) mm().allocations[owner - kFirstAllocation].pfn = target.v;
    SetOwner(target, owner);
    --NodeOf(p).nr_isolated;
    --p.refcount;
    SetOwner(pfn, kNobody);
    lru_cache_add(target);
  }
  sim::sched_point(kTpMigratePage, pfn.v, target.v, moved ? 1 : 0);
  if (target.v == kNoPfn) return -ENOMEM;
  const Pfn done = moved ? pfn : target;
  if (moved) {
    put_page(pfn);
  } else {
    __free_page(target);
  }
  sim::sched_point(kTpPutPage, done.v, static_cast<uint32_t>(PageAt(done).refcount));
  return moved ? 0 : -EAGAIN;
}

// Moves what can be moved. The rest stays in the list: returns how many, or -ENOMEM, at which
// nothing else is tried.
int migrate_pages(IsolatedPages& from, migrate_reason reason) {
  fn_begin(Fn::kMigratePages);
  int rc = 0;
  for (uint32_t left = from.nr(); left != 0 && rc != -ENOMEM; --left) {
    const Pfn pfn = from.Pop();
    const int moved = unmap_and_move(pfn, reason);
    if (moved == 0) continue;
    from.Add(pfn);
    rc = moved == -ENOMEM ? moved : rc + 1;
  }
  return fn_ret(Fn::kMigratePages, rc);
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

bool do_migrate_range(Pfn start, Pfn end) {
  IsolatedPages source = IsolateLru(start, end);
  if (source.empty()) return false;
  const uint32_t isolated = source.nr();
  const int rc = migrate_pages(source, MR_MEMORY_HOTPLUG);
  if (rc == 0) return true;
  const bool moved = source.nr() != isolated;
  // The kernel limits the rate of these: one stands for all.
  sim::record(kTpMigrationFailed, source.last().v, static_cast<uint32_t>(rc));
  dump_page(kTpDumpMigration, source.last());
  putback_movable_pages(source);
  return moved;
}

namespace {

// More pages of a node are off its LRU than half as many as are on it.
bool too_many_isolated(const node& n) {
  const uint32_t enough = 2 * n.nr_isolated;
  uint32_t on_lru = 0;
  for (uint32_t i = 0; i < geometry().nr_blocks && on_lru < enough; ++i) {
    const Pfn start = FirstPfn(BlockNumber(i));
    if (pfn_to_online_page(start) == nullptr) continue;
    for (Pfn pfn = start; pfn < start + PagesPerBlock() && on_lru < enough; ++pfn) {
      if (PageLRU(PageAt(pfn)) && &NodeOf(PageAt(pfn)) == &n) ++on_lru;
    }
  }
  return on_lru < enough;
}

constexpr uint32_t kCompactClusterMax = 32;

// The pages on the LRU from *pfn to `end`, which lies in the same pageblock, the last of them
// first. *pfn becomes where they end.
int isolate_migratepages_block(Pfn* pfn, Pfn end, IsolatedPages* pages) {
  // 5.9 would wait in any case, for ever: on no machine of real size are there so few pages.
  while (too_many_isolated(NodeOf(PageAt(*pfn)))) {
    if (!pages->empty()) return -EAGAIN;
    sim::sleep_ticks(sim::Ticks{kHotplugPollTicks}, false);  // reclaim_throttle()
    if (sim::fatal_signal_pending()) return -EINTR;
  }
  for (; *pfn < end && pages->nr() < kCompactClusterMax; ++*pfn) {
    const page& p = PageAt(*pfn);
    if (!PageLRU(p) || p.refcount == 0) continue;
    isolate_lru_page(*pfn);
    pages->AddFirst(*pfn);
  }
  return 0;
}

// Pageblock by pageblock, until there are many. *pfn becomes where they end.
int isolate_migratepages_range(Pfn* pfn, Pfn end, IsolatedPages* pages) {
  int rc = 0;
  while (rc == 0 && *pfn < end && pages->nr() < kCompactClusterMax) {
    const Pfn block_end = std::min(end, Pfn{(pfn->v | (PagesPerPageblock() - 1)) + 1});
    if (pfn_to_online_page(*pfn) == nullptr) {
      *pfn = block_end;
    } else {
      rc = isolate_migratepages_block(pfn, block_end, pages);
    }
  }
  return rc;
}

// What does not move within so many tries, the test of the range will find.
int MigrateContigRange(Pfn pfn, Pfn end, IsolatedPages* pages) {
  constexpr uint32_t kTries = 5;
  uint32_t tries = 0;
  while (pfn < end || !pages->empty()) {
    if (sim::fatal_signal_pending()) return -EINTR;  // before the first page, too
    if (pages->empty()) {
      const int rc = isolate_migratepages_range(&pfn, end, pages);
      if (rc != 0 && rc != -EAGAIN) return rc;
      tries = 0;
    } else if (++tries == kTries) {
      return -EBUSY;
    }
    if (migrate_pages(*pages, MR_CONTIG_RANGE) == -ENOMEM) return -ENOMEM;
  }
  return 0;
}

}  // namespace

int __alloc_contig_migrate_range(Pfn start, Pfn end) {
  const bool disable = kernel().lru_cache_disable;
  if (disable) {
    lru_cache_disable();
  } else {
    lru_add_drain_all();
  }
  IsolatedPages pages;
  const int rc = MigrateContigRange(start, end, &pages);
  if (disable) lru_cache_enable();
  putback_movable_pages(pages);
  return rc;
}

}  // namespace hotplug::mm
