// SPDX-License-Identifier: GPL-2.0-or-later
//
// Which free chunk is taken next, and what isolation does to chunks that are larger than a
// pageblock. Method: chunks of small machines, put on lists and taken off by hand, or by whoever
// steals and isolates. Goal: what kernel-facts 4.6 and 5 say of the lists, and H-16.
#include "model/mm/buddy.h"
#include "model/mm/free_list.h"
#include "model/mm/isolation.h"
#include "model/mm/page.h"
#include "model/mm/pcp.h"
#include "regress/unit/layout.h"

namespace hotplug::mm {
namespace {

using testing::Layout;
using testing::NormalZone;
using testing::Rig;

using Chunks = std::vector<uint32_t>;

// The chunks of a list, from its head on; the same from its tail on must be that backwards.
Chunks ListOfOrder(uint32_t order, migratetype mt) {
  const free_area& area = NormalZone().free[order];
  Chunks down, up;
  for (uint32_t pfn = area.head[mt]; pfn != kNoPfn; pfn = PageAt(Pfn{pfn}).next) {
    down.push_back(pfn);
  }
  for (uint32_t pfn = area.tail[mt]; pfn != kNoPfn; pfn = PageAt(Pfn{pfn}).prev) {
    up.insert(up.begin(), pfn);
  }
  CHECK(down == up);
  return down;
}

template <class F>
void WithLock(F f) {
  sim::spin_lock(zone::lock);
  f();
  sim::spin_unlock(zone::lock);
}

// One block of four pageblocks of four pages, which a single chunk covers: pages 64 to 79.
BootConfig OneChunk(const std::string& kernel, uint32_t fixes = 0) {
  BootConfig boot = Layout("n", kernel);
  boot.block_order = boot.max_order = 4;
  boot.pageblock_order = 2;
  boot.core_fixes = static_cast<uint16_t>(fixes);
  return boot;
}

Pfn TakeChunk(bool movable, uint32_t order = 0) {
  return alloc_pages(NodeId{0}, movable, order, kFirstAllocation);
}

// ---- The lists --------------------------------------------------------------------------

TEST_CASE("a list has two ends, and gives up a chunk wherever it lies") {
  Rig rig(Layout("n"));
  rig.Do([] {
    for (int i = 0; i < 4; ++i) TakeChunk(true);
    WithLock([] {
      add_to_free_list(Pfn{16}, 0, MIGRATE_MOVABLE);
      add_to_free_list(Pfn{17}, 0, MIGRATE_MOVABLE, End::kTail);
      add_to_free_list(Pfn{18}, 0, MIGRATE_MOVABLE);
      add_to_free_list(Pfn{19}, 0, MIGRATE_MOVABLE, End::kTail);
      CHECK(ListOfOrder(0, MIGRATE_MOVABLE) == Chunks{18, 16, 17, 19});
      del_page_from_free_list(Pfn{16});
      CHECK(ListOfOrder(0, MIGRATE_MOVABLE) == Chunks{18, 17, 19});
      del_page_from_free_list(Pfn{18});
      CHECK(ListOfOrder(0, MIGRATE_MOVABLE) == Chunks{17, 19});
      del_page_from_free_list(Pfn{19});
      CHECK(ListOfOrder(0, MIGRATE_MOVABLE) == Chunks{17});
      del_page_from_free_list(Pfn{17});
      CHECK(ListOfOrder(0, MIGRATE_MOVABLE).empty());
    });
  });
}

TEST_CASE("a chunk that changes its list is taken next, or last since 5.10") {
  for (const std::string kernel : {"5.9", "5.11"}) {
    Rig rig(Layout("nn", kernel));
    rig.Do([&] {
      WithLock([] {
        move_to_free_list(Pfn{16}, MIGRATE_UNMOVABLE);
        move_to_free_list(Pfn{20}, MIGRATE_UNMOVABLE);
      });
      CHECK(ListOfOrder(2, MIGRATE_UNMOVABLE) ==
            (kernel == "5.9" ? Chunks{20, 16} : Chunks{16, 20}));
    });
  }
}

TEST_CASE("a page that may soon merge is taken last") {
  Rig rig(Layout("nn"));
  rig.Do([] {
    const Pfn pair = TakeChunk(true, 1);
    for (int i = 0; i < 4; ++i) TakeChunk(true);
    WithLock([&] {
      __free_one_page(Pfn{20}, 0, MIGRATE_MOVABLE);
      // Its buddy's neighbours are free: 18 and 19 would be 16 to 19.
      __free_one_page(pair, 1, MIGRATE_MOVABLE);
      __free_one_page(pair + 2, 0, MIGRATE_MOVABLE);
    });
    CHECK(ListOfOrder(0, MIGRATE_MOVABLE) == Chunks{20, 18});
  });
}

// ---- Stealing ---------------------------------------------------------------------------

// A block of one pageblock of eight pages, of which five are in use for movable ones.
BootConfig OnePageblock() {
  BootConfig boot = Layout("n");
  boot.block_order = boot.pageblock_order = boot.max_order = 3;
  return boot;
}

TEST_CASE("who steals takes all that is free of a pageblock, and the pageblock if that is much") {
  for (const bool on_lru : {false, true}) {
    Rig rig(OnePageblock());
    rig.Do([&] {
      for (int i = 0; i < 5; ++i) {
        const Pfn pfn = TakeChunk(true);
        if (on_lru) lru_cache_add(pfn);
      }
      CHECK(TakeChunk(false).v == 37);  // free are 37, and 38 with 39
      CHECK(ListOfOrder(1, MIGRATE_UNMOVABLE) == Chunks{38});
      // Pages that can be moved are not alike.
      CHECK(PageblockAt(Pfn{32}) == (on_lru ? MIGRATE_MOVABLE : MIGRATE_UNMOVABLE));
    });
  }
}

TEST_CASE("a zone is passed over whose free pages are on per-CPU lists only") {
  BootConfig boot = Layout("n");
  boot.pcp_high = 4;
  Rig rig(boot);
  Pfn got{};
  rig.Do([&] {
    for (int i = 0; i < 4; ++i) TakeChunk(true);
    __free_page(Pfn{16});
    got = TakeChunk(true);
  });
  CHECK(got.v == kNoPfn);
}

// ---- Isolation and large chunks ---------------------------------------------------------

struct Isolating {
  const char* kernel;
  uint32_t fixes;
  uint32_t in_middle;  // free pages when the second pageblock is isolated
  uint32_t head;       // of the chunk that it lies in then
  uint32_t at_start;   // free pages when the first two are
};
constexpr uint32_t kSplit = CoreFix::kSplitChunks.bit;
const Isolating kIsolations[] = {
    {"rfc", 0, 16, 64, 0},
    {"rfc", kSplit, 12, 68, 8},
    // Since 6.0 chunks are cut at the ends of the range.
    {"6.1", 0, 12, 68, 8},
    {"6.1", kSplit, 12, 68, 8},
};

TEST_CASE("a chunk is isolated with the pageblock that it begins in, or is split") {
  for (const Isolating& i : kIsolations) {
    INFO(i.kernel << " " << i.fixes);
    Rig rig(OneChunk(i.kernel, i.fixes));
    rig.Do([&] {
      start_isolate_page_range(Pfn{68}, Pfn{72}, Isolate::kAllocContig);
      CHECK(NormalZone().nr_free_pages == i.in_middle);
      CHECK(FreeChunkHead(Pfn{68}).v == i.head);
      undo_isolate_page_range(Pfn{68}, Pfn{72});
      start_isolate_page_range(Pfn{64}, Pfn{72}, Isolate::kAllocContig);
      CHECK(NormalZone().nr_free_pages == i.at_start);
      undo_isolate_page_range(Pfn{64}, Pfn{72});
    });
    CHECK(NormalZone().nr_free_pages == 16);
    CHECK(FreeChunkHead(Pfn{79}).v == 64);
  }
}

TEST_CASE("a range is isolated if each of its pageblocks is") {
  Rig rig(OneChunk("rfc"));
  Pfn where{};
  int rc = 1;
  rig.Do([&] {
    start_isolate_page_range(Pfn{64}, Pfn{72}, Isolate::kMemoryOffline);
    CHECK(test_pages_isolated(Pfn{64}, Pfn{72}, Isolate::kMemoryOffline, &where) == 0);
    rc = test_pages_isolated(Pfn{64}, Pfn{80}, Isolate::kMemoryOffline, &where);
  });
  CHECK(rc == -EBUSY);
  CHECK(where.v == 72);
}

TEST_CASE("who steals a chunk overwrites the isolation of its pageblocks, unless it is split") {
  for (const uint32_t fixes : {0u, kSplit}) {
    Rig rig(OneChunk("rfc", fixes));
    rig.Do([&] {
      start_isolate_page_range(Pfn{68}, Pfn{72}, Isolate::kMemoryOffline);
      TakeChunk(false);
    });
    CHECK((PageblockAt(Pfn{68}) == MIGRATE_ISOLATE) == (fixes != 0));
    CHECK(NormalZone().nr_isolate_pageblock == 1);
  }
}

TEST_CASE("a chunk that is freed over an isolated pageblock is listed as what it begins in") {
  for (const uint32_t fixes : {0u, kSplit}) {
    Rig rig(OneChunk("rfc", fixes));
    rig.Do([&] {
      const Pfn chunk = TakeChunk(true, 4);
      PageblockAt(Pfn{68}) = MIGRATE_ISOLATE;
      ++NormalZone().nr_isolate_pageblock;
      __free_page(chunk);
    });
    CHECK(NormalZone().nr_free_pages == (fixes != 0 ? 12 : 16));
    CHECK(ListOfOrder(2, MIGRATE_ISOLATE) == (fixes != 0 ? Chunks{68} : Chunks{}));
  }
}

}  // namespace
}  // namespace hotplug::mm
