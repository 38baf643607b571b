// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/mm/hotplug.h"

#include "model/mm/buddy.h"
#include "model/mm/function.h"
#include "model/mm/isolation.h"
#include "model/mm/kernel.h"
#include "model/mm/migrate.h"
#include "model/mm/notifier.h"
#include "model/mm/pcp.h"
#include "model/mm/zone.h"

namespace hotplug::mm {

void mem_hotplug_begin() {
  sim::percpu_down_read(mm().cpu_hotplug_lock);
  sim::percpu_down_write(mm().mem_hotplug_lock);
}

void mem_hotplug_done() {
  sim::percpu_up_write(mm().mem_hotplug_lock);
  sim::percpu_up_read(mm().cpu_hotplug_lock);
}

namespace {

// The pages of blocks that are onlined and offlined: all but those of the first block's own
// memmap. More than one block at a time, none with a memmap of its own, is offlined by the memtrace
// before the RFC and nobody else.
struct Range {
  BlockId block;  // the first
  uint32_t nr_blocks;
  Pfn start;
  uint32_t nr_pages;
  Pfn end() const { return start + nr_pages; }
};

Range OnlineRange(BlockId block, uint32_t nr_blocks = 1) {
  const uint32_t vmemmap = Present(block) ? BlockAt(block).nr_vmemmap_pages : 0;
  return {block, nr_blocks, FirstPfn(block) + vmemmap, nr_blocks * PagesPerBlock() - vmemmap};
}

// %R of trace points.
uint32_t RangeOperand(const Range& r) { return (r.nr_blocks - 1) << 16 | r.block.v; }

void SetPhase(const Range& r, Phase phase) {
  for (uint32_t i = 0; i < r.nr_blocks; ++i) SetPhase(r.block + i, phase);
}

// memory_notify() and the errno that its answer stands for, as one step.
int Notify(uint32_t action, const memory_notify_arg& arg) {
  NoteEvent(action, arg);
  fn_enter(Fn::kMemoryNotify, action);
  const int rc = notifier_to_errno(fn_trace_ret(Fn::kMemoryNotify, memory_notify(action, arg)));
  if (action == MEM_OFFLINE || action == MEM_CANCEL_OFFLINE) EndOperation(action == MEM_OFFLINE);
  sim::sched_point(kTpMemoryNotify, action << 16 | BlockOf(arg.start_pfn).v,
                   static_cast<uint32_t>(rc));
  fn_end(Fn::kMemoryNotify);
  return rc;
}

// What CONFIG_DEBUG_VM leaves of a memmap that is no longer in use.
void page_init_poison(Pfn start, uint32_t nr_pages) {
  for (Pfn pfn = start; pfn < start + nr_pages; ++pfn) {
    PageAt(pfn) = page{-1, 0, kFlagPoison, 0, PageAt(pfn).zone, kNoPfn, kNoPfn};
  }
}

// Every struct page is initialised anew: whatever it was is forgotten.
void memmap_init_zone(Pfn start, uint32_t nr_pages, uint32_t zone_index, migratetype mt) {
  for (Pfn pfn = start; pfn < start + nr_pages; ++pfn) {
    PageAt(pfn) = page{1, 0, kFlagReserved, 0, static_cast<uint8_t>(zone_index), kNoPfn, kNoPfn};
    GhostAt(pfn).poison = 0;
    GhostAt(pfn).unmanaged = 0;
    SetOwner(pfn, kCore);
    PageblockOf(pfn) = {mt, IsolatorId()};
    const bool last_of_pageblock = ((pfn.v + 1) & (PagesPerPageblock() - 1)) == 0;
    if (last_of_pageblock) sim::sched_point(kTpMemmapInit, pfn.v + 1 - PagesPerPageblock());
  }
}

void move_pfn_range_to_zone(Pfn start, uint32_t nr_pages, uint32_t zone_index, migratetype mt) {
  fn_begin(Fn::kMovePfnRangeToZone);
  grow_zone_span(zone_index, start, nr_pages);
  memmap_init_zone(start, nr_pages, zone_index, mt);
  fn_ret(Fn::kMovePfnRangeToZone);
}

void remove_pfn_range_from_zone(Pfn start, uint32_t nr_pages, uint32_t zone_index) {
  fn_begin(Fn::kRemovePfnRangeFromZone);
  if (mm().debug_vm != 0) page_init_poison(start, nr_pages);
  shrink_zone_span(zone_index, start, nr_pages);
  sim::sched_point(kTpRemoveFromZone, BlockOf(start).v);
  fn_ret(Fn::kRemovePfnRangeFromZone);
}

// ---- Online (5.6 online_pages; 6.1 memory_block_online) ----

// A driver's callback decides about the pages of its device, until it hands them on.
void CallOnlinePage(Pfn pfn, uint32_t order) {
  for (Pfn p = pfn; BlockAt(BlockOf(pfn)).of_device != 0 && p < pfn + (1u << order); ++p) {
    SetOwner(p, OwnerOfDevice());
    GhostAt(p).unmanaged = 1;
  }
  sim::machine->bound.notifiers->online_page(pfn, order);
}

// The memmap that a block holds itself is reserved for as long as the block is online.
void SetOwnerOfMemmap(BlockId block, Owner owner) {
  for (uint32_t i = 0; i < BlockAt(block).nr_vmemmap_pages; ++i) {
    SetOwner(FirstPfn(block) + i, owner);
  }
}

// Hands the pages to the buddy, a chunk of the largest order at a time. They can be allocated
// from here on, unless their pageblocks are isolated.
void online_pages_range(const Range& r) {
  fn_begin(Fn::kOnlinePagesRange);
  const uint32_t block_end = r.end().v;
  for (Pfn pfn = r.start; pfn.v < block_end;) {
    // Behind the pages of its memmap a block is not aligned to the largest order.
    uint32_t order = geometry().max_order;
    while ((pfn.v & ((1u << order) - 1)) != 0) --order;
    if (mm().online_page_callback != 0) {
      CallOnlinePage(pfn, order);
    } else {
      generic_online_page(pfn, order);
    }
    pfn = pfn + (1u << order);
  }
  BlockAt(r.block).section_online = 1;
  fn_ret(Fn::kOnlinePagesRange, 0);
}

// A refused onlining: the struct pages stay as they were initialised, unless DEBUG_VM
// poisons them.
void FailOnline(const Range& r, uint32_t zone_index, const memory_notify_arg& arg, int rc) {
  sim::record(kTpOnlineFailed, r.block.v);
  if (!IsRolledBack(MEM_GOING_ONLINE, rc)) Notify(MEM_CANCEL_ONLINE, arg);
  SetPhase(r, Phase::kOffline);
  for (Pfn pfn = r.start; pfn < r.end(); ++pfn) SetOwner(pfn, kNobody);
  remove_pfn_range_from_zone(r.start, r.nr_pages, zone_index);
}

void FinishOnline(const Range& r, uint32_t zone_index, const memory_notify_arg& arg) {
  zone& z = mm().zones[zone_index];
  const bool isolated = kernel().online_isolated;
  if (isolated) {
    sim::spin_lock(zone::lock);
    z.nr_isolate_pageblock += r.nr_pages / PagesPerPageblock();
    sim::spin_unlock(zone::lock);
  }
  online_pages_range(r);
  adjust_present_page_count(zone_index, static_cast<int32_t>(r.nr_pages));
  node_states_change(arg, true);
  SetPhase(r, Phase::kOnline);
  sim::sched_point(kTpOnlinePages, r.block.v, z.present_pages);
  if (isolated) undo_isolate_page_range(r.start, r.end());
  fn_begin(Fn::kInitPerZoneWmarkMin);
  fn_ret(Fn::kInitPerZoneWmarkMin);
  Notify(MEM_ONLINE, arg);
}

int online_range(const Range& r, uint32_t zone_index) {
  fn_enter(Fn::kOnlinePages, r.start.v, r.nr_pages);
  const memory_notify_arg arg = states_before_online(zone_index, r.start, r.nr_pages);
  const bool isolated = kernel().online_isolated;
  SetPhase(r, Phase::kOnlining);
  move_pfn_range_to_zone(r.start, r.nr_pages, zone_index,
                         isolated ? MIGRATE_ISOLATE : MIGRATE_MOVABLE);
  const int rc = Notify(MEM_GOING_ONLINE, arg);
  if (rc != 0) {
    FailOnline(r, zone_index, arg, rc);
  } else {
    FinishOnline(r, zone_index, arg);
  }
  return fn_ret(Fn::kOnlinePages, rc);
}

}  // namespace

void generic_online_page(Pfn pfn, uint32_t order) {
  if (FreeChunkHead(pfn).v != kNoPfn) BUG(kTpBugListCorruption, pfn);
  sim::spin_lock(zone::lock);
  for (uint32_t i = 0; i < (1u << order); ++i) {
    page& p = PageAt(pfn + i);
    p.flags &= static_cast<uint8_t>(~kFlagReserved);
    p.refcount = 0;
    GhostAt(pfn + i).unmanaged = 0;
  }
  page_zone(PageAt(pfn)).managed_pages += 1u << order;
  __free_one_page(pfn, order, static_cast<migratetype>(PageblockAt(pfn)), FarEnd());
  sim::spin_unlock(zone::lock);
  sim::sched_point(kTpOnlineChunk, pfn.v, 1u << order);
}

int online_pages(BlockId block, mmop online_type) {
  lockdep_assert_held(mm().device_hotplug_lock);
  memory_block& mem = BlockAt(block);
  const Range r = OnlineRange(block);
  const uint32_t vmemmap = mem.nr_vmemmap_pages;
  mem_hotplug_begin();
  const uint32_t zone_index =
      zone_for_pfn_range(online_type, NodeId{mem.nid}, FirstPfn(block), PagesPerBlock());
  mem.zone = static_cast<uint8_t>(zone_index);
  if (vmemmap != 0) {
    move_pfn_range_to_zone(FirstPfn(block), vmemmap, zone_index, MIGRATE_UNMOVABLE);
  }
  const int rc = online_range(r, zone_index);
  if (vmemmap != 0 && rc == 0) {
    adjust_present_page_count(zone_index, static_cast<int32_t>(vmemmap));
    SetOwnerOfMemmap(block, kBoot);
  } else if (vmemmap != 0) {
    remove_pfn_range_from_zone(FirstPfn(block), vmemmap, zone_index);
    SetOwnerOfMemmap(block, kNobody);
  }
  mem_hotplug_done();
  return rc;
}

// ---- Offline (5.6 __offline_pages with VM4-6; 6.1 memory_block_offline) ----

namespace {

bool DrainsInLoop() { return kernel().drain_in_loop || fixed(CoreFix::kDrainLoop); }

// Until no page of the range has to be moved any more. Leaves with 0 when everything is
// free, else with the errno for the failure.
int MigrateAndTest(const Range& r) {
  sim::loop_begin();
  for (;;) {
    Pfn pfn = r.start;
    for (;;) {
      if (sim::signal_pending()) {
        sim::sched_point(kTpSignalBackoff, r.block.v);
        return -EINTR;
      }
      if (!kernel().lru_cache_disable) lru_add_drain_all();
      int rc = 0;
      pfn = scan_movable_pages(pfn, r.end(), &rc);
      sim::sched_point(kTpScanMovable, r.block.v, static_cast<uint32_t>(rc), pfn.v);
      if (rc == -EBUSY) return rc;
      if (rc == -ENOENT) break;
      // Who moves pages round and round waits for none of them.
      const bool moved = do_migrate_range(pfn, r.end());
      sim::loop_point(moved ? kNoPfn : pfn.v);
    }
    fn_begin(Fn::kDissolveFreeHugePages);
    fn_ret(Fn::kDissolveFreeHugePages, 0);
    if (DrainsInLoop()) drain_all_pages(BlockAt(r.block).zone);
    Pfn where{kNoPfn};
    fn_begin(Fn::kTestPagesIsolated);
    const int rc =
        fn_trace_ret(Fn::kTestPagesIsolated,
                     test_pages_isolated(r.start, r.end(), Isolate::kMemoryOffline, &where));
    sim::sched_point(kTpTestIsolated, r.start.v, static_cast<uint32_t>(rc), where.v);
    fn_end(Fn::kTestPagesIsolated);
    if (rc == 0) return 0;
    sim::loop_point(where.v);
  }
}

// There is no way back from here: what is free leaves the buddy, what a PageOffline owner
// gave up stays as it is, anything else is a BUG (VM4-6 __offline_isolated_pages).
void offline_isolated_pages(const Range& r) {
  fn_begin(Fn::kOfflineIsolatedPages);
  for (uint32_t i = 0; i < r.nr_blocks; ++i) BlockAt(r.block + i).section_online = 0;
  sim::sched_point(kTpSectionOffline, r.block.v);
  sim::spin_lock(zone::lock);
  for (Pfn pfn = r.start; pfn < r.end();) {
    const page& p = PageAt(pfn);
    if (PageHWPoison(p) && !PageBuddy(p)) {
      SetOwner(pfn, kNobody);
      ++pfn;
      continue;
    }
    if (PageOffline(p)) {
      if (p.refcount != 0) BUG(kTpBugOfflineCount, pfn);
      if (PageBuddy(p)) BUG(kTpBugOfflineBuddy, pfn);
      SetOwner(pfn, kNobody);
      ++pfn;
      continue;
    }
    if (p.refcount != 0) BUG(kTpBugIsolatedCount, pfn);
    if (!PageBuddy(p)) BUG(kTpBugNotBuddy, pfn);
    const uint32_t pages = 1u << p.order;
    del_page_from_free_list(pfn);
    for (uint32_t i = 0; i < pages; ++i) SetOwner(pfn + i, kNobody);
    pfn = pfn + pages;
  }
  SetPhase(r, Phase::kCommitted);
  sim::spin_unlock(zone::lock);
  sim::sched_point(kTpOfflineIsolated, r.block.v);
  fn_ret(Fn::kOfflineIsolatedPages);
}

// Pages that a CPU keeps for itself would be in the way, where the kernel knows it.
void DisableCaches(uint32_t zone_index) {
  if (kernel().pcp_disabled) zone_pcp_disable(zone_index);
  if (kernel().lru_cache_disable) lru_cache_disable();
}

void EnableCaches() {
  if (kernel().lru_cache_disable) lru_cache_enable();
  if (kernel().pcp_disabled) zone_pcp_enable();
}

// Accounting of a block that is gone, up to the last notification.
void FinishOffline(const Range& r, const memory_notify_arg& arg) {
  const uint32_t zone_index = BlockAt(r.block).zone;
  zone& z = mm().zones[zone_index];
  sim::record(kTpOfflinedPages, r.nr_pages);
  sim::spin_lock(zone::lock);
  z.nr_isolate_pageblock -= r.nr_pages / PagesPerPageblock();
  sim::spin_unlock(zone::lock);
  sim::sched_point(kTpFixIsolateCount, r.block.v, z.nr_isolate_pageblock);
  EnableCaches();
  fn_begin(Fn::kAdjustManagedPageCount);
  z.managed_pages -= r.nr_pages;
  fn_ret(Fn::kAdjustManagedPageCount);
  adjust_present_page_count(zone_index, -static_cast<int32_t>(r.nr_pages));
  fn_begin(Fn::kInitPerZoneWmarkMin);
  fn_ret(Fn::kInitPerZoneWmarkMin);
  if (z.present_pages == 0) zone_pcp_reset(zone_index);
  node_states_change(arg, false);
  Notify(MEM_OFFLINE, arg);
  SetPhase(r, Phase::kOffline);
  remove_pfn_range_from_zone(r.start, r.nr_pages, zone_index);
}

// An offlining that failed after GOING_OFFLINE: everything back, then everybody is told who does
// not know yet.
void CancelOffline(const Range& r, const memory_notify_arg& arg, bool told) {
  undo_isolate_page_range(r.start, r.end());
  if (told) {
    EndOperation(false);
  } else {
    Notify(MEM_CANCEL_OFFLINE, arg);
  }
  SetPhase(r, Phase::kOnline);
}

// Isolated, told, emptied; `reason` says why not if it fails.
int OfflineIsolated(const Range& r, sim::Tp* reason) {
  const memory_notify_arg arg = states_before_offline(BlockAt(r.block).zone, r.start, r.nr_pages);
  SetPhase(r, Phase::kOfflining);
  mm::BeginOperation(r.block, r.nr_blocks);
  int rc = Notify(MEM_GOING_OFFLINE, arg);
  *reason = kTpOfflineFailedNotifier;
  const bool told = IsRolledBack(MEM_GOING_OFFLINE, rc);
  if (rc == 0) {
    rc = MigrateAndTest(r);
    *reason = rc == -EINTR ? kTpOfflineFailedSignal : kTpOfflineFailedUnmovable;
  }
  if (rc != 0) {
    CancelOffline(r, arg, told);
    return rc;
  }
  offline_isolated_pages(r);
  FinishOffline(r, arg);
  return 0;
}

bool HasHole(const Range& r) {
  for (uint32_t i = 0; i < r.nr_blocks; ++i) {
    if (!Present(r.block + i) || BlockAt(r.block + i).has_hole != 0) return true;
  }
  return false;
}

// A block that is not there is in no zone at all.
bool InSeveralZones(const Range& r) {
  for (uint32_t i = 0; i < r.nr_blocks; ++i) {
    if (!Present(r.block + i) || BlockAt(r.block + i).zone == kSeveralZones) return true;
    if (BlockAt(r.block + i).zone != BlockAt(r.block).zone) return true;
  }
  return false;
}

int offline_range(const Range& r) {
  sim::Tp reason = kTpOfflineFailedHole;
  if (HasHole(r)) {
    sim::record(reason, RangeOperand(r));
    return -EINVAL;
  }
  if (InSeveralZones(r)) {
    sim::record(kTpOfflineFailedZones, RangeOperand(r));
    return -EINVAL;
  }
  DisableCaches(BlockAt(r.block).zone);
  int rc = start_isolate_page_range(r.start, r.end(), Isolate::kMemoryOffline);
  if (rc == 0) {
    rc = OfflineIsolated(r, &reason);
  } else {
    reason = kTpOfflineFailedIsolate;
  }
  if (rc == 0) return 0;
  EnableCaches();
  sim::record(reason, RangeOperand(r));
  return rc;
}

}  // namespace

int offline_pages(BlockId start, uint32_t nr_blocks) {
  lockdep_assert_held(mm().device_hotplug_lock);
  const Range r = OnlineRange(start, nr_blocks);
  if (kernel().zone_of_block && InSeveralZones(r)) return -EINVAL;
  const uint32_t vmemmap = r.start - FirstPfn(start);
  const uint32_t zone_index = vmemmap == 0 ? 0 : BlockAt(start).zone;
  mem_hotplug_begin();
  if (vmemmap != 0) adjust_present_page_count(zone_index, -static_cast<int32_t>(vmemmap));
  fn_enter(Fn::kOfflinePages, r.start.v, r.nr_pages);
  const int rc = fn_ret(Fn::kOfflinePages, offline_range(r));
  if (vmemmap != 0 && rc == 0) {
    remove_pfn_range_from_zone(FirstPfn(start), vmemmap, zone_index);
    SetOwnerOfMemmap(start, kNobody);
  } else if (vmemmap != 0) {
    adjust_present_page_count(zone_index, static_cast<int32_t>(vmemmap));
  }
  mem_hotplug_done();
  return rc;
}

}  // namespace hotplug::mm
