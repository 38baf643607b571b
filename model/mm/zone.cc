// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/mm/zone.h"

#include <algorithm>

#include "model/mm/function.h"
#include "model/mm/page.h"

namespace hotplug::mm {

namespace {

// 2 MiB of 4 KiB pages; never more than a block, which is what small machines have.
uint32_t PagesPerSubsection() { return std::min(512u, PagesPerPageblock()); }

uint32_t zone_end_pfn(const zone& z) { return z.zone_start_pfn + z.spanned_pages; }

void SetSpan(zone& z, uint32_t start, uint32_t end) {
  z.zone_start_pfn = start;
  z.spanned_pages = end - start;
}

bool InZone(Pfn pfn, uint32_t zone_index) {
  const page* p = pfn_to_online_page(pfn);
  return p != nullptr && p->zone == zone_index;
}

// Both return 0 if there is none, as the kernel's do.
uint32_t find_smallest_section_pfn(uint32_t zone_index, uint32_t start, uint32_t end) {
  for (uint32_t pfn = start; pfn < end; pfn += PagesPerSubsection()) {
    if (InZone(Pfn{pfn}, zone_index)) return pfn;
  }
  return 0;
}

uint32_t find_biggest_section_pfn(uint32_t zone_index, uint32_t start, uint32_t end) {
  for (uint32_t pfn = end - 1; pfn >= start; pfn -= PagesPerSubsection()) {
    if (InZone(Pfn{pfn}, zone_index)) return pfn;
    if (pfn < PagesPerSubsection()) break;
  }
  return 0;
}

bool zone_intersects(uint32_t zone_index, Pfn start, uint32_t nr_pages) {
  const zone& z = mm().zones[zone_index];
  return z.spanned_pages != 0 && start.v < zone_end_pfn(z) && z.zone_start_pfn < start.v + nr_pages;
}

uint32_t default_kernel_zone_for_pfn(NodeId nid, Pfn start, uint32_t nr_pages) {
  for (uint32_t kind = ZONE_DMA; kind < ZONE_NORMAL; ++kind) {
    const uint32_t z = ZoneIndex(nid, static_cast<zone_type>(kind));
    if (zone_intersects(z, start, nr_pages)) return z;
  }
  return ZoneIndex(nid, ZONE_NORMAL);
}

}  // namespace

void grow_zone_span(uint32_t zone_index, Pfn start, uint32_t nr_pages) {
  zone& z = mm().zones[zone_index];
  const uint32_t end = start.v + nr_pages;
  if (z.spanned_pages == 0) {
    SetSpan(z, start.v, end);
  } else {
    SetSpan(z, std::min(z.zone_start_pfn, start.v), std::max(zone_end_pfn(z), end));
  }
}

void shrink_zone_span(uint32_t zone_index, Pfn start, uint32_t nr_pages) {
  zone& z = mm().zones[zone_index];
  const uint32_t end = start.v + nr_pages;
  if (z.zone_start_pfn == start.v) {
    const uint32_t pfn = find_smallest_section_pfn(zone_index, end, zone_end_pfn(z));
    SetSpan(z, pfn, pfn == 0 ? 0 : zone_end_pfn(z));
  } else if (zone_end_pfn(z) == end) {
    const uint32_t pfn = find_biggest_section_pfn(zone_index, z.zone_start_pfn, start.v);
    SetSpan(z, pfn == 0 ? 0 : z.zone_start_pfn, pfn == 0 ? 0 : pfn + 1);
  }
}

uint32_t zone_for_pfn_range(mmop online_type, NodeId nid, Pfn start, uint32_t nr_pages) {
  const uint32_t normal = default_kernel_zone_for_pfn(nid, start, nr_pages);
  const uint32_t movable = ZoneIndex(nid, ZONE_MOVABLE);
  if (online_type == MMOP_ONLINE_KERNEL) return normal;
  if (online_type == MMOP_ONLINE_MOVABLE) return movable;
  const bool only_movable =
      zone_intersects(movable, start, nr_pages) && !zone_intersects(normal, start, nr_pages);
  return only_movable ? movable : normal;
}

ValidZones valid_zones(BlockId block) {
  const memory_block& mem = BlockAt(block);
  ValidZones v{};
  if (mem.state == MEM_ONLINE) {
    if (mem.zone != kSeveralZones) v.zone[v.size++] = mem.zone;
    return v;
  }
  const NodeId nid{mem.nid};
  const Pfn start = FirstPfn(block);
  v.zone[v.size++] =
      static_cast<uint8_t>(zone_for_pfn_range(MMOP_ONLINE, nid, start, PagesPerBlock()));
  for (const mmop type : {MMOP_ONLINE_KERNEL, MMOP_ONLINE_MOVABLE}) {
    const auto z = static_cast<uint8_t>(zone_for_pfn_range(type, nid, start, PagesPerBlock()));
    if (z != v.zone[0]) v.zone[v.size++] = z;
  }
  return v;
}

memory_notify_arg states_before_online(uint32_t zone_index, Pfn start, uint32_t nr_pages) {
  const int nid = static_cast<int>(zone_index / MAX_NR_ZONES);
  const node& n = mm().nodes[zone_index / MAX_NR_ZONES];
  const bool normal = KindOf(zone_index) <= ZONE_NORMAL;
  return {start, nr_pages, n.has_memory == 0 ? nid : -1,
          normal && n.has_normal_memory == 0 ? nid : -1};
}

memory_notify_arg states_before_offline(uint32_t zone_index, Pfn start, uint32_t nr_pages) {
  const uint32_t nid = zone_index / MAX_NR_ZONES;
  uint32_t present = 0;
  for (uint32_t kind = ZONE_DMA; kind <= ZONE_NORMAL; ++kind) {
    present += mm().zones[ZoneIndex(NodeId{nid}, static_cast<zone_type>(kind))].present_pages;
  }
  memory_notify_arg arg{start, nr_pages, -1, -1};
  if (KindOf(zone_index) <= ZONE_NORMAL && nr_pages >= present) {
    arg.status_change_nid_normal = static_cast<int>(nid);
  }
  present += mm().zones[ZoneIndex(NodeId{nid}, ZONE_MOVABLE)].present_pages;
  if (nr_pages >= present) arg.status_change_nid = static_cast<int>(nid);
  return arg;
}

void adjust_present_page_count(uint32_t zone_index, int32_t pages) {
  fn_begin(Fn::kAdjustPresentPageCount);
  node& n = mm().nodes[zone_index / MAX_NR_ZONES];
  mm().zones[zone_index].present_pages += static_cast<uint32_t>(pages);
  n.present_pages += static_cast<uint32_t>(pages);
  fn_ret(Fn::kAdjustPresentPageCount);
}

void node_states_change(const memory_notify_arg& arg, bool present) {
  const uint8_t value = present ? 1 : 0;
  if (arg.status_change_nid >= 0) mm().nodes[arg.status_change_nid].has_memory = value;
  if (arg.status_change_nid_normal >= 0) {
    mm().nodes[arg.status_change_nid_normal].has_normal_memory = value;
  }
}

namespace {

// Calls f(zone) for each zone of a node that spans pages.
template <class F>
void ForEachSpannedZone(NodeId nid, F f) {
  for (uint32_t kind = 0; kind < MAX_NR_ZONES; ++kind) {
    const zone& z = mm().zones[ZoneIndex(nid, static_cast<zone_type>(kind))];
    if (z.spanned_pages != 0) f(z);
  }
}

}  // namespace

uint32_t node_start_pfn(NodeId nid) {
  uint32_t start = kNoPfn;
  ForEachSpannedZone(nid, [&](const zone& z) { start = std::min(start, z.zone_start_pfn); });
  return start == kNoPfn ? 0 : start;
}

uint32_t node_end_pfn(NodeId nid) {
  uint32_t end = 0;
  ForEachSpannedZone(
      nid, [&](const zone& z) { end = std::max(end, z.zone_start_pfn + z.spanned_pages); });
  return end;
}

bool node_spanned_pages(NodeId nid) { return node_end_pfn(nid) != 0; }

}  // namespace hotplug::mm
