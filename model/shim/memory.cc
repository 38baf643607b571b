// SPDX-License-Identifier: GPL-2.0-or-later
//
// Memory blocks and nodes for C code: mm's functions for hotplug, with what C hands over checked
// before it gets there. Nonsense that the kernel answers with an errno is answered with it.
#include "model/mm/memory.h"

#include <algorithm>

#include "model/mm/add_remove.h"
#include "model/mm/hotplug.h"
#include "model/mm/ledger.h"
#include "model/mm/resource.h"
#include "model/mm/tracepoints.h"
#include "model/mm/zone.h"
#include "model/shim/inside.h"

namespace hotplug::shim {

namespace {

using mm::BlockId;
using mm::NodeId;
using mm::Pfn;

// Whole blocks that the machine could have.
struct Blocks {
  bool valid = false;
  BlockId start{};
  uint32_t nr = 0;
};

Blocks BlocksOf(uint64_t start, uint64_t size) {
  Blocks b;
  if (size == 0 || start % kBlockBytes != 0 || size % kBlockBytes != 0) return b;
  if (start >> kBlockShift > UINT32_MAX || size >> kBlockShift > kMaxBlocks) return b;
  b.start = BlockId{static_cast<uint32_t>(start >> kBlockShift)};
  b.nr = static_cast<uint32_t>(size >> kBlockShift);
  b.valid = true;
  for (uint32_t i = 0; i < b.nr; ++i) b.valid = b.valid && mm::BlockExists(b.start + i);
  return b;
}

Pfn FirstPfnOf(uint64_t start) { return Pfn{static_cast<uint32_t>(start >> mm::PageShift())}; }

// Neither the driver's already, nor of its device.
bool IsOfOthers(BlockId b) {
  return mm::BlockGhostAt(b).claimed == 0 && mm::BlockAt(b).of_device == 0;
}

int CallRemove(hotplug_memory_op op, const Blocks& b) {
  if (op == HOTPLUG_REMOVE) return mm::remove_memory(b.start, b.nr);
  if (op == HOTPLUG_OFFLINE_REMOVE) return mm::offline_and_remove_memory(b.start, b.nr);
  mm::__remove_memory(b.start, b.nr);
  return 0;
}

// What a driver removes is its own, until it is added again.
int Remove(hotplug_memory_op op, const Blocks& b) {
  bool of_others = false;
  for (uint32_t i = 0; i < b.nr; ++i) of_others = of_others || IsOfOthers(b.start + i);
  if (of_others && !IsRangeLeft()) return -EBUSY;
  const int rc = CallRemove(op, b);
  for (uint32_t i = 0; i < b.nr; ++i) {
    const bool removed = mm::BlockGhostAt(b.start + i).phase == mm::Phase::kAbsent;
    if (removed && IsOfOthers(b.start + i)) mm::ClaimRemoved(b.start + i);
  }
  return rc;
}

int RequestRegion(const Blocks& b) {
  for (uint32_t i = 0; i < b.nr; ++i) {
    const mm::memory_block& mem = mm::BlockAt(b.start + i);
    if (mem.resource != 0 || mem.region != 0) return -EBUSY;
  }
  mm::request_mem_region(b.start, b.nr);
  return 1;
}

int OnBlocks(hotplug_memory_op op, int nid, uint64_t start, uint64_t size) {
  const Blocks b = BlocksOf(start, size);
  if (!b.valid) return -EINVAL;
  const NodeId node{static_cast<uint32_t>(nid)};
  switch (op) {
    case HOTPLUG_ADD:
    case HOTPLUG_ADD_LOCKED:
      if (node.v >= kMaxNodes) return -EINVAL;
      return op == HOTPLUG_ADD ? mm::add_memory(node, b.start, b.nr)
                               : mm::__add_memory(node, b.start, b.nr);
    case HOTPLUG_REQUEST_REGION:
      return RequestRegion(b);
    case HOTPLUG_RELEASE_REGION:
      mm::release_mem_region(b.start, b.nr);
      return 0;
    default:
      return Remove(op, b);
  }
}

int MemhpAutoOnline() { return mm::memhp_auto_online() ? 1 : 0; }

// More blocks than any machine has: one of them is missing.
int OfflinePages(uint64_t pfn, uint64_t nr_pages) {
  const Pfn first{static_cast<uint32_t>(std::min<uint64_t>(pfn, mm::kNoPfn))};
  const uint64_t nr_blocks = nr_pages / mm::PagesPerBlock();
  return mm::offline_pages(mm::BlockOf(first),
                           static_cast<uint32_t>(std::min<uint64_t>(nr_blocks, kMaxBlocks + 1)));
}

// The first answer that is not 0 of f(), for the blocks with some of a range of addresses.
template <class F>
int FirstOfBlocks(uint64_t start, uint64_t size, F f) {
  for (uint32_t index = 0; index < world::geometry().nr_blocks; ++index) {
    const BlockId block = mm::BlockNumber(index);
    const uint64_t address = uint64_t{block.v} << kBlockShift;
    const bool begins = address - start < size;
    if (!begins && (size == 0 || start - address >= kBlockBytes)) continue;
    if (const int rc = f(block); rc != 0) return rc;
  }
  return 0;
}

int HasMemory(uint64_t start, uint64_t size) {
  return FirstOfBlocks(start, size, [](BlockId b) { return mm::BlockAt(b).resource != 0 ? 1 : 0; });
}

int OnDevice(hotplug_memory_op op, uint64_t start) {
  const BlockId block{static_cast<uint32_t>(start >> kBlockShift)};
  if (!mm::Present(block)) return -ENODEV;
  return op == HOTPLUG_DEVICE_ONLINE ? mm::device_online(block) : mm::device_offline(block);
}

int Memory(const hotplug_site* at, hotplug_memory_op op, int nid, uint64_t start, uint64_t size) {
  Enter(at, Context::kSleeps);
  const auto nr_pages = static_cast<uint32_t>(size >> mm::PageShift());
  switch (op) {
    case HOTPLUG_CREATE_MAPPING:
      return mm::arch_create_linear_mapping(FirstPfnOf(start), nr_pages);
    case HOTPLUG_REMOVE_MAPPING:
      mm::arch_remove_linear_mapping(FirstPfnOf(start), nr_pages);
      return 0;
    case HOTPLUG_HAS_MEMORY:
      return HasMemory(start, size);
    case HOTPLUG_OFFLINE_PAGES:
      return OfflinePages(start, size);
    case HOTPLUG_DEVICE_ONLINE:
    case HOTPLUG_DEVICE_OFFLINE:
      return OnDevice(op, start);
    case HOTPLUG_LOCK_HOTPLUG:
      mm::lock_device_hotplug();
      return 0;
    case HOTPLUG_UNLOCK_HOTPLUG:
      mm::unlock_device_hotplug();
      return 0;
    default:
      return OnBlocks(op, nid, start, size);
  }
}

// The block as C sees it when the walk comes to it. What C writes to its state is the state.
int OnBlock(BlockId block, void* arg, int (*func)(::memory_block*, void*)) {
  const mm::memory_block& mem = mm::BlockAt(block);
  ::memory_block& c = state().blocks[mm::BlockIndex(block)];
  const uint32_t before = mem.state;
  c = ::memory_block{
      block.v, before, mem.online_type, mem.nid, {"memory", c.dev.driver_data, block.v}};
  const int rc = func(&c, arg);
  if (c.state != before) {
    mm::SetState(block, static_cast<uint32_t>(c.state));
    mm::preempt_point(mm::kTpBlockState, block.v, mem.state);
  }
  return rc;
}

int Walk(const hotplug_site* at, uint64_t start, uint64_t size, void* arg,
         int (*func)(::memory_block*, void*)) {
  EnterStep(at, Context::kSleeps);
  return FirstOfBlocks(start, size, [arg, func](BlockId block) {
    return mm::Present(block) ? OnBlock(block, arg, func) : 0;
  });
}

// ---- Nodes ----

int NodeOf(uint64_t start) {
  const BlockId block{static_cast<uint32_t>(start >> kBlockShift)};
  return mm::BlockExists(block) ? mm::BlockAt(block).nid : 0;
}

unsigned long Node(unsigned int nid, hotplug_node_fact fact) {
  if (nid >= kMaxNodes) return 0;
  switch (fact) {
    case HOTPLUG_NODE_ONLINE:
      return mm::mm().nodes[nid].online;
    case HOTPLUG_START_PFN:
      return mm::node_start_pfn(NodeId{nid});
    case HOTPLUG_END_PFN:
      return mm::node_end_pfn(NodeId{nid});
  }
  return 0;
}

}  // namespace

void FillMemory(hotplug_kernel* k) {
  k->memory = &Memory;
  k->memhp_auto_online = &MemhpAutoOnline;
  k->walk = &Walk;
  k->node_of = &NodeOf;
  k->node = &Node;
}

}  // namespace hotplug::shim
