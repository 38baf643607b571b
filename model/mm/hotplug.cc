// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/mm/hotplug.h"

#include "model/mm/buddy.h"
#include "model/mm/isolation.h"
#include "model/mm/notifier.h"
#include "model/mm/tracepoints.h"
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

// memory_notify() and the errno that its answer stands for, as one step.
int Notify(uint32_t action, const memory_notify_arg& arg) {
  BlockGhostAt(BlockOf(arg.start_pfn)).last_event = static_cast<uint8_t>(action);
  const int rc = notifier_to_errno(memory_notify(action, arg));
  if (action == MEM_OFFLINE || action == MEM_CANCEL_OFFLINE) EndOperation(action == MEM_OFFLINE);
  sim::sched_point(kTpMemoryNotify, action << 16 | BlockOf(arg.start_pfn).v,
                   static_cast<uint32_t>(rc));
  return rc;
}

// What CONFIG_DEBUG_VM leaves of a memmap that is no longer in use.
void page_init_poison(BlockId block) {
  const Pfn start = FirstPfn(block);
  for (Pfn pfn = start; pfn < start + PagesPerBlock(); ++pfn) {
    PageAt(pfn) = page{-1, 0, kFlagPoison, 0, PageAt(pfn).zone, kNoPfn, kNoPfn};
  }
}

// ---- Online (5.6 online_pages) ----

// Every struct page of the block is initialised anew: whatever it was is forgotten.
void memmap_init_zone(BlockId block, uint32_t zone_index) {
  const Pfn start = FirstPfn(block);
  for (Pfn pfn = start; pfn < start + PagesPerBlock(); ++pfn) {
    PageAt(pfn) = page{1, 0, kFlagReserved, 0, static_cast<uint8_t>(zone_index), kNoPfn, kNoPfn};
    SetOwner(pfn, kCore);
    PageblockAt(pfn) = MIGRATE_MOVABLE;
    const bool last_of_pageblock = ((pfn.v + 1) & (PagesPerPageblock() - 1)) == 0;
    if (last_of_pageblock) sim::sched_point(kTpMemmapInit, pfn.v + 1 - PagesPerPageblock());
  }
}

// Hands the block's pages to the buddy, a chunk of the largest order at a time: they can be
// allocated from here on.
void online_pages_range(BlockId block, zone& z) {
  const Pfn start = FirstPfn(block);
  const uint32_t chunk = 1u << mm().max_order;
  for (Pfn pfn = start; pfn < start + PagesPerBlock(); pfn = pfn + chunk) {
    sim::spin_lock();
    for (uint32_t i = 0; i < chunk; ++i) {
      page& p = PageAt(pfn + i);
      p.flags &= static_cast<uint8_t>(~kFlagReserved);
      p.refcount = 0;
    }
    z.managed_pages += chunk;
    __free_one_page(pfn, mm().max_order, MIGRATE_MOVABLE);
    sim::spin_unlock();
    sim::sched_point(kTpOnlineChunk, pfn.v, chunk);
  }
  BlockAt(block).section_online = 1;
}

}  // namespace

int online_pages(BlockId block, mmop online_type) {
  mem_hotplug_begin();
  memory_block& mem = BlockAt(block);
  const NodeId nid{mem.nid};
  const uint32_t zone_index = zone_for_block(online_type, nid, block);
  zone& z = mm().zones[zone_index];
  const memory_notify_arg arg{FirstPfn(block), PagesPerBlock(), status_change_nid(nid, block)};

  // move_pfn_range_to_zone()
  mem.zone = static_cast<uint8_t>(zone_index);
  grow_zone_span(zone_index, block);
  SetPhase(block, Phase::kOnlining);
  memmap_init_zone(block, zone_index);

  const int rc = Notify(MEM_GOING_ONLINE, arg);
  if (rc != 0) {
    // The struct pages stay as they were initialised, unless DEBUG_VM poisons them.
    Notify(MEM_CANCEL_ONLINE, arg);
    SetPhase(block, Phase::kOffline);
    for (uint32_t i = 0; i < PagesPerBlock(); ++i) SetOwner(arg.start_pfn + i, kNobody);
    shrink_zone_span(zone_index);
    if (mm().debug_vm != 0) page_init_poison(block);
    sim::sched_point(kTpRemoveFromZone, block.v);
    mem_hotplug_done();
    return rc;
  }
  online_pages_range(block, z);
  adjust_present_page_count(zone_index, static_cast<int32_t>(PagesPerBlock()));
  SetPhase(block, Phase::kOnline);
  sim::sched_point(kTpOnlinePages, block.v, z.present_pages);
  Notify(MEM_ONLINE, arg);
  mem_hotplug_done();
  return 0;
}

// ---- Offline (5.6 __offline_pages with VM4-6) ----

namespace {

// Until no page of the block has to be moved any more. Leaves with 0 when everything is
// free, else with the errno for the failure.
int MigrateAndTest(BlockId block) {
  const Pfn start = FirstPfn(block);
  const Pfn end = start + PagesPerBlock();
  sim::loop_begin();
  for (;;) {
    Pfn pfn = start;
    for (;;) {
      if (sim::signal_pending()) {
        sim::sched_point(kTpSignalBackoff, block.v);
        return -EINTR;
      }
      int rc = 0;
      pfn = scan_movable_pages(pfn, end, &rc);
      sim::sched_point(kTpScanMovable, block.v, static_cast<uint32_t>(rc), pfn.v);
      if (rc == -EBUSY) return rc;
      if (rc == -ENOENT) break;
      do_migrate_range(pfn, end);
      sim::loop_point(pfn.v);
    }
    Pfn where{kNoPfn};
    const int rc = test_pages_isolated(start, end, Isolate::kMemoryOffline, &where);
    sim::sched_point(kTpTestIsolated, start.v, static_cast<uint32_t>(rc), where.v);
    if (rc == 0) return 0;
    sim::loop_point(where.v);
  }
}

// There is no way back from here: what is free leaves the buddy, what a PageOffline owner
// gave up stays as it is, anything else is a BUG (VM4-6 __offline_isolated_pages).
void offline_isolated_pages(BlockId block) {
  const Pfn start = FirstPfn(block);
  const Pfn end = start + PagesPerBlock();
  BlockAt(block).section_online = 0;
  sim::sched_point(kTpSectionOffline, block.v);
  sim::spin_lock();
  SetPhase(block, Phase::kCommitted);
  for (Pfn pfn = start; pfn < end;) {
    const page& p = PageAt(pfn);
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
  sim::spin_unlock();
  sim::sched_point(kTpOfflineIsolated, block.v);
}

// Accounting of a block that is gone, up to the last notification.
void FinishOffline(BlockId block, const memory_notify_arg& arg) {
  memory_block& mem = BlockAt(block);
  zone& z = mm().zones[mem.zone];
  sim::spin_lock();
  z.nr_isolate_pageblock -= PagesPerBlock() / PagesPerPageblock();
  sim::spin_unlock();
  sim::sched_point(kTpFixIsolateCount, block.v, z.nr_isolate_pageblock);
  z.managed_pages -= PagesPerBlock();
  adjust_present_page_count(mem.zone, -static_cast<int32_t>(PagesPerBlock()));
  sim::sched_point(kTpOfflinedPages, PagesPerBlock());
  Notify(MEM_OFFLINE, arg);
  SetPhase(block, Phase::kOffline);
  if (mm().debug_vm != 0) page_init_poison(block);
  shrink_zone_span(mem.zone);
  sim::sched_point(kTpRemoveFromZone, block.v);
}

}  // namespace

int offline_pages(BlockId block) {
  const Pfn start = FirstPfn(block);
  const Pfn end = start + PagesPerBlock();
  mem_hotplug_begin();
  int rc = start_isolate_page_range(start, end, Isolate::kMemoryOffline);
  if (rc != 0) {
    sim::record(kTpOfflineFailedIsolate, block.v);
    mem_hotplug_done();
    return rc;
  }
  const memory_notify_arg arg{start, PagesPerBlock(),
                              status_change_nid(NodeId{BlockAt(block).nid}, block)};
  SetPhase(block, Phase::kOfflining);
  BeginOperation(block);
  rc = Notify(MEM_GOING_OFFLINE, arg);
  sim::Tp reason = kTpOfflineFailedNotifier;
  if (rc == 0) {
    rc = MigrateAndTest(block);
    reason = rc == -EINTR ? kTpOfflineFailedSignal : kTpOfflineFailedUnmovable;
  }
  if (rc == 0) {
    offline_isolated_pages(block);
    FinishOffline(block, arg);
  } else {
    sim::record(reason, block.v);
    undo_isolate_page_range(start, end);
    Notify(MEM_CANCEL_OFFLINE, arg);
    SetPhase(block, Phase::kOnline);
  }
  mem_hotplug_done();
  return rc;
}

}  // namespace hotplug::mm
