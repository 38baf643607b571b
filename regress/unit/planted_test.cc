// SPDX-License-Identifier: GPL-2.0-or-later
//
// The driver of planted.h, and that nothing is wrong with it as long as it plants nothing.
#include "regress/unit/planted.h"

#include "model/mm/add_remove.h"
#include "model/mm/buddy.h"
#include "model/mm/hotplug.h"
#include "model/mm/isolation.h"
#include "model/mm/ledger.h"
#include "model/mm/memory.h"
#include "model/mm/tracepoints.h"
#include "regress/unit/harness.h"

namespace hotplug::planted {

namespace {

using mm::BlockId;
using mm::HeapPtr;
using mm::NodeId;
using mm::Pfn;

Defect g_defect = Defect::kNone;

bool Is(Defect defect) { return g_defect == defect; }

// Names of its notifier blocks by their data.
enum : uint16_t { kFirstNotifier, kSecondNotifier };

struct State {
  mm::notifier_block nb;
  mm::notifier_block second;
  uint32_t base;
  uint32_t nr;  // pages; 0 while it has none
  uint16_t dropped;
  uint8_t recorded;
  uint8_t pad;
};

State& state() { return *sim::machine->Get<State>(drivers::kDriverRegion); }
void Init(uint32_t) { sim::machine->Carve<State>(drivers::kDriverRegion, 1, true); }

// A page of the highest block, which no scenario of these tests uses: it is free.
Pfn FreePage() {
  return mm::FirstPfn(BlockId{world::geometry().first_block + world::geometry().nr_blocks - 1});
}
BlockId FreeBlock() { return mm::BlockOf(FreePage()); }
mm::zone& FreeZone() { return mm::page_zone(mm::PageAt(FreePage())); }

// ---- Defects of a kernel or driver that need no part of the protocol --------------------

void PokePages() {
  const Pfn pfn = FreePage();
  if (Is(Defect::kFreePageOffline)) mm::PageAt(pfn).type |= mm::kTypeOffline;
  if (Is(Defect::kFreePageCounted)) mm::PageAt(pfn).refcount = 1;
  if (Is(Defect::kTouchesForeignPage)) mm::page_ref_inc(pfn);
  mm::Touch(pfn);
  mm::preempt_point(drivers::kTpCountStore);
}

void PokeCounters() {
  mm::mem_hotplug_begin();
  if (Is(Defect::kIsolateCount)) ++FreeZone().nr_isolate_pageblock;
  if (Is(Defect::kManagedCount)) ++FreeZone().managed_pages;
  if (Is(Defect::kFreeCount)) --FreeZone().nr_free_pages;
  if (Is(Defect::kNodePresent)) ++mm::mm().nodes[0].present_pages;
  if (Is(Defect::kZoneSpan)) --FreeZone().spanned_pages;
  if (Is(Defect::kNodeMemory)) mm::mm().nodes[0].has_memory = 0;
  if (Is(Defect::kIsolatesForGood)) {
    mm::start_isolate_page_range(FreePage(), FreePage() + world::PagesPerPageblock(),
                                 mm::Isolate::kMemoryOffline);
  }
  mm::mem_hotplug_done();
}

void PokeStates() {
  if (Is(Defect::kDeviceState)) mm::BlockAt(FreeBlock()).dev_offline = 1;
  if (Is(Defect::kLosesDevice)) mm::BlockAt(FreeBlock()).registered = 0;
  if (Is(Defect::kStateUnlocked)) {
    mm::SetState(FreeBlock(), mm::MEM_GOING_OFFLINE);
    mm::preempt_point(drivers::kTpCountStore);
    mm::SetState(FreeBlock(), mm::MEM_ONLINE);
  }
}

void MisuseLocks() {
  if (Is(Defect::kUnlocksUnheld)) mm::unlock_device_hotplug();
  if (Is(Defect::kSleepsAtomic)) {
    sim::spin_lock(mm::zone::lock);
    mm::preempt_point(drivers::kTpCountStore);
    sim::spin_unlock(mm::zone::lock);
  }
  if (Is(Defect::kLockOrder)) {
    mm::mem_hotplug_begin();
    mm::lock_device_hotplug();
    mm::unlock_device_hotplug();
    mm::mem_hotplug_done();
  }
  if (Is(Defect::kKeepsLock)) mm::lock_device_hotplug();
}

void MisuseHeap() {
  const HeapPtr p = mm::kcalloc(1, sizeof(uint64_t));
  if (Is(Defect::kHeapOutOfBounds)) mm::heap_write(p, 1, uint64_t{1});
  if (Is(Defect::kNullPointer)) mm::heap_write(HeapPtr{}, 0, uint64_t{1});
  mm::preempt_point(drivers::kTpEntryStore);
  mm::kfree(p);
  if (Is(Defect::kDoubleFree)) mm::kfree(p);
}

void LoopForEver() {
  if (!Is(Defect::kLoopsForEver)) return;
  sim::loop_begin();
  while (!sim::fatal_signal_pending()) sim::loop_point(FreePage().v);
}

// A page of its own besides the block.
void UseOnePage() {
  const Pfn pfn = mm::alloc_pages(NodeId{0}, false, 0, mm::kCore);
  if (pfn.v == mm::kNoPfn) return;
  mm::preempt_point(drivers::kTpCountStore, pfn.v);
  // In parentheses, because WARN is a macro of Catch2, too.
  if (Is(Defect::kWarn) || Is(Defect::kWarnOnly)) (mm::WARN)(mm::kTpWarnInUse, pfn, 1);
  if (Is(Defect::kBug)) mm::BUG(mm::kTpBugRemove, pfn);
  if (Is(Defect::kBadPage)) mm::bad_page(pfn);
  mm::preempt_point(drivers::kTpCountStore, pfn.v);
  if (Is(Defect::kWarn) || Is(Defect::kBadPage)) return;
  mm::__free_page(pfn);
  mm::preempt_point(drivers::kTpCountStore, pfn.v);
}

// ---- The protocol -----------------------------------------------------------------------

int32_t Callback(const mm::notifier_block& nb, uint32_t action, const mm::memory_notify_arg& arg) {
  State& s = state();
  if (nb.data == kSecondNotifier) {
    const bool going = action == mm::MEM_GOING_OFFLINE;
    // As a delivery would: the chain itself cannot be read twice.
    if (Is(Defect::kEarlyCancel) && going) mm::BeginCallback(nb.owner, mm::MEM_CANCEL_OFFLINE);
    const bool hides = Is(Defect::kHidesCancel) && action == mm::MEM_CANCEL_OFFLINE;
    return hides ? mm::NOTIFY_STOP : mm::NOTIFY_OK;
  }
  const Pfn start{arg.start_pfn.v};
  const Pfn end = start + arg.nr_pages;
  if (start.v != s.base || arg.nr_pages != s.nr) return mm::NOTIFY_OK;
  if (action == mm::MEM_GOING_OFFLINE && Is(Defect::kRefuses)) {
    return mm::notifier_from_errno(-EBUSY);
  }
  if (action == mm::MEM_GOING_OFFLINE) {
    for (Pfn pfn = start; pfn < end; ++pfn) mm::page_ref_dec(pfn);
    s.dropped = 1;
  }
  if (action == mm::MEM_CANCEL_OFFLINE && s.dropped != 0) {
    const int times = Is(Defect::kRetakesTwice) ? 2 : 1;
    for (int i = 0; i < times; ++i) {
      for (Pfn pfn = start; pfn < end; ++pfn) mm::page_ref_inc(pfn);
    }
  }
  if (action == mm::MEM_OFFLINE && Is(Defect::kTellsOneLess)) s.second.untold = 1;
  if (action == mm::MEM_OFFLINE && Is(Defect::kLruInOfflineBlock)) {
    mm::PageAt(start).flags |= mm::kFlagLru;
  }
  if (action == mm::MEM_CANCEL_OFFLINE || action == mm::MEM_OFFLINE) s.dropped = 0;
  return mm::NOTIFY_OK;
}

void Register() {
  State& s = state();
  s.nb = mm::notifier_block{};
  s.nb.notifier_call = mm::kDriverCall;
  s.nb.data = kFirstNotifier;
  s.nb.name = mm::kDriverName;
  s.second = s.nb;
  s.second.priority = 1;
  s.second.data = kSecondNotifier;
  mm::register_memory_notifier(s.nb);
  mm::register_memory_notifier(s.second);
  s.second.owner = mm::kNobody;  // it speaks for no memory
}

void GiveUp() {
  State& s = state();
  const Pfn end{s.base + s.nr};
  for (Pfn pfn{s.base}; pfn < end; ++pfn) {
    if (!Is(Defect::kClearsNothing)) mm::__ClearPageOffline(pfn);
  }
  mm::free_contig_range(Pfn{s.base}, Is(Defect::kKeepsPage) ? s.nr - 1 : s.nr);
  s.nr = 0;
}

// As its mmap would.
void Show() {
  const Pfn base{state().base};
  const uint32_t nr = state().nr;
  if (Is(Defect::kTellsLeaks)) mm::mm().kmemleak = 1;
  for (Pfn pfn = base; Is(Defect::kMapsForGood) && pfn < base + nr; ++pfn) mm::clear_page(pfn);
  if (Is(Defect::kMapsForGood) || Is(Defect::kShowsOldData)) mm::remap_pfn_range(base, nr);
}

int Take() {
  State& s = state();
  const Pfn base = mm::alloc_contig_pages(mm::PagesPerBlock(), NodeId{0});
  if (base.v == mm::kNoPfn) return -ENOMEM;
  s.base = base.v;
  s.nr = mm::PagesPerBlock();
  if (Is(Defect::kExtraReference)) mm::page_ref_inc(base);
  for (Pfn pfn = base; pfn < base + s.nr; ++pfn) mm::__SetPageOffline(pfn);
  Register();
  const int rc = mm::offline_and_remove_memory(mm::BlockOf(base));
  mm::unregister_memory_notifier(s.nb);
  mm::unregister_memory_notifier(s.second);
  if (rc != 0) {
    GiveUp();
    return rc;
  }
  if (Is(Defect::kTouchesAbsentMemmap)) mm::pfn_to_page(base);
  mm::ClaimRange(base, s.nr);
  Show();
  s.recorded = Is(Defect::kForgetsToRecord) ? 0 : 1;
  return 0;
}

int GiveBack() {
  State& s = state();
  if (s.nr == 0) return 0;
  const BlockId block = mm::BlockOf(Pfn{s.base});
  s.recorded = Is(Defect::kKeepsRange) ? 1 : 0;
  s.nr = s.recorded != 0 ? s.nr : 0;
  mm::preempt_point(drivers::kTpSizeStore);
  if (Is(Defect::kLosesRange)) return 0;
  mm::lock_device_hotplug();
  const int rc = mm::__add_memory(NodeId{0}, block, 1);
  if (rc == 0) mm::device_online(block);
  mm::unlock_device_hotplug();
  return rc;
}

int EnableSet(uint64_t value) {
  if (value == 0) return GiveBack();
  const int rc = Take();
  PokePages();
  PokeCounters();
  PokeStates();
  UseOnePage();
  MisuseHeap();
  LoopForEver();
  MisuseLocks();
  return rc;
}

uint64_t EnableGet() { return state().recorded; }

uint32_t Ranges(drivers::Range* out, uint32_t max) {
  const State& s = state();
  if (s.recorded == 0 || max == 0) return 0;
  out[0] = {Pfn{s.base}, s.nr};
  return 1;
}

}  // namespace

void Plant(Defect defect) { g_defect = defect; }

const drivers::Driver kDriver = {
    "planted", "of the tests", "planted_callback", &Init, {&EnableSet, &EnableGet},
    &Callback, &Ranges,
};

TEST_CASE("the driver of the tests takes its memory and gives it back") {
  Plant(Defect::kNone);
  run::RunOptions options;
  options.driver = &kDriver;
  options.full_checks = true;
  const run::Outcome o = testing::RunText(testing::kSmall +
                                              "task memtrace-1\n"
                                              "  write memtrace/enable 0x10000000\n"
                                              "  read memtrace/enable\n"
                                              "  write memtrace/enable 0\n",
                                          options);
  CHECK(o.verdict == run::Verdict::kOk);
  CHECK(o.nr_warnings == 0);
  CHECK(testing::Rc(0) == 0);
  CHECK(run::ResultOf(1).value == 1);
  CHECK(testing::Rc(2) == 0);
  for (const run::BlockEnd& block : run::BlocksAtEnd()) CHECK(block.free == 4);
}

}  // namespace hotplug::planted
