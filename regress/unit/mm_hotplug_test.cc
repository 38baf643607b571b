// SPDX-License-Identifier: GPL-2.0-or-later
//
// Memory blocks: onlining, offlining, adding, removing. Method: requests by text where user
// space can make them, calls of the kernel's functions where only the kernel can; each looks at
// the errno, at what notifiers were told and at the state afterwards. Goal: the tables of
// kernel-facts 1.2, 2.4 and 2.5.
#include <algorithm>

#include "model/mm/add_remove.h"
#include "model/mm/buddy.h"
#include "model/mm/hotplug.h"
#include "model/mm/isolation.h"
#include "model/mm/memory.h"
#include "model/mm/page.h"
#include "model/mm/zone.h"
#include "regress/unit/harness.h"

namespace hotplug::mm {
namespace {

using testing::Count;
using testing::Deliveries;
using testing::kHeader;
using testing::kSmall;
using testing::Locked;
using testing::MovableIndex;
using testing::NormalIndex;
using testing::NormalZone;
using testing::Rc;
using testing::Rig;
using testing::RunText;
using testing::SmallBoot;
using testing::Strings;

const std::string kOffline6 = std::string(kHeader) +
                              "memory 4-5 node=0 zone=Normal\n"
                              "memory 6 node=0 zone=Normal offline\n"
                              "memory 7 node=0 zone=Normal reserved\n"
                              "notifier A priority=0\n";

// ---- What user space gets ---------------------------------------------------------------

TEST_CASE("a block goes offline and online again") {
  const run::Outcome o = RunText(kSmall +
                                 "task user-1\n  write memory5/state offline\n"
                                 "  write memory5/state online\n  write memory5/online 0\n"
                                 "  write memory5/online 1\n");
  CHECK(o.verdict == run::Verdict::kOk);
  for (uint32_t op = 0; op < 4; ++op) CHECK(Rc(op) == 0);
  CHECK(Count(kTpUevent) == 4);
  CHECK(run::BlocksAtEnd()[1].state == MEM_ONLINE);
  CHECK(run::BlocksAtEnd()[1].free == 4);
}

TEST_CASE("what is so already is EINVAL in `state` and fine in `online`") {
  RunText(kOffline6 +
          "task user-1\n  write memory5/state online\n  write memory5/state online_kernel\n"
          "  write memory5/online 1\n  write memory6/state offline\n  write memory6/online 0\n"
          "  write memory5/state garbage\n");
  CHECK(Rc(0) == -EINVAL);
  CHECK(Rc(1) == -EINVAL);
  CHECK(Rc(2) == 0);
  CHECK(Rc(3) == -EINVAL);
  CHECK(Rc(4) == 0);
  CHECK(Rc(5) == -EINVAL);
  CHECK(Deliveries().empty());
  CHECK(Count(kTpUevent) == 0);
}

TEST_CASE("a block with unmovable pages is EBUSY, and nobody is told") {
  RunText(kOffline6 +
          "task user-1\n  write memory7/state offline\n  alloc unmovable node=0 order=0\n"
          "  write memory4/state offline\n  write memory5/online 0\n");
  CHECK(Rc(0) == -EBUSY);
  CHECK(Rc(1) == 0);
  CHECK(std::min(Rc(2), Rc(3)) == -EBUSY);
  CHECK(std::max(Rc(2), Rc(3)) == 0);
  CHECK(Deliveries().size() == 2);  // of the one that succeeds
  CHECK(Count(kTpOfflineFailedIsolate) == 2);
}

TEST_CASE("movable pages are moved away") {
  const run::Outcome o =
      RunText(kSmall +
              "task user-1\n  alloc movable node=0 order=2\n  write memory4/state offline\n"
              "  free\n  free\n  free\n  free\n  free\n");
  CHECK(o.verdict == run::Verdict::kOk);
  CHECK(Rc(1) == 0);
  for (uint32_t op = 2; op < 6; ++op) CHECK(Rc(op) == 0);
  CHECK(Rc(6) == -ENOENT);
  CHECK(run::BlocksAtEnd()[0].state == MEM_OFFLINE);
  for (uint32_t b = 1; b < 4; ++b) CHECK(run::BlocksAtEnd()[b].free == 4);
}

TEST_CASE("a pending signal makes offlining fail with EINTR, and everybody is told") {
  // At every step of the request: it fails, or the signal comes too late for it.
  uint32_t interrupted = 0;
  for (uint32_t step = 1; step < 40; ++step) {
    const run::Outcome o =
        RunText(kSmall +
                "notifier A priority=0\ntask user-1\n  write memory5/state offline\n"
                "task kill-2\n  kill user-1 SIGUSR1\nat user-1 " +
                std::to_string(step) + " run kill-2\n");
    CHECK(o.verdict == run::Verdict::kOk);
    if (Rc(0) == 0) continue;
    ++interrupted;
    CHECK(Rc(0) == -EINTR);
    CHECK(Deliveries() == Strings{"MEM_GOING_OFFLINE 5 A", "MEM_CANCEL_OFFLINE 5 A"});
    CHECK(Count(kTpOfflineFailedSignal) == 1);
    CHECK(run::BlocksAtEnd()[1].free == 4);
  }
  CHECK(interrupted > 5);
  CHECK(interrupted < 30);
}

TEST_CASE("a page that a walker holds keeps offlining busy until it is let go") {
  const std::string text = kSmall +
                           "task walker-1\n  alloc movable node=0 order=0\n  get memory4 page=0\n"
                           "  sleep 300\n  put\ntask user-2\n  write memory4/state offline\n";
  const run::Outcome o = RunText(text);
  CHECK(o.verdict == run::Verdict::kOk);
  CHECK_FALSE(o.stuck_benign);
  CHECK(Rc(4) == 0);
  // Held for ever: that is not the kernel's fault.
  const run::Outcome stuck = RunText(kSmall +
                                     "task walker-1\n  alloc movable node=0 order=0\n"
                                     "  get memory4 page=0\n  after user-2\n"
                                     "task user-2\n  write memory4/state offline\n");
  CHECK(stuck.verdict == run::Verdict::kOk);
  CHECK(stuck.stuck_benign);
  CHECK(Rc(3) == -EINTR);
}

TEST_CASE("the hotplug lock is polled by sysfs, and the write goes on when it is free") {
  for (uint32_t step = 1; step < 25; ++step) {
    const run::Outcome o = RunText(kSmall +
                                   "task user-1\n  write memory5/state offline\n"
                                   "task user-2\n  write memory5/state online\nat user-1 " +
                                   std::to_string(step) + " run user-2\n");
    CHECK(o.verdict == run::Verdict::kOk);
    CHECK(Rc(0) == 0);
    CHECK(Rc(1) == 0);
    CHECK(run::BlocksAtEnd()[1].state == MEM_ONLINE);
  }
}

TEST_CASE("the files of a block that was removed are gone") {
  const std::string text = kSmall +
                           "task memtrace-1\n  write memtrace/enable 0x10000000\n"
                           "task user-2\n  write memory4/state online\n  write memory4/online 1\n";
  RunText(text);
  CHECK(run::BlocksAtEnd()[0].state == 0);
  CHECK(Rc(1) == -ENOENT);
  CHECK(Rc(2) == -ENOENT);
  // Or they go while the write waits for the lock.
  uint32_t gone_while_waiting = 0;
  for (uint32_t step = 1; step < 60; ++step) {
    RunText(text + "at memtrace-1 " + std::to_string(step) + " run user-2\n");
    gone_while_waiting += Rc(1) == -ENODEV;
  }
  CHECK(gone_while_waiting > 3);
}

// D-25: the block has come back, and its device is another one.
TEST_CASE("the files of a block that has come back are others") {
  RunText(kSmall +
          "task user-1\n  write memory5/online 0\n  write memory5/online 1\n"
          "task firmware-2\n  remove memory5\n  add memory5\n"
          "at user-1 1 run firmware-2\n");
  CHECK(Rc(0) == 0);
  CHECK(Rc(1) == -ENODEV);
  CHECK(Rc(2) == 0);
  CHECK(Rc(3) == 0);
}

TEST_CASE("a task that is killed while it waits for the hotplug lock gives up") {
  const run::Outcome o = RunText(kSmall +
                                 "task user-1\n  write memory5/state offline\n"
                                 "task user-2\n  write memory6/state offline\n"
                                 "task kill-3\n  kill user-2 SIGKILL\n"
                                 "at user-1 1 run user-2\nat user-1 2 run kill-3\n");
  CHECK(o.verdict == run::Verdict::kOk);
  CHECK(Rc(1) == -EINTR);
  CHECK(run::BlocksAtEnd()[2].state == MEM_ONLINE);
}

// ---- Zones and nodes --------------------------------------------------------------------

// The zone that a block gets when it is onlined with each of the four types.
std::vector<uint32_t> ZonesOf(const BootConfig& boot, uint32_t block) {
  std::vector<uint32_t> zones;
  for (const mmop type : {MMOP_ONLINE, MMOP_ONLINE_KERNEL, MMOP_ONLINE_MOVABLE}) {
    Rig rig(boot);
    rig.Do(Locked([&] { online_pages(BlockId{block}, type); }));
    zones.push_back(BlockAt(BlockId{block}).zone);
    CHECK(mm().zones[zones.back()].present_pages % 4 == 0);
    CHECK(BlockAt(BlockId{block}).section_online == 1);
  }
  return zones;
}

TEST_CASE("a block is onlined to the zone that it is asked for, or lies in") {
  const uint32_t normal0 = NormalIndex(0), movable0 = MovableIndex(0);
  const uint32_t normal1 = NormalIndex(1), movable1 = MovableIndex(1);
  BootConfig boot = SmallBoot(5);
  boot.blocks[2].offline = true;
  CHECK(ZonesOf(boot, 6) == std::vector<uint32_t>{normal0, normal0, movable0});
  boot.blocks[1].zone = boot.blocks[3].zone = boot.blocks[4].zone = ZONE_MOVABLE;
  CHECK(ZonesOf(boot, 6) == std::vector<uint32_t>{movable0, normal0, movable0});
  boot = SmallBoot(5);
  boot.blocks[4].zone = ZONE_MOVABLE;
  boot.blocks[3].offline = true;  // between two zones: in neither
  CHECK(ZonesOf(boot, 7) == std::vector<uint32_t>{normal0, normal0, movable0});
  for (uint32_t i = 1; i < 5; ++i) boot.blocks[i].nid = 1;
  for (uint32_t i = 1; i < 5; ++i) boot.blocks[i].offline = true;
  CHECK(ZonesOf(boot, 7) == std::vector<uint32_t>{normal1, normal1, movable1});
}

TEST_CASE("spans, counters and node states follow the blocks") {
  BootConfig boot = SmallBoot(4);
  boot.blocks[3].nid = 1;
  Rig rig(boot);
  const zone& z = NormalZone();
  CHECK(z.zone_start_pfn == 16);
  CHECK(z.spanned_pages == 12);
  CHECK(z.managed_pages == 12);
  std::vector<uint32_t> seen;
  const auto note = [&] {
    for (const uint32_t v :
         {z.zone_start_pfn, z.spanned_pages, z.present_pages, z.managed_pages, z.nr_free_pages,
          uint32_t{mm().nodes[0].has_memory}, uint32_t{node_spanned_pages(NodeId{0}) ? 1u : 0u}}) {
      seen.push_back(v);
    }
  };
  rig.Do(Locked([&] {
    device_offline(BlockId{5});
    note();
    device_offline(BlockId{4});
    note();
    device_offline(BlockId{6});
    note();
    device_online(BlockId{5});
    note();
  }));
  const std::vector<std::vector<uint32_t>> expected = {{16, 12, 8, 8, 8, 1, 1},
                                                       {24, 4, 4, 4, 4, 1, 1},
                                                       {24, 0, 0, 0, 0, 0, 0},
                                                       {20, 4, 4, 4, 4, 1, 1}};
  for (uint32_t i = 0; i < expected.size(); ++i) {
    std::vector<uint32_t> part(seen.begin() + 7 * i, seen.begin() + 7 * (i + 1));
    if (expected[i][1] == 0) part[0] = expected[i][0];  // where an empty zone starts is nothing
    CHECK(part == expected[i]);
  }
  CHECK(z.nr_isolate_pageblock == 0);
  CHECK(mm().nodes[0].present_pages == 4);
  CHECK(mm().nodes[1].present_pages == 4);
}

TEST_CASE("several blocks go offline as one range") {
  Rig rig(SmallBoot());
  int rc = 1;
  rig.Do(Locked([&] { rc = offline_pages(BlockId{5}, 2); }));
  CHECK(rc == 0);
  for (const uint32_t b : {5u, 6u}) {
    CHECK(BlockGhostAt(BlockId{b}).phase == Phase::kOffline);
    CHECK(BlockGhostAt(BlockId{b}).last_event == MEM_OFFLINE);
    CHECK(BlockAt(BlockId{b}).section_online == 0);
    for (Pfn pfn = FirstPfn(BlockId{b}); pfn < FirstPfn(BlockId{b + 1}); ++pfn) {
      CHECK_FALSE(PageBuddy(PageAt(pfn)));
    }
  }
  for (const uint32_t b : {4u, 7u}) CHECK(BlockGhostAt(BlockId{b}).phase == Phase::kOnline);
  CHECK(NormalZone().present_pages == 8);
  CHECK(NormalZone().managed_pages == 8);
  CHECK(NormalZone().nr_free_pages == 8);
  CHECK(NormalZone().nr_isolate_pageblock == 0);
}

TEST_CASE("an operation is about all of its blocks, and their references start anew") {
  Rig rig(SmallBoot());
  GhostAt(Pfn{27}).dropped = 1;
  rig.Do([] {
    mem_hotplug_begin();
    mm::BeginOperation(BlockId{5}, 2);
    mem_hotplug_done();
  });
  CHECK(ledger().op.blocks == 0b110);
  CHECK(GhostAt(Pfn{27}).dropped == 0);
}

TEST_CASE("several blocks are refused together") {
  BootConfig boot = SmallBoot();
  boot.blocks[3].zone = ZONE_MOVABLE;
  Rig rig(boot);
  std::vector<int> rcs;
  rig.Do([&] {
    offline_and_remove_memory(BlockId{5});
    lock_device_hotplug();
    rcs.push_back(offline_pages(BlockId{6}, 2));  // Normal and Movable
    rcs.push_back(offline_pages(BlockId{7}, 2));  // the second never was
    rcs.push_back(offline_pages(BlockId{5}, 2));  // the first is gone
    unlock_device_hotplug();
  });
  CHECK(rcs == std::vector<int>{-EINVAL, -EINVAL, -EINVAL});
  for (const uint32_t b : {4u, 6u, 7u}) CHECK(BlockGhostAt(BlockId{b}).phase == Phase::kOnline);
  CHECK(NormalZone().nr_isolate_pageblock == 0);
}

TEST_CASE("a node spans what its zones span") {
  BootConfig boot = SmallBoot();
  boot.blocks[1].zone = ZONE_MOVABLE;
  boot.blocks[3].nid = 1;
  Rig rig(boot);
  CHECK(node_start_pfn(NodeId{0}) == 16);
  CHECK(node_end_pfn(NodeId{0}) == 28);
  CHECK(node_start_pfn(NodeId{1}) == 28);
  CHECK(node_end_pfn(NodeId{1}) == 32);
  rig.Do([&] { offline_and_remove_memory(BlockId{7}); });
  CHECK(node_start_pfn(NodeId{1}) == 0);
  CHECK(node_end_pfn(NodeId{1}) == 0);
}

// ---- Inside of the operations -----------------------------------------------------------

TEST_CASE("a PageOffline page with a reference makes offlining fail behind GOING") {
  Rig rig(SmallBoot());
  int rc = 0;
  rig.Do(Locked([&] {
    const Pfn base = alloc_contig_pages(4, NodeId{0});
    for (uint32_t i = 0; i < 4; ++i) __SetPageOffline(base + i);
    rc = offline_pages(BlockOf(base));
  }));
  CHECK(rc == -EBUSY);
  uint32_t unmovable = 0;
  for (const sim::Record& r : sim::machine->trace.records()) {
    unmovable += r.tp == kTpOfflineFailedUnmovable;
  }
  CHECK(unmovable == 1);
  CHECK_FALSE(PageblockAt(Pfn{16}) == MIGRATE_ISOLATE);
}

TEST_CASE("PageOffline pages without references go with their block") {
  for (const bool buddy : {false, true}) {
    Rig rig(SmallBoot());
    int rc = 1;
    rig.Task(Locked([&] {
      const Pfn base = alloc_contig_pages(4, NodeId{0});
      for (uint32_t i = 0; i < 4; ++i) __SetPageOffline(base + i);
      for (uint32_t i = 0; i < 3; ++i) page_ref_dec(base + i);
      if (buddy) {
        // What the last put_page() does when the owner has dropped its reference too early.
        start_isolate_page_range(base + 2, base + 4, Isolate::kMemoryOffline);
        __free_page(base + 3);
        undo_isolate_page_range(base + 2, base + 4);
      } else {
        page_ref_dec(base + 3);
      }
      rc = offline_pages(BlockOf(base));
    }));
    const sim::Stop stop = rig.Run();
    if (!buddy) {
      CHECK(stop == sim::Stop::kFinished);
      CHECK(rc == 0);
      CHECK(NormalZone().managed_pages == 12);
    } else {
      CHECK(stop == sim::Stop::kDead);
      REQUIRE_FALSE(rig.said.empty());
      CHECK(rig.said.back().tp == kTpBugOfflineBuddy);
    }
  }
}

TEST_CASE("onlining forgets what a page was, DEBUG_VM poisons what goes offline") {
  for (const bool debug_vm : {false, true}) {
    BootConfig boot = SmallBoot();
    boot.debug_vm = debug_vm;
    Rig rig(boot);
    page offline{};
    rig.Do(Locked([&] {
      const Pfn base = alloc_contig_pages(4, NodeId{0});
      for (uint32_t i = 0; i < 4; ++i) __SetPageOffline(base + i);
      for (uint32_t i = 0; i < 4; ++i) page_ref_dec(base + i);
      device_offline(BlockId{4});
      offline = PageAt(Pfn{17});
      device_online(BlockId{4});
    }));
    CHECK(PageOffline(offline) == !debug_vm);
    CHECK(((offline.flags & kFlagPoison) != 0) == debug_vm);
    CHECK(offline.refcount == (debug_vm ? -1 : 0));
    for (uint32_t pfn = 16; pfn < 20; ++pfn) {
      CHECK_FALSE(PageOffline(PageAt(Pfn{pfn})));
      CHECK(PageAt(Pfn{pfn}).refcount == 0);
      CHECK(FreeChunkHead(Pfn{pfn}) == Pfn{16});
    }
    CHECK(rig.said.empty());
  }
}

TEST_CASE("DEBUG_VM turns nonsense about types and counts into a BUG") {
  const std::vector<std::pair<sim::Tp, void (*)(Pfn)>> cases = {
      {kTpVmBugSetOffline,
       [](Pfn pfn) {
         __SetPageOffline(pfn);
         __SetPageOffline(pfn);
       }},
      {kTpVmBugClearOffline, [](Pfn pfn) { __ClearPageOffline(pfn); }},
      {kTpVmBugPutZero,
       [](Pfn pfn) {
         page_ref_dec(pfn);
         __free_page(pfn);
       }},
  };
  for (const auto& [tp, nonsense] : cases) {
    for (const bool debug_vm : {false, true}) {
      BootConfig boot = SmallBoot();
      boot.debug_vm = debug_vm;
      Rig rig(boot);
      rig.Task([&, body = nonsense] { body(alloc_contig_pages(4, NodeId{0})); });
      CHECK(rig.Run() == (debug_vm ? sim::Stop::kDead : sim::Stop::kFinished));
      CHECK(rig.said.size() == (debug_vm ? 1 : 0));
      if (debug_vm) CHECK(rig.said[0].tp == tp);
    }
  }
}

TEST_CASE("a PageOffline page that is freed is bad, unless nobody looks") {
  for (const bool debug_vm : {false, true}) {
    for (const bool isolated : {false, true}) {
      BootConfig boot = SmallBoot();
      boot.debug_vm = debug_vm;
      Rig rig(boot);
      rig.Do([&] {
        const Pfn base = alloc_contig_pages(4, NodeId{0});
        for (uint32_t i = 0; i < 2; ++i) __SetPageOffline(base + i);
        if (isolated) start_isolate_page_range(base, base + 2, Isolate::kMemoryOffline);
        __free_page(base);
        sim::sched_point(1);
      });
      const bool looks = debug_vm || !isolated;
      INFO(debug_vm << isolated);
      CHECK(rig.said.size() == (looks ? 1 : 0));
      CHECK(PageBuddy(PageAt(Pfn{16})) == !looks);
      CHECK(PageOffline(PageAt(Pfn{16})) == !looks);
    }
  }
}

// ---- Adding and removing ----------------------------------------------------------------

TEST_CASE("memory is removed when it is offline, and added when it is not there") {
  Rig rig(SmallBoot());
  std::vector<int> rcs;
  rig.Do([&] {
    lock_device_hotplug();
    rcs.push_back(try_remove_memory(BlockId{5}, 1));  // online
    unlock_device_hotplug();
    rcs.push_back(offline_and_remove_memory(BlockId{5}));
    rcs.push_back(offline_and_remove_memory(BlockId{5}));   // absent
    rcs.push_back(offline_and_remove_memory(BlockId{40}));  // never was
    rcs.push_back(add_memory(NodeId{0}, BlockId{4}, 2));    // the first is there
    rcs.push_back(add_memory(NodeId{0}, BlockId{5}, 1));
    rcs.push_back(add_memory(NodeId{0}, BlockId{5}, 1));
    lock_device_hotplug();
    rcs.push_back(device_online(BlockId{5}));
    rcs.push_back(device_offline(BlockId{6}));
    unlock_device_hotplug();
    rcs.push_back(offline_and_remove_memory(BlockId{6}));  // offline already
  });
  CHECK(rcs == std::vector<int>{-EBUSY, 0, -EINVAL, -EINVAL, -EEXIST, 0, -EEXIST, 0, 0, 0});
  CHECK(BlockAt(BlockId{5}).state == MEM_ONLINE);
  CHECK(BlockAt(BlockId{6}).registered == 0);
  CHECK(BlockAt(BlockId{6}).resource == 0);
}

TEST_CASE("memory that cannot be offlined is not removed") {
  Rig rig(SmallBoot());
  int rc = 0;
  rig.Do([&] {
    const Pfn pfn = alloc_pages(NodeId{0}, false, 0, kFirstAllocation);
    rc = offline_and_remove_memory(BlockOf(pfn));
  });
  CHECK(rc == -EBUSY);
  for (uint32_t b = 4; b < 8; ++b) CHECK(BlockAt(BlockId{b}).state == MEM_ONLINE);
  CHECK_FALSE(mm().device_hotplug_lock.lock.held());
  CHECK_FALSE(mm().mem_hotplug_lock.lock.held());
}

TEST_CASE("adding fails as often as the plan says, and leaves nothing behind") {
  Rig rig(SmallBoot());
  rig.faults.entries[0] = {FaultSite::kAddMemory, 2, ENOMEM};
  rig.faults.entries[1] = {FaultSite::kAddMemory, 3, EFAULT};
  rig.faults.size = 2;
  std::vector<int> rcs;
  rig.Do([&] {
    for (const uint32_t b : {4u, 5u}) offline_and_remove_memory(BlockId{b});
    for (const uint32_t b : {4u, 5u, 5u, 5u}) rcs.push_back(add_memory(NodeId{0}, BlockId{b}, 1));
  });
  CHECK(rcs == std::vector<int>{0, -ENOMEM, -EFAULT, 0});
  CHECK(BlockAt(BlockId{5}).state == MEM_OFFLINE);
}

TEST_CASE("whoever claimed a block has lost it once it is added again") {
  Rig rig(SmallBoot());
  std::vector<uint16_t> claimed;
  rig.Do([&] {
    for (const uint32_t b : {4u, 5u}) offline_and_remove_memory(BlockId{b});
    ClaimRange(FirstPfn(BlockId{4}), 2 * PagesPerBlock());
    add_memory(NodeId{0}, BlockId{4}, 1);
    for (const uint32_t b : {4u, 5u, 6u}) claimed.push_back(BlockGhostAt(BlockId{b}).claimed);
  });
  CHECK(claimed == std::vector<uint16_t>{0, 1, 0});
}

TEST_CASE("a node is offline when its last block is gone, and comes back with a block") {
  BootConfig boot = SmallBoot();
  boot.blocks[3].nid = 1;
  boot.auto_online = MMOP_ONLINE;
  Rig rig(boot);
  std::vector<uint32_t> online;
  rig.Do([&] {
    online.push_back(mm().nodes[1].online);
    offline_and_remove_memory(BlockId{7});
    online.push_back(mm().nodes[1].online);
    add_memory(NodeId{1}, BlockId{7}, 1);
    online.push_back(mm().nodes[1].online);
  });
  CHECK(online == std::vector<uint32_t>{1, 0, 1});
  CHECK(BlockAt(BlockId{7}).state == MEM_ONLINE);  // by itself
  CHECK(mm().nodes[1].has_memory == 1);
}

TEST_CASE("the node with the CPUs, which is that of the lowest block, is never offline") {
  BootConfig boot = SmallBoot();
  for (uint32_t i = 1; i < boot.nr_blocks; ++i) boot.blocks[i].nid = 1;
  Rig rig(boot);
  rig.Do([] { offline_and_remove_memory(BlockId{4}); });
  CHECK(mm().nodes[0].present_pages == 0);
  CHECK(mm().nodes[0].online == 1);
}

TEST_CASE("the memmap of an absent block is an oops") {
  Rig rig(SmallBoot());
  rig.Task([&] {
    offline_and_remove_memory(BlockId{5});
    page_ref_dec(Pfn{20});
  });
  CHECK(rig.Run() == sim::Stop::kDead);
  REQUIRE(rig.said.size() == 1);
  CHECK(rig.said[0].report == KernelReport::kOops);
  CHECK(ledger().news.trespass == kNone);  // judged, and over
}

TEST_CASE("no operation leaves a lock behind or takes them in another order") {
  Rig rig(SmallBoot());
  rig.Do([&] {
    offline_and_remove_memory(BlockId{5});
    add_memory(NodeId{0}, BlockId{5}, 1);
    state_store(BlockId{5}, StateFile::kOnline);
    online_store(BlockId{6}, false);
    register_memory_notifier(rig.nb(0));
    unregister_memory_notifier(rig.nb(0));
  });
  CHECK(sim::sim().lock_fault == sim::LockFault::kNone);
  CHECK(sim::task(sim::TaskId{0}).held == 0);
  // device_hotplug_lock, device_lock, cpu_hotplug_lock, mem_hotplug_lock: each in the one before.
  for (uint32_t c = kDeviceHotplugLock; c < kMemHotplugLock; ++c) {
    CHECK((sim::sim().lock_order[c] >> (c + 1) & 1) == 1);
    CHECK((sim::sim().lock_order[c + 1] & ((2u << c) - 1)) == 0);
  }
}

}  // namespace
}  // namespace hotplug::mm
