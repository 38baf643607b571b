// SPDX-License-Identifier: GPL-2.0-or-later
//
// What can be done to a world: by user space, firmware, the allocators of others and walkers. A
// world has a struct of static functions for it; the actors are a template over that struct. Each
// runs on the stack of a task, and answers 0 or a negative errno unless something else is said.
#ifndef MODEL_WORLD_OPS_H_
#define MODEL_WORLD_OPS_H_

#include <concepts>
#include <cstdint>

#include "model/world/types.h"

namespace hotplug::world {

// The files of memory blocks and of the memory bus, as write(2) has them.
template <class O>
concept SysfsOps = requires(BlockId block, StateFile word, bool online) {
  { O::state_store(block, word) } -> std::same_as<int>;
  { O::online_store(block, online) } -> std::same_as<int>;
  { O::probe_store(block) } -> std::same_as<int>;
  { O::auto_online_blocks_store(word) } -> std::same_as<int>;
};

// Firmware takes a DIMM of one block away, and puts it back. A driver of DIMMs takes those of
// several blocks away.
template <class O>
concept FirmwareOps = requires(BlockId block, uint32_t nr_blocks) {
  { O::acpi_scan_hot_remove(block) } -> std::same_as<int>;
  { O::acpi_memory_device_add(block) } -> std::same_as<int>;
  { O::remove_dimms(block, nr_blocks) } -> std::same_as<int>;
};

// The notifiers of the scenario, by their number. The first makes one, before any task runs.
template <class O>
concept NotifierOps = requires(uint32_t notifier, int32_t priority) {
  { O::add_notifier(notifier, priority) };
  { O::register_memory_notifier(notifier) } -> std::same_as<int>;
  { O::unregister_memory_notifier(notifier) } -> std::same_as<int>;
};

// Memory that a task allocates and frees in that order, and pages that it holds for a moment.
template <class O>
concept PageOps = requires(NodeId nid, Pfn pfn, bool movable, uint32_t order) {
  { O::alloc_ordinary(nid, movable, order) } -> std::same_as<int>;  // 2^order pages
  { O::free_ordinary() } -> std::same_as<bool>;                     // false: it has none
  { O::alloc_contig(nid, order) } -> std::same_as<int>;             // 2^order pages
  { O::free_contig() } -> std::same_as<bool>;
  // A reference on the page at a pfn; -ENXIO if it is not online, or nobody has one already.
  { O::get_page(pfn) } -> std::same_as<int>;
  { O::put_page(pfn) };
  { O::page_count(pfn) } -> std::same_as<int32_t>;
  { O::memory_failure(pfn) } -> std::same_as<int>;
};

// The files of the driver.
template <class O>
concept DriverOps =
    requires(uint64_t value, NodeId nid, const file_range& range, typename O::OpenFile& file) {
      { O::enable_set(value) } -> std::same_as<int>;
      { O::enable_get() } -> std::same_as<uint64_t>;
      { O::trace_open(nid, &file) } -> std::same_as<int>;
      { O::trace_read(file, range) } -> std::same_as<int>;
      { O::trace_mmap(file, range) } -> std::same_as<int>;
      { O::trace_release(file) };
      { O::exit_mmap() };  // the running task ends: what it has mapped is no longer
    };

template <class O>
concept Ops = SysfsOps<O> && FirmwareOps<O> && NotifierOps<O> && PageOps<O> && DriverOps<O>;

}  // namespace hotplug::world

#endif  // MODEL_WORLD_OPS_H_
