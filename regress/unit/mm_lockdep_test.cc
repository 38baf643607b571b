// SPDX-License-Identifier: GPL-2.0-or-later
//
// Preconditions of mm. Method: tasks call what needs a lock with it, without it, and with it held
// in another way or by another task. Goal: who lacks the lock dies, and is told function and lock;
// nobody else does.
#include "model/drivers/memtrace.h"
#include "model/mm/add_remove.h"
#include "model/mm/buddy.h"
#include "model/mm/hotplug.h"
#include "model/mm/pcp.h"
#include "regress/unit/death.h"
#include "regress/unit/harness.h"

namespace hotplug::mm {
namespace {

using testing::DeathOf;
using testing::Rig;
using testing::SmallBoot;
using testing::Strings;

void Any() { lockdep_assert_held(mm().memory_chain); }
void Write() { lockdep_assert_held_write(mm().memory_chain); }
void Read() { lockdep_assert_held_read(mm().memory_chain); }
void Spin() { lockdep_assert_held(zone::lock); }

// What a task dies of that runs f(): "Any() without mm().memory_chain"; empty if it does not.
std::string Lacks(const std::function<void()>& f) {
  const std::string said = DeathOf([&f] {
    Rig rig(SmallBoot());
    rig.Task(f);
    rig.Run();
  });
  const std::string broken = "the simulator is broken: ";
  const size_t at = said.find(broken);
  return at == std::string::npos
             ? said
             : said.substr(at + broken.size(), said.size() - at - broken.size() - 1);
}

// The same of all four, one after the other, when `take` has run before.
Strings LacksAfter(const std::function<void()>& take) {
  Strings all;
  for (void (*f)() : {&Any, &Write, &Read, &Spin}) {
    all.push_back(Lacks([&] {
      take();
      f();
    }));
  }
  return all;
}

TEST_CASE("an assertion holds for who has the lock, in the way that it asks for") {
  const std::string any = "Any() without mm().memory_chain";
  const std::string write = "Write() without mm().memory_chain for writing";
  const std::string read = "Read() without mm().memory_chain for reading";
  const std::string spin = "Spin() without zone::lock";
  CHECK(LacksAfter([] {}) == Strings{any, write, read, spin});
  CHECK(LacksAfter([] { sim::down_read(mm().memory_chain); }) == Strings{"", write, "", spin});
  CHECK(LacksAfter([] { sim::down_write(mm().memory_chain); }) == Strings{"", "", read, spin});
  CHECK(LacksAfter([] { sim::spin_lock(zone::lock); }) == Strings{any, write, read, ""});
  CHECK(LacksAfter([] {
          sim::down_read(mm().memory_chain);
          sim::up_read(mm().memory_chain);
          sim::spin_lock(zone::lock);
          sim::spin_unlock(zone::lock);
        }) == Strings{any, write, read, spin});
  // Another lock of the machine is no help.
  CHECK(LacksAfter([] { mem_hotplug_begin(); }) == Strings{any, write, read, spin});
}

TEST_CASE("a lock that another task holds is not held") {
  for (const bool writes : {false, true}) {
    CHECK_FALSE(DeathOf([writes] {
                  Rig rig(SmallBoot());
                  rig.Task([writes] {
                    if (writes) sim::down_write(mm().memory_chain);
                    if (!writes) sim::down_read(mm().memory_chain);
                    sim::sched_point(1);
                  });
                  rig.Task(&Any);
                  rig.At(0, 2, 1);
                  rig.Run();
                }).empty());
  }
}

TEST_CASE("a spinlock is not taken twice, and not released unless it is held") {
  CHECK_FALSE(Lacks([] {
                sim::spin_lock(zone::lock);
                sim::spin_lock(zone::lock);
              }).empty());
  CHECK_FALSE(Lacks([] { sim::spin_unlock(zone::lock); }).empty());
}

TEST_CASE("once a lock has been misused only spinlocks are asserted") {
  const auto misuse = [] { sim::up_write(mm().memory_chain); };
  CHECK(LacksAfter(misuse) == Strings{"", "", "", "Spin() without zone::lock"});
}

TEST_CASE("what needs a lock dies without it") {
  struct Row {
    const char* message;
    std::function<void()> call;
  };
  const BlockId block{5};
  const Pfn pfn = Pfn{20};
  const Row rows[] = {
      {"__free_one_page() without zone::lock", [&] { __free_one_page(pfn, 0, MIGRATE_MOVABLE); }},
      {"del_page_from_free_list() without zone::lock", [&] { del_page_from_free_list(pfn); }},
      {"move_freepages_block() without zone::lock",
       [&] { move_freepages_block(pfn, MIGRATE_MOVABLE); }},
      {"zone_pcp_enable() without mm().pcp_batch_high_lock", [] { zone_pcp_enable(); }},
      {"BeginOperation() without mm().mem_hotplug_lock for writing",
       [&] { mm::BeginOperation(block, 1); }},
      {"EndOperation() without mm().mem_hotplug_lock for writing", [] { EndOperation(true); }},
      {"online_pages() without mm().device_hotplug_lock",
       [&] { online_pages(block, MMOP_ONLINE); }},
      {"offline_pages() without mm().device_hotplug_lock", [&] { offline_pages(block); }},
      {"device_online() without mm().device_hotplug_lock", [&] { device_online(block); }},
      {"device_offline() without mm().device_hotplug_lock", [&] { device_offline(block); }},
      {"__add_memory() without mm().device_hotplug_lock",
       [&] { __add_memory(NodeId{0}, block, 1); }},
      {"try_remove_memory() without mm().device_hotplug_lock",
       [&] { try_remove_memory(block, 1); }},
      {"__remove_memory() without mm().device_hotplug_lock", [&] { __remove_memory(block, 1); }},
      {"OnlineBlocks() without mm::mm().device_hotplug_lock",
       [&] { drivers::memtrace::OnlineBlocks(block, 1); }},
      {"AddReserved() without mm::mm().device_hotplug_lock",
       [&] { drivers::memtrace::AddReserved(NodeId{0}, block, 1); }},
  };
  for (const Row& row : rows) CHECK(Lacks(row.call) == row.message);
}

}  // namespace
}  // namespace hotplug::mm
