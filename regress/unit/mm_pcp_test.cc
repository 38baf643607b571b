// SPDX-License-Identifier: GPL-2.0-or-later
//
// What CPUs keep back: free pages on their lists, new pages in their pagevecs. Method: tasks
// allocate and free on the two CPUs of a small machine. Goal: a page is where kernel-facts 2.1
// and 4.6 say, drains and disables of each kernel reach it, and 8.1 happens where it happened.
#include "model/mm/buddy.h"
#include "model/mm/hotplug.h"
#include "model/mm/isolation.h"
#include "model/mm/page.h"
#include "model/mm/pcp.h"
#include "regress/unit/layout.h"

namespace hotplug::mm {
namespace {

using testing::CountHere;
using testing::KernelRow;
using testing::Layout;
using testing::Locked;
using testing::NormalIndex;
using testing::NormalZone;
using testing::Rig;
using testing::RunText;

using Pfns = std::vector<uint32_t>;

BootConfig Keeping(uint8_t pcp_high, uint8_t pagevec, const std::string& kernel = "rfc") {
  BootConfig boot = Layout("nnn", kernel);
  boot.pcp_high = pcp_high;
  boot.pagevec_size = pagevec;
  return boot;
}

Pfn Take(bool movable = false) { return alloc_pages(NodeId{0}, movable, 0, kCore); }

// The pages of the list of a CPU, the oldest first.
Pfns ListOf(uint32_t cpu) {
  const per_cpu_pages& pcp = mm().pcp[NormalIndex()][cpu];
  return {pcp.pfn.begin(), pcp.pfn.begin() + pcp.count};
}

Pfns PagevecOf(uint32_t cpu) {
  const pagevec& pvec = mm().lru_add[cpu];
  return {pvec.pfn.begin(), pvec.pfn.begin() + pvec.nr};
}

// ---- Free pages -------------------------------------------------------------------------

TEST_CASE("a freed page stays with its CPU, which gets it back first") {
  Rig rig(Keeping(2, 0));
  Pfns got;
  uint32_t free_before = 0;
  rig.Do([&] {
    const Pfn a = Take();
    free_before = NormalZone().nr_free_pages;
    __free_page(a);
    CHECK(ListOf(0) == Pfns{a.v});
    CHECK(NormalZone().nr_free_pages == free_before);
    CHECK_FALSE(PageBuddy(PageAt(a)));
    got = {a.v, Take().v};
    CHECK(ListOf(0).empty());
    CHECK(NormalZone().nr_free_pages == free_before);
  });
  CHECK(got[0] == got[1]);
}

TEST_CASE("the other CPU and the other migratetype have lists of their own") {
  Rig rig(Keeping(4, 0));
  Pfn freed{kNoPfn};
  rig.Task([&] {
    freed = Take();
    __free_page(freed);
    CHECK(Take(true) != freed);
    CHECK(ListOf(0) == Pfns{freed.v});
  });
  rig.Task([&] { CHECK(Take() != freed); });
  rig.Task([&] { CHECK(Take() == freed); });  // on the first CPU again
  CHECK(rig.Run() == sim::Stop::kFinished);
}

TEST_CASE("a full list passes its oldest page on to the buddy") {
  Rig rig(Keeping(2, 0));
  rig.Do([&] {
    const Pfn a = Take();
    const Pfn b = Take();
    const Pfn c = Take();
    for (const Pfn pfn : {a, b, c}) __free_page(pfn);
    CHECK(ListOf(0) == Pfns{b.v, c.v});
    CHECK(PageBuddy(PageAt(a)));
    CHECK(GhostAt(b).owner == kPcp);
    CHECK(Take() == c);  // the youngest first
  });
}

TEST_CASE("chunks and pages of isolated pageblocks go to the buddy at once") {
  Rig rig(Keeping(4, 0));
  rig.Do([&] {
    const Pfn pair = alloc_pages(NodeId{0}, false, 1, kCore);
    __free_page(pair);
    CHECK(ListOf(0).empty());
    // A page that is at hand until its pageblock is isolated.
    const Pfn page = Take(true);
    lru_cache_add(page);
    CHECK(start_isolate_page_range(Pfn{page.v & ~1u}, Pfn{(page.v & ~1u) + 2},
                                   Isolate::kMemoryOffline) == 0);
    __free_page(page);
    CHECK(ListOf(0).empty());
    CHECK(FreeChunkHead(page).v != kNoPfn);
  });
}

TEST_CASE("since 5.14 the lists take chunks of several pages, and count these") {
  Rig rig(Keeping(2, 0, "6.1"));
  rig.Do([&] {
    const Pfn pair = alloc_pages(NodeId{0}, false, 1, kCore);
    const Pfn page = Take();
    __free_page(pair);
    CHECK(ListOf(0) == Pfns{pair.v});
    CHECK(Take() != pair);  // who wants one page does not get two
    __free_page(page);
    CHECK(ListOf(0) == Pfns{pair.v});  // there were three: one too many
    CHECK(alloc_pages(NodeId{0}, false, 1, kCore) == pair);
  });
}

TEST_CASE("a full list passes on its oldest page, or since 5.18 that of the list that is full") {
  for (const std::string kernel : {"5.11", "6.1"}) {
    Rig rig(Keeping(2, 0, kernel));
    rig.Do([&] {
      const Pfn unmovable = Take();
      const Pfn a = Take(true);
      const Pfn b = Take(true);
      for (const Pfn pfn : {unmovable, a, b}) __free_page(pfn);
      CHECK(ListOf(0) == (kernel == "5.11" ? Pfns{a.v, b.v} : Pfns{unmovable.v, b.v}));
    });
  }
}

TEST_CASE("since 5.14 a list passes on twice as much each time, while nobody takes of it") {
  Rig rig(Keeping(4, 0, "6.1"));
  Pfns sizes;
  rig.Do([&] {
    Pfns pages;
    for (int i = 0; i < 9; ++i) pages.push_back(Take().v);
    for (const uint32_t pfn : pages) {
      __free_page(Pfn{pfn});
      sizes.push_back(static_cast<uint32_t>(ListOf(0).size()));
    }
  });
  CHECK(sizes == Pfns{1, 2, 3, 4, 4, 3, 4, 1, 2});
}

TEST_CASE("draining reaches the lists of all CPUs, of one zone") {
  BootConfig boot = Keeping(4, 0);
  boot.blocks[2].zone = ZONE_MOVABLE;
  Rig rig(boot);
  const auto free_two = [] {
    __free_page(Take());
    __free_page(Take(true));  // of ZONE_MOVABLE
  };
  rig.Task(free_two);
  rig.Task(free_two);
  rig.Task([&] {
    drain_all_pages(NormalIndex());
    drain_all_pages(NormalIndex());  // nothing is left, so there is no step
  });
  CHECK(rig.Run() == sim::Stop::kFinished);
  CHECK(CountHere(kTpDrainPages) == 2);
  CHECK(ListOf(0).empty());
  CHECK(ListOf(1).empty());
  CHECK(NormalZone().nr_free_pages == NormalZone().managed_pages);
  for (const per_cpu_pages& pcp : mm().pcp[testing::MovableIndex()]) CHECK(pcp.count == 1);
}

TEST_CASE("a page that still has a type is found when it leaves the list") {
  Rig rig(Keeping(1, 0));
  rig.Do([&] {
    const Pfn pfn = Take();
    PageAt(pfn).type = kTypeOffline;
    __free_page(pfn);
    drain_all_pages(NormalIndex());
    CHECK(FreeChunkHead(pfn).v == kNoPfn);
  });
  REQUIRE(rig.said.size() == 1);
  CHECK(rig.said[0].report == KernelReport::kBadPage);
  CHECK(rig.said[0].tp == kTpDrainPages);
}

TEST_CASE("a page that is freed twice while it is on a list") {
  Rig rig(Keeping(4, 0));
  rig.Task([] {
    const Pfn pfn = Take();
    __free_page(pfn);
    PageAt(pfn).refcount = 1;
    __free_page(pfn);
  });
  CHECK(rig.Run() == sim::Stop::kDead);
  CHECK(CountHere(kTpBugListCorruption) == 1);
}

// A task has read the type of a pageblock and is about to free a page of it; meanwhile the
// block is isolated and the lists are drained.
TEST_CASE("the late free of 8.1 keeps the offlining busy up to 5.8") {
  const auto verdict = [](const std::string& kernel, bool lists) {
    return RunText("scenario 1\ndriver rfc_v1\nmachine kernel=" + kernel +
                   (lists ? " pcp_high=1" : "") +
                   " pages_per_block=4 pageblock_pages=4 max_order=2\n"
                   "memory 4-5 node=0 zone=Normal\n"
                   "task alloc-1\n  alloc unmovable node=0 order=0\n  free\n"
                   "task user-2\n  write memory4/state offline\n"
                   "at alloc-1 3 run user-2\nat user-2 7 run alloc-1\n")
        .verdict;
  };
  CHECK(verdict("rfc", true) == run::Verdict::kLiveness);
  CHECK(verdict("rfc", false) == run::Verdict::kOk);
  for (const char* kernel : {"5.9", "5.11", "6.1"}) {
    INFO(kernel);
    CHECK(verdict(kernel, true) == run::Verdict::kOk);
  }
}

// ---- The LRU ----------------------------------------------------------------------------

TEST_CASE("a new page waits in the pagevec, with a reference more, until that is full") {
  Rig rig(Keeping(0, 2));
  rig.Do([&] {
    const Pfn a = Take(true);
    lru_cache_add(a);
    CHECK(PageAt(a).refcount == 2);
    CHECK_FALSE(PageLRU(PageAt(a)));
    CHECK(PagevecOf(0) == Pfns{a.v});
    const Pfn b = Take(true);
    lru_cache_add(b);
    for (const Pfn pfn : {a, b}) {
      CHECK(PageAt(pfn).refcount == 1);
      CHECK(PageLRU(PageAt(pfn)));
      CHECK(GhostAt(pfn).transient == 0);
    }
    CHECK(PagevecOf(0).empty());
  });
}

TEST_CASE("the pagevec frees a page that its owner has freed") {
  Rig rig(Keeping(0, 4));
  rig.Do([&] {
    const Pfn a = Take(true);
    lru_cache_add(a);
    __free_page(a);
    CHECK(PageAt(a).refcount == 1);
    lru_add_drain_all();
    CHECK(PageAt(a).refcount == 0);
    CHECK(PageAt(a).flags == 0);
    CHECK(FreeChunkHead(a).v != kNoPfn);
  });
}

TEST_CASE("a page in a pagevec refuses isolation where nobody drains before") {
  for (const char* kernel : {"rfc", "5.9", "5.11", "6.1"}) {
    Rig rig(Keeping(0, 4, kernel));
    int rc = 1;
    rig.Do(Locked([&] {
      const Pfn pfn = alloc_pages(NodeId{0}, true, 0, kKernel);
      lru_cache_add(pfn);
      rc = offline_pages(BlockOf(pfn));
    }));
    INFO(kernel);
    CHECK(rc == (kKernels[KernelRow(kernel)].lru_cache_disable ? 0 : -EBUSY));
    CHECK(CountHere(kTpMigratePage) == (rc == 0 ? 1 : 0));
    CHECK(mm().lru_disable_count == 0);
  }
}

}  // namespace
}  // namespace hotplug::mm
