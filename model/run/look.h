// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef MODEL_RUN_LOOK_H_
#define MODEL_RUN_LOOK_H_

#include "model/run/world.h"

namespace hotplug::run {

template <world::View V>
void LookAtPages(world::BlockId b, BlockEnd* end) {
  const world::Pfn start = world::FirstPfn(b);
  const bool in_memory = end->state != world::MEM_OFFLINE;
  for (world::Pfn pfn = start; pfn < start + world::PagesPerBlock(); ++pfn) {
    if (in_memory && ((pfn.v - start.v) & (world::PagesPerPageblock() - 1)) == 0) {
      end->types.push_back(V::get_pageblock_migratetype(pfn));
    }
    const typename V::Page& page = V::page_at(world::PageIndex(pfn));
    const uint8_t type = V::page_type(page);
    if ((type & world::kTypeBuddy) != 0) end->free += 1u << V::buddy_order(page);
    if ((type & world::kTypeOffline) != 0) ++end->page_offline;
    if (V::PageLRU(page)) ++end->lru;
    if (V::PageReserved(page)) ++end->reserved;
    const int32_t count = V::page_count(page);
    const int32_t class_of = count < 0 ? -1 : count > 2 ? 3 : count;
    ++end->counts[static_cast<uint32_t>(class_of + 1)];
  }
}

// All that can be seen of a world now.
template <world::View V>
WorldState Look() {
  WorldState seen;
  for (uint32_t i = 0; i < world::geometry().nr_blocks; ++i) {
    const world::BlockId b = world::BlockNumber(i);
    const world::BlockState block = V::block(b);
    BlockEnd& end = seen.blocks.emplace_back();
    end.number = b.v;
    if (!block.registered) continue;
    end.state = block.state;
    end.dev_offline = block.dev_offline;
    end.nid = block.nid;
    if (block.state == world::MEM_ONLINE) end.zone = block.zone;
    LookAtPages<V>(b, &end);
  }
  for (uint32_t z = 0; z < world::kNrZones; ++z) seen.zones[z] = V::zone(z);
  for (uint32_t n = 0; n < kMaxNodes; ++n) seen.nodes[n] = V::node(world::NodeId{n});
  return seen;
}

}  // namespace hotplug::run

#endif  // MODEL_RUN_LOOK_H_
