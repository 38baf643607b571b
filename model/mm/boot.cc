// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/mm/boot.h"

#include "model/mm/buddy.h"
#include "model/mm/ledger.h"
#include "model/mm/memory.h"
#include "model/mm/zone.h"

namespace hotplug::mm {

namespace {

void InitGeometry(MmState& m, const BootConfig& c) {
  m.first_block = c.first_block;
  m.nr_blocks = c.nr_blocks;
  m.block_order = c.block_order;
  m.pageblock_order = c.pageblock_order;
  m.max_order = c.max_order;
  m.first_pfn = c.first_block << c.block_order;
  m.nr_pages = c.nr_blocks << c.block_order;
  m.debug_vm = c.debug_vm ? 1 : 0;
  m.memhp_auto_online = c.auto_online ? 1 : 0;
  m.fine_points = (1u << c.block_order) <= kPagePointsUpTo ? 1 : 0;
}

void InitLocks(MmState& m) {
  sim::InitLock(m.device_hotplug_lock.lock, kDeviceHotplugLock);
  sim::InitLock(m.cpu_hotplug_lock.lock, kCpuHotplugLock);
  sim::InitLock(m.mem_hotplug_lock.lock, kMemHotplugLock);
  sim::InitLock(m.memory_chain.lock, kMemoryChain);
  for (sim::Mutex& lock : m.device_lock) sim::InitLock(lock.lock, kDeviceLock);
}

void InitZones(MmState& m) {
  for (zone& z : m.zones) {
    for (free_area& area : z.free) area.head.fill(kNoPfn);
  }
}

// A block whose memmap was never initialised: DEBUG_VM has poisoned it when it was added.
void BootOffline(BlockId block) {
  const bool poison = mm().debug_vm != 0;
  const uint8_t flags = poison ? kFlagPoison : 0;
  const Pfn start = FirstPfn(block);
  for (Pfn pfn = start; pfn < start + PagesPerBlock(); ++pfn) {
    PageAt(pfn) = page{poison ? -1 : 0, 0, flags, 0, 0, kNoPfn, kNoPfn};
  }
}

void BootOnline(BlockId block, const BootBlock& b) {
  memory_block& mem = BlockAt(block);
  const uint32_t zone_index = ZoneIndex(NodeId{b.nid}, b.zone);
  zone& z = mm().zones[zone_index];
  mem.zone = static_cast<uint8_t>(zone_index);
  mem.state = MEM_ONLINE;
  mem.dev_offline = 0;
  mem.section_online = 1;
  SetPhase(block, Phase::kOnline);
  grow_zone_span(zone_index, block);
  adjust_present_page_count(zone_index, static_cast<int32_t>(PagesPerBlock()));
  const Pfn start = FirstPfn(block);
  for (Pfn pfn = start; pfn < start + PagesPerBlock(); ++pfn) {
    PageAt(pfn) = page{0, 0, 0, 0, mem.zone, kNoPfn, kNoPfn};
    PageblockAt(pfn) = MIGRATE_MOVABLE;
    if (b.reserved) {
      PageAt(pfn).refcount = 1;
      PageAt(pfn).flags = kFlagReserved;
      SetOwner(pfn, kBoot);
    }
  }
  if (b.reserved) return;
  z.managed_pages += PagesPerBlock();
  const uint32_t chunk = 1u << mm().max_order;
  for (Pfn pfn = start; pfn < start + PagesPerBlock(); pfn = pfn + chunk) {
    __free_one_page(pfn, mm().max_order, MIGRATE_MOVABLE);
  }
}

}  // namespace

void Boot(const BootConfig& c) {
  sim::Machine& machine = *sim::machine;
  const uint32_t pages = c.nr_blocks << c.block_order;
  machine.Carve<MmState>(kMmRegion, 1, true);
  machine.Carve<uint8_t>(kPageblockRegion, pages >> c.pageblock_order, true);
  machine.Carve<page>(kPageRegion, pages, true);
  machine.Carve<PageGhost>(kGhostRegion, pages, false);
  machine.Carve<Ledger>(kLedgerRegion, 1, false);
  machine.Carve<uint32_t>(kTouchedRegion, pages, false);

  MmState& m = mm();
  InitGeometry(m, c);
  InitLocks(m);
  InitZones(m);
  // From the highest block down, so that the lowest free pages are the first to be taken.
  for (uint32_t i = c.nr_blocks; i-- > 0;) {
    const BlockId block{c.first_block + i};
    const BootBlock& b = c.blocks[i];
    register_memory(block, NodeId{b.nid});
    BlockAt(block).resource = 1;
    m.nodes[b.nid].online = 1;
    if (b.offline) {
      BootOffline(block);
    } else {
      BootOnline(block, b);
    }
  }
  EndStep(0);
}

}  // namespace hotplug::mm
