// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/mm/background.h"

#include <algorithm>

#include "model/mm/buddy.h"

namespace hotplug::mm {

namespace {

template <class F>
void ForEachPage(BlockId block, F f) {
  const Pfn start = FirstPfn(block);
  for (Pfn pfn = start; pfn < start + PagesPerBlock(); ++pfn) f(pfn);
}

// A page with somebody else's reference on it cannot be given back.
bool Held(Pfn pfn, bool lru) {
  const page& p = PageAt(pfn);
  return GhostAt(pfn).owner == kKernel && PageLRU(p) == lru && p.refcount == 1;
}

// Takes one page out of the free chunk that covers it; the rest of the chunk stays free.
void TakeFreePage(Pfn pfn, bool lru) {
  const Pfn head = FreeChunkHead(pfn);
  const uint32_t order = PageAt(head).order;
  const bool counted = PageblockAt(pfn) != MIGRATE_ISOLATE;
  sim::spin_lock(zone::lock);
  del_page_from_free_list(head);
  zone& z = page_zone(PageAt(pfn));
  if (counted) z.nr_free_pages -= 1u << order;
  for (Pfn p = head; p < head + (1u << order); ++p) {
    if (p != pfn) __free_one_page(p, 0, static_cast<migratetype>(PageblockAt(p)));
  }
  sim::spin_unlock(zone::lock);
  page& p = PageAt(pfn);
  p.refcount = 1;
  p.order = 0;
  p.flags = lru ? kFlagLru : 0;
  SetOwner(pfn, kKernel);
}

void GiveBack(Pfn pfn) {
  PageAt(pfn).refcount = 0;
  PageAt(pfn).flags = 0;
  sim::spin_lock(zone::lock);
  __free_one_page(pfn, 0, static_cast<migratetype>(PageblockAt(pfn)));
  sim::spin_unlock(zone::lock);
}

// Gives back pages of one kind until `left` are.
void GiveBackAllBut(BlockId block, bool lru, uint32_t have, uint32_t left) {
  ForEachPage(block, [&](Pfn pfn) {
    if (have <= left || !Held(pfn, lru)) return;
    GiveBack(pfn);
    --have;
  });
}

// Takes free pages, from the end of the block on, but none of [avoid, avoid_end).
void Take(BlockId block, bool lru, uint32_t count, Pfn avoid, Pfn avoid_end) {
  const Pfn start = FirstPfn(block);
  for (Pfn pfn = start + PagesPerBlock(); start < pfn && count != 0;) {
    pfn = Pfn{pfn.v - 1};
    if ((avoid.v <= pfn.v && pfn < avoid_end) || FreeChunkHead(pfn).v == kNoPfn) continue;
    TakeFreePage(pfn, lru);
    --count;
  }
}

}  // namespace

Background BackgroundOf(BlockId block) {
  Background b{};
  ForEachPage(block, [&](Pfn pfn) {
    if (Held(pfn, false)) ++b.unmovable;
    if (Held(pfn, true)) ++b.lru;
  });
  return b;
}

bool SetBackground(BlockId block, const Background& want) {
  const Background have = BackgroundOf(block);
  if (have.unmovable == want.unmovable && have.lru == want.lru) return true;
  uint32_t free = 0;
  ForEachPage(block, [&](Pfn pfn) {
    if (PageBuddy(PageAt(pfn))) free += 1u << PageAt(pfn).order;
  });
  if (uint64_t{have.unmovable} + have.lru + free < uint64_t{want.unmovable} + want.lru)
    return false;
  const Pfn nowhere{0};
  GiveBackAllBut(block, false, have.unmovable, want.unmovable);
  GiveBackAllBut(block, true, have.lru, want.lru);
  Take(block, false, want.unmovable - std::min(have.unmovable, want.unmovable), nowhere, nowhere);
  Take(block, true, want.lru - std::min(have.lru, want.lru), nowhere, nowhere);
  return true;
}

bool HoldPage(Pfn pfn) {
  if (FreeChunkHead(pfn).v == kNoPfn) return false;
  TakeFreePage(pfn, false);
  return true;
}

void KeepOutOf(Pfn start, Pfn end) {
  uint32_t moved = 0;
  for (Pfn pfn = start; pfn < end; ++pfn) {
    if (!Held(pfn, false)) continue;
    GiveBack(pfn);
    ++moved;
  }
  Take(BlockOf(start), false, moved, start, end);
}

}  // namespace hotplug::mm
