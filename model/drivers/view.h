// SPDX-License-Identifier: GPL-2.0-or-later
//
// The model world as model/world/view.h wants it seen: mm, and the driver that is bound to the
// machine.
#ifndef MODEL_DRIVERS_VIEW_H_
#define MODEL_DRIVERS_VIEW_H_

#include "model/drivers/driver.h"
#include "model/mm/page.h"
#include "model/mm/pcp.h"
#include "model/mm/tracepoints.h"
#include "model/mm/zone.h"
#include "model/world/view.h"

namespace hotplug::drivers {

struct View {
  using Page = mm::page;
  static constexpr bool kTellsAllChanges = true;

  static const Page& page_at(uint32_t index) {
    return sim::machine->Get<mm::page>(mm::kPageRegion)[index];
  }
  static int32_t page_count(const Page& page) { return page.refcount; }
  static uint8_t page_type(const Page& page) { return page.type; }
  static uint32_t buddy_order(const Page& page) { return page.order; }
  static bool PageReserved(const Page& page) { return mm::PageReserved(page); }
  static bool PageLRU(const Page& page) { return mm::PageLRU(page); }
  static world::migratetype get_pageblock_migratetype(world::Pfn pfn) {
    return static_cast<world::migratetype>(mm::PageblockAt(pfn));
  }
  static bool has_pcp_lists() { return mm::mm().pcp_high != 0; }
  static bool on_pcp_list(world::Pfn pfn) { return mm::OnPcpList(pfn); }

  static world::ZoneCounters zone(uint32_t index) {
    const mm::zone& z = mm::mm().zones[index];
    return {z.zone_start_pfn, z.spanned_pages, z.present_pages,
            z.managed_pages,  z.nr_free_pages, z.nr_isolate_pageblock};
  }
  static uint32_t node_present_pages(world::NodeId nid) {
    return mm::mm().nodes[nid.v].present_pages;
  }
  static world::NodeState node(world::NodeId nid) {
    const mm::node& n = mm::mm().nodes[nid.v];
    const uint32_t start = mm::node_start_pfn(nid);
    return {start,
            mm::node_end_pfn(nid) - start,
            n.present_pages,
            n.online != 0,
            n.has_memory != 0,
            n.has_normal_memory != 0};
  }
  static world::BlockState block(world::BlockId id) {
    const mm::memory_block& mem = mm::BlockAt(id);
    return {mem.state,
            mem.registered != 0,
            mem.dev_offline != 0,
            mem.resource != 0,
            mem.ejected != 0,
            mem.of_device != 0,
            mem.zone,
            mem.nid};
  }

  static uint8_t zone_of_pages(world::BlockId id) { return mm::BlockAt(id).zone; }

  static bool device_hotplug_lock_is_held() { return mm::mm().device_hotplug_lock.lock.held(); }
  static int32_t first_untold() {
    const mm::notifier_block* nb = mm::FirstUntold();
    return nb == nullptr ? -1 : nb->name;
  }
  static uint32_t leaked_devices() { return mm::mm().kmemleak == 0 ? 0 : mm::mm().leaked_devices; }
  static constexpr sim::Tp kLeaksDevices = mm::kTpOfflineAndRemove;

  static world::AllocationState allocation(world::Owner owner) {
    const mm::allocation& a = mm::mm().allocations[owner - world::kFirstAllocation];
    return {a.task, a.live != 0};
  }
  static uint32_t recorded(world::Range* ranges, uint32_t max) {
    return sim::machine->bound.driver->ranges(ranges, max);
  }
  static bool driver_keeps_blocks() { return sim::machine->bound.driver->keeps_blocks; }
};
static_assert(world::View<View>);

}  // namespace hotplug::drivers

#endif  // MODEL_DRIVERS_VIEW_H_
