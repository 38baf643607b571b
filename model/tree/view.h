// SPDX-License-Identifier: GPL-2.0-or-later
//
// What can be seen of a world. All of it is read, and nothing is changed: it may be looked at at
// any time, by a task or by the host.
#ifndef MODEL_TREE_VIEW_H_
#define MODEL_TREE_VIEW_H_

#include <cstdint>
#include <cstring>
#include <vector>

#include "model/tree/abi.h"
#include "model/tree/state.h"
#include "model/tree/tracepoints.h"
#include "model/tree/world.h"
#include "model/world/geometry.h"
#include "model/world/view.h"

namespace hotplug::tree {

// Pages of [start, start + nr), which are the machine's, present or not.
void See(world::Pfn start, uint32_t nr, world_page* pages);
world_page PageAt(world::Pfn pfn);
bool IsOnPcpList(world::Pfn pfn);
uint8_t PageblockAt(world::Pfn pfn);  // the type of its pageblock

// By nid * WORLD_ZONES + zone_type.
world_zone ZoneAt(uint32_t zone);
world_node NodeAt(world::NodeId nid);
world_block BlockAt(world::BlockId block);
std::vector<world_resource> Resources();

// Of a page that is in memory.
const char* StructPageAt(world::Pfn pfn);

// The same as model/world/view.h wants it seen. Pages are read where they are: each is looked at at
// every release of mem_hotplug_lock, and a call for each would be most of what checks cost.
struct View {
  // A struct page.
  struct Page {
    const char* at;

    template <class T>
    T Field(uint32_t offset) const {
      T value;
      std::memcpy(&value, at + offset, sizeof(value));
      return value;
    }
  };

  // The allocator moves pages between its lists, of which nobody tells.
  static constexpr bool kTellsAllChanges = false;

  static const world_page_layout& layout() { return world_of_machine().page_layout(); }

  static Page page_at(uint32_t index) {
    const uint32_t order = world::geometry().block_order;
    const world::Pfn start = world::FirstPfn(world::BlockNumber(index >> order));
    return StructPage(start + (index & ((1u << order) - 1)));
  }
  static Page StructPage(world::Pfn pfn) {
    const world_page_layout& l = layout();
    return {*l.map != nullptr ? *l.map + size_t{pfn.v} * l.size : StructPageAt(pfn)};
  }
  static int32_t page_count(const Page& page) { return page.Field<int32_t>(layout().count); }
  static uint8_t page_type(const Page& page) {
    const world_page_layout& l = layout();
    const auto type = page.Field<uint32_t>(l.type);
    uint32_t all = 0;
    if ((type & l.buddy_mask) == l.buddy) all |= world::kTypeBuddy;
    if ((type & l.offline_mask) == l.offline) all |= world::kTypeOffline;
    return static_cast<uint8_t>(all);
  }
  static uint32_t buddy_order(const Page& page) {
    return static_cast<uint32_t>(page.Field<uint64_t>(layout().order));
  }
  // What is poisoned has no flags.
  static bool HasFlag(const Page& page, uint64_t flag) {
    const auto flags = page.Field<uint64_t>(layout().flags);
    return (flags & flag) != 0 && flags != UINT64_MAX;
  }
  static bool PageReserved(const Page& page) { return HasFlag(page, layout().reserved); }
  static bool PageLRU(const Page& page) { return HasFlag(page, layout().lru); }
  static world::migratetype get_pageblock_migratetype(world::Pfn pfn) {
    static_assert(WORLD_UNMOVABLE == int{world::MIGRATE_UNMOVABLE});
    static_assert(WORLD_MOVABLE == int{world::MIGRATE_MOVABLE});
    static_assert(WORLD_ISOLATE == int{world::MIGRATE_ISOLATE});
    static_assert(WORLD_OTHER_TYPE == int{world::MIGRATE_TYPES});
    return static_cast<world::migratetype>(PageblockAt(pfn));
  }
  static bool has_pcp_lists();
  static bool on_pcp_list(world::Pfn pfn) { return IsOnPcpList(pfn); }

  static world::ZoneCounters zone(uint32_t index);
  static uint32_t node_present_pages(world::NodeId nid) { return node(nid).present; }
  static world::NodeState node(world::NodeId nid);
  static world::BlockState block(world::BlockId id);
  // struct memory_block knows its zone while it is online alone.
  static uint8_t zone_of_pages(world::BlockId id) { return PageAt(world::FirstPfn(id)).zone; }

  static bool device_hotplug_lock_is_held();
  // Or who was told how it ended, and not asked before.
  static int32_t first_untold();
  static uint32_t leaked_devices();
  static constexpr sim::Tp kLeaksDevices = kTpUnregister;
  static world::AllocationState allocation(world::Owner owner) {
    return state().allocations[owner - world::kFirstAllocation];
  }
  static uint32_t recorded(world::Range* ranges, uint32_t max);
  static bool driver_keeps_blocks();
};
static_assert(world::View<View>);

// Of all that can be seen, field by field: equal for equal states, whatever the world was built
// with.
uint64_t ViewDigest();

}  // namespace hotplug::tree

#endif  // MODEL_TREE_VIEW_H_
