// SPDX-License-Identifier: GPL-2.0-or-later
//
// Pages and contiguous ranges of them for C code: mm's functions, with what C hands over checked
// before it gets there. Nonsense that the kernel answers with an errno is answered with it.
#include <algorithm>

#include "model/mm/hotplug.h"
#include "model/mm/isolation.h"
#include "model/mm/memory.h"
#include "model/mm/page.h"
#include "model/mm/services.h"
#include "model/mm/tracepoints.h"
#include "model/shim/inside.h"

namespace hotplug::shim {

namespace {

using mm::NodeId;
using mm::Pfn;

// A pfn of this machine; an access to the memmap of another one is an oops.
Pfn PfnOf(const hotplug_site* at, unsigned long pfn) {
  const Pfn p{static_cast<uint32_t>(pfn)};
  if (p.v == pfn && mm::PfnExists(p)) return p;
  Inside::Blame(at->function);
  mm::Report(mm::KernelReport::kOops, Pfn{mm::kNoPfn}, false);
  sim::dead(mm::kTpOops, static_cast<uint32_t>(std::min<unsigned long>(pfn, mm::kNoPfn)));
}

long Get(Pfn pfn) {
  mm::pfn_to_page(pfn);
  const bool got = mm::get_page_unless_zero(pfn);
  sim::sched_point(mm::kTpPageRefInc, pfn.v, static_cast<uint32_t>(mm::PageAt(pfn).refcount));
  return got ? 1 : 0;
}

void Put(Pfn pfn) {
  mm::pfn_to_page(pfn);
  mm::put_page(pfn);
  sim::sched_point(mm::kTpPutPage, pfn.v, static_cast<uint32_t>(mm::PageAt(pfn).refcount));
}

// Pages that the host has not given must not get into the buddy.
void Online(Pfn pfn, uint32_t order) {
  if (!IsPluggedIn(pfn, 1u << order)) mm::NoteTrespass(mm::kGivenBack, pfn, mm::GhostAt(pfn).owner);
  mm::generic_online_page(pfn, order);
}

// Of these there is no step.
long Look(hotplug_page_op op, Pfn pfn) {
  const mm::page& page = mm::pfn_to_page(pfn);
  switch (op) {
    case HOTPLUG_IS_OFFLINE:
      return mm::PageOffline(page) ? 1 : 0;
    case HOTPLUG_IS_DIRTY:
      return (page.flags & mm::kFlagDirty) != 0 ? 1 : 0;
    case HOTPLUG_COUNT:
      return page.refcount;
    case HOTPLUG_NID:
      return page.zone / mm::MAX_NR_ZONES;
    case HOTPLUG_ZONE:
      return mm::KindOf(page.zone);
    default:
      break;
  }
  HOTPLUG_CHECK(!"a look at pages that there is not");
  return 0;
}

long Change(hotplug_page_op op, Pfn pfn, int arg) {
  switch (op) {
    case HOTPLUG_SET_OFFLINE:
      mm::__SetPageOffline(pfn);
      return 0;
    case HOTPLUG_CLEAR_OFFLINE:
      mm::__ClearPageOffline(pfn);
      return 0;
    case HOTPLUG_REF_INC:
      mm::page_ref_inc(pfn);
      return 0;
    case HOTPLUG_REF_DEC:
      mm::page_ref_dec(pfn);
      return 0;
    case HOTPLUG_REF_FREEZE:
      return mm::page_ref_freeze(pfn, arg) ? 1 : 0;
    case HOTPLUG_REF_UNFREEZE:
      mm::page_ref_unfreeze(pfn, arg);
      return 0;
    case HOTPLUG_GET:
      return Get(pfn);
    case HOTPLUG_PUT:
      Put(pfn);
      return 0;
    case HOTPLUG_SET_DIRTY:
      mm::SetPageFlag(pfn, mm::kFlagDirty, true);
      return 0;
    case HOTPLUG_CLEAR_DIRTY:
      mm::SetPageFlag(pfn, mm::kFlagDirty, false);
      return 0;
    case HOTPLUG_CLEAR_RESERVED:
      mm::SetPageFlag(pfn, mm::kFlagReserved, false);
      return 0;
    case HOTPLUG_ONLINE:
      Online(pfn, static_cast<uint32_t>(arg));
      return 0;
    case HOTPLUG_ADJUST_MANAGED:
      mm::adjust_managed_page_count(pfn, arg);
      return 0;
    case HOTPLUG_CLEAR:
      mm::clear_page(pfn);
      return 0;
    default:
      break;
  }
  HOTPLUG_CHECK(!"a change of pages that there is not");
  return 0;
}

long Page(const hotplug_site* at, hotplug_page_op op, unsigned long number, int arg) {
  if (op == HOTPLUG_IS_ONLINE) {
    const Pfn p{static_cast<uint32_t>(number)};
    return p.v == number && mm::pfn_to_online_page(p) != nullptr ? 1 : 0;
  }
  const Pfn pfn = PfnOf(at, number);
  if (op >= HOTPLUG_IS_OFFLINE) return Look(op, pfn);
  EnterLoop(at, Context::kAny);
  return Change(op, pfn, arg);
}

// ---- Contiguous ranges ----

// The range belongs to the driver from here on. Whether it has written that down is looked at
// where it matters (Ranges()).
long ContigAlloc(const hotplug_site* at, unsigned long nr, int nid) {
  Enter(at, Context::kSleeps);
  if (nr == 0 || nid >= static_cast<int>(kMaxNodes)) {
    sim::sched_point(mm::kTpContigFailed, static_cast<uint32_t>(nid));
    return -1;
  }
  if (nr % mm::PagesPerBlock() != 0) {
    SayNotSimulated("alloc_contig_pages() of a part of a memory block");
    return -1;
  }
  if (!IsRangeLeft()) return -1;
  const Pfn base = mm::alloc_contig_pages(nr, NodeId{static_cast<uint32_t>(std::max(nid, 0))});
  if (base.v == mm::kNoPfn) return -1;
  mm::ClaimRange(base, static_cast<uint32_t>(nr));
  return static_cast<long>(base.v);
}

// Of the device's memory: what is taken out of it is taken by its owner.
int ContigRange(const hotplug_site* at, unsigned long start, unsigned long end) {
  Enter(at, Context::kSleeps);
  if (start >= end) return -EINVAL;
  for (unsigned long pfn = start; pfn < end; ++pfn) PfnOf(at, pfn);
  const Pfn first{static_cast<uint32_t>(start)};
  const bool of_device = mm::BlockAt(mm::BlockOf(first)).of_device != 0;
  return mm::alloc_contig_range(first, Pfn{static_cast<uint32_t>(end)},
                                of_device ? mm::OwnerOfDevice() : mm::kNobody);
}

void ContigFree(const hotplug_site* at, unsigned long pfn, unsigned long nr) {
  Enter(at, Context::kSleeps);
  for (unsigned long i = 0; i < nr; ++i) PfnOf(at, pfn + i);
  const Pfn first{static_cast<uint32_t>(pfn)};
  const bool of_device = nr != 0 && mm::BlockAt(mm::BlockOf(first)).of_device != 0;
  for (uint32_t i = 0; of_device && i < nr; ++i) mm::DriverAccess(first + i);
  mm::free_contig_range(first, static_cast<uint32_t>(nr),
                        of_device ? mm::OwnerOfDevice() : mm::kNobody);
}

// ---- Onlining ----

int SetOnlinePage(const hotplug_site* at, void (*callback)(::page*, unsigned int), int sets) {
  EnterStep(at, Context::kSleeps);
  State& s = state();
  uint8_t& is_set = mm::mm().online_page_callback;
  if (is_set != (sets != 0 ? 0 : 1)) return -EINVAL;
  if (sets == 0 && s.online_page != callback) return -EINVAL;
  s.online_page = sets != 0 ? callback : nullptr;
  is_set = sets != 0 ? 1 : 0;
  return 0;
}

}  // namespace

void OnlinePage(Pfn pfn, uint32_t order) {
  const uint16_t outer = sim::current().call;
  state().online_page(reinterpret_cast<::page*>(kVmemmap + pfn.v * kStructPage), order);
  sim::current().call = outer;
}

void FillPages(hotplug_kernel* k) {
  k->page = &Page;
  k->contig_alloc = &ContigAlloc;
  k->contig_range = &ContigRange;
  k->contig_free = &ContigFree;
  k->online_page_callback = &SetOnlinePage;
}

}  // namespace hotplug::shim
