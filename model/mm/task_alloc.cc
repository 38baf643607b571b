// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/mm/task_alloc.h"

#include "model/mm/buddy.h"
#include "model/mm/isolation.h"
#include "model/mm/pcp.h"
#include "model/mm/tracepoints.h"

namespace hotplug::mm {

namespace {

allocation* NewAllocation(uint32_t* index) {
  for (uint32_t i = 0; i < kMaxAllocations; ++i) {
    if (mm().allocations[i].live != 0) continue;
    *index = i;
    return &mm().allocations[i];
  }
  return nullptr;
}

// One allocation; movable ones are single pages.
int AllocOne(NodeId nid, bool movable, uint32_t order) {
  uint32_t index = 0;
  allocation* a = NewAllocation(&index);
  if (a == nullptr) return -ENOMEM;
  const Pfn pfn = alloc_pages(nid, movable, order, OwnerOfAllocation(index));
  if (pfn.v != kNoPfn) {
    *a = allocation{
        pfn.v, static_cast<uint8_t>(order), static_cast<uint8_t>(sim::current_task().v), 1,
        0,     mm().next_allocation_seq++};
    if (movable) lru_cache_add(pfn);
  }
  sim::sched_point(kTpAllocPages, pfn.v, order, movable ? 1 : 0);
  return pfn.v == kNoPfn ? -ENOMEM : 0;
}

// The oldest allocation of the running task, of one kind; null without one.
allocation* Oldest(bool contig) {
  allocation* oldest = nullptr;
  for (allocation& a : mm().allocations) {
    if (a.live == 0 || a.task != sim::current_task().v || (a.contig != 0) != contig) continue;
    if (oldest == nullptr || a.seq < oldest->seq) oldest = &a;
  }
  return oldest;
}

}  // namespace

int alloc_ordinary(NodeId nid, bool movable, uint32_t order) {
  if (!movable) return AllocOne(nid, false, order);
  for (uint32_t i = 0; i < (1u << order); ++i) {
    const int rc = AllocOne(nid, true, 0);
    if (rc != 0) return rc;
  }
  return 0;
}

bool free_ordinary() {
  allocation* oldest = Oldest(false);
  if (oldest == nullptr) return false;
  oldest->live = 0;
  __free_page(Pfn{oldest->pfn});
  return true;
}

int alloc_contig(NodeId nid, uint32_t order) {
  uint32_t index = 0;
  allocation* a = NewAllocation(&index);
  if (a == nullptr) return -ENOMEM;
  // Taken before the pages are: others allocate meanwhile.
  *a = allocation{
      kNoPfn, static_cast<uint8_t>(order), static_cast<uint8_t>(sim::current_task().v), 1,
      1,      mm().next_allocation_seq++};
  const Pfn pfn = alloc_contig_pages(uint64_t{1} << order, nid, OwnerOfAllocation(index));
  a->pfn = pfn.v;
  a->live = pfn.v == kNoPfn ? 0 : 1;
  return a->live != 0 ? 0 : -ENOMEM;
}

bool free_contig() {
  allocation* oldest = Oldest(true);
  if (oldest == nullptr) return false;
  const auto index = static_cast<uint32_t>(oldest - mm().allocations.data());
  free_contig_range(Pfn{oldest->pfn}, 1u << oldest->order, OwnerOfAllocation(index));
  oldest->live = 0;
  return true;
}

}  // namespace hotplug::mm
