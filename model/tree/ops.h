// SPDX-License-Identifier: GPL-2.0-or-later
//
// What can be done to the tree world (model/world/ops.h). All of it is done by a task, but for
// notifiers, which may be made and registered before the first one runs.
#ifndef MODEL_TREE_OPS_H_
#define MODEL_TREE_OPS_H_

#include <cerrno>
#include <cstdint>

#include "model/world/ops.h"

namespace hotplug::tree {

using world::BlockId;
using world::NodeId;
using world::Pfn;
using world::StateFile;

struct Ops {
  static int state_store(BlockId block, StateFile word);
  static int online_store(BlockId block, bool online);
  static int probe_store(BlockId block);
  static int auto_online_blocks_store(StateFile word);

  static int acpi_scan_hot_remove(BlockId block);
  static int acpi_memory_device_add(BlockId block);
  static int remove_dimms(BlockId block, uint32_t nr_blocks);

  static void add_notifier(uint32_t notifier, int32_t priority);
  static int register_memory_notifier(uint32_t notifier);
  static int unregister_memory_notifier(uint32_t notifier);

  // Movable pages are single ones, others one allocation.
  static int alloc_ordinary(NodeId nid, bool movable, uint32_t order);
  static bool free_ordinary();
  static int alloc_contig(NodeId nid, uint32_t order);
  static bool free_contig();
  static int get_page(Pfn pfn);
  static void put_page(Pfn pfn);
  static int32_t page_count(Pfn pfn);
  // -ENOSYS where the world has no mm/memory-failure.c.
  static int memory_failure(Pfn pfn);

  // The files of the driver's own file, if there is one. A task has one of them open.
  struct OpenFile {};
  static int enable_set(uint64_t value);
  static uint64_t enable_get();
  static int trace_open(NodeId nid, OpenFile* file);
  static int trace_read(OpenFile& file, const world::file_range& range);
  static int trace_mmap(OpenFile& file, const world::file_range& range);
  static void trace_release(OpenFile& file);
  static void exit_mmap();
};
static_assert(world::Ops<Ops>);

}  // namespace hotplug::tree

#endif  // MODEL_TREE_OPS_H_
