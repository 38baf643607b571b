// SPDX-License-Identifier: GPL-2.0-or-later
//
// Adding and removing memory (5.6 mm/memory_hotplug.c; kernel-facts 2.4, 2.5).
#include "model/mm/fault.h"
#include "model/mm/hotplug.h"
#include "model/mm/ledger.h"
#include "model/mm/memory.h"
#include "model/mm/page.h"
#include "model/mm/tracepoints.h"

namespace hotplug::mm {

namespace {

// 5.6 check_hotplug_memory_range() and register_memory_resource(): a range that could be
// memory, and is not busy "System RAM" yet.
int CheckRange(NodeId nid, BlockId start, uint32_t nr_blocks) {
  if (nid.v >= kMaxNodes || nr_blocks == 0) return -EINVAL;
  for (uint32_t i = 0; i < nr_blocks; ++i) {
    if (!BlockExists(start + i) || BlockAt(start + i).resource != 0) return -EEXIST;
  }
  return 0;
}

// What the checks know of whoever removed the block: it is memory again.
void ReleaseInstance(BlockId block) {
  Ledger& l = ledger();
  for (uint32_t k = 0; k < l.nr_instances; ++k) {
    InstanceGhost& i = l.instances[k];
    if (FirstPfn(block).v - i.base < i.nr) i.released = 1;
  }
}

}  // namespace

int __add_memory(NodeId nid, BlockId start, uint32_t nr_blocks) {
  int rc = CheckRange(nid, start, nr_blocks);
  if (rc == 0) rc = InjectedFault(FaultPoint::kAddMemory);
  sim::sched_point(kTpAddMemory, start.v, nr_blocks, static_cast<uint32_t>(rc));
  if (rc != 0) return rc;
  mem_hotplug_begin();
  for (uint32_t i = 0; i < nr_blocks; ++i) {
    ReleaseInstance(start + i);
    register_memory(start + i, nid);
    BlockAt(start + i).resource = 1;
  }
  mm().nodes[nid.v].online = 1;
  sim::sched_point(kTpCreateBlocks, start.v, nr_blocks);
  mem_hotplug_done();
  if (mm().memhp_auto_online != 0) {
    for (uint32_t i = 0; i < nr_blocks; ++i) device_online(start + i, MMOP_ONLINE_KEEP);
  }
  return 0;
}

int add_memory(NodeId nid, BlockId start, uint32_t nr_blocks) {
  lock_device_hotplug();
  const int rc = __add_memory(nid, start, nr_blocks);
  unlock_device_hotplug();
  return rc;
}

int __remove_memory(BlockId block) {
  memory_block& mem = BlockAt(block);
  if (mem.state != MEM_OFFLINE) return -EBUSY;
  mem_hotplug_begin();
  unregister_memory(block);
  mem.resource = 0;
  bool any = false;
  for (uint32_t i = 0; i < mm().nr_blocks; ++i) {
    any = any || (mm().blocks[i].registered != 0 && mm().blocks[i].nid == mem.nid);
  }
  mm().nodes[mem.nid].online = any ? 1 : 0;  // try_offline_node()
  sim::sched_point(kTpRemoveMemory, block.v);
  mem_hotplug_done();
  return 0;
}

int offline_and_remove_memory(BlockId block) {
  lock_device_hotplug();
  int rc = -EINVAL;
  if (BlockExists(block) && BlockAt(block).registered != 0) {
    rc = device_offline(block);
    if (rc > 0) rc = 0;  // offline already: so much the better
    if (rc == 0 && __remove_memory(block) != 0) BUG(kTpBugRemove, FirstPfn(block));
  }
  unlock_device_hotplug();
  sim::sched_point(kTpOfflineAndRemove, block.v, static_cast<uint32_t>(rc));
  return rc;
}

bool node_spanned_pages(NodeId nid) {
  for (uint32_t kind = 0; kind < MAX_NR_ZONES; ++kind) {
    if (mm().zones[ZoneIndex(nid, static_cast<zone_type>(kind))].spanned_pages != 0) return true;
  }
  return false;
}

}  // namespace hotplug::mm
