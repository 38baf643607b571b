// SPDX-License-Identifier: GPL-2.0-or-later
//
// What can be done to the tree world (model/world/ops.h).
#ifndef MODEL_TREE_OPS_H_
#define MODEL_TREE_OPS_H_

#include <cerrno>

#include "model/tree/kernel.h"
#include "model/tree/state.h"
#include "model/tree/view.h"
#include "model/world/ops.h"

namespace hotplug::tree {

struct Ops {
  static int state_store(BlockId block, StateFile word) { return tree::state_store(block, word); }
  static int online_store(BlockId block, bool online) { return tree::online_store(block, online); }
  static int probe_store(BlockId block) { return tree::probe_store(block); }
  static int auto_online_blocks_store(StateFile word) {
    return tree::auto_online_blocks_store(word);
  }

  static int acpi_scan_hot_remove(BlockId block) { return tree::acpi_scan_hot_remove(block); }
  static int acpi_memory_device_add(BlockId block) { return tree::acpi_memory_device_add(block); }

  static void add_notifier(uint32_t notifier, int32_t priority) {
    state().notifier_priority[notifier] = priority;
  }
  static int register_memory_notifier(uint32_t notifier) {
    return tree::register_memory_notifier(notifier, state().notifier_priority[notifier]);
  }
  static int unregister_memory_notifier(uint32_t notifier) {
    return tree::unregister_memory_notifier(notifier);
  }

  static int alloc_ordinary(NodeId nid, bool movable, uint32_t order) {
    return tree::alloc_ordinary(nid, movable, order);
  }
  static bool free_ordinary() { return tree::free_ordinary(); }
  static int alloc_contig(NodeId nid, uint32_t order) { return tree::alloc_contig(nid, order); }
  static bool free_contig() { return tree::free_contig(); }
  static bool get_page(Pfn pfn) { return tree::get_page(pfn) == 0; }
  static void put_page(Pfn pfn) { tree::put_page(pfn); }
  static int32_t page_count(Pfn pfn) { return PageAt(pfn).count; }
  static int memory_failure(Pfn pfn) { return tree::memory_failure(pfn); }

  // No driver is linked to the world: its files are not there.
  struct OpenFile {};
  static int enable_set(uint64_t /*value*/) { return -ENOENT; }
  static uint64_t enable_get() { return 0; }
  static int trace_open(NodeId /*nid*/, OpenFile* /*file*/) { return -ENOENT; }
  static int trace_read(OpenFile& /*file*/, const world::file_range& /*range*/) { return -ENOENT; }
  static int trace_mmap(OpenFile& /*file*/, const world::file_range& /*range*/) { return -ENOENT; }
  static void trace_release(OpenFile& /*file*/) {}
  static void exit_mmap() {}
};
static_assert(world::Ops<Ops>);

}  // namespace hotplug::tree

#endif  // MODEL_TREE_OPS_H_
