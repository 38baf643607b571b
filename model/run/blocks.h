// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef MODEL_RUN_BLOCKS_H_
#define MODEL_RUN_BLOCKS_H_

#include <vector>

#include "model/run/world.h"

namespace hotplug::run {

// What reports tell of the memory blocks of a world.
template <world::View V>
std::vector<BlockEnd> BlocksOf() {
  std::vector<BlockEnd> blocks;
  for (uint32_t i = 0; i < world::geometry().nr_blocks; ++i) {
    const world::BlockId b = world::BlockNumber(i);
    const world::BlockState block = V::block(b);
    BlockEnd& end = blocks.emplace_back();
    end.number = b.v;
    if (!block.registered) continue;
    end.state = block.state;
    const world::Pfn start = world::FirstPfn(b);
    for (world::Pfn pfn = start; pfn < start + world::PagesPerBlock(); ++pfn) {
      const typename V::Page& page = V::page_at(world::PageIndex(pfn));
      const uint8_t type = V::page_type(page);
      if ((type & world::kTypeBuddy) != 0) end.free += 1u << V::buddy_order(page);
      if ((type & world::kTypeOffline) != 0) ++end.page_offline;
      const int32_t count = V::page_count(page);
      const int32_t class_of = count < 0 ? -1 : count > 2 ? 3 : count;
      ++end.counts[static_cast<uint32_t>(class_of + 1)];
    }
  }
  return blocks;
}

}  // namespace hotplug::run

#endif  // MODEL_RUN_BLOCKS_H_
