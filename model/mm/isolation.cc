// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/mm/isolation.h"

#include <algorithm>
#include <bit>

#include "model/mm/buddy.h"
#include "model/mm/function.h"
#include "model/mm/kernel.h"
#include "model/mm/migrate.h"
#include "model/mm/pcp.h"
#include "model/mm/poison.h"

namespace hotplug::mm {

namespace {

// The order of the tests is the kernel's (kernel-facts 4.2, RFC era).
bool IsUnmovable(Pfn pfn, Isolate why) {
  const page& p = PageAt(pfn);
  if (PageReserved(p)) return true;
  if (KindOf(p.zone) == ZONE_MOVABLE) return false;
  if (p.refcount == 0) return false;
  if (InUseThoughPoisoned(pfn)) return true;
  if (why == Isolate::kMemoryOffline && (PageHWPoison(p) || PageOffline(p))) return false;
  return !PageLRU(p);
}

// The first page of a pageblock that cannot be moved; kNoPfn without one.
Pfn has_unmovable_pages(Pfn pageblock, Isolate why) {
  for (uint32_t i = 0; i < PagesPerPageblock(); ++i) {
    if (IsUnmovable(pageblock + i, why)) return pageblock + i;
  }
  return Pfn{kNoPfn};
}

// With the fix: a free chunk of several pageblocks, one of which is marked anew, is freed once more
// pageblock by pageblock. False, and nothing done, if there is none.
bool MarkAndSplit(zone& z, Pfn pageblock, const mm::pageblock& mark) {
  const Pfn head = fixed(CoreFix::kSplitChunks) ? FreeChunkHead(pageblock) : Pfn{kNoPfn};
  const uint32_t order = head.v == kNoPfn ? 0 : PageAt(head).order;
  if (order <= geometry().pageblock_order) return false;
  if (PageblockAt(head) != MIGRATE_ISOLATE) z.nr_free_pages -= 1u << order;
  del_page_from_free_list(head);
  PageblockOf(pageblock) = mark;
  split_large_buddy(head, order);
  return true;
}

// Tests and sets in one.
int set_migratetype_isolate(Pfn pageblock, Isolate why) {
  zone& z = page_zone(pageblock);
  sim::spin_lock(zone::lock);
  Pfn unmovable{kNoPfn};
  bool isolated = PageblockAt(pageblock) != MIGRATE_ISOLATE;
  if (isolated) {
    unmovable = has_unmovable_pages(pageblock, why);
    isolated = unmovable.v == kNoPfn;
  }
  if (isolated) {
    const mm::pageblock mark = {MIGRATE_ISOLATE, IsolatorId()};
    Uncount(BlockOf(pageblock));
    ++z.nr_isolate_pageblock;
    if (!MarkAndSplit(z, pageblock, mark)) {
      PageblockOf(pageblock) = mark;
      z.nr_free_pages -= move_freepages_block(pageblock, MIGRATE_ISOLATE);
    }
  }
  sim::spin_unlock(zone::lock);
  // Only offlining says what is in its way (REPORT_FAILURE).
  if (unmovable.v != kNoPfn && why == Isolate::kMemoryOffline) {
    dump_page(kTpDumpUnmovable, unmovable);
  }
  return isolated ? 0 : -EBUSY;
}

// Whether the running task may take the isolation of a pageblock for its own; without the fix
// nobody asks whose it is.
bool MayUse(Pfn pfn, const Fix& fix) {
  const pageblock& pb = PageblockOf(pfn);
  if (pb.migratetype != MIGRATE_ISOLATE) return false;
  return pb.isolated_by == IsolatorId() || !fixed(fix);
}

// A pageblock is isolated no more, and the free chunks that begin in it are neither.
void MoveBack(zone& z, Pfn pageblock) {
  PageblockAt(pageblock) = MIGRATE_MOVABLE;
  const page& p = PageAt(pageblock);
  if (PageBuddy(p) && p.order >= geometry().pageblock_order) {
    // It may be merged with what lies beyond the pageblock.
    del_page_from_free_list(pageblock);
    __free_one_page(pageblock, p.order, MIGRATE_MOVABLE, FarEnd());
  } else {
    z.nr_free_pages += move_freepages_block(pageblock, MIGRATE_MOVABLE);
  }
}

void unset_migratetype_isolate(Pfn pageblock) {
  zone& z = page_zone(pageblock);
  sim::spin_lock(zone::lock);
  if (MayUse(pageblock, CoreFix::kOwnIsolation)) {
    --z.nr_isolate_pageblock;
    Uncount(BlockOf(pageblock));
    if (!MarkAndSplit(z, pageblock, {MIGRATE_MOVABLE, 0})) MoveBack(z, pageblock);
  }
  sim::spin_unlock(zone::lock);
}

// Whether a pageblock that is not online (any more) is passed over (5.6 __first_valid_page): who
// needs its pages will not find them free. Since 5.18 nobody asks at the ends of a range: a block
// that went offline is isolated, by its offlining, and one that is gone is an oops.
enum class Ask : bool { kNothing, kOnline };

bool PassedOver(Pfn pageblock, Ask ask) {
  return ask == Ask::kOnline && pfn_to_online_page(pageblock) == nullptr;
}

int IsolatePageblock(Pfn pageblock, Isolate why, Ask ask) {
  const int rc = PassedOver(pageblock, ask) ? 0 : set_migratetype_isolate(pageblock, why);
  sim::sched_point(kTpIsolate, pageblock.v, static_cast<uint32_t>(rc));
  if (rc == 0 && !kernel().pcp_disabled) drain_all_pages(PageAt(pageblock).zone);
  return rc;
}

void UnisolatePageblock(Pfn pageblock, Ask ask) {
  if (!PassedOver(pageblock, ask)) unset_migratetype_isolate(pageblock);
  sim::sched_point(kTpUnisolate, pageblock.v);
}

// Isolates [from, end), upwards. If that fails nothing stays isolated from `start` on.
int IsolateUpwards(Pfn start, Pfn from, Pfn end, Isolate why) {
  for (Pfn pb = from; pb < end; pb = pb + PagesPerPageblock()) {
    const int rc = IsolatePageblock(pb, why, Ask::kOnline);
    if (rc == 0) continue;
    undo_isolate_page_range(start, pb);
    return rc;
  }
  return 0;
}

// Cuts the free chunk that lies across a pfn, each piece with the type of its pageblock.
void split_free_page(Pfn boundary) {
  const Pfn head = FreeChunkHead(boundary);
  if (head.v == kNoPfn || head == boundary) return;
  sim::spin_lock(zone::lock);
  const Pfn end = head + (1u << PageAt(head).order);
  if (PageblockAt(head) != MIGRATE_ISOLATE) page_zone(PageAt(head)).nr_free_pages -= end - head;
  del_page_from_free_list(head);
  for (Pfn pfn = head; pfn < end;) {
    const uint32_t left = (pfn < boundary ? boundary : end) - pfn;
    const auto largest = static_cast<uint32_t>(std::bit_width(left)) - 1;
    const uint32_t order = std::min(static_cast<uint32_t>(std::countr_zero(pfn.v)), largest);
    __free_one_page(pfn, order, static_cast<migratetype>(PageblockAt(pfn)));
    pfn = pfn + (1u << order);
  }
  sim::spin_unlock(zone::lock);
}

// That of the pageblock at an end of a range, where no free chunk may lie across.
int isolate_single_pageblock(Pfn pageblock, Pfn boundary, Isolate why) {
  const int rc = IsolatePageblock(pageblock, why, Ask::kNothing);
  if (rc == 0) split_free_page(boundary);
  return rc;
}

int IsolateEndsFirst(Pfn start, Pfn end, Isolate why) {
  const Pfn second = start + PagesPerPageblock();
  const Pfn last{end.v - PagesPerPageblock()};
  int rc = isolate_single_pageblock(start, start, why);
  if (rc == 0 && second == end) split_free_page(end);
  if (rc != 0 || second == end) return rc;
  rc = isolate_single_pageblock(last, end, why);
  if (rc != 0) {
    UnisolatePageblock(start, Ask::kNothing);
    return rc;
  }
  rc = IsolateUpwards(start, second, last, why);
  if (rc != 0) UnisolatePageblock(last, Ask::kNothing);
  return rc;
}

}  // namespace

int start_isolate_page_range(Pfn start, Pfn end, Isolate why) {
  fn_begin(Fn::kStartIsolatePageRange);
  const int rc = kernel().isolate_ends_first ? IsolateEndsFirst(start, end, why)
                                             : IsolateUpwards(start, start, end, why);
  const int pageblocks = static_cast<int>((end - start) / PagesPerPageblock());
  fn_ret(Fn::kStartIsolatePageRange, rc == 0 && kernel().isolate_counts ? pageblocks : rc);
  return rc;
}

void undo_isolate_page_range(Pfn start, Pfn end) {
  fn_begin(Fn::kUndoIsolatePageRange);
  for (Pfn pb = start; pb < end; pb = pb + PagesPerPageblock())
    UnisolatePageblock(pb, Ask::kOnline);
  UndoneIsolation(BlockOf(start));
  fn_ret(Fn::kUndoIsolatePageRange);
}

namespace {

// Pages that are not free and yet not in the way of offlining.
bool MayBeOfflined(Pfn pfn) {
  const page& p = PageAt(pfn);
  if (PageHWPoison(p)) return !InUseThoughPoisoned(pfn);
  return PageOffline(p) && p.refcount == 0;
}

// The first pageblock that is online and not isolated; `end`, or a pfn above it, without one. None
// may be offline with the fix, nor may all be without it.
Pfn FirstNotIsolated(Pfn start, Pfn end) {
  bool online = false;
  Pfn pfn = start;
  for (; pfn < end; pfn = pfn + PagesPerPageblock()) {
    const bool passed_over = PassedOver(pfn, Ask::kOnline) && !fixed(CoreFix::kOwnTest);
    if (!passed_over && !MayUse(pfn, CoreFix::kOwnTest)) return pfn;
    online = online || !passed_over;
  }
  return online ? pfn : start;
}

// The first page that is neither free nor counts as such; `end`, or a pfn above it, without one.
Pfn __test_page_isolated_in_pageblock(Pfn start, Pfn end, Isolate why) {
  lockdep_assert_held(zone::lock);
  Pfn pfn = start;
  while (pfn < end) {
    const page& p = pfn_to_page(pfn);
    if (PageBuddy(p)) {
      pfn = pfn + (1u << p.order);
    } else if (why == Isolate::kMemoryOffline && MayBeOfflined(pfn)) {
      ++pfn;
    } else {
      break;
    }
  }
  return pfn;
}

}  // namespace

int test_pages_isolated(Pfn start, Pfn end, Isolate why, Pfn* where) {
  sim::spin_lock(zone::lock);
  Pfn pfn = FirstNotIsolated(start, end);
  if (!(pfn < end)) pfn = __test_page_isolated_in_pageblock(start, end, why);
  sim::spin_unlock(zone::lock);
  if (!(pfn < end)) return 0;
  *where = pfn;
  return -EBUSY;
}

// ---- Contiguous allocation ----

namespace {

// Before 6.1 only a range that is entirely free will do.
bool pfn_range_valid_contig(Pfn start, Pfn end, uint32_t zone_index) {
  lockdep_assert_held(zone::lock);
  for (Pfn pfn = start; pfn < end; ++pfn) {
    const page* p = pfn_to_online_page(pfn);
    if (p == nullptr || p->zone != zone_index) return false;
    if (PageReserved(*p) || (p->refcount > 0 && kernel().contig_only_free)) return false;
  }
  return true;
}

Pfn AlignDown(Pfn pfn, uint32_t pages) { return Pfn{pfn.v & ~(pages - 1)}; }

// The free chunks of [start, end), which lies in one pageblock, come off the buddy, their pages
// with a count of 1 each. Returns where they end: short of `end` at a page that is not free.
Pfn isolate_freepages_block(Pfn start, Pfn end) {
  if (sim::fatal_signal_pending()) return start;  // compact_unlock_should_abort()
  Pfn pfn = start;
  sim::spin_lock(zone::lock);
  while (pfn < end && PageBuddy(PageAt(pfn))) {
    const Pfn chunk_end = pfn + (1u << PageAt(pfn).order);
    // Somebody may have undone the isolation since: then they count as free (__isolate_free_page).
    if (PageblockAt(pfn) != MIGRATE_ISOLATE) {
      page_zone(PageAt(pfn)).nr_free_pages -= chunk_end - pfn;
    }
    del_page_from_free_list(pfn);
    for (; pfn < chunk_end; ++pfn) {
      PageAt(pfn).refcount = 1;
      PageAt(pfn).order = 0;
      SetOwner(pfn, kCore);
    }
  }
  sim::spin_unlock(zone::lock);
  return pfn;
}

void release_freepages(Pfn start, Pfn end) {
  for (Pfn pfn = start; pfn < end; ++pfn) __free_page(pfn);
}

// Takes the free chunks that cover [start, end), of which the first begins at `start`. Returns
// where they end. The isolation was tested before, under a lock that was dropped since, as it is
// between pageblocks: an offlining may have taken pages away meanwhile, and then none is taken:
// kNoPfn.
Pfn isolate_freepages_range(Pfn start, Pfn end) {
  Pfn pfn = start;
  for (;;) {
    const Pfn block_end = std::min(end, AlignDown(pfn, PagesPerPageblock()) + PagesPerPageblock());
    pfn = isolate_freepages_block(pfn, block_end);
    if (pfn < block_end) break;
    if (!(pfn < end)) return pfn;
    sim::sched_point(kTpGrabPageblock, pfn.v);
  }
  release_freepages(start, pfn);
  return Pfn{kNoPfn};
}

// The pages of an owner that is kNobody become an instance of their own.
void HandOut(Pfn start, Pfn end, Owner owner) {
  if (owner == kNobody) owner = OwnerOf(NewInstance(start, end - start));
  for (Pfn pfn = start; pfn < end; ++pfn) SetOwner(pfn, owner);
}

// Takes the range if it is isolated and free.
int TakeIsolated(Pfn start, Pfn end, Owner owner) {
  // It may begin in the middle of a free chunk.
  const Pfn head = FreeChunkHead(start);
  const Pfn outer_start = head.v == kNoPfn ? start : head;
  Pfn where{kNoPfn};
  fn_begin(Fn::kTestPagesIsolated);
  int rc = test_pages_isolated(outer_start, end, Isolate::kAllocContig, &where);
  sim::sched_point(kTpTestIsolated, start.v, static_cast<uint32_t>(rc), where.v);
  fn_end(Fn::kTestPagesIsolated);
  if (rc != 0) return rc;
  const Pfn outer_end = isolate_freepages_range(outer_start, end);
  const bool taken = outer_end.v != kNoPfn;
  if (taken) HandOut(start, end, owner);
  rc = taken ? 0 : -EBUSY;
  sim::sched_point(kTpGrabRange, start.v, end - start, static_cast<uint32_t>(rc));
  if (!taken) return rc;
  // What the chunks have beyond the range.
  release_freepages(outer_start, start);
  release_freepages(end, outer_end);
  return 0;
}

}  // namespace

int alloc_contig_range(Pfn start, Pfn end, Owner owner) {
  page_zone(start);  // nobody has asked whether it is still there
  const uint32_t max_chunk = 1u << geometry().max_order;
  const uint32_t unit =
      kernel().contig_by_pageblock ? PagesPerPageblock() : std::max(PagesPerPageblock(), max_chunk);
  const Pfn first = AlignDown(start, unit);
  const Pfn last = AlignDown(end + (unit - 1), unit);
  int rc = start_isolate_page_range(first, last, Isolate::kAllocContig);
  if (rc != 0) {
    if (kernel().contig_undo_all) undo_isolate_page_range(first, last);
    return rc;
  }
  if (kernel().pcp_disabled) drain_all_pages(PageAt(start).zone);
  rc = __alloc_contig_migrate_range(start, end);
  if (rc == 0 || rc == -EBUSY) rc = TakeIsolated(start, end, owner);
  undo_isolate_page_range(first, last);
  return rc;
}

namespace {

bool TakeCandidate(Pfn start, Pfn end, uint32_t zone_index, Owner owner) {
  sim::spin_lock(zone::lock);
  const bool valid = pfn_range_valid_contig(start, end, zone_index);
  sim::spin_unlock(zone::lock);
  sim::sched_point(kTpContigCandidate, start.v, end - start, valid ? 1 : 0);
  return valid && alloc_contig_range(start, end, owner) == 0;
}

// The lowest range of a zone that can be had; kNoPfn without one.
Pfn AllocContigInZone(uint64_t nr, uint32_t zone_index, Owner owner) {
  const zone& z = mm().zones[zone_index];
  // The kernel's ALIGN(), which aligns to powers of two and to nothing in particular otherwise. The
  // span is read once for each candidate: blocks may come and go meanwhile.
  for (uint64_t pfn = (z.zone_start_pfn + nr - 1) & ~(nr - 1);
       pfn + nr <= uint64_t{z.zone_start_pfn} + z.spanned_pages; pfn += nr) {
    const Pfn start{static_cast<uint32_t>(pfn)};
    const Pfn end{static_cast<uint32_t>(pfn + nr)};
    if (TakeCandidate(start, end, zone_index, owner)) return start;
  }
  return Pfn{kNoPfn};
}

Pfn AllocContigInNode(uint64_t nr, NodeId nid, Owner owner) {
  for (uint32_t kind = ZONE_NORMAL + 1u; kind-- > ZONE_DMA;) {
    const Pfn pfn = AllocContigInZone(nr, ZoneIndex(nid, static_cast<zone_type>(kind)), owner);
    if (pfn.v != kNoPfn) return pfn;
  }
  return Pfn{kNoPfn};
}

}  // namespace

// Without the fix nobody keeps a range from going offline, or away, before it is isolated.
Pfn alloc_contig_pages(uint64_t nr, NodeId nid, Owner owner) {
  HOTPLUG_CHECK(nr != 0);
  const bool get_online_mems = fixed(CoreFix::kContigOnline);
  if (get_online_mems) sim::percpu_down_read(mm().mem_hotplug_lock);
  const Pfn pfn = AllocContigInNode(nr, nid, owner);
  if (get_online_mems) sim::percpu_up_read(mm().mem_hotplug_lock);
  if (pfn.v == kNoPfn) sim::sched_point(kTpContigFailed, nid.v);
  return pfn;
}

void free_contig_range(Pfn pfn, uint32_t nr, Owner owner) {
  const bool of_driver = owner == kNobody;
  for (Pfn p = pfn; p < pfn + nr && of_driver; p = p + PagesPerBlock()) Release(BlockOf(p));
  uint32_t in_use = 0;
  for (uint32_t i = 0; i < nr; ++i) {
    if (of_driver) DriverAccess(pfn + i);
    if (pfn_to_page(pfn + i).refcount != 1) ++in_use;
    __free_page(pfn + i);
    page_point(kTpFreeContig, pfn + i);
  }
  if (in_use != 0) {
    WARN(kTpWarnInUse, pfn, in_use);
  }
  sim::sched_point(kTpFreeContigDone, pfn.v, nr, in_use);
}

}  // namespace hotplug::mm
