// SPDX-License-Identifier: GPL-2.0-or-later
//
// Where pages go that are in the way of an offlining or a contiguous allocation, and in which
// order. Method: pages of the kernel's own on the LRU of small machines. Goal: what kernel-facts 5
// says of do_migrate_range() and __alloc_contig_migrate_range().
#include "model/mm/background.h"
#include "model/mm/buddy.h"
#include "model/mm/isolation.h"
#include "model/mm/migrate.h"
#include "model/mm/page.h"
#include "regress/unit/layout.h"

namespace hotplug::mm {
namespace {

using testing::CountHere;
using testing::Layout;
using testing::Records;
using testing::Rig;

using Pages = std::vector<uint32_t>;

// What the records of a trace point say first or second, in their order.
Pages Said(sim::Tp tp, uint32_t sim::Record::* what) {
  Pages pages;
  for (const sim::Record& r : Records()) {
    if (r.tp == tp) pages.push_back(r.*what);
  }
  return pages;
}

// Four pages on the LRU of a block.
void FillBlock(uint32_t block) { CHECK(SetBackground(BlockId{block}, {0, 4})); }

// ---- Which pages, and in which order ----------------------------------------------------

TEST_CASE("an offlining migrates the first page first, a contiguous allocation the last") {
  for (const bool contig : {false, true}) {
    Rig rig(Layout("nnnn", "6.1"));
    int rc = 0;
    rig.Do([&] {
      for (const uint32_t block : {5, 6, 7}) FillBlock(block);
      start_isolate_page_range(Pfn{20}, Pfn{24}, Isolate::kMemoryOffline);
      if (contig) {
        rc = __alloc_contig_migrate_range(Pfn{20}, Pfn{24});
      } else {
        do_migrate_range(Pfn{20}, Pfn{24});
      }
    });
    CHECK(rc == 0);
    CHECK(Said(kTpMigratePage, &sim::Record::a) ==
          (contig ? Pages{23, 22, 21, 20} : Pages{20, 21, 22, 23}));
  }
}

// With the pages of one block more, half of those that stay on the LRU are as many as one pageblock
// has.
TEST_CASE("a contiguous allocation leaves the next pageblock alone when too many are isolated") {
  for (const uint32_t blocks : {1, 2}) {
    Rig rig(Layout("nnnn", "6.1"));
    int rc = 0;
    rig.Do([&] {
      for (uint32_t block = 5; block < 5 + blocks; ++block) FillBlock(block);
      start_isolate_page_range(Pfn{20}, Pfn{24}, Isolate::kAllocContig);
      rc = __alloc_contig_migrate_range(Pfn{20}, Pfn{24});
    });
    CHECK(rc == 0);
    CHECK(Said(kTpMigratePage, &sim::Record::a) ==
          (blocks == 1 ? Pages{21, 20, 23, 22} : Pages{23, 22, 21, 20}));
    CHECK(mm().nodes[0].nr_isolated == 0);
  }
}

TEST_CASE("a contiguous allocation waits until others have put back what they have isolated") {
  Rig rig(Layout("nn", "6.1"));
  int rc = 1;
  rig.Task([] {
    FillBlock(5);
    do_migrate_range(Pfn{20}, Pfn{24});
  });
  rig.Task([&] { rc = __alloc_contig_migrate_range(Pfn{20}, Pfn{24}); });
  // When all four are off the LRU: each makes a step more when its reference is put.
  rig.At(0, 8, 1);
  CHECK(rig.Run() == sim::Stop::kFinished);
  CHECK(rc == 0);
  CHECK(CountHere(sim::kTpSleep) == 1);
  CHECK(mm().nodes[0].nr_isolated == 0);
}

TEST_CASE("without memory no other page is tried") {
  Rig rig(Layout("n", "6.1"));
  rig.Do([] {
    FillBlock(4);
    do_migrate_range(Pfn{16}, Pfn{20});
  });
  CHECK(CountHere(kTpMigratePage) == 1);
  CHECK(Said(kTpMigrationFailed, &sim::Record::b) == Pages{static_cast<uint32_t>(-ENOMEM)});
  for (uint32_t pfn = 16; pfn < 20; ++pfn) CHECK(PageLRU(PageAt(Pfn{pfn})));
  CHECK(mm().nodes[0].nr_isolated == 0);
}

// ---- Where to ---------------------------------------------------------------------------

// The block that a page of the first one is moved to.
uint32_t TargetOn(const std::string& layout, bool contig) {
  Rig rig(Layout(layout, "6.1"));
  rig.Do([&] {
    CHECK(SetBackground(BlockId{4}, {0, 1}));
    start_isolate_page_range(Pfn{16}, Pfn{20}, Isolate::kMemoryOffline);
    if (contig) {
      __alloc_contig_migrate_range(Pfn{16}, Pfn{20});
    } else {
      do_migrate_range(Pfn{16}, Pfn{20});
    }
  });
  const Pages targets = Said(kTpMigratePage, &sim::Record::b);
  REQUIRE(targets.size() == 1);
  return targets[0] == kNoPfn ? 0 : targets[0] / 4;
}

TEST_CASE("what goes offline leaves its node if another one has memory") {
  CHECK(TargetOn("nn/n", false) == 6);
  CHECK(TargetOn("nn/.", false) == 5);
  CHECK(TargetOn("nn/n", true) == 5);
  CHECK(TargetOn("n/n", true) == 5);
}

TEST_CASE("only pages of Movable go to Movable") {
  CHECK(TargetOn("nm", false) == 0);
  CHECK(TargetOn("nm/n", false) == 6);
  CHECK(TargetOn("mnm", false) == 6);
  CHECK(TargetOn("mn", false) == 5);
}

}  // namespace
}  // namespace hotplug::mm
