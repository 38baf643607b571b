// SPDX-License-Identifier: GPL-2.0-or-later
//
// What can be seen of a world. All of it is read, and nothing is changed: it may be looked at at
// any time, by a task or by the host.
#ifndef MODEL_TREE_VIEW_H_
#define MODEL_TREE_VIEW_H_

#include <cstdint>
#include <vector>

#include "model/tree/abi.h"
#include "model/world/geometry.h"
#include "model/world/view.h"

namespace hotplug::tree {

// Pages of [start, start + nr), which are the machine's, present or not.
void See(world::Pfn start, uint32_t nr, world_page* pages);
world_page PageAt(world::Pfn pfn);

// By nid * WORLD_ZONES + zone_type.
world_zone ZoneAt(uint32_t zone);
world_node NodeAt(world::NodeId nid);
world_block BlockAt(world::BlockId block);
std::vector<world_resource> Resources();

// The same as model/world/view.h wants it seen.
struct View {
  using Page = world_page;

  static Page page_at(uint32_t index) {
    const uint32_t order = world::geometry().block_order;
    const world::Pfn start = world::FirstPfn(world::BlockNumber(index >> order));
    return PageAt(start + (index & ((1u << order) - 1)));
  }
  static int32_t page_count(const Page& page) { return page.count; }
  static uint8_t page_type(const Page& page) {
    return static_cast<uint8_t>(((page.flags & WORLD_PAGE_BUDDY) != 0 ? world::kTypeBuddy : 0) |
                                ((page.flags & WORLD_PAGE_OFFLINE) != 0 ? world::kTypeOffline : 0));
  }
  static uint32_t buddy_order(const Page& page) { return page.order; }
  static bool PageReserved(const Page& page) { return (page.flags & WORLD_PAGE_RESERVED) != 0; }
  static bool PageLRU(const Page& page) { return (page.flags & WORLD_PAGE_LRU) != 0; }
  static world::migratetype get_pageblock_migratetype(world::Pfn pfn) {
    static_assert(WORLD_UNMOVABLE == int{world::MIGRATE_UNMOVABLE});
    static_assert(WORLD_MOVABLE == int{world::MIGRATE_MOVABLE});
    static_assert(WORLD_ISOLATE == int{world::MIGRATE_ISOLATE});
    static_assert(WORLD_OTHER_TYPE == int{world::MIGRATE_TYPES});
    return static_cast<world::migratetype>(PageAt(pfn).type);
  }
  static bool has_pcp_lists() { return true; }
  static bool on_pcp_list(world::Pfn pfn) { return (PageAt(pfn).flags & WORLD_PAGE_PCP) != 0; }

  static world::ZoneCounters zone(uint32_t index);
  static uint32_t node_present_pages(world::NodeId nid) { return node(nid).present; }
  static world::NodeState node(world::NodeId nid);
  static world::BlockState block(world::BlockId id);

  // Nothing tells yet of notifiers, locks, devices, allocations and drivers: who needs them does
  // not judge this world.
  static bool device_hotplug_lock_is_held() { return true; }
  static int32_t first_untold() { return -1; }
  static uint32_t leaked_devices() { return 0; }
  static constexpr sim::Tp kLeaksDevices = 0;
  static world::AllocationState allocation(world::Owner /*owner*/) { return {}; }
  static uint32_t recorded(world::Range* /*ranges*/, uint32_t /*max*/) { return 0; }
  static bool driver_keeps_blocks() { return true; }
};
static_assert(world::View<View>);

// Of all that can be seen, field by field: equal for equal states, whatever the world was built
// with.
uint64_t ViewDigest();

}  // namespace hotplug::tree

#endif  // MODEL_TREE_VIEW_H_
