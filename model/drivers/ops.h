// SPDX-License-Identifier: GPL-2.0-or-later
//
// What can be done to the model world (model/world/ops.h): mm, and the driver that is bound to the
// machine.
#ifndef MODEL_DRIVERS_OPS_H_
#define MODEL_DRIVERS_OPS_H_

#include "model/drivers/driver.h"
#include "model/mm/add_remove.h"
#include "model/mm/memory.h"
#include "model/mm/page.h"
#include "model/mm/poison.h"
#include "model/mm/task_alloc.h"
#include "model/world/ops.h"

namespace hotplug::drivers {

inline constexpr sim::Region kProbeRegion = 10;

struct Ops {
  // Carves the region of the scenario's notifiers; part of the set-up of a machine.
  static void Setup() {
    sim::machine->Carve<mm::notifier_block>(kProbeRegion, kMaxNotifiers, false);
  }

  static int state_store(mm::BlockId block, mm::StateFile word) {
    return mm::state_store(block, word);
  }
  static int online_store(mm::BlockId block, bool online) {
    return mm::online_store(block, online);
  }
  static int probe_store(mm::BlockId block) { return mm::probe_store(block); }
  static int auto_online_blocks_store(mm::StateFile word) {
    return mm::auto_online_blocks_store(word);
  }

  static int acpi_scan_hot_remove(mm::BlockId block) { return mm::acpi_scan_hot_remove(block); }
  static int acpi_memory_device_add(mm::BlockId block) { return mm::acpi_memory_device_add(block); }

  static int remove_dimms(mm::BlockId block, uint32_t nr_blocks) {
    return mm::remove_dimms(block, nr_blocks);
  }

  static void add_notifier(uint32_t notifier, int32_t priority) {
    mm::notifier_block& nb = Probe(notifier);
    nb.priority = priority;
    nb.notifier_call = mm::kProbeCall;
    nb.data = static_cast<uint16_t>(notifier);
    nb.name = static_cast<uint16_t>(notifier);
  }
  static int register_memory_notifier(uint32_t notifier) {
    return mm::register_memory_notifier(Probe(notifier));
  }
  static int unregister_memory_notifier(uint32_t notifier) {
    return mm::unregister_memory_notifier(Probe(notifier));
  }

  static int alloc_ordinary(mm::NodeId nid, bool movable, uint32_t order) {
    return mm::alloc_ordinary(nid, movable, order);
  }
  static bool free_ordinary() { return mm::free_ordinary(); }
  static int alloc_contig(mm::NodeId nid, uint32_t order) { return mm::alloc_contig(nid, order); }
  static bool free_contig() { return mm::free_contig(); }
  static int get_page(mm::Pfn pfn) {
    if (mm::pfn_to_online_page(pfn) == nullptr) return -ENXIO;
    // No walker has business with the memmap that a block holds itself.
    const mm::BlockId block = mm::BlockOf(pfn);
    if (pfn - mm::FirstPfn(block) < mm::BlockAt(block).nr_vmemmap_pages) return -ENXIO;
    return mm::get_page_unless_zero(pfn) ? 0 : -ENXIO;
  }
  static void put_page(mm::Pfn pfn) { mm::put_page(pfn); }
  static int32_t page_count(mm::Pfn pfn) { return mm::PageAt(pfn).refcount; }
  static int memory_failure(mm::Pfn pfn) { return mm::memory_failure(pfn); }

  using OpenFile = mm::debugfs_open_file;
  static int enable_set(uint64_t value) { return driver().enable.set(value); }
  static uint64_t enable_get() { return driver().enable.get(); }
  static int trace_open(mm::NodeId nid, OpenFile* file) {
    return mm::debugfs_open(nid.v, driver().trace, file);
  }
  static int trace_read(const OpenFile& file, const mm::file_range& range) {
    return mm::debugfs_call(file, driver().trace.read, range);
  }
  static int trace_mmap(const OpenFile& file, const mm::file_range& range) {
    return mm::debugfs_call(file, driver().trace.mmap, range);
  }
  static void trace_release(const OpenFile& file) { mm::debugfs_release(driver().trace, file); }
  static void exit_mmap() { mm::exit_mmap(); }

 private:
  static const Driver& driver() { return *sim::machine->bound.driver; }
  static mm::notifier_block& Probe(uint32_t notifier) {
    return sim::machine->Get<mm::notifier_block>(kProbeRegion)[notifier];
  }
};
static_assert(world::Ops<Ops>);

}  // namespace hotplug::drivers

#endif  // MODEL_DRIVERS_OPS_H_
