// SPDX-License-Identifier: GPL-2.0-or-later
//
// I4, I10, I11: offline blocks and the counters of zones and nodes. I12: block states.
#include <array>

#include "model/invariants/judge.h"
#include "model/mm/page.h"
#include "model/mm/pcp.h"

namespace hotplug::invariants {

namespace {

using mm::BlockId;
using mm::Pfn;
using mm::Phase;

template <class F>
void ForEachBlock(F f) {
  for (uint32_t i = 0; i < world::geometry().nr_blocks; ++i) f(mm::BlockNumber(i));
}

bool InMemory(BlockId b) {
  const Phase p = mm::BlockGhostAt(b).phase;
  return p == Phase::kOnline || p == Phase::kOfflining || p == Phase::kOnlining;
}

// What one block contributes to its zone, by its pages alone.
Sums SumsOf(BlockId b) {
  Sums s;
  s.present = mm::PagesPerBlock();
  const Pfn start = mm::FirstPfn(b);
  const mm::page* page = &mm::PageAt(start);
  const mm::PageGhost* ghost = &mm::GhostAt(start);
  for (Pfn pfn = start; pfn < start + s.present; pfn = pfn + mm::PagesPerPageblock()) {
    const bool isolated = mm::PageblockAt(pfn) == mm::MIGRATE_ISOLATE;
    if (isolated) ++s.isolated_pageblocks;
    for (uint32_t i = 0; i < mm::PagesPerPageblock(); ++i, ++page, ++ghost) {
      if (!mm::PageReserved(*page) && ghost->unmanaged == 0) ++s.managed;
      if (mm::PageBuddy(*page) && !isolated) s.free += 1u << page->order;
    }
  }
  return s;
}

int32_t Signed(uint32_t v) { return static_cast<int32_t>(v); }

}  // namespace

ZoneSums SumsOfZones() {
  ZoneSums sums;
  ForEachBlock([&](BlockId b) {
    if (!InMemory(b)) return;
    const Sums s = SumsOf(b);
    Sums& z = sums[mm::BlockAt(b).zone];
    z.present += s.present;
    z.managed += s.managed;
    z.free += s.free;
    z.isolated_pageblocks += s.isolated_pageblocks;
  });
  return sums;
}

void CheckOffline() {
  const bool lists = mm::mm().pcp_high != 0;
  ForEachBlock([lists](BlockId b) {
    if (mm::BlockGhostAt(b).phase != Phase::kOffline) return;
    const Pfn start = mm::FirstPfn(b);
    for (Pfn pfn = start; pfn < start + mm::PagesPerBlock(); ++pfn) {
      const mm::page& p = mm::PageAt(pfn);
      if (!mm::PageBuddy(p) && !mm::PageLRU(p) && !(lists && mm::OnPcpList(pfn))) continue;
      AddPage(Id::kI4, pfn, 0, p.refcount, mm::GhostAt(pfn).writer);
      return;
    }
  });
}

void CheckIsolateCounts(const ZoneSums& sums) {
  for (uint32_t z = 0; z < sums.size(); ++z) {
    const uint32_t found = mm::mm().zones[z].nr_isolate_pageblock;
    if (found == sums[z].isolated_pageblocks) continue;
    AddBlock(Id::kI10, kNoBlock, Signed(sums[z].isolated_pageblocks), Signed(found), Here());
    return;
  }
}

void CheckZoneCounters(const ZoneSums& sums) {
  std::array<uint32_t, kMaxNodes> node_present{};
  for (uint32_t z = 0; z < sums.size(); ++z) {
    const mm::zone& zone = mm::mm().zones[z];
    // Most machines have memory in two kinds of zones and not in all.
    if (zone.spanned_pages == 0 && sums[z].present == 0 && zone.present_pages == 0 &&
        zone.managed_pages == 0 && zone.nr_free_pages == 0) {
      continue;
    }
    node_present[z / mm::MAX_NR_ZONES] += sums[z].present;
    const std::array<std::array<uint32_t, 2>, 3> pairs = {{{sums[z].managed, zone.managed_pages},
                                                           {sums[z].present, zone.present_pages},
                                                           {sums[z].free, zone.nr_free_pages}}};
    for (const auto& [expected, found] : pairs) {
      if (expected == found) continue;
      AddBlock(Id::kI11, kNoBlock, Signed(expected), Signed(found), Here());
      return;
    }
  }
  for (uint32_t n = 0; n < kMaxNodes; ++n) {
    const uint32_t found = mm::mm().nodes[n].present_pages;
    if (node_present[n] == found) continue;
    AddBlock(Id::kI11, kNoBlock, Signed(node_present[n]), Signed(found), Here());
    return;
  }
}

void CheckGoingOffline() {
  if (GoingOfflineIsLegal()) return;
  AddBlock(Id::kI12, kNoBlock, 0, mm::ledger().going_offline, Here());
}

void CheckDeviceStates() {
  ForEachBlock([](BlockId b) {
    const mm::memory_block& mem = mm::BlockAt(b);
    const bool offline = mem.state == mm::MEM_OFFLINE;
    if (mem.registered == 0 || (mem.dev_offline != 0) == offline) return;
    AddBlock(Id::kI12, b.v, offline ? 1 : 0, mem.dev_offline, mm::BlockGhostAt(b).writer);
  });
}

}  // namespace hotplug::invariants
