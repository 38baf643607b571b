// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/mm/zone.h"

#include <algorithm>

namespace hotplug::mm {

namespace {

void SetSpan(zone& z, uint32_t start, uint32_t end) {
  z.zone_start_pfn = start;
  z.spanned_pages = end - start;
}

bool zone_intersects(uint32_t zone_index, BlockId block) {
  const zone& z = mm().zones[zone_index];
  const uint32_t start = FirstPfn(block).v;
  return z.spanned_pages != 0 && start < z.zone_start_pfn + z.spanned_pages &&
         z.zone_start_pfn < start + PagesPerBlock();
}

}  // namespace

void grow_zone_span(uint32_t zone_index, BlockId block) {
  zone& z = mm().zones[zone_index];
  const uint32_t start = FirstPfn(block).v;
  const uint32_t end = start + PagesPerBlock();
  if (z.spanned_pages == 0) {
    SetSpan(z, start, end);
  } else {
    SetSpan(z, std::min(z.zone_start_pfn, start),
            std::max(z.zone_start_pfn + z.spanned_pages, end));
  }
}

void shrink_zone_span(uint32_t zone_index) {
  zone& z = mm().zones[zone_index];
  SetSpan(z, z.zone_start_pfn, z.zone_start_pfn);
  for (uint32_t i = 0; i < mm().nr_blocks; ++i) {
    const memory_block& b = mm().blocks[i];
    if (b.section_online != 0 && b.zone == zone_index) {
      grow_zone_span(zone_index, BlockId{mm().first_block + i});
    }
  }
}

uint32_t zone_for_block(mmop online_type, NodeId nid, BlockId block) {
  const uint32_t normal = ZoneIndex(nid, ZONE_NORMAL);
  const uint32_t movable = ZoneIndex(nid, ZONE_MOVABLE);
  if (online_type == MMOP_ONLINE_KERNEL) return normal;
  if (online_type == MMOP_ONLINE_MOVABLE) return movable;
  const bool only_movable = zone_intersects(movable, block) && !zone_intersects(normal, block);
  return only_movable ? movable : normal;
}

int status_change_nid(NodeId nid, BlockId block) {
  for (uint32_t i = 0; i < mm().nr_blocks; ++i) {
    const memory_block& b = mm().blocks[i];
    const bool other = mm().first_block + i != block.v;
    if (other && b.nid == nid.v && b.section_online != 0) return -1;
  }
  return static_cast<int>(nid.v);
}

void adjust_present_page_count(uint32_t zone_index, int32_t pages) {
  node& n = mm().nodes[zone_index / MAX_NR_ZONES];
  mm().zones[zone_index].present_pages += static_cast<uint32_t>(pages);
  n.present_pages += static_cast<uint32_t>(pages);
  n.has_memory = n.present_pages != 0 ? 1 : 0;
}

}  // namespace hotplug::mm
