// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/tree/view.h"

#include <algorithm>
#include <array>

#include "model/sim/trace.h"
#include "model/tree/driver.h"
#include "model/tree/ledger.h"
#include "model/tree/world.h"
#include "model/world/geometry.h"

namespace hotplug::tree {

namespace {

template <class... Fields>
uint64_t Mix(uint64_t digest, Fields... fields) {
  ((digest = sim::MixDigest(digest, static_cast<uint64_t>(fields))), ...);
  return digest;
}

uint64_t MixPage(uint64_t digest, const world_page& p) {
  return Mix(digest, p.count, uint64_t{p.flags} << 24 | p.order << 16 | p.zone << 8 | p.type);
}

uint64_t MixPages(uint64_t digest, world::BlockId block) {
  std::array<world_page, kFuzzPagesPerBlock> pages{};
  const world::Pfn end = world::FirstPfn(block) + world::PagesPerBlock();
  for (world::Pfn pfn = world::FirstPfn(block); pfn < end;) {
    const uint32_t nr = std::min(end - pfn, kFuzzPagesPerBlock);
    See(pfn, nr, pages.data());
    kernel().see_pcp_pages(pfn.v, nr, pages.data());
    for (uint32_t i = 0; i < nr; ++i) digest = MixPage(digest, pages[i]);
    pfn = pfn + nr;
  }
  return digest;
}

}  // namespace

void See(world::Pfn start, uint32_t nr, world_page* pages) {
  kernel().see_pages(start.v, nr, pages);
}

world_page PageAt(world::Pfn pfn) {
  world_page page{};
  See(pfn, 1, &page);
  return page;
}

const char* StructPageAt(world::Pfn pfn) { return kernel().see_struct_page(pfn.v); }

bool IsOnPcpList(world::Pfn pfn) {
  world_page page{};
  kernel().see_pcp_pages(pfn.v, 1, &page);
  return (page.flags & WORLD_PAGE_PCP) != 0;
}

uint8_t PageblockAt(world::Pfn pfn) { return kernel().see_pageblock(pfn.v); }

world_zone ZoneAt(uint32_t zone) {
  world_zone z{};
  kernel().see_zone(zone, &z);
  return z;
}

world_node NodeAt(world::NodeId nid) {
  world_node n{};
  kernel().see_node(nid.v, &n);
  return n;
}

world_block BlockAt(world::BlockId block) {
  world_block b{};
  kernel().see_block(block.v, &b);
  return b;
}

std::vector<world_resource> Resources() {
  std::vector<world_resource> all;
  world_resource r{};
  for (uint32_t i = 0; kernel().see_resource(i, &r) != 0; ++i) all.push_back(r);
  return all;
}

world::ZoneCounters View::zone(uint32_t index) {
  const world_zone z = ZoneAt(index);
  const auto pages = [](uint64_t nr) { return static_cast<uint32_t>(nr); };
  return {z.spanned == 0 ? 0 : pages(z.start),
          pages(z.spanned),
          pages(z.present),
          pages(z.managed),
          pages(z.free),
          pages(z.isolated)};
}

world::NodeState View::node(world::NodeId nid) {
  const world_node n = NodeAt(nid);
  const auto pages = [](uint64_t nr) { return static_cast<uint32_t>(nr); };
  return {n.spanned == 0 ? 0 : pages(n.start),
          pages(n.spanned),
          pages(n.present),
          n.online != 0,
          n.has_memory != 0,
          n.has_normal_memory != 0};
}

world::BlockState View::block(world::BlockId id) {
  constexpr uint32_t kStates[] = {0, world::MEM_ONLINE, world::MEM_GOING_OFFLINE,
                                  world::MEM_OFFLINE};
  const world_block b = BlockAt(id);
  world::BlockState s{};
  s.state = kStates[b.state];
  s.registered = b.state != WORLD_BLOCK_ABSENT;
  s.dev_offline = b.dev_offline != 0;
  s.ejected = b.ejected != 0;
  s.resource = b.resource != 0 && (state().adding >> world::BlockIndex(id) & 1) == 0;
  s.zone = b.zone;
  s.nid = b.nid;
  return s;
}

bool View::has_pcp_lists() { return kernel().see_nr_pcp_pages() != 0; }
bool View::driver_keeps_blocks() { return world_of_machine().driver_keeps_blocks(); }
uint32_t View::recorded(world::Range* ranges, uint32_t max) { return DriverRanges(ranges, max); }
bool View::device_hotplug_lock_is_held() {
  return std::any_of(state().locks.begin(), state().locks.end(), [](const sim::Lock& l) {
    return l.lock_class == world::kDeviceHotplugLock && l.held();
  });
}

int32_t View::first_untold() {
  const uint32_t broken = (uint32_t{state().untold} | state().unasked) & ~ChangingNotifiers();
  return broken == 0 ? -1 : __builtin_ctz(broken);
}

uint32_t View::leaked_devices() { return kernel().see_leaked_devices(); }

uint64_t ViewDigest() {
  uint64_t digest = 0;
  for (uint32_t i = 0; i < world::geometry().nr_blocks; ++i) {
    const world::BlockId block = world::BlockNumber(i);
    const world_block b = BlockAt(block);
    digest = Mix(digest, b.state, b.dev_offline, b.section_online, b.nid, b.zone);
    digest = MixPages(digest, block);
  }
  for (uint32_t i = 0; i < WORLD_NODES * WORLD_ZONES; ++i) {
    const world_zone z = ZoneAt(i);
    digest = Mix(digest, z.start, z.spanned, z.present, z.managed, z.free, z.isolated);
  }
  for (uint32_t i = 0; i < WORLD_NODES; ++i) {
    const world_node n = NodeAt(world::NodeId{i});
    digest =
        Mix(digest, n.start, n.spanned, n.present, n.online, n.has_memory, n.has_normal_memory);
  }
  for (const world_resource& r : Resources()) {
    digest = Mix(digest, r.start, r.end, r.system_ram, r.busy);
  }
  return digest;
}

}  // namespace hotplug::tree
