// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/mm/boot.h"

#include "model/mm/buddy.h"
#include "model/mm/ledger.h"
#include "model/mm/memory.h"
#include "model/mm/zone.h"

namespace hotplug::mm {

namespace {

void InitGeometry(Geometry& m, const BootConfig& c) {
  m.first_block = c.first_block;
  m.nr_blocks = c.nr_blocks;
  m.block_order = c.block_order;
  m.pageblock_order = c.pageblock_order;
  m.max_order = c.max_order;
  m.first_pfn = c.first_block << c.block_order;
  m.nr_pages = c.nr_blocks << c.block_order;
  m.gap_index = c.gap_blocks == 0 ? UINT32_MAX : c.gap_index;
  m.gap_blocks = c.gap_blocks;
  m.gap_pages_index = c.gap_blocks == 0 ? UINT32_MAX : c.gap_index << c.block_order;
  m.gap_pages = c.gap_blocks << c.block_order;
  m.page_shift =
      c.page_shift != 0 ? c.page_shift : static_cast<uint8_t>(kBlockShift - c.block_order);
}

void InitConfiguration(MmState& m, const BootConfig& c) {
  m.kernel = c.kernel;
  m.core_fixes = c.core_fixes;
  m.debug_vm = c.debug_vm ? 1 : 0;
  m.kmemleak = c.kmemleak ? 1 : 0;
  m.mhp_memmap_on_memory = c.memmap_on_memory ? 1 : 0;
  m.memhp_default_online_type = c.auto_online;
  m.pcp_high = c.pcp_high;
  m.pagevec_size = c.pagevec_size;
  m.lowest_zone = ZONE_NORMAL;
  m.fine_points = (1u << c.block_order) <= kPagePointsUpTo ? 1 : 0;
}

void InitLocks(MmState& m) {
  sim::InitLock(m.device_hotplug_lock.lock, kDeviceHotplugLock);
  sim::InitLock(m.cpu_hotplug_lock.lock, kCpuHotplugLock);
  sim::InitLock(m.mem_hotplug_lock.lock, kMemHotplugLock);
  sim::InitLock(m.pcp_batch_high_lock.lock, kPcpBatchHighLock);
  sim::InitLock(m.memory_chain.lock, kMemoryChain);
  for (sim::Mutex& lock : m.device_lock) sim::InitLock(lock.lock, kDeviceLock);
  for (debugfs_dir& d : m.debugfs_dirs) sim::InitLock(d.active_users.lock, kDebugfsUsers);
}

void InitZones(MmState& m) {
  for (zone& z : m.zones) {
    for (free_area& area : z.free) {
      area.head.fill(kNoPfn);
      area.tail.fill(kNoPfn);
    }
  }
}

// Pages that somebody holds from the start.
void Hold(Pfn start, uint32_t nr_pages, uint8_t flags, Owner owner) {
  for (Pfn pfn = start; pfn < start + nr_pages; ++pfn) {
    PageAt(pfn).refcount = 1;
    PageAt(pfn).flags = flags;
    SetOwner(pfn, owner);
  }
}

// The rest, in the largest chunks that its place allows.
void Free(Pfn start, Pfn end) {
  for (Pfn pfn = start; pfn < end;) {
    uint32_t order = geometry().max_order;
    while ((pfn.v & ((1u << order) - 1)) != 0 || end < pfn + (1u << order)) --order;
    sim::spin_lock(zone::lock);
    __free_one_page(pfn, order, MIGRATE_MOVABLE);
    sim::spin_unlock(zone::lock);
    pfn = pfn + (1u << order);
  }
}

void BootPages(Pfn start, const BootPart& part) {
  const Pfn end = start + part.nr_pages;
  for (Pfn pfn = start; pfn < end; ++pfn) {
    PageAt(pfn) = page{0, 0, 0, 0, part.zone, kNoPfn, kNoPfn};
    PageblockAt(pfn) = MIGRATE_MOVABLE;
  }
  if (part.hole) {
    Hold(start, part.nr_pages, kFlagReserved, kBoot);
    return;
  }
  zone& z = mm().zones[part.zone];
  grow_zone_span(part.zone, start, part.nr_pages);
  node_states_change(states_before_online(part.zone, start, part.nr_pages), true);
  adjust_present_page_count(part.zone, static_cast<int32_t>(part.nr_pages));
  z.managed_pages += part.nr_pages - part.reserved;
  const Pfn unmovable = start + part.reserved;
  const Pfn lru = unmovable + part.unmovable;
  Hold(start, part.reserved, kFlagReserved, kBoot);
  Hold(unmovable, part.unmovable, 0, kKernel);
  Hold(lru, part.lru, kFlagLru, kKernel);
  Free(lru + part.lru, end);
}

}  // namespace

void BootOnline(BlockId block, const BootPart* parts, uint32_t nr_parts) {
  memory_block& mem = BlockAt(block);
  mem.state = MEM_ONLINE;
  mem.dev_offline = 0;
  mem.section_online = 1;
  mem.zone = parts[0].zone;
  SetPhase(block, Phase::kOnline);
  Pfn start = FirstPfn(block);
  for (uint32_t i = 0; i < nr_parts; ++i) {
    if (parts[i].hole) mem.has_hole = 1;
    if (!parts[i].hole && parts[i].zone != mem.zone) mem.zone = kSeveralZones;
    BootPages(start, parts[i]);
    start = start + parts[i].nr_pages;
  }
  HOTPLUG_CHECK(start == FirstPfn(block) + PagesPerBlock());
}

const char* InvalidGeometry(uint32_t block_order, uint32_t pageblock_order, uint32_t max_order) {
  if (block_order > 31 || 1u << block_order < kMinPagesPerBlock ||
      1u << block_order > kMaxPagesPerBlock) {
    return "a block has too few or too many pages";
  }
  if (pageblock_order > block_order) return "a pageblock is larger than a block";
  if (max_order > block_order) return "max_order is larger than a block";
  if (max_order > kMaxOrder) return "max_order is too large";
  return nullptr;
}

void Boot(const BootConfig& c) {
  sim::Machine& machine = *sim::machine;
  const uint32_t pages = c.nr_blocks << c.block_order;
  machine.Carve<Geometry>(kGeometryRegion, 1, false);
  machine.Carve<MmState>(kMmRegion, 1, true);
  machine.Carve<pageblock>(kPageblockRegion, pages >> c.pageblock_order, true);
  machine.Carve<page>(kPageRegion, pages, true);
  InitGeometry(geometry(), c);
  world::Setup();

  MmState& m = mm();
  InitConfiguration(m, c);
  InitLocks(m);
  InitZones(m);
  m.nodes[c.blocks[0].nid].has_cpus = 1;
  // From the highest block down, so that the lowest free pages are the first to be taken.
  for (uint32_t i = c.nr_blocks; i-- > 0;) {
    const BlockId block = BlockNumber(i);
    const BootBlock& b = c.blocks[i];
    if (b.of_device) {
      BlockAt(block).nid = b.nid;
      BlockAt(block).of_device = 1;
      continue;
    }
    register_memory(block, NodeId{b.nid});
    BlockAt(block).resource = i < c.gap_index ? 1 : 2;
    m.nodes[b.nid].online = 1;
    if (b.offline) {
      create_memmap(block);
    } else {
      const auto zone = static_cast<uint8_t>(ZoneIndex(NodeId{b.nid}, b.zone));
      const uint32_t reserved = b.reserved ? PagesPerBlock() : 0;
      const BootPart all{PagesPerBlock(), zone, false, reserved, 0, 0};
      BootOnline(block, &all, 1);
    }
  }
  EndStep(0);
}

}  // namespace hotplug::mm
