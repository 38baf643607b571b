// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/mm/add_remove.h"

#include <array>

#include "model/mm/buddy.h"
#include "model/mm/fault.h"
#include "model/mm/hotplug.h"
#include "model/mm/kernel.h"
#include "model/mm/ledger.h"
#include "model/mm/memory.h"
#include "model/mm/page.h"
#include "model/mm/resource.h"
#include "model/mm/tracepoints.h"

namespace hotplug::mm {

namespace {

constexpr uint32_t kStructPageBytes = 64;  // sizeof(struct page) of the 64-bit kernels

// 5.6 check_hotplug_memory_range() and register_memory_resource(): a range that could be
// memory, and that nobody has an entry for, be it "System RAM" or a driver's own.
int CheckRange(NodeId nid, BlockId start, uint32_t nr_blocks) {
  if (nid.v >= kMaxNodes || nr_blocks == 0) return -EINVAL;
  for (uint32_t i = 0; i < nr_blocks; ++i) {
    if (!BlockExists(start + i)) return -EEXIST;
    const memory_block& mem = BlockAt(start + i);
    if (mem.resource != 0 || mem.region != 0) return -EEXIST;
  }
  return 0;
}

// Pages that the memmap of a block fills.
uint32_t MemmapPages() { return PagesPerBlock() * kStructPageBytes >> PageShift(); }

// 6.1 mhp_supports_memmap_on_memory(): it fills whole pageblocks, and leaves some. That of few
// pages is less than a page: it fills one pageblock, as on a machine of a real size.
uint32_t VmemmapPages() {
  const uint32_t pages = MemmapPages() == 0 ? PagesPerPageblock() : MemmapPages();
  return pages % PagesPerPageblock() == 0 && pages < PagesPerBlock() ? pages : 0;
}

int online_memory_block(BlockId block) {
  BlockAt(block).online_type = mm().memhp_default_online_type;
  return device_online(block);
}

}  // namespace

int __add_memory(NodeId nid, BlockId start, uint32_t nr_blocks, bool memmap_on_memory) {
  lockdep_assert_held(mm().device_hotplug_lock);
  int rc = CheckRange(nid, start, nr_blocks);
  if (rc == -EEXIST && kernel().resource_message) {
    sim::record(kTpRegionBusy, start.v, nr_blocks);
  }
  if (rc == 0) rc = InjectedFault(FaultSite::kAddMemory);
  sim::sched_point(kTpAddMemory, start.v, nr_blocks, static_cast<uint32_t>(rc));
  if (rc != 0) return rc;
  const bool self_hosted =
      memmap_on_memory && kernel().memmap_on_memory && mm().mhp_memmap_on_memory != 0;
  mem_hotplug_begin();
  for (uint32_t i = 0; i < nr_blocks; ++i) {
    Release(start + i);
    register_memory(start + i, nid);
    create_memmap(start + i);
    if (self_hosted && nr_blocks == 1)
      BlockAt(start).nr_vmemmap_pages = static_cast<uint16_t>(VmemmapPages());
    sim::record(kTpUevent, start.v + i, kUeventAdd);
  }
  request_resource(start, nr_blocks);
  mm().nodes[nid.v].online = 1;
  sim::sched_point(kTpCreateBlocks, start.v, nr_blocks);
  mem_hotplug_done();
  // The walk ends at the first block that is not onlined (5.6 walk_memory_blocks()): no error.
  for (uint32_t i = 0; i < nr_blocks && memhp_auto_online(); ++i) {
    if (online_memory_block(start + i) != 0) break;
  }
  return 0;
}

int add_memory(NodeId nid, BlockId start, uint32_t nr_blocks, bool memmap_on_memory) {
  lock_device_hotplug();
  const int rc = __add_memory(nid, start, nr_blocks, memmap_on_memory);
  unlock_device_hotplug();
  return rc;
}

// ---- Removing ----

namespace {

// The memmap of boot memory was reserved at boot, from the top of memory down. Once freed it is
// managed like any other memory (arch_remove_memory, free_reserved_pages).
void FreeBootMemmap() {
  uint32_t left = MemmapPages();
  for (uint32_t i = geometry().nr_blocks; i-- > 0;) {
    const BlockId b = BlockNumber(i);
    const Pfn start = FirstPfn(b);
    for (Pfn pfn = start + BlockAt(b).nr_vmemmap_pages; pfn < start + PagesPerBlock() && left != 0;
         ++pfn) {
      if (BlockAt(b).section_online == 0 || GhostAt(pfn).owner != kBoot) continue;
      page& p = PageAt(pfn);
      p.flags = 0;
      p.refcount = 0;
      ++page_zone(p).managed_pages;
      sim::spin_lock(zone::lock);
      __free_one_page(pfn, 0, static_cast<migratetype>(PageblockAt(pfn)));
      sim::spin_unlock(zone::lock);
      --left;
    }
  }
}

// Blocks that hold their own memmap are removed one by one (6.1 get_nr_vmemmap_pages_cb).
bool AnyHasItsMemmap(BlockId start, uint32_t nr_blocks) {
  for (uint32_t i = 0; i < nr_blocks; ++i) {
    if (Present(start + i) && BlockAt(start + i).nr_vmemmap_pages != 0) return true;
  }
  return false;
}

// 5.6 remove_memory_block_devices(): before mem_hotplug_lock is taken.
void remove_memory_block_devices(BlockId start, uint32_t nr_blocks) {
  for (uint32_t i = 0; i < nr_blocks; ++i) {
    if (!Present(start + i)) continue;
    unregister_memory(start + i);
    sim::record(kTpUevent, start.v + i, kUeventRemove);
  }
}

// 5.6 __release_memory_resource(): a failure is a message, and the entry stays.
void release_memory_resource(BlockId start, uint32_t nr_blocks) {
  const int rc = release_mem_region_adjustable(start, nr_blocks);
  if (rc != 0) world::ledger().unreleased = 1;
  if (rc == 0 || !SplitAllocates()) return;
  sim::record(kTpReleaseFailed, (nr_blocks - 1) << 16 | start.v, static_cast<uint32_t>(rc));
}

// 5.6 try_offline_node(). A node with CPUs stays.
void try_offline_node(NodeId nid) {
  if (mm().nodes[nid.v].has_cpus != 0) return;
  bool any = false;
  for (uint32_t i = 0; i < geometry().nr_blocks; ++i) {
    any = any || (mm().blocks[i].registered != 0 && mm().blocks[i].nid == nid.v);
  }
  mm().nodes[nid.v].online = any ? 1 : 0;
}

// 5.6 arch_remove_memory(), and try_offline_node() with it.
void arch_remove_memory(BlockId start, uint32_t nr_blocks) {
  for (uint32_t i = 0; i < nr_blocks; ++i) {
    if (!HasMemmap(start + i)) continue;
    const memory_block& mem = BlockAt(start + i);
    if (mem.boot_memmap != 0) FreeBootMemmap();
    remove_memmap(start + i);
    try_offline_node(NodeId{mem.nid});
    sim::sched_point(kTpRemoveMemory, start.v + i);
  }
}

}  // namespace

int try_remove_memory(BlockId start, uint32_t nr_blocks) {
  lockdep_assert_held(mm().device_hotplug_lock);
  for (uint32_t i = 0; i < nr_blocks; ++i) {
    if (!Present(start + i) || BlockAt(start + i).state == MEM_OFFLINE) continue;
    sim::record(kTpRemoveOnlined, start.v + i);
    return -EBUSY;
  }
  if (nr_blocks != 1 && AnyHasItsMemmap(start, nr_blocks)) {
    sim::record(kTpRemoveGranularity, start.v, nr_blocks);
    return -EINVAL;
  }
  remove_memory_block_devices(start, nr_blocks);
  mem_hotplug_begin();
  arch_remove_memory(start, nr_blocks);
  release_memory_resource(start, nr_blocks);
  mem_hotplug_done();
  return 0;
}

void __remove_memory(BlockId start, uint32_t nr_blocks) {
  lockdep_assert_held(mm().device_hotplug_lock);
  if (try_remove_memory(start, nr_blocks) != 0) BUG(kTpBugRemove, FirstPfn(start));
}

int remove_memory(BlockId start, uint32_t nr_blocks) {
  lock_device_hotplug();
  const int rc = try_remove_memory(start, nr_blocks);
  unlock_device_hotplug();
  return rc;
}

namespace {

// The type that brings a block back into the kind of zone that it is in: 6.1
// try_offline_memory_block() asks the block's first page.
mmop TypeOfZone(BlockId block) {
  const page* p = pfn_to_online_page(FirstPfn(block));
  const bool movable = p != nullptr && KindOf(p->zone) == ZONE_MOVABLE;
  return movable ? MMOP_ONLINE_MOVABLE : MMOP_ONLINE_KERNEL;
}

// How blocks were onlined that are to come back; MMOP_OFFLINE for the others.
using OnlineTypes = std::array<uint8_t, kMaxBlocks>;

// Offlines what is online, in order, up to the first that fails.
int OfflineBlocks(BlockId start, uint32_t nr_blocks, OnlineTypes* online_types) {
  for (uint32_t i = 0; i < nr_blocks; ++i) {
    if (!Present(start + i)) continue;
    const mmop type = TypeOfZone(start + i);
    const int rc = device_offline(start + i);
    if (rc < 0) return rc;
    if (rc == 0) (*online_types)[i] = type;
  }
  return 0;
}

// That one of them fails is told, and does not matter to the caller.
void ReonlineBlocks(BlockId start, uint32_t nr_blocks, const OnlineTypes& online_types) {
  for (uint32_t i = 0; i < nr_blocks; ++i) {
    if (online_types[i] == MMOP_OFFLINE) continue;
    BlockAt(start + i).online_type = online_types[i];
    const int rc = device_online(start + i);
    if (rc < 0) sim::record(kTpReonlineFailed, static_cast<uint32_t>(rc));
  }
}

int OfflineAndRemove(BlockId start, uint32_t nr_blocks) {
  OnlineTypes online_types{};
  int rc = OfflineBlocks(start, nr_blocks, &online_types);
  if (rc == 0) {
    rc = try_remove_memory(start, nr_blocks);
    if (rc != 0) sim::record(kTpRemoveFailed, static_cast<uint32_t>(rc));
  }
  if (rc != 0 && kernel().many_blocks) ReonlineBlocks(start, nr_blocks, online_types);
  return rc;
}

}  // namespace

int offline_and_remove_memory(BlockId start, uint32_t nr_blocks) {
  if (nr_blocks == 0 || nr_blocks > kMaxBlocks) return -EINVAL;
  if (!kernel().many_blocks && nr_blocks != 1) return -EINVAL;
  lock_device_hotplug();
  int rc = kernel().many_blocks || Present(start) ? 0 : -EINVAL;
  // Of find_memory_block().
  const bool leaks = kernel().leaks_block_device && !fixed(CoreFix::kPutDevice);
  if (rc == 0 && leaks) ++BlockAt(start).device_refs;
  if (rc == 0) rc = OfflineAndRemove(start, nr_blocks);
  unlock_device_hotplug();
  sim::sched_point(kTpOfflineAndRemove, start.v, static_cast<uint32_t>(rc));
  return rc;
}

int acpi_scan_hot_remove(BlockId block) {
  lock_device_hotplug();
  // Firmware knows of DIMMs alone.
  int rc = Present(block) && BlockAt(block).of_device == 0 ? 0 : -ENODEV;
  if (rc == 0) {
    rc = device_offline(block);
    // A second pass: for blocks with the memmap of others, all but the last refuse in the first.
    if (rc < 0) rc = device_offline(block);
    rc = rc < 0 ? -EBUSY : 0;
  }
  if (rc == 0) {
    __remove_memory(block, 1);
    BlockAt(block).ejected = 1;
  }
  unlock_device_hotplug();
  return rc;
}

int acpi_memory_device_add(BlockId block) {
  lock_device_hotplug();
  int rc = -EALREADY;
  if (BlockAt(block).ejected != 0) {
    rc = __add_memory(NodeId{BlockAt(block).nid}, block, 1, true) == 0 ? 0 : -EINVAL;
  }
  unlock_device_hotplug();
  return rc;
}

// What somebody else has removed meanwhile is his, though the call says that it has succeeded.
int remove_dimms(BlockId start, uint32_t nr_blocks) {
  for (uint32_t i = 0; i < nr_blocks; ++i) {
    if (!Present(start + i) || BlockAt(start + i).of_device != 0) return -ENODEV;
  }
  const int rc = offline_and_remove_memory(start, nr_blocks);
  for (uint32_t i = 0; rc == 0 && i < nr_blocks; ++i) {
    memory_block& mem = BlockAt(start + i);
    if (!Present(start + i) && mem.remover == sim::current_task().v + 1) mem.ejected = 1;
  }
  return rc;
}

}  // namespace hotplug::mm
