// SPDX-License-Identifier: GPL-2.0-or-later
//
// I4, I10, I11: offline blocks, the counters of zones and nodes, and what these span. I12: block
// states.
#ifndef MODEL_INVARIANTS_ZONES_H_
#define MODEL_INVARIANTS_ZONES_H_

#include <array>

#include "model/invariants/judge.h"

namespace hotplug::invariants {

struct Sums {
  uint32_t present = 0;
  uint32_t managed = 0;
  uint32_t free = 0;
  uint32_t isolated_pageblocks = 0;
};
using ZoneSums = std::array<Sums, world::kNrZones>;

// What zones say of themselves, and what their pages add up to.
struct Accounts {
  std::array<world::ZoneCounters, world::kNrZones> zones;
  ZoneSums sums;
};

// What one block contributes to its zone, by its pages alone.
template <world::View V>
world::BlockSums CountBlock(BlockId b) {
  world::BlockSums s{};
  const Pfn start = world::FirstPfn(b);
  uint32_t index = world::PageIndex(start);
  const world::PageGhost* ghost = &GhostAt(start);
  for (Pfn pfn = start; pfn < start + world::PagesPerBlock();
       pfn = pfn + world::PagesPerPageblock()) {
    const bool isolated = V::get_pageblock_migratetype(pfn) == world::MIGRATE_ISOLATE;
    if (isolated) ++s.isolated_pageblocks;
    for (uint32_t i = 0; i < world::PagesPerPageblock(); ++i, ++index, ++ghost) {
      const typename V::Page& page = V::page_at(index);
      if (!V::PageReserved(page) && ghost->unmanaged == 0) ++s.managed;
      if (PageBuddy(V::page_type(page)) && !isolated) s.free += 1u << V::buddy_order(page);
    }
  }
  return s;
}

// The same, from what is known of it if nothing of it has changed.
template <world::View V>
const world::BlockSums& SumsOf(BlockId b) {
  world::Ledger& l = world::ledger();
  const uint32_t index = world::BlockIndex(b);
  const uint64_t bit = uint64_t{1} << index;
  if ((l.uncounted_blocks & bit) != 0 || !V::kTellsAllChanges || config().full) {
    l.sums[index] = CountBlock<V>(b);
    l.uncounted_blocks &= ~bit;
  }
  return l.sums[index];
}

// What the pages of the blocks in memory add up to, by zone.
template <world::View V>
Accounts AccountsOfZones() {
  Accounts a;
  ForEachBlock([&](BlockId b) {
    if (!InMemory(world::BlockGhostAt(b).phase)) return;
    const world::BlockSums& s = SumsOf<V>(b);
    Sums& z = a.sums[V::zone_of_pages(b)];
    z.present += world::PagesPerBlock();
    z.managed += s.managed;
    z.free += s.free;
    z.isolated_pageblocks += s.isolated_pageblocks;
  });
  for (uint32_t z = 0; z < world::kNrZones; ++z) a.zones[z] = V::zone(z);
  return a;
}

template <world::View V>
void CheckOffline() {
  const bool lists = V::has_pcp_lists();
  ForEachBlock([lists](BlockId b) {
    if (world::BlockGhostAt(b).phase != Phase::kOffline) return;
    const Pfn start = world::FirstPfn(b);
    for (Pfn pfn = start; pfn < start + world::PagesPerBlock(); ++pfn) {
      const typename V::Page& p = PageAt<V>(pfn);
      const bool on_list = lists && V::on_pcp_list(pfn);
      if (!PageBuddy(V::page_type(p)) && !V::PageLRU(p) && !on_list) continue;
      AddPage<V>(Id::kI4, pfn, 0, V::page_count(p), GhostAt(pfn).writer);
      return;
    }
  });
}

inline int32_t Signed(uint32_t v) { return static_cast<int32_t>(v); }

// What accounts are judged at: a delivery is told as the function that makes it, whatever step of
// it a world has first.
inline uint16_t AccountsAt() {
  const bool delivery = world::ledger().news.accounts == world::Accounts::kAtDelivery;
  return delivery ? uint16_t{world::kTpMemoryNotify} : Here();
}

inline void CheckIsolateCounts(const Accounts& a) {
  for (uint32_t z = 0; z < a.sums.size(); ++z) {
    const uint32_t expected = a.sums[z].isolated_pageblocks;
    const uint32_t found = a.zones[z].isolated_pageblocks;
    if (found == expected) continue;
    AddBlock(Id::kI10, kNoBlock, Signed(expected), Signed(found), AccountsAt());
    return;
  }
}

template <world::View V>
void CheckZoneCounters(const Accounts& a) {
  const ZoneSums& sums = a.sums;
  std::array<uint32_t, kMaxNodes> node_present{};
  for (uint32_t z = 0; z < sums.size(); ++z) {
    const world::ZoneCounters& zone = a.zones[z];
    // Most machines have memory in two kinds of zones and not in all.
    if (zone.spanned == 0 && sums[z].present == 0 && zone.present == 0 && zone.managed == 0 &&
        zone.free == 0) {
      continue;
    }
    node_present[z / world::MAX_NR_ZONES] += sums[z].present;
    const std::array<std::array<uint32_t, 2>, 3> pairs = {{{sums[z].managed, zone.managed},
                                                           {sums[z].present, zone.present},
                                                           {sums[z].free, zone.free}}};
    for (const auto& [expected, found] : pairs) {
      if (expected == found) continue;
      AddBlock(Id::kI11, kNoBlock, Signed(expected), Signed(found), AccountsAt());
      return;
    }
  }
  for (uint32_t n = 0; n < kMaxNodes; ++n) {
    const uint32_t found = V::node_present_pages(world::NodeId{n});
    if (node_present[n] == found) continue;
    AddBlock(Id::kI11, kNoBlock, Signed(node_present[n]), Signed(found), AccountsAt());
    return;
  }
}

// Whoever has isolated a pageblock has undone that, or the block is no memory any more.
template <world::View V>
void CheckNoIsolation() {
  ForEachBlock([](BlockId b) {
    if (!InMemory(world::BlockGhostAt(b).phase)) return;
    const Pfn start = world::FirstPfn(b);
    for (Pfn pfn = start; pfn < start + world::PagesPerBlock();
         pfn = pfn + world::PagesPerPageblock()) {
      if (V::get_pageblock_migratetype(pfn) != world::MIGRATE_ISOLATE) continue;
      AddBlock(Id::kI10, b.v, 0, 1, world::BlockGhostAt(b).writer);
      return;
    }
  });
}

// ---- What zones and nodes span ----

struct Span {
  uint32_t start = 0;  // pfn
  uint32_t spanned = 0;

  // With [start_, start_ + nr), which lies behind all that it spans.
  void Add(uint32_t start_, uint32_t nr) {
    if (spanned == 0) start = start_;
    spanned = start_ + nr - start;
  }
};
struct Spans {
  std::array<Span, world::kNrZones> zones;
  std::array<Span, kMaxNodes> nodes;
};

// Of the blocks in memory.
template <world::View V>
Spans SpansOfBlocks() {
  Spans s;
  ForEachBlock([&s](BlockId b) {
    if (!InMemory(world::BlockGhostAt(b).phase)) return;
    const uint8_t zone = V::zone_of_pages(b);
    s.zones[zone].Add(world::FirstPfn(b).v, world::PagesPerBlock());
    s.nodes[zone / world::MAX_NR_ZONES].Add(world::FirstPfn(b).v, world::PagesPerBlock());
  });
  return s;
}

// The first field that is wrong, of a zone or of a node.
inline bool CheckSpan(const Span& expected, uint32_t start, uint32_t spanned) {
  if (expected.spanned == spanned && (spanned == 0 || expected.start == start)) return true;
  const bool size = expected.spanned != spanned;
  AddBlock(Id::kI11, kNoBlock, Signed(size ? expected.spanned : expected.start),
           Signed(size ? spanned : start), Here());
  return false;
}

// A node has memory if it spans some, and normal memory if a zone other than that of movable pages
// does.
template <world::View V>
bool CheckNode(world::NodeId nid, const Spans& s) {
  const world::NodeState node = V::node(nid);
  const bool memory = s.nodes[nid.v].spanned != 0;
  const bool normal = s.zones[nid.v * world::MAX_NR_ZONES + world::ZONE_NORMAL].spanned != 0;
  if (!CheckSpan(s.nodes[nid.v], node.start, node.spanned)) return false;
  if (node.has_memory == memory && node.has_normal_memory == normal) return true;
  AddBlock(Id::kI11, kNoBlock, memory + 2 * normal, node.has_memory + 2 * node.has_normal_memory,
           Here());
  return false;
}

template <world::View V>
void CheckSpans() {
  const Spans s = SpansOfBlocks<V>();
  for (uint32_t z = 0; z < world::kNrZones; ++z) {
    const world::ZoneCounters zone = V::zone(z);
    if (!CheckSpan(s.zones[z], zone.start, zone.spanned)) return;
  }
  for (uint32_t n = 0; n < kMaxNodes; ++n) {
    if (!CheckNode<V>(world::NodeId{n}, s)) return;
  }
}

template <world::View V>
bool GoingOfflineIsLegal() {
  return world::ledger().going_offline == 0 || V::device_hotplug_lock_is_held();
}

template <world::View V>
void CheckGoingOffline() {
  if (GoingOfflineIsLegal<V>()) return;
  AddBlock(Id::kI12, kNoBlock, 0, world::ledger().going_offline, Here());
}

template <world::View V>
void CheckDeviceStates() {
  ForEachBlock([](BlockId b) {
    const world::BlockState block = V::block(b);
    const bool offline = block.state == world::MEM_OFFLINE;
    if (!block.registered || block.dev_offline == offline) return;
    AddBlock(Id::kI12, b.v, offline ? 1 : 0, block.dev_offline ? 1 : 0,
             world::BlockGhostAt(b).writer);
  });
}

}  // namespace hotplug::invariants

#endif  // MODEL_INVARIANTS_ZONES_H_
