// SPDX-License-Identifier: GPL-2.0-or-later
//
// What can be seen of a world: the real fields that invariants, digests and reports look at. A
// world has a struct of static functions for it; whoever looks is a template over that struct, so
// that looking costs no call. What no field says is in the ledger, which both worlds write.
#ifndef MODEL_WORLD_VIEW_H_
#define MODEL_WORLD_VIEW_H_

#include <concepts>
#include <cstdint>
#include <string>

#include "model/limits.h"
#include "model/world/ledger.h"
#include "model/world/types.h"

namespace hotplug::world {

// struct zone, in pages. A zone that spans nothing begins at 0.
struct ZoneCounters {
  uint32_t start;  // pfn
  uint32_t spanned;
  uint32_t present;
  uint32_t managed;
  uint32_t free;                 // NR_FREE_PAGES
  uint32_t isolated_pageblocks;  // nr_isolate_pageblock
  bool operator==(const ZoneCounters&) const = default;
};
inline constexpr uint32_t kNrZones = kMaxNodes * MAX_NR_ZONES;

// struct pglist_data, in pages, and the states of the node.
struct NodeState {
  uint32_t start;  // pfn
  uint32_t spanned;
  uint32_t present;
  bool online;
  bool has_memory;         // N_MEMORY
  bool has_normal_memory;  // N_NORMAL_MEMORY
  bool operator==(const NodeState&) const = default;
};

// struct memory_block and its device.
struct BlockState {
  uint32_t state;    // MEM_ONLINE, MEM_GOING_OFFLINE or MEM_OFFLINE
  bool registered;   // the device exists; the rest means nothing without
  bool dev_offline;  // struct device::offline
  bool resource;     // a busy "System RAM" entry covers it
  bool ejected;      // firmware has it, until somebody adds it again
  bool of_device;    // the memory of a device, which its driver adds and removes
  uint8_t zone;      // node * MAX_NR_ZONES + enum zone_type, while online
  uint8_t nid;
};

// An allocation of a task.
struct AllocationState {
  uint8_t task;
  bool live;
};

// Memory that a driver has recorded as its own.
struct Range {
  Pfn start;
  uint32_t nr_pages = 0;
};

// Where somebody is in a kernel's code.
struct Frame {
  std::string function;
  std::string place;  // "mm/page_alloc.c:42"; empty if nobody knows
};

// A page is looked up once, by its place among those of the machine (PageIndex()).
template <class V>
concept View = requires(const typename V::Page& page, Pfn pfn, BlockId block, NodeId nid,
                        uint32_t n, Range* ranges) {
  // Whether a page that changes is touched, whatever it is that changes it.
  { V::kTellsAllChanges } -> std::convertible_to<bool>;
  { V::page_at(n) } -> std::convertible_to<const typename V::Page&>;
  { V::page_count(page) } -> std::same_as<int32_t>;
  { V::page_type(page) } -> std::same_as<uint8_t>;     // kTypeBuddy and kTypeOffline, a bit each
  { V::buddy_order(page) } -> std::same_as<uint32_t>;  // of a page of the buddy
  { V::PageReserved(page) } -> std::same_as<bool>;
  { V::PageLRU(page) } -> std::same_as<bool>;
  { V::get_pageblock_migratetype(pfn) } -> std::same_as<migratetype>;
  { V::has_pcp_lists() } -> std::same_as<bool>;  // that a page may be on
  { V::on_pcp_list(pfn) } -> std::same_as<bool>;

  { V::zone(n) } -> std::same_as<ZoneCounters>;  // 0 .. kNrZones - 1
  { V::node_present_pages(nid) } -> std::same_as<uint32_t>;
  { V::node(nid) } -> std::same_as<NodeState>;
  { V::block(block) } -> std::same_as<BlockState>;
  { V::zone_of_pages(block) } -> std::same_as<uint8_t>;  // of a block in memory

  { V::device_hotplug_lock_is_held() } -> std::same_as<bool>;
  // Name of the first notifier that was told MEM_GOING_* and not how that ended, though nobody's
  // answer kept it from it; -1 if there is none.
  { V::first_untold() } -> std::same_as<int32_t>;
  // Devices of blocks that nobody will free, and the trace point that lost them. Only a kernel with
  // kmemleak says so.
  { V::leaked_devices() } -> std::same_as<uint32_t>;
  { V::kLeaksDevices } -> std::convertible_to<uint16_t>;

  { V::allocation(Owner{}) } -> std::same_as<AllocationState>;  // of an owner that is one
  // What the driver has recorded, at most `n` ranges; returns how many. And whether that stays
  // online, as pages of its own.
  { V::recorded(ranges, n) } -> std::same_as<uint32_t>;
  { V::driver_keeps_blocks() } -> std::same_as<bool>;
};

}  // namespace hotplug::world

#endif  // MODEL_WORLD_VIEW_H_
