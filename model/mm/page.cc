// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/mm/page.h"

#include "model/mm/buddy.h"
#include "model/mm/tracepoints.h"

namespace hotplug::mm {

page& pfn_to_page(Pfn pfn) {
  HOTPLUG_CHECK(PfnExists(pfn));
  if (PhaseOf(pfn) == Phase::kAbsent) {
    NoteTrespass(kAbsentMemmap, pfn, kNobody);
    Oops(pfn);
  }
  return PageAt(pfn);
}

page* pfn_to_online_page(Pfn pfn) {
  if (!PfnExists(pfn) || BlockAt(BlockOf(pfn)).section_online == 0) return nullptr;
  return &PageAt(pfn);
}

zone& page_zone(Pfn pfn) {
  const page& p = pfn_to_page(pfn);
  if ((p.flags & kFlagPoison) != 0) Oops(pfn);
  return page_zone(p);
}

void page_point(sim::Tp tp, Pfn pfn) {
  if (!AtPagePoint(pfn)) return;
  const page& p = PageAt(pfn);
  sim::sched_point(tp, pfn.v, static_cast<uint32_t>(p.refcount));
}

namespace {

// References that the owner of a page drops and retakes within its callbacks (I9).
void CountInCallback(Pfn pfn, int dropped) {
  PageGhost& g = GhostAt(pfn);
  if (g.owner == kNobody || g.owner != ActingOwner()) return;
  g.dropped = static_cast<int8_t>(g.dropped + dropped);
}

}  // namespace

void page_ref_inc(Pfn pfn) {
  page& p = pfn_to_page(pfn);
  DriverAccess(pfn);
  ++p.refcount;
  CountInCallback(pfn, -1);
  Touch(pfn);
  page_point(kTpPageRefInc, pfn);
}

void page_ref_dec(Pfn pfn) {
  page& p = pfn_to_page(pfn);
  DriverAccess(pfn);
  --p.refcount;
  CountInCallback(pfn, 1);
  Touch(pfn);
  page_point(kTpPageRefDec, pfn);
}

bool page_ref_freeze(Pfn pfn, int count) {
  page& p = pfn_to_page(pfn);
  DriverAccess(pfn);
  const bool frozen = p.refcount == count;
  if (frozen) {
    p.refcount = 0;
    CountInCallback(pfn, 1);
    Touch(pfn);
  }
  page_point(kTpPageRefFreeze, pfn);
  return frozen;
}

void page_ref_unfreeze(Pfn pfn, int count) {
  page& p = pfn_to_page(pfn);
  DriverAccess(pfn);
  VM_BUG_ON_PAGE(p.refcount != 0, kTpVmBugUnfreeze, pfn);
  p.refcount = count;
  CountInCallback(pfn, -1);
  Touch(pfn);
  page_point(kTpPageRefUnfreeze, pfn);
}

void __SetPageOffline(Pfn pfn) {
  page& p = pfn_to_page(pfn);
  DriverAccess(pfn);
  VM_BUG_ON_PAGE(p.type != 0 || (p.flags & kFlagPoison) != 0, kTpVmBugSetOffline, pfn);
  p.type |= kTypeOffline;
  Touch(pfn);
  page_point(kTpSetPageOffline, pfn);
}

void __ClearPageOffline(Pfn pfn) {
  page& p = pfn_to_page(pfn);
  DriverAccess(pfn);
  VM_BUG_ON_PAGE(!PageOffline(p), kTpVmBugClearOffline, pfn);
  p.type &= static_cast<uint8_t>(~kTypeOffline);
  Touch(pfn);
  page_point(kTpClearPageOffline, pfn);
}

void SetPageFlag(Pfn pfn, uint8_t flag, bool set) {
  page& p = pfn_to_page(pfn);
  DriverAccess(pfn);
  p.flags = static_cast<uint8_t>(set ? p.flags | flag : p.flags & ~flag);
  Touch(pfn);
}

void adjust_managed_page_count(Pfn pfn, int32_t count) {
  pfn_to_page(pfn);
  page_zone(PageAt(pfn)).managed_pages += static_cast<uint32_t>(count);
  const Pfn end = pfn + static_cast<uint32_t>(count < 0 ? -count : count);
  for (Pfn p = pfn; p < end && PfnExists(p); ++p) {
    GhostAt(p).unmanaged = count < 0 ? 1 : 0;
    Uncount(BlockOf(p));
  }
  sim::sched_point(kTpAdjustManaged, pfn.v, static_cast<uint32_t>(count));
}

namespace {

// Allocations of several pages are compound: whoever drops the last reference frees all.
uint32_t AllocatedOrder(const page& p) { return PageBuddy(p) ? 0 : p.order; }

}  // namespace

bool get_page_unless_zero(Pfn pfn) {
  page& p = PageAt(pfn);
  if (p.refcount == 0) return false;
  ++p.refcount;
  AddTransient(pfn);
  return true;
}

void put_page(Pfn pfn) {
  page& p = pfn_to_page(pfn);
  VM_BUG_ON_PAGE(p.refcount == 0, kTpVmBugPutZero, pfn);
  DropTransient(pfn);
  if (--p.refcount == 0) free_unref_page(pfn, AllocatedOrder(p));
}

void __free_page(Pfn pfn) {
  page& p = pfn_to_page(pfn);
  VM_BUG_ON_PAGE(p.refcount == 0, kTpVmBugPutZero, pfn);
  const uint32_t order = AllocatedOrder(p);
  for (uint32_t i = 0; i < (1u << order); ++i) SetOwner(pfn + i, kNobody);
  if (--p.refcount == 0) free_unref_page(pfn, order);
}

void Oops(Pfn pfn) {
  Report(KernelReport::kOops, pfn, false);
  sim::dead(kTpOops, pfn.v);
}

void BUG(sim::Tp tp, Pfn pfn) {
  Report(KernelReport::kBug, pfn, false);
  sim::dead(tp, pfn.v, static_cast<uint32_t>(PageAt(pfn).refcount));
}

void VM_BUG_ON_PAGE(bool condition, sim::Tp tp, Pfn pfn) {
  if (condition && mm().debug_vm != 0) BUG(tp, pfn);
}

void WARN(sim::Tp tp, Pfn pfn, uint32_t value) {
  Report(KernelReport::kWarn, pfn, false);
  sim::record(tp, value);
}

void dump_page(sim::Tp why, Pfn pfn) {
  const page& p = PageAt(pfn);
  // As page_mapcount() shows it where the type is PageOffline and nothing else.
  constexpr int kMapcountOffline = -256;
  const int mapcount = PageOffline(p) ? kMapcountOffline : 0;
  sim::record(why, static_cast<uint32_t>(p.refcount), static_cast<uint32_t>(mapcount), pfn.v);
}

void bad_page(Pfn pfn) {
  page& p = PageAt(pfn);
  Report(KernelReport::kBadPage, pfn, false);
  sim::record(kTpBadPage, pfn.v, static_cast<uint32_t>(p.refcount), p.type);
  if (PageOffline(p) && IsInstance(GhostAt(pfn).owner)) {
    NoteTrespass(kLostOffline, pfn, GhostAt(pfn).owner);
  }
  p.type = 0;
  SetOwner(pfn, kNobody);
}

}  // namespace hotplug::mm
