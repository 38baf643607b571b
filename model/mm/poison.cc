// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/mm/poison.h"

#include "model/mm/pcp.h"

namespace hotplug::mm {

int memory_failure(Pfn pfn) {
  if (pfn_to_online_page(pfn) == nullptr) return -ENXIO;
  // A page that waits for the LRU is not on it yet (5.6 shake_page).
  if (!PageLRU(PageAt(pfn))) lru_add_drain_all();
  const page* online = pfn_to_online_page(pfn);
  if (online == nullptr) return -ENXIO;
  page& p = PageAt(pfn);
  if (PageHWPoison(p)) return 0;
  if (p.refcount == 0 || p.order != 0) return -EBUSY;
  p.flags |= kFlagHwPoison;
  ++p.refcount;
  GhostAt(pfn).poison = 1;
  UnmapPoisoned(pfn);
  return 0;
}

void UnmapPoisoned(Pfn pfn) {
  page& p = PageAt(pfn);
  Touch(pfn);
  if (!PageLRU(p)) return;
  p.flags &= static_cast<uint8_t>(~kFlagLru);
  const Owner owner = GhostAt(pfn).owner;
  if (!IsAllocation(owner)) return;
  mm().allocations[owner - kFirstAllocation].live = 0;
  SetOwner(pfn, kNobody);
  --p.refcount;
}

}  // namespace hotplug::mm
