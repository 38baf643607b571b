// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/mm/free_list.h"

#include "model/mm/kernel.h"
#include "model/mm/page.h"

namespace hotplug::mm {

namespace {

free_area& AreaOf(const page& p) { return page_zone(p).free[p.order]; }

// The list on which a free chunk lies is the one of its pageblock, but a chunk that spans
// pageblocks may lie on the list of any of them: it is found by its being an end of one.
uint32_t& EndOfList(std::array<uint32_t, MIGRATE_TYPES>& ends, Pfn pfn) {
  for (uint32_t& end : ends) {
    if (end == pfn.v) return end;
  }
  BUG(kTpBugListCorruption, pfn);
}

}  // namespace

void add_to_free_list(Pfn pfn, uint32_t order, migratetype mt, End end) {
  lockdep_assert_held(zone::lock);
  page& p = PageAt(pfn);
  p.order = static_cast<uint8_t>(order);
  p.type |= kTypeBuddy;
  uint32_t& head = AreaOf(p).head[mt];
  uint32_t& tail = AreaOf(p).tail[mt];
  p.prev = end == End::kTail ? tail : kNoPfn;
  p.next = end == End::kTail ? kNoPfn : head;
  (p.prev == kNoPfn ? head : PageAt(Pfn{p.prev}).next) = pfn.v;
  (p.next == kNoPfn ? tail : PageAt(Pfn{p.next}).prev) = pfn.v;
  Touch(pfn);
}

void del_page_from_free_list(Pfn pfn) {
  lockdep_assert_held(zone::lock);
  page& p = PageAt(pfn);
  (p.prev == kNoPfn ? EndOfList(AreaOf(p).head, pfn) : PageAt(Pfn{p.prev}).next) = p.next;
  (p.next == kNoPfn ? EndOfList(AreaOf(p).tail, pfn) : PageAt(Pfn{p.next}).prev) = p.prev;
  p.type &= static_cast<uint8_t>(~kTypeBuddy);
  p.next = p.prev = kNoPfn;
  Touch(pfn);
}

void move_to_free_list(Pfn pfn, migratetype mt) {
  lockdep_assert_held(zone::lock);
  const uint32_t order = PageAt(pfn).order;
  del_page_from_free_list(pfn);
  add_to_free_list(pfn, order, mt, FarEnd());
}

End FarEnd() { return kernel().list_tails ? End::kTail : End::kHead; }

}  // namespace hotplug::mm
