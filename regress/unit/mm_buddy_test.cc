// SPDX-License-Identifier: GPL-2.0-or-later
//
// The buddy allocator, isolation and contiguous allocation. Method: a random walk of
// allocations, frees, isolations and their undoing, with every free list walked after each of
// them, and small cases by hand for what has a rule of its own. Goal: free pages are counted
// once, chunks are aligned and never overlap, whatever is together free is merged.
#include <algorithm>
#include <map>

#include "model/mm/buddy.h"
#include "model/mm/isolation.h"
#include "model/mm/kernel.h"
#include "model/mm/migrate.h"
#include "model/mm/page.h"
#include "model/mm/pcp.h"
#include "model/scenario/random.h"
#include "regress/unit/harness.h"

namespace hotplug::mm {
namespace {

using scenario::Random;
using testing::NormalZone;
using testing::Rig;
using testing::SmallBoot;

constexpr uint32_t kZones = kMaxNodes * MAX_NR_ZONES;

BootConfig Geometry(uint8_t block_order, uint8_t pageblock_order, uint8_t max_order) {
  BootConfig boot = SmallBoot(6);
  boot.block_order = block_order;
  boot.pageblock_order = pageblock_order;
  boot.max_order = max_order;
  boot.blocks[3].zone = ZONE_MOVABLE;
  boot.blocks[4].nid = boot.blocks[5].nid = 1;
  return boot;
}

// ---- What holds of the free lists -------------------------------------------------------

struct Lists {
  std::string wrong;                       // the first thing that is, or empty
  std::map<uint32_t, uint32_t> chunks;     // head to order
  std::array<uint32_t, kZones> counted{};  // free pages outside of isolated pageblocks
  uint32_t free = 0;
};

void AddChunk(Lists& l, uint32_t zone_index, uint32_t order, uint32_t mt, Pfn head) {
  const page& p = PageAt(head);
  if (!PageBuddy(p) || p.order != order || p.zone != zone_index) l.wrong = "a stranger on a list";
  if ((head.v & ((1u << order) - 1)) != 0) l.wrong = "a chunk is not aligned";
  if (!l.chunks.emplace(head.v, order).second) l.wrong = "a chunk is on two lists";
  for (uint32_t i = 0; i < (1u << order); ++i) {
    const Pfn pfn = head + i;
    if ((PageblockAt(pfn) == MIGRATE_ISOLATE) != (mt == MIGRATE_ISOLATE)) {
      l.wrong = "a chunk is on the list of another kind of pageblock";
    }
    if (PageAt(pfn).refcount != 0 || (i != 0 && PageBuddy(PageAt(pfn)))) {
      l.wrong = "a page of a chunk is not simply free";
    }
    if (FreeChunkHead(pfn) != head) l.wrong = "a page does not find its chunk";
  }
  l.free += 1u << order;
  if (mt != MIGRATE_ISOLATE) l.counted[zone_index] += 1u << order;
}

Lists WalkLists() {
  Lists l;
  for (uint32_t z = 0; z < kZones; ++z) {
    for (uint32_t order = 0; order <= geometry().max_order; ++order) {
      for (uint32_t mt = 0; mt < MIGRATE_TYPES; ++mt) {
        uint32_t prev = kNoPfn;
        for (uint32_t pfn = mm().zones[z].free[order].head[mt]; pfn != kNoPfn;) {
          if (PageAt(Pfn{pfn}).prev != prev) l.wrong = "the links back are broken";
          AddChunk(l, z, order, mt, Pfn{pfn});
          if (!l.wrong.empty()) return l;
          prev = pfn;
          pfn = PageAt(Pfn{pfn}).next;
        }
      }
    }
  }
  return l;
}

bool Isolated(uint32_t pfn) { return PageblockAt(Pfn{pfn}) == MIGRATE_ISOLATE; }

// The law of the lists with everything that should be merged, and the zones' counters.
std::string Wrong() {
  Lists l = WalkLists();
  uint32_t buddies = 0;
  for (uint32_t i = 0; i < geometry().nr_pages; ++i)
    buddies += PageBuddy(PageAt(Pfn{geometry().first_pfn + i}));
  if (l.wrong.empty() && buddies != l.chunks.size()) return "a free chunk is on no list";
  for (uint32_t z = 0; z < kZones && l.wrong.empty(); ++z) {
    if (mm().zones[z].nr_free_pages != l.counted[z]) l.wrong = "nr_free_pages is not the sum";
  }
  for (const auto& [head, order] : l.chunks) {
    const auto next = l.chunks.find(head ^ (1u << order));
    if (order == geometry().max_order || next == l.chunks.end() || next->second != order) continue;
    if (PageAt(Pfn{head}).zone != PageAt(Pfn{next->first}).zone) continue;
    // Isolating merges nothing: it waits for the undoing.
    const bool border =
        order >= geometry().pageblock_order && (Isolated(head) || Isolated(next->first));
    if (!border) l.wrong = "two buddies are not merged";
  }
  return l.wrong;
}

// ---- The random walk --------------------------------------------------------------------

struct Piece {
  Pfn pfn;
  uint32_t order;
};

class Walk {
 public:
  explicit Walk(uint64_t seed) : random_(seed) {}

  void Step() {
    switch (random_.Below(8)) {
      case 0:
      case 1:
      case 2:
        return Allocate();
      case 3:
      case 4:
        return Free();
      case 5:
        return Isolate();
      case 6:
        return Undo();
      default:
        if (random_.OneIn(16)) FreeAll();
        return;
    }
  }
  void FreeAll() {
    while (!pieces_.empty()) Free();
  }
  void UndoAll() {
    while (!isolated_.empty()) Undo();
  }
  uint32_t allocated() const { return allocated_; }

 private:
  void Allocate() {
    const uint32_t order = random_.Below(geometry().max_order + 1u);
    const NodeId nid{random_.Below(kMaxNodes)};
    const Pfn pfn = alloc_pages(nid, random_.OneIn(2), order, kFirstAllocation);
    if (pfn.v == kNoPfn) return;
    pieces_.push_back({pfn, order});
    allocated_ += 1u << order;
  }
  void Free() {
    if (pieces_.empty()) return;
    std::swap(pieces_[random_.Below(static_cast<uint32_t>(pieces_.size()))], pieces_.back());
    const Piece p = pieces_.back();
    pieces_.pop_back();
    --PageAt(p.pfn).refcount;
    free_unref_page(p.pfn, p.order);
    allocated_ -= 1u << p.order;
  }
  void Isolate() {
    const uint32_t pageblocks = geometry().nr_pages / PagesPerPageblock();
    const uint32_t at = random_.Below(pageblocks);
    const uint32_t n = std::min(1 + random_.Below(4), pageblocks - at);
    const Pfn start = Pfn{geometry().first_pfn} + at * PagesPerPageblock();
    const Pfn end = start + n * PagesPerPageblock();
    // Not over the border of a zone.
    if (PageAt(start).zone != PageAt(end - 1).zone) return;
    if (start_isolate_page_range(start, end, Isolate::kMemoryOffline) == 0) {
      isolated_.push_back({start, end - start});
    }
  }
  void Undo() {
    if (isolated_.empty()) return;
    const auto [start, pages] = isolated_.back();
    isolated_.pop_back();
    undo_isolate_page_range(start, start + pages);
  }

  Random random_;
  std::vector<Piece> pieces_;
  std::vector<Piece> isolated_;  // start, pages
  uint32_t allocated_ = 0;
};

TEST_CASE("the lists keep their law over random allocations and isolations") {
  struct Shape {
    uint8_t block, pageblock, max;
  };
  for (const Shape s : {Shape{2, 1, 2}, {2, 2, 2}, {4, 1, 3}, {4, 2, 4}, {4, 4, 4}, {6, 3, 5}}) {
    for (uint64_t seed = 1; seed <= 8; ++seed) {
      INFO("orders " << int{s.block} << " " << int{s.pageblock} << " " << int{s.max} << " seed "
                     << seed);
      BootConfig boot = Geometry(s.block, s.pageblock, s.max);
      boot.core_fixes = CoreFix::kSplitChunks.bit;  // H-16 breaks the law
      Rig rig(boot);
      std::string wrong;
      uint32_t leaked = 0;
      rig.Do([&] {
        Walk walk(seed);
        for (uint32_t i = 0; i < 500 && wrong.empty(); ++i) {
          walk.Step();
          wrong = Wrong();
          const bool lost = WalkLists().free + walk.allocated() != geometry().nr_pages;
          if (wrong.empty() && lost) wrong = "pages are lost";
        }
        walk.FreeAll();
        walk.UndoAll();
        if (wrong.empty()) wrong = Wrong();
        for (const auto& [head, order] : WalkLists().chunks)
          leaked += order != geometry().max_order;
      });
      INFO(wrong);
      CHECK(wrong.empty());
      CHECK(leaked == 0);  // everything free is one chunk of the largest order again
      CHECK(rig.said.empty());
    }
  }
}

// ---- Small cases ------------------------------------------------------------------------

TEST_CASE("an allocation takes the lowest chunk that will do, and splits it from above") {
  Rig rig(SmallBoot());
  std::vector<uint32_t> got;
  rig.Do([&] {
    for (const uint32_t order : {0u, 0u, 1u, 2u}) {
      got.push_back(alloc_pages(NodeId{0}, true, order, kFirstAllocation).v);
    }
  });
  CHECK(got == std::vector<uint32_t>{16, 17, 18, 20});
  CHECK(NormalZone().nr_free_pages == 8);
}

TEST_CASE("memory comes from the other node when one has none, movable from ZONE_MOVABLE first") {
  BootConfig boot = SmallBoot(3);
  boot.blocks[1].zone = ZONE_MOVABLE;
  boot.blocks[2].nid = 1;
  Rig rig(boot);
  std::vector<uint32_t> got;
  rig.Do([&] {
    for (const bool movable : {true, false, false, true, true}) {
      got.push_back(alloc_pages(NodeId{0}, movable, 2, kFirstAllocation).v);
    }
  });
  CHECK(got == std::vector<uint32_t>{20, 16, 24, kNoPfn, kNoPfn});
}

TEST_CASE("a page that is not clean is not handed out") {
  Rig rig(SmallBoot());
  PageAt(Pfn{16}).refcount = -1;
  uint32_t got = 0;
  rig.Do([&] {
    got = alloc_pages(NodeId{0}, true, 0, kFirstAllocation).v;
    sim::sched_point(1);
  });
  CHECK(got == 17);
  REQUIRE(rig.said.size() == 1);
  CHECK(rig.said[0].report == KernelReport::kBadPage);
}

int IsolateOne(uint32_t pfn, Isolate why) {
  return start_isolate_page_range(Pfn{pfn}, Pfn{pfn} + PagesPerPageblock(), why);
}

TEST_CASE("isolation refuses what is isolated, reserved or unmovable, and undoes its own") {
  BootConfig boot = SmallBoot();
  boot.blocks[3].reserved = true;
  Rig rig(boot);
  std::vector<int> rcs;
  rig.Do([&] {
    rcs.push_back(IsolateOne(18, Isolate::kMemoryOffline));
    // Its own first pageblock is let go, the one that was isolated before stays so.
    rcs.push_back(start_isolate_page_range(Pfn{16}, Pfn{20}, Isolate::kMemoryOffline));
    rcs.push_back(Isolated(16) ? 1 : 0);
    rcs.push_back(Isolated(18) ? 1 : 0);
    rcs.push_back(IsolateOne(28, Isolate::kMemoryOffline));
    const Pfn unmovable = alloc_pages(NodeId{0}, false, 0, kFirstAllocation);
    rcs.push_back(IsolateOne(unmovable.v & ~1u, Isolate::kMemoryOffline));
    const Pfn movable = alloc_pages(NodeId{0}, true, 2, kFirstAllocation);
    lru_cache_add(movable);
    rcs.push_back(IsolateOne(movable.v, Isolate::kMemoryOffline));
  });
  CHECK(rcs == std::vector<int>{0, -EBUSY, 0, 1, -EBUSY, -EBUSY, 0});
  CHECK(NormalZone().nr_isolate_pageblock == 2);
}

TEST_CASE("an unmovable page in ZONE_MOVABLE does not stop isolation") {
  BootConfig boot = SmallBoot();
  boot.blocks[3].zone = ZONE_MOVABLE;
  Rig rig(boot);
  int rc = 1;
  rig.Do([&] {
    PageAt(alloc_pages(NodeId{0}, true, 0, kFirstAllocation)).flags = 0;
    rc = IsolateOne(28, Isolate::kMemoryOffline);
  });
  CHECK(rc == 0);
}

TEST_CASE("a PageOffline page is movable for offlining alone") {
  Rig rig(SmallBoot());
  std::vector<int> rcs;
  rig.Do([&] {
    const Pfn base = alloc_contig_pages(4, NodeId{0});
    for (uint32_t i = 0; i < 4; ++i) __SetPageOffline(base + i);
    rcs.push_back(IsolateOne(base.v, Isolate::kAllocContig));
    rcs.push_back(IsolateOne(base.v, Isolate::kMemoryOffline));
    Pfn where{};
    rcs.push_back(test_pages_isolated(base, base + 2, Isolate::kMemoryOffline, &where));
    for (uint32_t i = 0; i < 2; ++i) page_ref_dec(base + i);
    rcs.push_back(test_pages_isolated(base, base + 2, Isolate::kMemoryOffline, &where));
    rcs.push_back(test_pages_isolated(base, base + 2, Isolate::kAllocContig, &where));
    int rc = 1;
    rcs.push_back(scan_movable_pages(base, base + 2, &rc).v == kNoPfn ? rc : 1);
    rcs.push_back(scan_movable_pages(base, base + 4, &rc).v == kNoPfn ? rc : 1);
  });
  CHECK(rcs == std::vector<int>{-EBUSY, 0, -EBUSY, 0, -EBUSY, -ENOENT, -EBUSY});
}

// ---- Contiguous allocation --------------------------------------------------------------

// Where `nr` pages are allocated on a machine of blocks 5 .. 12, with the pages in `taken` in
// use; kNoPfn if nowhere.
uint32_t ContigAt(uint64_t nr, const std::vector<uint32_t>& taken) {
  BootConfig boot = SmallBoot(8);
  boot.first_block = 5;
  Rig rig(boot);
  uint32_t got = 0;
  rig.Do([&] {
    const Pfn all = alloc_contig_pages(16, NodeId{0});
    free_contig_range(all, 16);
    for (const uint32_t pfn : taken) ++PageAt(Pfn{pfn}).refcount;
    got = alloc_contig_pages(nr, NodeId{0}).v;
  });
  if (got == kNoPfn) return got;
  for (uint32_t i = 0; i < nr; ++i) {
    const page& p = PageAt(Pfn{got + i});
    CHECK(p.refcount == 1);
    CHECK(p.type == 0);
    CHECK(p.flags == 0);
    CHECK_FALSE(Isolated(got + i));
  }
  CHECK(NormalZone().nr_isolate_pageblock == 0);
  CHECK(NormalZone().managed_pages == 32);
  CHECK(NormalZone().nr_free_pages == 32 - nr);
  return got;
}

TEST_CASE("candidates are aligned to the size, the lowest entirely free one is taken") {
  CHECK(ContigAt(4, {}) == 20);
  CHECK(ContigAt(8, {}) == 24);
  CHECK(ContigAt(16, {}) == 32);
  CHECK(ContigAt(12, {}) == 20);  // no power of two: ALIGN() aligns to something else
  CHECK(ContigAt(32, {}) == kNoPfn);
  CHECK(ContigAt(4, {23}) == 24);
  CHECK(ContigAt(8, {24, 39}) == 40);
  CHECK(ContigAt(16, {40}) == kNoPfn);
}

TEST_CASE("contiguous memory is never of ZONE_MOVABLE, reserved, offline or isolated") {
  BootConfig boot = SmallBoot(6);
  boot.blocks[0].reserved = true;
  boot.blocks[1].offline = true;
  boot.blocks[5].zone = ZONE_MOVABLE;
  Rig rig(boot);
  std::vector<uint32_t> got;
  rig.Do([&] {
    IsolateOne(24, Isolate::kMemoryOffline);
    for (int i = 0; i < 3; ++i) got.push_back(alloc_contig_pages(4, NodeId{0}).v);
    got.push_back(alloc_contig_pages(4, NodeId{1}).v);  // no memory there
  });
  CHECK(got == std::vector<uint32_t>{28, 32, kNoPfn, kNoPfn});
}

TEST_CASE("free_contig_range drops one reference each and warns about pages in use") {
  Rig rig(SmallBoot());
  std::vector<int> counts;
  rig.Do([&] {
    const Pfn base = alloc_contig_pages(4, NodeId{0});
    page_ref_inc(base + 1);
    page_ref_dec(base + 2);
    free_contig_range(base, 4);
    for (uint32_t i = 0; i < 4; ++i) counts.push_back(PageAt(base + i).refcount);
  });
  CHECK(counts == std::vector<int>{0, 1, -1, 0});
  REQUIRE(rig.said.size() == 1);
  CHECK(rig.said[0].report == KernelReport::kWarn);
  CHECK(rig.said[0].tp == kTpFreeContigDone);
  uint32_t in_use = 0;
  for (const sim::Record& r : sim::machine->trace.records()) {
    if (r.tp == kTpWarnInUse) in_use = r.a;
  }
  CHECK(in_use == 2);
}

}  // namespace
}  // namespace hotplug::mm
