// SPDX-License-Identifier: GPL-2.0-or-later
//
// kmalloc, ioremap, debugfs. Method: accesses inside and outside of objects, before and after
// they are freed. Goal: a report of the right kind for each that is wrong, and none for others.
#include "model/mm/buddy.h"
#include "model/mm/page.h"
#include "model/mm/services.h"
#include "regress/unit/harness.h"

namespace hotplug::mm {
namespace {

using testing::Rig;
using testing::SmallBoot;

struct Object {
  uint64_t a, b;
};

// The trace points of what was reported while `body` ran.
std::vector<sim::Tp> Reported(Rig& rig, const std::function<void()>& body) {
  rig.Task([&] {
    body();
    sim::sched_point(1);
  });
  rig.Run();
  std::vector<sim::Tp> tps;
  for (const sim::Record& r : sim::machine->trace.records()) {
    const bool report = r.tp == kTpUseAfterFree || r.tp == kTpOutOfBounds ||
                        r.tp == kTpDoubleFree || r.tp == kTpOopsNull;
    if (report) tps.push_back(r.tp);
  }
  CHECK(rig.said.empty() == tps.empty());
  for (const Rig::Said& s : rig.said) CHECK(s.report == KernelReport::kOops);
  return tps;
}

TEST_CASE("memory is zeroed and keeps what is written to it") {
  Rig rig(SmallBoot());
  std::vector<uint64_t> read;
  const auto reported = Reported(rig, [&] {
    const HeapPtr p = kcalloc(2, sizeof(Object));
    const HeapPtr q = kcalloc(1, sizeof(Object));
    read.push_back(heap_read<Object>(p, 1).b);
    heap_write(p, 1, Object{3, 4});
    heap_write(q, 0, Object{5, 6});
    read.push_back(heap_read<Object>(p, 1).b);
    read.push_back(heap_read<Object>(p, 0).b);
    read.push_back(heap_read<Object>(q, 0).a);
    kfree(p);
    kfree(q);
    kfree(HeapPtr{});
  });
  CHECK(reported.empty());
  CHECK(read == std::vector<uint64_t>{0, 4, 0, 5});
}

TEST_CASE("an access past the end, of freed memory or through NULL is reported") {
  using Body = void (*)();
  const std::vector<std::pair<sim::Tp, Body>> cases = {
      {kTpOutOfBounds, [] { heap_read<Object>(kcalloc(2, sizeof(Object)), 2); }},
      {kTpOutOfBounds, [] { heap_write(kcalloc(1, 8), 0, Object{1, 2}); }},
      {kTpOutOfBounds, [] { heap_read<uint64_t>(kcalloc(0, 8), 0); }},
      {kTpUseAfterFree,
       [] {
         const HeapPtr p = kcalloc(1, sizeof(Object));
         kfree(p);
         heap_read<Object>(p, 0);
       }},
      {kTpUseAfterFree,
       [] {
         const HeapPtr p = kcalloc(1, sizeof(Object));
         kfree(p);
         kcalloc(1, sizeof(Object));  // freed memory stays in quarantine
         heap_write(p, 0, Object{});
       }},
      {kTpDoubleFree,
       [] {
         const HeapPtr p = kcalloc(1, sizeof(Object));
         kfree(p);
         kfree(p);
       }},
      {kTpOopsNull, [] { heap_read<Object>(HeapPtr{}, 0); }},
  };
  for (const auto& [tp, body] : cases) {
    Rig rig(SmallBoot());
    CHECK(Reported(rig, body) == std::vector<sim::Tp>{tp});
    CHECK((sim::sim().stop == sim::Stop::kDead) == (tp == kTpOopsNull));
  }
}

TEST_CASE("an overflow does not reach the next object") {
  Rig rig(SmallBoot());
  uint64_t read = 1;
  Reported(rig, [&] {
    const HeapPtr p = kcalloc(1, 8);
    const HeapPtr q = kcalloc(1, 8);
    for (uint32_t i = 1; i <= kRedzoneBytes / 8; ++i) heap_write(p, i, ~uint64_t{0});
    read = heap_read<uint64_t>(q, 0);
  });
  CHECK(read == 0);
}

TEST_CASE("memory is NULL when the plan says so and when there is none left") {
  Rig rig(SmallBoot());
  rig.faults.entries[0] = {FaultSite::kKmalloc, 2, ENOMEM};
  rig.faults.size = 1;
  std::vector<bool> null;
  bool full = false;
  rig.Do([&] {
    for (int i = 0; i < 3; ++i) null.push_back(kcalloc(1, 8) == HeapPtr{});
    null.push_back(kcalloc(1, kHeapBytes) == HeapPtr{});
    for (uint32_t i = 0; i < kMaxHeapObjects + 1 && !full; ++i) full = kcalloc(1, 1) == HeapPtr{};
  });
  CHECK(null == std::vector<bool>{false, true, false, true});
  CHECK(full);
}

TEST_CASE("what was cleared is not any more when it has been free") {
  Rig rig(SmallBoot());
  Pfn pfn{kNoPfn};
  std::vector<uint32_t> cleared;
  rig.Do([&] {
    pfn = alloc_pages(NodeId{0}, false, 0, kCore);
    cleared.push_back(GhostAt(pfn).cleared);
    clear_page(pfn);
    cleared.push_back(GhostAt(pfn).cleared);
    __free_page(pfn);
  });
  cleared.push_back(GhostAt(pfn).cleared);
  CHECK(cleared == std::vector<uint32_t>{0, 1, 0});
}

TEST_CASE("mappings and directories are handles that are used again") {
  Rig rig(SmallBoot());
  rig.faults.entries[0] = {FaultSite::kIoremap, 3, ENOMEM};
  rig.faults.entries[1] = {FaultSite::kDebugfsCreateDir, 1, ENOMEM};
  rig.faults.size = 2;
  std::vector<uint32_t> handles;
  rig.Do([&] {
    for (int i = 0; i < 4; ++i) handles.push_back(ioremap(Pfn{16}));
    iounmap(handles[0]);
    handles.push_back(ioremap(Pfn{16}));
    for (int i = 0; i < 3; ++i) handles.push_back(debugfs_create_dir(0));
    debugfs_remove_recursive(handles[6]);
    debugfs_remove_recursive(0);
    handles.push_back(debugfs_create_dir(0));
  });
  CHECK(handles == std::vector<uint32_t>{1, 2, 0, 3, 1, 0, 1, 2, 1});
  CHECK(mm().mappings == 7);
  CHECK(mm().dirs == 3);
}

}  // namespace
}  // namespace hotplug::mm
