// SPDX-License-Identifier: GPL-2.0-or-later
//
// What differs between the kernels that the model can be, and what must not. Method: the same
// calls on a machine of each row of mm::kKernels. Goal: each switch of the table has the effect
// that its comment names (kernel-facts 2 to 5, 11), and what they share is equal in all rows.
#include <utility>

#include "model/mm/add_remove.h"
#include "model/mm/background.h"
#include "model/mm/buddy.h"
#include "model/mm/function.h"
#include "model/mm/hotplug.h"
#include "model/mm/isolation.h"
#include "model/mm/memory.h"
#include "model/mm/migrate.h"
#include "model/mm/page.h"
#include "model/mm/pcp.h"
#include "model/mm/poison.h"
#include "model/sim/tracepoints.h"
#include "regress/unit/layout.h"

namespace hotplug::mm {
namespace {

using testing::CountHere;
using testing::Layout;
using testing::LetterOf;
using testing::Locked;
using testing::NormalZone;
using testing::Records;
using testing::Rig;
using testing::Strings;
using testing::ToldRig;

using Ints = std::vector<int>;

// A value for each row, in the order of the table.
template <class T>
struct ByKernel {
  T rfc, v5_9, v5_11, v6_1;
  const T& At(uint32_t row) const {
    const T* all[] = {&rfc, &v5_9, &v5_11, &v6_1};
    return *all[row];
  }
};

template <class F>
void ForEachKernel(F f) {
  for (uint32_t row = 0; row < kNrKernels; ++row) {
    INFO(kKernels[row].name);
    f(kKernels[row].name, row);
  }
}

TEST_CASE("the rows of the table are the kernels of the tests, in this order") {
  Strings names;
  for (const Kernel& k : kKernels) names.push_back(k.name);
  CHECK(names == Strings{"rfc", "5.9", "5.11", "6.1"});
}

std::string StateOf(BlockId block) {
  const memory_block& mem = BlockAt(block);
  if (mem.registered == 0) return "absent";
  return mem.state == MEM_OFFLINE ? "offline" : std::string(1, LetterOf(mem.zone));
}

Strings StatesOf(uint32_t first, uint32_t nr) {
  Strings states;
  for (uint32_t i = 0; i < nr; ++i) states.push_back(StateOf(BlockId{first + i}));
  return states;
}

// The position of the nth record of a trace point (and first operand), or the trace's end.
size_t Find(sim::Tp tp, uint32_t nth = 1, int64_t a = -1) {
  size_t i = 0;
  for (; i < Records().size(); ++i) {
    const sim::Record& r = Records()[i];
    if (r.tp == tp && (a < 0 || r.a == a) && --nth == 0) break;
  }
  return i;
}

constexpr int64_t EventOf(uint32_t action, uint32_t block) { return int64_t{action} << 16 | block; }

// ---- Requests of user space -------------------------------------------------------------

TEST_CASE("a refused online type stays, and the next onlining without a type uses it up") {
  ForEachKernel([](const char* kernel, uint32_t) {
    Rig rig(Layout("3nn.", kernel));
    const BlockId block{5};
    Ints rcs;
    Strings states;
    const auto note = [&](int rc) {
      rcs.push_back(rc);
      states.push_back(StateOf(block));
    };
    rig.Do([&] {
      note(state_store(block, StateFile::kOnlineMovable));  // is online
      note(online_store(block, true));                      // so does not use it
      note(state_store(block, StateFile::kOffline));
      note(online_store(block, true));
      note(online_store(block, false));
      note(online_store(block, true));  // forgotten by now
      note(state_store(block, StateFile::kOnlineMovable));
      note(state_store(block, StateFile::kOnline));  // another word takes its place
      note(online_store(block, false));
      note(online_store(block, true));
    });
    CHECK(rcs == Ints{-EINVAL, 0, 0, 0, 0, 0, -EINVAL, -EINVAL, 0, 0});
    CHECK(states == Strings{"n", "n", "offline", "m", "offline", "n", "n", "n", "offline", "n"});
  });
}

TEST_CASE("an onlining that fails forgets its type") {
  ForEachKernel([](const char* kernel, uint32_t) {
    ToldRig rig(Layout("3nn.", kernel));
    rig.refuse = {"GOING_ONLINE 7"};
    Ints rcs;
    rig.Do([&] {
      rcs.push_back(state_store(BlockId{7}, StateFile::kOnlineMovable));
      rig.refuse.clear();
      rcs.push_back(online_store(BlockId{7}, true));
    });
    CHECK(rcs == Ints{-EBUSY, 0});
    CHECK(StateOf(BlockId{7}) == "n");
  });
}

TEST_CASE("automatic onlining takes its own type") {
  ForEachKernel([](const char* kernel, uint32_t) {
    for (const auto& [type, state] : {std::pair{MMOP_OFFLINE, "offline"},
                                      {MMOP_ONLINE, "n"},
                                      {MMOP_ONLINE_KERNEL, "n"},
                                      {MMOP_ONLINE_MOVABLE, "m"}}) {
      BootConfig boot = Layout("3n..", kernel);
      boot.auto_online = type;
      ToldRig rig(boot);
      Ints rcs;
      rig.Do([&] {
        rcs.push_back(remove_memory(BlockId{6}, 2));
        rig.refuse = {"GOING_ONLINE 7"};
        rcs.push_back(add_memory(NodeId{0}, BlockId{6}, 2));
      });
      CHECK(rcs == Ints{0, 0});  // whether onlining works is another matter
      CHECK(StatesOf(6, 2) == Strings{state, "offline"});
    }
  });
}

TEST_CASE("automatic onlining ends at the first block that is refused") {
  ForEachKernel([](const char* kernel, uint32_t) {
    BootConfig boot = Layout("3n...", kernel);
    boot.auto_online = MMOP_ONLINE;
    ToldRig rig(boot);
    rig.refuse = {"GOING_ONLINE 7"};
    Ints rcs;
    rig.Do([&] {
      rcs.push_back(remove_memory(BlockId{6}, 3));
      rcs.push_back(add_memory(NodeId{0}, BlockId{6}, 3));
    });
    CHECK(rcs == Ints{0, 0});
    CHECK(StatesOf(6, 3) == Strings{"n", "offline", "offline"});
    CHECK(rig.log == Strings{"GOING_ONLINE 6", "ONLINE 6", "GOING_ONLINE 7", "CANCEL_ONLINE 7"});
  });
}

TEST_CASE("a word that `state` does not know is refused before or behind the lock") {
  const ByKernel<bool> waits = {true, false, false, false};
  ForEachKernel([&](const char* kernel, uint32_t row) {
    Rig rig(Layout("3nn", kernel));
    bool released = false;
    bool was_released = false;
    int rc = 0;
    rig.Task([&] {
      lock_device_hotplug();
      sim::sched_point(1);
      released = true;
      unlock_device_hotplug();
    });
    rig.Task([&] {
      rc = state_store(BlockId{5}, StateFile::kGarbage);
      was_released = released;
    });
    rig.At(0, 1, 1);  // the lock is held
    CHECK(rig.Run() == sim::Stop::kFinished);
    CHECK(rc == -EINVAL);
    CHECK(was_released == waits.At(row));
    CHECK_FALSE(mm().device_hotplug_lock.lock.held());
  });
}

TEST_CASE("a block with a hole or of several zones is not offlined, and nobody is told") {
  ForEachKernel([](const char* kernel, uint32_t row) {
    ToldRig rig(Layout("3nnn", kernel));
    BlockAt(BlockId{5}).has_hole = 1;
    BlockAt(BlockId{6}).zone = kSeveralZones;
    Ints rcs;
    rig.Do(Locked([&] {
      rcs.push_back(device_offline(BlockId{5}));
      rcs.push_back(device_offline(BlockId{6}));
    }));
    CHECK(rcs == Ints{-EINVAL, -EINVAL});
    CHECK(rig.log.empty());
    CHECK(CountHere(kTpOfflineFailedHole) == 1);
    CHECK(CountHere(kTpOfflineFailedZones) == (kKernels[row].zone_of_block ? 0 : 1));
    for (const uint32_t b : {5u, 6u}) CHECK(BlockAt(BlockId{b}).state == MEM_ONLINE);
    CHECK_FALSE(mm().mem_hotplug_lock.lock.held());
    CHECK_FALSE(mm().pcp_batch_high_lock.lock.held());
  });
}

// ---- The order inside an offlining ------------------------------------------------------

TEST_CASE("the kernel says why an offlining failed when everybody has been told") {
  ForEachKernel([](const char* kernel, uint32_t) {
    ToldRig rig(Layout("3nn", kernel));
    rig.refuse = {"GOING_OFFLINE 5"};
    int rc = 0;
    rig.Do(Locked([&] { rc = offline_pages(BlockId{5}); }));
    CHECK(rc == -EBUSY);
    CHECK(rig.log == Strings{"GOING_OFFLINE 5", "CANCEL_OFFLINE 5"});
    const size_t undone = Find(kTpUnisolate, 2);
    const size_t told = Find(kTpMemoryNotify, 1, EventOf(MEM_CANCEL_OFFLINE, 5));
    CHECK(undone < told);
    CHECK(told < Find(kTpOfflineFailedNotifier));
    CHECK(Find(kTpOfflineFailedNotifier) < Records().size());
  });
}

TEST_CASE("per-CPU lists are drained or disabled as the profile has it") {
  const ByKernel<uint32_t> drains = {2, 3, 0, 0};  // of two pageblocks and one round
  const ByKernel<uint32_t> disables = {0, 0, 1, 1};
  const ByKernel<uint32_t> lru = {0, 0, 0, 1};
  ForEachKernel([&](const char* kernel, uint32_t row) {
    ToldRig rig(Layout("3nn", kernel));
    mm().trace_functions = 1;
    rig.Do(Locked([] { offline_pages(BlockId{5}); }));
    const auto count = [](Fn fn) {
      uint32_t n = 0;
      for (const sim::Record& r : Records()) {
        n += r.tp == kTpFnRet && r.a == static_cast<uint32_t>(fn);
      }
      return n;
    };
    CHECK(count(Fn::kDrainAllPages) == drains.At(row));
    CHECK(count(Fn::kZonePcpDisable) == disables.At(row));
    CHECK(count(Fn::kZonePcpEnable) == disables.At(row));
    CHECK(count(Fn::kLruCacheDisable) == lru.At(row));
    // What start_isolate_page_range() returns.
    const size_t isolated = Find(kTpFnRet, 1, static_cast<uint32_t>(Fn::kStartIsolatePageRange));
    REQUIRE(isolated < Records().size());
    CHECK(Records()[isolated].b == (kKernels[row].isolate_counts ? 2 : 0));
  });
}

TEST_CASE("functions are recorded only where they are asked for") {
  Rig rig(Layout("3nn", "6.1"));
  rig.Do(Locked([] { offline_pages(BlockId{5}); }));
  CHECK(CountHere(kTpFnEnter) == 0);
  CHECK(CountHere(kTpFnRet) == 0);
}

// Whether pcp_batch_high_lock is held while an event is delivered.
std::vector<bool>* lock_held = nullptr;
int32_t NoteLock(const notifier_block&, uint32_t, const memory_notify_arg&) {
  lock_held->push_back(mm().pcp_batch_high_lock.lock.held());
  return NOTIFY_OK;
}

TEST_CASE("where the lists are disabled they are so until the pages are out of the buddy") {
  ForEachKernel([](const char* kernel, uint32_t row) {
    Rig rig(Layout("3nn", kernel));
    std::vector<bool> held;
    lock_held = &held;
    rig.notifiers.call[kProbeCall] = &NoteLock;
    register_memory_notifier(rig.nb(0));
    rig.Do(Locked([] { offline_pages(BlockId{5}); }));
    const bool disabled = kKernels[row].pcp_disabled;
    CHECK(held == std::vector<bool>{disabled, false});  // GOING_OFFLINE, OFFLINE
    // And while others are told that it failed.
    held.clear();
    ToldRig refused(Layout("3nn", kernel));
    refused.refuse = {"GOING_OFFLINE 6"};
    refused.notifiers.call[kDriverCall] = &NoteLock;
    refused.nb(1).notifier_call = kDriverCall;
    refused.nb(1).priority = 1;
    register_memory_notifier(refused.nb(1));
    refused.Do(Locked([] { offline_pages(BlockId{6}); }));
    CHECK(held == std::vector<bool>{disabled, disabled});  // GOING_OFFLINE, CANCEL_OFFLINE
    CHECK_FALSE(mm().pcp_batch_high_lock.lock.held());
  });
}

// ---- Onlining ---------------------------------------------------------------------------

// The trace point behind which memory of a block that is being onlined can be allocated.
sim::Tp AllocatableBehind(const char* kernel) {
  for (uint32_t step = 1; step < 40; ++step) {
    ToldRig rig(Layout(".", kernel));  // there is no other memory
    Pfn got{};
    rig.Task(Locked([] { online_pages(BlockId{4}, MMOP_ONLINE); }));
    rig.Task([&] { got = alloc_pages(NodeId{0}, true, 0, kFirstAllocation); });
    rig.At(0, step, 1);
    CHECK(rig.Run() == sim::Stop::kFinished);
    if (got.v == kNoPfn) continue;
    for (const sim::Record& r : Records()) {
      if (r.step == step) return r.tp;
    }
  }
  return 0;
}

TEST_CASE("memory can be used when it is in the buddy, or when the onlining is done with it") {
  const ByKernel<sim::Tp> behind = {kTpOnlineChunk, kTpOnlineChunk, kTpUnisolate, kTpUnisolate};
  ForEachKernel([&](const char* kernel, uint32_t row) {
    CHECK(AllocatableBehind(kernel) == behind.At(row));
    ToldRig rig(Layout("3n.", kernel));
    rig.Do(Locked([] { online_pages(BlockId{6}, MMOP_ONLINE); }));
    // Present pages are counted before it, and notifiers are told behind it.
    if (kKernels[row].online_isolated) {
      CHECK(Find(kTpOnlinePages) < Find(kTpUnisolate));
      CHECK(Find(kTpUnisolate, 2) < Find(kTpMemoryNotify, 1, EventOf(MEM_ONLINE, 6)));
    } else {
      CHECK(CountHere(kTpUnisolate) == 0);
    }
    CHECK(NormalZone().nr_isolate_pageblock == 0);
    CHECK(NormalZone().nr_free_pages == 8);
    CHECK(PageblockAt(FirstPfn(BlockId{6})) == MIGRATE_MOVABLE);
  });
}

TEST_CASE("a refused onlining leaves no isolated pageblock behind in the count") {
  ForEachKernel([](const char* kernel, uint32_t) {
    ToldRig rig(Layout("3n.", kernel));
    rig.refuse = {"GOING_ONLINE 6"};
    Ints rcs;
    rig.Do(Locked([&] {
      rcs.push_back(online_pages(BlockId{6}, MMOP_ONLINE));
      rig.refuse.clear();
      rcs.push_back(online_pages(BlockId{6}, MMOP_ONLINE));
      rcs.push_back(offline_pages(BlockId{6}));
    }));
    CHECK(rcs == Ints{-EBUSY, 0, 0});
    CHECK(NormalZone().nr_isolate_pageblock == 0);
    CHECK(NormalZone().nr_free_pages == 4);
    CHECK(NormalZone().present_pages == 4);
    CHECK(NormalZone().managed_pages == 4);
  });
}

// ---- Adding and removing ----------------------------------------------------------------

TEST_CASE("several blocks are offlined and removed, or none is touched") {
  const ByKernel<int> rc_of_two = {-EINVAL, -EINVAL, 0, 0};
  ForEachKernel([&](const char* kernel, uint32_t row) {
    ToldRig rig(Layout("3nn.nm", kernel));
    Ints rcs;
    rig.Do([&] {
      rcs.push_back(offline_and_remove_memory(BlockId{6}, 2));  // one is offline
      rcs.push_back(offline_and_remove_memory(BlockId{8}, 0));
      rcs.push_back(offline_and_remove_memory(BlockId{8}, 1));
    });
    CHECK(rcs == Ints{rc_of_two.At(row), -EINVAL, 0});
    const bool both = rc_of_two.At(row) == 0;
    CHECK(StatesOf(4, 6) ==
          Strings{"3", "n", both ? "absent" : "n", both ? "absent" : "offline", "absent", "m"});
    CHECK(rig.log.size() == (both ? 4 : 2));
    CHECK_FALSE(mm().device_hotplug_lock.lock.held());
  });
}

TEST_CASE("what was offlined before one is refused is onlined again, into its kind of zone") {
  for (const char* kernel : {"5.11", "6.1"}) {
    INFO(kernel);
    // Movable lies below, so that its block would come back as Normal by itself.
    ToldRig rig(Layout("3m.nn", kernel));
    rig.refuse = {"GOING_OFFLINE 8"};
    int rc = 0;
    rig.Do([&] { rc = offline_and_remove_memory(BlockId{5}, 4); });
    CHECK(rc == -EBUSY);
    CHECK(StatesOf(4, 5) == Strings{"3", "m", "offline", "n", "n"});
    CHECK(rig.log == Strings{"GOING_OFFLINE 5", "OFFLINE 5", "GOING_OFFLINE 7", "OFFLINE 7",
                             "GOING_OFFLINE 8", "CANCEL_OFFLINE 8", "GOING_ONLINE 5", "ONLINE 5",
                             "GOING_ONLINE 7", "ONLINE 7"});
    CHECK(CountHere(kTpRemoveMemory) == 0);
  }
}

TEST_CASE("the error is the offlining's, whatever becomes of the way back") {
  for (const char* kernel : {"5.11", "6.1"}) {
    INFO(kernel);
    ToldRig rig(Layout("3mnn", kernel));
    BlockAt(BlockId{7}).has_hole = 1;
    rig.refuse = {"GOING_ONLINE 5"};
    int rc = 0;
    rig.Do([&] { rc = offline_and_remove_memory(BlockId{5}, 3); });
    CHECK(rc == -EINVAL);
    CHECK(StatesOf(4, 4) == Strings{"3", "offline", "n", "n"});
  }
}

TEST_CASE("absent blocks are passed over where several may be removed") {
  const ByKernel<int> rc_of_absent = {-EINVAL, -EINVAL, 0, 0};
  ForEachKernel([&](const char* kernel, uint32_t row) {
    Rig rig(Layout("3nnnn", kernel));
    Ints rcs;
    rig.Do([&] {
      rcs.push_back(offline_and_remove_memory(BlockId{6}));
      rcs.push_back(offline_and_remove_memory(BlockId{6}));
      rcs.push_back(offline_and_remove_memory(BlockId{5}, 3));
    });
    CHECK(rcs == Ints{0, rc_of_absent.At(row), rc_of_absent.At(row)});
    CHECK(StateOf(BlockId{7}) == (rc_of_absent.At(row) == 0 ? "absent" : "n"));
  });
}

TEST_CASE("removing what is online is refused, or a BUG for who does not ask") {
  ForEachKernel([](const char* kernel, uint32_t) {
    Rig rig(Layout("3n.n", kernel));
    Ints rcs;
    rig.Task([&] {
      rcs.push_back(remove_memory(BlockId{6}, 2));
      lock_device_hotplug();
      __remove_memory(BlockId{6}, 2);
    });
    CHECK(rig.Run() == sim::Stop::kDead);
    CHECK(rcs == Ints{-EBUSY});
    REQUIRE(rig.said.size() == 1);
    CHECK(rig.said[0].tp == kTpBugRemove);
    CHECK(CountHere(kTpRemoveOnlined) == 2);
    CHECK(StatesOf(6, 2) == Strings{"offline", "n"});  // all of it or nothing
  });
}

TEST_CASE("the devices of what is removed go before mem_hotplug_lock is taken") {
  ForEachKernel([](const char* kernel, uint32_t) {
    Rig rig(Layout("3nn.", kernel));
    rig.Do([] { remove_memory(BlockId{7}, 1); });
    const size_t locked = Find(sim::kTpLock, 1, kMemHotplugLock);
    CHECK(Find(kTpUevent, 1, 7) < locked);
    CHECK(locked < Find(kTpRemoveMemory));
    CHECK(Find(kTpRemoveMemory) < Records().size());
  });
}

TEST_CASE("user space is told of blocks that come and go, and the log of those that are there") {
  const ByKernel<uint32_t> messages = {0, 1, 1, 1};
  ForEachKernel([&](const char* kernel, uint32_t row) {
    Rig rig(Layout("3nn", kernel));
    rig.Do([&] {
      offline_and_remove_memory(BlockId{6});
      add_memory(NodeId{0}, BlockId{6}, 1);
      add_memory(NodeId{0}, BlockId{6}, 1);  // is there
      lock_device_hotplug();
      device_online(BlockId{6});
      unlock_device_hotplug();
    });
    std::vector<uint32_t> uevents;
    for (const sim::Record& r : Records()) {
      if (r.tp == kTpUevent && r.a == 6) uevents.push_back(r.b);
    }
    CHECK(uevents ==
          std::vector<uint32_t>{kUeventOffline, kUeventRemove, kUeventAdd, kUeventOnline});
    CHECK(CountHere(kTpRegionBusy) == messages.At(row));
  });
}

TEST_CASE("a resource is released with a range that lies in it, or not at all") {
  for (const char* kernel : {"5.11", "6.1"}) {
    INFO(kernel);
    Rig rig(Layout("3nnnnn", kernel));
    Ints rcs;
    rig.Do([&] {
      rcs.push_back(offline_and_remove_memory(BlockId{6}));
      rcs.push_back(add_memory(NodeId{0}, BlockId{6}, 1));  // an entry of its own
      rcs.push_back(offline_and_remove_memory(BlockId{6}, 2));
      rcs.push_back(add_memory(NodeId{0}, BlockId{6}, 1));  // both are busy still
      rcs.push_back(add_memory(NodeId{0}, BlockId{7}, 1));
      rcs.push_back(offline_and_remove_memory(BlockId{8}, 2));  // what is left of the first above
      rcs.push_back(add_memory(NodeId{0}, BlockId{8}, 2));
      rcs.push_back(offline_and_remove_memory(BlockId{9}));
      rcs.push_back(add_memory(NodeId{0}, BlockId{9}, 1));
    });
    CHECK(rcs == Ints{0, 0, 0, -EEXIST, -EEXIST, 0, 0, 0, 0});
    CHECK(StatesOf(4, 6) == Strings{"3", "n", "absent", "absent", "offline", "offline"});
  }
}

// ---- memmap_on_memory -------------------------------------------------------------------

// A real machine: pages of 4 KiB, blocks of 128 MiB, pageblocks of 2 MiB.
BootConfig RealSize(const char* kernel) {
  BootConfig boot = Layout("3n.", kernel);
  boot.page_shift = 12;
  boot.block_order = 15;
  boot.pageblock_order = 9;
  boot.max_order = 10;
  return boot;
}

constexpr uint32_t kRealBlock = 32768;
constexpr uint32_t kVmemmap = 512;  // 64 bytes for each page

uint32_t PageblocksOf(BlockId block, migratetype mt) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < kRealBlock; i += PagesPerPageblock()) {
    n += PageblockAt(FirstPfn(block) + i) == mt;
  }
  return n;
}

TEST_CASE("a block that holds its own memmap onlines and offlines the rest of it") {
  ToldRig rig(RealSize("6.1"));
  mm().mhp_memmap_on_memory = 1;
  const BlockId block{6};
  const zone& z = NormalZone();
  Ints rcs;
  std::vector<uint32_t> counters;
  const auto note = [&](int rc) {
    rcs.push_back(rc);
    for (const uint32_t v : {z.present_pages, z.managed_pages, z.spanned_pages}) {
      counters.push_back(v - kRealBlock);
    }
    for (const migratetype mt : {MIGRATE_UNMOVABLE, MIGRATE_MOVABLE, MIGRATE_ISOLATE}) {
      counters.push_back(PageblocksOf(block, mt));
    }
  };
  rig.Do([&] {
    remove_memory(block, 1);
    add_memory(NodeId{0}, block, 1, true);
    lock_device_hotplug();
    rig.refuse = {"GOING_ONLINE 6"};
    rcs.push_back(device_online(block));
    CHECK(z.present_pages == kRealBlock);
    CHECK(z.spanned_pages == kRealBlock);
    rig.refuse.clear();
    note(device_online(block));
    CHECK(z.nr_free_pages == 2 * kRealBlock - kVmemmap);
    CHECK(PageReserved(PageAt(FirstPfn(block) + (kVmemmap - 1))));
    CHECK_FALSE(PageReserved(PageAt(FirstPfn(block) + kVmemmap)));
    CHECK(StateOf(block) == "n");
    rig.refuse = {"GOING_OFFLINE 6"};
    note(device_offline(block));
    rig.refuse.clear();
    note(device_offline(block));
    unlock_device_hotplug();
  });
  CHECK(rcs == Ints{-EBUSY, 0, -EBUSY, 0});
  constexpr uint32_t kRest = kRealBlock - kVmemmap;
  CHECK(counters == std::vector<uint32_t>{kRealBlock, kRest, kRealBlock, 1, 63, 0,  //
                                          kRealBlock, kRest, kRealBlock, 1, 63, 0,  //
                                          0, 0, 0, 1, 0, 63});
  CHECK(z.nr_isolate_pageblock == 0);
  CHECK(z.nr_free_pages == kRealBlock);
  REQUIRE(rig.args.size() == 8);
  for (const memory_notify_arg& arg : rig.args) {
    CHECK(arg.start_pfn == FirstPfn(block) + kVmemmap);
    CHECK(arg.nr_pages == kRest);
  }
}

TEST_CASE("the span of a zone leaves a block together with its memmap") {
  BootConfig boot = RealSize("6.1");
  std::swap(boot.blocks[1], boot.blocks[2]);  // the lowest block of its zone
  ToldRig rig(boot);
  mm().mhp_memmap_on_memory = 1;
  const BlockId block{5};
  std::vector<uint32_t> starts;
  rig.Do([&] {
    remove_memory(block, 1);
    add_memory(NodeId{0}, block, 1, true);
    lock_device_hotplug();
    rig.refuse = {"GOING_ONLINE 5"};
    for (int i = 0; i < 2; ++i) {
      device_online(block);
      starts.push_back(NormalZone().zone_start_pfn);
      rig.refuse.clear();
    }
    device_offline(block);
    unlock_device_hotplug();
    starts.push_back(NormalZone().zone_start_pfn);
  });
  CHECK(starts == std::vector<uint32_t>{6 * kRealBlock, 5 * kRealBlock, 6 * kRealBlock});
}

TEST_CASE("a block holds its own memmap where kernel, parameter, request and size say so") {
  struct Row {
    const char* kernel;
    bool parameter, request;
    uint32_t pageblock_order, vmemmap;
  };
  const Row rows[] = {
      {"6.1", true, true, 9, kVmemmap}, {"6.1", false, true, 9, 0}, {"6.1", true, false, 9, 0},
      {"6.1", true, true, 10, 0},  // half a pageblock
      {"5.11", true, true, 9, 0},       {"5.9", true, true, 9, 0},  {"rfc", true, true, 9, 0},
  };
  for (const Row& row : rows) {
    INFO(row.kernel << row.parameter << row.request << row.pageblock_order);
    BootConfig boot = RealSize(row.kernel);
    boot.pageblock_order = static_cast<uint8_t>(row.pageblock_order);
    Rig rig(boot);
    mm().mhp_memmap_on_memory = row.parameter ? 1 : 0;
    rig.Do([&] {
      remove_memory(BlockId{6}, 1);
      add_memory(NodeId{0}, BlockId{6}, 1, row.request);
    });
    CHECK(BlockAt(BlockId{6}).nr_vmemmap_pages == row.vmemmap);
  }
}

TEST_CASE("a memmap of less than a page fills a pageblock, if it leaves another one") {
  for (const uint32_t order : {0u, 2u, 4u}) {
    BootConfig boot = Layout("3n.", "6.1");
    boot.block_order = 4;
    boot.max_order = 4;
    boot.pageblock_order = static_cast<uint8_t>(order);
    boot.memmap_on_memory = true;
    Rig rig(boot);
    rig.Do([] {
      CHECK(acpi_scan_hot_remove(BlockId{6}) == 0);
      CHECK(acpi_memory_device_add(BlockId{6}) == 0);
    });
    CHECK(BlockAt(BlockId{6}).nr_vmemmap_pages == (order == 4 ? 0 : 1 << order));
  }
}

TEST_CASE("the memmap of a block stays the kernel's until the block is offline") {
  BootConfig boot = Layout("3nn", "6.1");
  boot.block_order = boot.max_order = 4;
  boot.pageblock_order = 2;
  boot.memmap_on_memory = true;
  Rig rig(boot);
  const BlockId block{6};
  rig.Do([block] {
    acpi_scan_hot_remove(block);
    acpi_memory_device_add(block);
    state_store(block, StateFile::kOnline);
    CHECK(GhostAt(FirstPfn(block) + 3).owner == kBoot);
    // That of boot memory is given back, and no other.
    acpi_scan_hot_remove(BlockId{5});
    CHECK(PageReserved(PageAt(FirstPfn(block) + 3)));
    // The zone ends where the block's own pages do.
    state_store(block, StateFile::kOffline);
    CHECK(GhostAt(FirstPfn(block) + 3).owner == kNobody);
  });
}

TEST_CASE("blocks that hold their own memmap are removed one by one") {
  Rig rig(RealSize("6.1"));
  mm().mhp_memmap_on_memory = 1;
  Ints rcs;
  rig.Do([&] {
    for (uint32_t block = 5; block < 7; ++block) {
      rcs.push_back(offline_and_remove_memory(BlockId{block}, 1));
      add_memory(NodeId{0}, BlockId{block}, 1, true);
      lock_device_hotplug();
      device_online(BlockId{block});
      unlock_device_hotplug();
    }
    rcs.push_back(offline_and_remove_memory(BlockId{5}, 2));
  });
  CHECK(rcs == Ints{0, 0, -EINVAL});
  CHECK(CountHere(kTpRemoveGranularity) == 1);
  // What fails there is undone, too.
  CHECK(CountHere(kTpRemoveFailed) == 1);
  CHECK(StatesOf(5, 2) == Strings{"n", "n"});
  CHECK_FALSE(mm().device_hotplug_lock.lock.held());
}

// ---- Migration --------------------------------------------------------------------------

TEST_CASE("all pages of a range are off the LRU before the first of them moves") {
  ForEachKernel([](const char* kernel, uint32_t) {
    Rig rig(Layout("3nn", kernel));
    bool back = true;
    rig.Do([&] {
      CHECK(SetBackground(BlockId{5}, {0, 4}));
      start_isolate_page_range(Pfn{20}, Pfn{24}, Isolate::kMemoryOffline);
      get_page_unless_zero(Pfn{21});  // somebody holds the second one
      do_migrate_range(Pfn{20}, Pfn{24});
      for (uint32_t pfn = 20; pfn < 24; ++pfn) {
        back = back && PageLRU(PageAt(Pfn{pfn})) == (pfn == 21);
      }
      put_page(Pfn{21});
    });
    CHECK(back);
    CHECK(CountHere(kTpIsolateLru) == 4);
    CHECK(Find(kTpIsolateLru, 4) < Find(kTpMigratePage));
    CHECK(CountHere(kTpMigratePage) == 4);
    CHECK(CountHere(kTpMigrationFailed) == 1);
    CHECK(PageAt(Pfn{21}).refcount == 1);
  });
}

TEST_CASE("who frees an isolated page under its migration destroys the list that it is in") {
  Rig rig(Layout("3nn", "6.1"));
  rig.Task([] {
    CHECK(SetBackground(BlockId{5}, {0, 2}));
    do_migrate_range(Pfn{20}, Pfn{24});
  });
  rig.Task([] {
    for (int i = 0; i < 2; ++i) __free_page(Pfn{22});  // two references, of which none is its own
  });
  rig.At(0, 2, 1);
  CHECK(rig.Run() == sim::Stop::kDead);
  CHECK(CountHere(kTpBugListCorruption) == 1);
}

// ---- Contiguous allocation --------------------------------------------------------------

// The block that a contiguous allocation of one block gets; 0 without one.
uint32_t ContigBlock(const char* kernel, const std::string& layout,
                     const std::function<void()>& before) {
  Rig rig(Layout(layout, kernel));
  uint32_t block = 0;
  rig.Do([&] {
    before();
    const Pfn got = alloc_contig_pages(PagesPerBlock(), NodeId{0});
    block = got.v == kNoPfn ? 0 : BlockOf(got).v;
  });
  CHECK(NormalZone().nr_isolate_pageblock == 0);
  return block;
}

TEST_CASE("contiguous memory comes from Normal, then DMA32, then DMA") {
  ForEachKernel([](const char* kernel, uint32_t) {
    Rig rig(Layout("dd33n.nm", kernel));
    std::vector<uint32_t> blocks;
    rig.Do([&] {
      for (uint32_t i = 0; i < 6; ++i) {
        blocks.push_back(alloc_contig_pages(4, NodeId{0}).v / 4);
      }
      CHECK(alloc_contig_pages(4, NodeId{0}).v == kNoPfn);
      CHECK(alloc_contig_pages(4, NodeId{1}).v == kNoPfn);
    });
    CHECK(blocks == std::vector<uint32_t>{8, 10, 6, 7, 4, 5});
    // A block inside of the span that belongs to another zone is taken with that zone.
    Rig mixed(Layout("n3n", kernel));
    blocks.clear();
    mixed.Do([&] {
      for (uint32_t i = 0; i < 3; ++i) blocks.push_back(alloc_contig_pages(4, NodeId{0}).v / 4);
    });
    CHECK(blocks == std::vector<uint32_t>{4, 6, 5});
  });
}

TEST_CASE("contiguous memory of several blocks does not reach over the hole") {
  ForEachKernel([](const char* kernel, uint32_t) {
    Rig rig(Layout("3nnn|nn", kernel));
    std::vector<uint32_t> blocks;
    rig.Do([&] {
      for (uint32_t i = 0; i < 3; ++i) blocks.push_back(alloc_contig_pages(8, NodeId{0}).v);
    });
    CHECK(blocks == std::vector<uint32_t>{24, 28 * 4, kNoPfn});
  });
}

TEST_CASE("pages in use rule a range out, or are moved out of the way") {
  const ByKernel<uint32_t> with_movable = {6, 6, 6, 5};
  ForEachKernel([&](const char* kernel, uint32_t row) {
    const auto hold = [](const Background& b) {
      return [b] { CHECK(SetBackground(BlockId{5}, b)); };
    };
    CHECK(ContigBlock(kernel, "3nnm", hold({0, 1})) == with_movable.At(row));
    CHECK(ContigBlock(kernel, "3nnm", hold({1, 0})) == 6);
    CHECK(ContigBlock(kernel, "3nnm", [] { PageAt(Pfn{21}).flags = kFlagReserved; }) == 6);
    CHECK(ContigBlock(kernel, "3nnm", [] {}) == 5);
  });
}

TEST_CASE("a candidate with an unmovable page is tried in vain, or not at all") {
  const ByKernel<uint32_t> valid = {1, 1, 1, 2};
  ForEachKernel([&](const char* kernel, uint32_t row) {
    Rig rig(Layout("3nnm", kernel));
    rig.Do([&] {
      CHECK(SetBackground(BlockId{5}, {1, 0}));
      alloc_contig_pages(4, NodeId{0});
    });
    uint32_t found = 0;
    for (const sim::Record& r : Records()) found += r.tp == kTpContigCandidate && r.c == 1;
    CHECK(found == valid.At(row));
    // Only offlining says what is in its way.
    CHECK(CountHere(kTpDumpUnmovable) == 0);
  });
}

TEST_CASE("a part of a block is isolated with its pageblock, or with its chunk of largest order") {
  const ByKernel<uint32_t> pageblocks = {2, 2, 2, 1};
  ForEachKernel([&](const char* kernel, uint32_t row) {
    Rig rig(Layout("3nn", kernel));
    int rc = 1;
    rig.Do([&] { rc = alloc_contig_range(Pfn{21}, Pfn{22}, kInstrument); });
    CHECK(rc == 0);
    CHECK(CountHere(kTpIsolate) == pageblocks.At(row));
    CHECK(PageAt(Pfn{21}).refcount == 1);
    CHECK(GhostAt(Pfn{21}).owner == kInstrument);
    for (const uint32_t pfn : {20u, 22u, 23u}) CHECK(PageAt(Pfn{pfn}).refcount == 0);
    CHECK(NormalZone().nr_free_pages == 7);
    CHECK(NormalZone().nr_isolate_pageblock == 0);
  });
}

TEST_CASE("a task that is killed gets no contiguous memory, even if nothing has to be moved") {
  ForEachKernel([](const char* kernel, uint32_t) {
    Rig rig(Layout("3nn", kernel));
    Ints rcs;
    Pfn at{20};
    rig.Do([&] {
      for (const sim::Sig signal : {sim::Sig::kUsr1, sim::Sig::kKill}) {
        sim::send_signal(sim::current_task(), signal);
        rcs.push_back(alloc_contig_range(at, at + 4, kInstrument));
        at = at + 4;
      }
      at = alloc_contig_pages(4, NodeId{0});
    });
    CHECK(rcs == Ints{0, -EINTR});
    CHECK(at.v == kNoPfn);
    CHECK(NormalZone().nr_isolate_pageblock == 0);
  });
}

// The first pages of the pageblocks that were isolated, or undone, in their order.
using Starts = std::vector<uint32_t>;

Starts Pageblocks(sim::Tp tp) {
  Starts pfns;
  for (const sim::Record& r : Records()) {
    if (r.tp == tp && (tp != kTpIsolate || r.b == 0)) pfns.push_back(r.a);
  }
  return pfns;
}

TEST_CASE("a range is isolated upwards, or from its ends, and a failure undoes as much") {
  const struct {
    uint32_t reserved;  // in a pageblock that cannot be isolated; 0: all can
    ByKernel<Starts> isolated, undone;
  } rows[] = {
      {0, {{20, 22, 24, 26}, {20, 22, 24, 26}, {20, 22, 24, 26}, {20, 26, 22, 24}}, {}},
      {20, {}, {}},
      {24,
       {{20, 22}, {20, 22}, {20, 22}, {20, 26, 22}},
       {{20, 22}, {20, 22}, {20, 22}, {20, 22, 26}}},
      {26,
       {{20, 22, 24}, {20, 22, 24}, {20, 22, 24}, {20}},
       {{20, 22, 24}, {20, 22, 24}, {20, 22, 24}, {20}}},
  };
  ForEachKernel([&](const char* kernel, uint32_t row) {
    for (const auto& r : rows) {
      INFO(r.reserved);
      Rig rig(Layout("3nn", kernel));
      int rc = 1;
      rig.Do([&] {
        if (r.reserved != 0) PageAt(Pfn{r.reserved}).flags = kFlagReserved;
        rc = start_isolate_page_range(Pfn{20}, Pfn{28}, Isolate::kMemoryOffline);
      });
      CHECK(rc == (r.reserved == 0 ? 0 : -EBUSY));
      CHECK(Pageblocks(kTpIsolate) == r.isolated.At(row));
      CHECK(Pageblocks(kTpUnisolate) == r.undone.At(row));
      CHECK(NormalZone().nr_isolate_pageblock == (rc == 0 ? 4 : 0));
    }
  });
}

// What becomes of the isolation of three blocks when one of them is not what it was.
int IsolateThree(const char* kernel, uint32_t block, bool removed, bool debug_vm) {
  BootConfig boot = Layout("3nnn", kernel);
  boot.debug_vm = debug_vm;
  Rig rig(boot);
  int rc = 1;
  rig.Task([&] {
    online_store(BlockId{block}, false);
    if (removed) remove_memory(BlockId{block}, 1);
    rc = start_isolate_page_range(Pfn{20}, Pfn{32}, Isolate::kAllocContig);
  });
  if (rig.Run() == sim::Stop::kFinished) return rc;
  CHECK(rig.said.size() == 1);
  return -EFAULT;
}

TEST_CASE("a block that is not online is passed over, but not at the ends of a range since 5.18") {
  const ByKernel<int> offline = {0, 0, 0, -EBUSY};
  const ByKernel<int> oops = {0, 0, 0, -EFAULT};
  ForEachKernel([&](const char* kernel, uint32_t row) {
    for (const bool debug_vm : {false, true}) {
      for (const uint32_t block : {5u, 7u}) {
        CHECK(IsolateThree(kernel, block, false, debug_vm) == (debug_vm ? oops : offline).At(row));
        CHECK(IsolateThree(kernel, block, true, debug_vm) == oops.At(row));
      }
      for (const bool removed : {false, true}) {
        CHECK(IsolateThree(kernel, 6, removed, debug_vm) == 0);
      }
    }
  });
}

TEST_CASE("who fails to isolate a range leaves the isolation of others, or undoes it") {
  const ByKernel<bool> undone = {false, false, false, true};
  ForEachKernel([&](const char* kernel, uint32_t row) {
    Rig rig(Layout("3nn", kernel));
    int rc = 0;
    rig.Do([&] {
      start_isolate_page_range(Pfn{22}, Pfn{24}, Isolate::kMemoryOffline);
      rc = alloc_contig_range(Pfn{20}, Pfn{24}, kNobody);
    });
    CHECK(rc == -EBUSY);
    CHECK(PageblockAt(Pfn{20}) == MIGRATE_MOVABLE);
    CHECK((PageblockAt(Pfn{22}) == MIGRATE_MOVABLE) == undone.At(row));
    CHECK(NormalZone().nr_isolate_pageblock == (undone.At(row) ? 0 : 1));
  });
}

TEST_CASE("pages that are gone between the test of the isolation and the taking are not taken") {
  ForEachKernel([&](const char* kernel, uint32_t) {
    Rig rig(Layout("3n", kernel));
    int rc = 0;
    rig.Task([&] {
      rc = alloc_contig_range(Pfn{20}, Pfn{24}, kNobody);
      int in_use = 0;
      for (uint32_t pfn = 20; pfn < 24; ++pfn) in_use += PageAt(Pfn{pfn}).refcount;
      CHECK(in_use == 1);  // what the other task took, and nothing else
    });
    rig.Task([&] {
      // As who fails to isolate the range does it on 6.1; then somebody else finds its pages.
      undo_isolate_page_range(Pfn{20}, Pfn{24});
      alloc_pages(NodeId{0}, false, 0, kKernel);
    });
    rig.At(0, 3, 1);
    CHECK(rig.Run() == sim::Stop::kFinished);
    CHECK(Find(kTpTestIsolated) < Find(kTpAllocPages));
    CHECK(rc == -EBUSY);
    CHECK(NormalZone().nr_free_pages == 3);
    CHECK(ledger().nr_instances == 0);
  });
}

TEST_CASE("a range is taken a pageblock at a time, and given back if one has gone") {
  ForEachKernel([&](const char* kernel, uint32_t) {
    for (const bool killed : {false, true}) {
      Rig rig(Layout("3nn", kernel));
      int rc = 0;
      rig.Task([&] { rc = alloc_contig_range(Pfn{20}, Pfn{28}, kNobody); });
      rig.Task([&] {
        if (killed) return sim::send_signal(sim::TaskId{0}, sim::Sig::kKill);
        undo_isolate_page_range(Pfn{24}, Pfn{28});
        alloc_pages(NodeId{0}, false, 0, kKernel);
      });
      rig.At(0, 6, 1);
      CHECK(rig.Run() == sim::Stop::kFinished);
      CHECK(CountHere(kTpGrabPageblock) == 1);
      CHECK(rc == -EBUSY);
      CHECK(NormalZone().nr_free_pages == (killed ? 8 : 7));
      CHECK(PageAt(Pfn{20}).refcount == 0);
      CHECK(ledger().nr_instances == 0);
    }
  });
}

TEST_CASE("a range whose isolation was undone meanwhile is taken, and counts as free no more") {
  ForEachKernel([&](const char* kernel, uint32_t) {
    Rig rig(Layout("3n", kernel));
    int rc = 1;
    rig.Task([&] { rc = alloc_contig_range(Pfn{21}, Pfn{23}, kInstrument); });
    rig.Task([&] { undo_isolate_page_range(Pfn{20}, Pfn{24}); });
    rig.At(0, 3, 1);
    CHECK(rig.Run() == sim::Stop::kFinished);
    CHECK(Find(kTpTestIsolated) < Find(kTpUnisolate, 1));
    CHECK(rc == 0);
    CHECK(NormalZone().nr_free_pages == 2);
    for (const uint32_t pfn : {20u, 23u}) CHECK(FreeChunkHead(Pfn{pfn}).v == pfn);
  });
}

// ---- Poison -----------------------------------------------------------------------------

// What memory_failure() says of a page, and what it leaves of it.
struct Poisoned {
  int rc, refcount;
  bool poisoned, free;
  bool operator==(const Poisoned&) const = default;
};

Poisoned Poison(Pfn pfn) {
  const int rc = memory_failure(pfn);
  const page& p = PageAt(pfn);
  return {rc, p.refcount, PageHWPoison(p), FreeChunkHead(pfn).v != kNoPfn};
}

TEST_CASE("poison takes any page in use, or free pages and pages on the LRU") {
  const ByKernel<Poisoned> unmovable = {
      {0, 2, true, false}, {0, 2, true, false}, {0, 2, true, false}, {-EBUSY, 1, true, false}};
  const ByKernel<Poisoned> free = {{-EBUSY, 0, false, true},
                                   {-EBUSY, 0, false, true},
                                   {-EBUSY, 0, false, true},
                                   {0, 1, true, false}};
  ForEachKernel([&](const char* kernel, uint32_t row) {
    Rig rig(Layout("3nn", kernel));
    std::vector<Poisoned> got;
    rig.Do([&] {
      const Pfn used = alloc_pages(NodeId{0}, false, 0, kKernel);
      got = {Poison(used), Poison(Pfn{27})};
      const Pfn lru = alloc_pages(NodeId{0}, true, 0, kFirstAllocation);
      lru_cache_add(lru);
      got.push_back(Poison(lru));
      __free_page(used);
      CHECK(FreeChunkHead(used).v == kNoPfn);
    });
    CHECK(got == std::vector<Poisoned>{unmovable.At(row), free.At(row), {0, 1, true, false}});
    CHECK(NormalZone().nr_free_pages == (free.At(row).free ? 6 : 5));
  });
}

TEST_CASE("poison waits for an offlining that has the per-CPU lists disabled") {
  const ByKernel<uint32_t> locked = {0, 0, 1, 1};
  ForEachKernel([&](const char* kernel, uint32_t row) {
    Rig rig(Layout("3nn", kernel));
    rig.Do([&] { memory_failure(Pfn{20}); });
    uint32_t locks = 0;
    for (const sim::Record& r : Records())
      locks += r.tp == sim::kTpLock && r.a == kPcpBatchHighLock;
    CHECK(locks == locked.At(row));
  });
}

// ---- The notifier chain -----------------------------------------------------------------

TEST_CASE("who registers twice is refused, or told that all is well; nothing changes") {
  const ByKernel<int> again = {0, 0, 0, -EEXIST};
  ForEachKernel([&](const char* kernel, uint32_t row) {
    ToldRig rig(Layout("3nn", kernel));
    Ints rcs;
    rig.Do(Locked([&] {
      rig.nb(1).priority = 7;
      rcs.push_back(register_memory_notifier(rig.nb(1)));
      rcs.push_back(register_memory_notifier(rig.nb(1)));
      offline_pages(BlockId{5});
      rcs.push_back(unregister_memory_notifier(rig.nb(1)));
      rcs.push_back(unregister_memory_notifier(rig.nb(1)));
      offline_pages(BlockId{6});
    }));
    CHECK(rcs == Ints{0, again.At(row), 0, -ENOENT});
    CHECK(CountHere(kTpRegisterTwice) == 1);
    CHECK(rig.log.size() == 2 * 2 + 2);
  });
}

// ---- Pages of the kernel's own ----------------------------------------------------------

TEST_CASE("a block holds as many pages of the kernel as it is told to") {
  Rig rig(Layout("3nn", "6.1"));
  const BlockId block{5};
  std::vector<uint32_t> seen;
  rig.Do([&] {
    const Background wants[] = {{1, 0}, {1, 2}, {0, 3}, {4, 0}, {0, 4}, {1, 1}, {0, 0}};
    for (const Background& want : wants) {
      CHECK(SetBackground(block, want));
      const Background b = BackgroundOf(block);
      for (const uint32_t v : {b.unmovable, b.lru, NormalZone().nr_free_pages}) seen.push_back(v);
    }
    CHECK_FALSE(SetBackground(block, {3, 2}));
    CHECK(BackgroundOf(block).unmovable == 0);
    // Pages of others are not the kernel's to give back.
    const Pfn user = alloc_pages(NodeId{0}, true, 0, kFirstAllocation);
    CHECK(BlockOf(user) == block);
    CHECK(BackgroundOf(block).lru == 0);
    CHECK_FALSE(SetBackground(block, {2, 2}));
    CHECK(SetBackground(block, {1, 2}));
    CHECK(NormalZone().nr_free_pages == 4);
  });
  CHECK(seen ==
        std::vector<uint32_t>{1, 0, 7, 1, 2, 5, 0, 3, 5, 4, 0, 4, 0, 4, 4, 1, 1, 6, 0, 0, 8});
}

TEST_CASE("the kernel's pages that are on the LRU move, the others keep a block online") {
  ForEachKernel([](const char* kernel, uint32_t) {
    ToldRig rig(Layout("3nnn", kernel));
    Ints rcs;
    Background moved{};
    rig.Do(Locked([&] {
      SetBackground(BlockId{5}, {1, 1});
      SetBackground(BlockId{6}, {0, 3});
      rcs.push_back(offline_pages(BlockId{5}));
      rcs.push_back(offline_pages(BlockId{6}));
      const Background in5 = BackgroundOf(BlockId{5}), in7 = BackgroundOf(BlockId{7});
      moved = {in5.unmovable + in7.unmovable, in5.lru + in7.lru};
      SetBackground(BlockId{5}, {0, 1});
      rcs.push_back(offline_pages(BlockId{5}));
    }));
    CHECK(rcs == Ints{-EBUSY, 0, 0});
    CHECK(moved.unmovable == 1);
    CHECK(moved.lru == 4);
    CHECK(rig.log == Strings{"GOING_OFFLINE 6", "OFFLINE 6", "GOING_OFFLINE 5", "OFFLINE 5"});
    CHECK(CountHere(kTpDumpUnmovable) == 1);
  });
}

TEST_CASE("an unmovable page in ZONE_MOVABLE keeps offlining busy until it is given back") {
  ForEachKernel([](const char* kernel, uint32_t) {
    ToldRig rig(Layout("3nm", kernel));
    int rc = 1;
    rig.Task(Locked([&] {
      SetBackground(BlockId{6}, {1, 0});
      rc = offline_pages(BlockId{6});
    }));
    rig.Task([&] {
      sim::sleep_ticks(sim::Ticks{200}, false);
      CHECK(rc == 1);
      SetBackground(BlockId{6}, {0, 0});
      sim::sched_point(1);
    });
    CHECK(rig.Run() == sim::Stop::kFinished);
    CHECK(rc == 0);
    CHECK(CountHere(sim::kTpSpin) != 0);
  });
}

}  // namespace
}  // namespace hotplug::mm
