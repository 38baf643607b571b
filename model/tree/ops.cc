// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/tree/ops.h"

#include <algorithm>

#include "model/sim/sched.h"
#include "model/tree/host.h"
#include "model/tree/state.h"
#include "model/tree/view.h"
#include "model/tree/world.h"
#include "model/world/geometry.h"

namespace hotplug::tree {

namespace {

constexpr const char* kWords[] = {"offline", "online", "online_kernel", "online_movable",
                                  "garbage"};

long Word(StateFile word) { return reinterpret_cast<long>(kWords[static_cast<uint32_t>(word)]); }

template <class Function>
int Call(Function world_exports::* function, long a = 0, long b = 0, long c = 0) {
  return static_cast<int>(CallKernel(reinterpret_cast<const void*>(kernel().*function), a, b, c));
}

// Whose registration the running task changes, before the first task runs that of nobody. Who comes
// late has not been asked.
class RegistrationOf {
 public:
  explicit RegistrationOf(uint32_t notifier) : notifier_(notifier) { Set(notifier + 1); }
  ~RegistrationOf() {
    Set(0);
    state().excused |= static_cast<uint16_t>(1u << notifier_);
  }

 private:
  static void Set(uint32_t value) {
    if (InTask()) state().changing[sim::current_task().v] = static_cast<uint8_t>(value);
  }

  uint32_t notifier_;
};

}  // namespace

int Ops::state_store(BlockId block, StateFile word) {
  return Call(&world_exports::write_state, block.v, Word(word));
}
int Ops::online_store(BlockId block, bool online) {
  return Call(&world_exports::write_online, block.v, online ? 1 : 0);
}
int Ops::probe_store(BlockId block) { return Call(&world_exports::write_probe, block.v); }
int Ops::auto_online_blocks_store(StateFile word) {
  return Call(&world_exports::write_auto_online, Word(word));
}

int Ops::acpi_scan_hot_remove(BlockId block) {
  return Call(&world_exports::firmware_remove, block.v);
}
int Ops::acpi_memory_device_add(BlockId block) {
  return Call(&world_exports::firmware_add, block.v);
}
int Ops::remove_dimms(BlockId block, uint32_t nr_blocks) {
  return Call(&world_exports::remove_dimms, block.v, nr_blocks);
}

void Ops::add_notifier(uint32_t notifier, int32_t priority) {
  state().notifier_priority[notifier] = priority;
}
int Ops::register_memory_notifier(uint32_t notifier) {
  const RegistrationOf registration(notifier);
  return Call(&world_exports::register_notifier, notifier, state().notifier_priority[notifier]);
}
int Ops::unregister_memory_notifier(uint32_t notifier) {
  const RegistrationOf registration(notifier);
  const int rc = Call(&world_exports::unregister_notifier, notifier);
  // Who has gone is told nothing.
  if (rc == 0) state().untold &= static_cast<uint16_t>(~(1u << notifier));
  return rc;
}

int Ops::alloc_ordinary(NodeId nid, bool movable, uint32_t order) {
  return Call(&world_exports::alloc_pages, nid.v, movable ? 1 : 0, order);
}
bool Ops::free_ordinary() { return Call(&world_exports::free_pages) == 0; }
int Ops::alloc_contig(NodeId nid, uint32_t order) {
  return Call(&world_exports::alloc_contig, nid.v, order);
}
bool Ops::free_contig() { return Call(&world_exports::free_contig) == 0; }

int Ops::get_page(Pfn pfn) {
  const int rc = Call(&world_exports::get_page, pfn.v);
  if (rc == 0) {
    ++world::ledger().transients;
    ++world::GhostAt(pfn).walked;
  }
  return rc;
}
void Ops::put_page(Pfn pfn) {
  --world::ledger().transients;
  if (world::PfnExists(pfn)) --world::GhostAt(pfn).walked;
  Call(&world_exports::put_page, pfn.v);
}
int32_t Ops::page_count(Pfn pfn) { return PageAt(pfn).count; }

namespace {

// Scenarios say bytes of blocks of kBlockBytes. What is no multiple of anything stays so.
uint32_t ScaleShift() { return kBlockShift - (world::geometry().block_order + world::PageShift()); }
uint64_t Scaled(uint64_t bytes) {
  const uint64_t lost = bytes & ((uint64_t{1} << ScaleShift()) - 1);
  return bytes >> ScaleShift() | (lost != 0 ? 1 : 0);
}

}  // namespace

int Ops::enable_set(uint64_t value) {
  return Call(&world_exports::write_enable, static_cast<long>(Scaled(value)));
}
uint64_t Ops::enable_get() {
  uint64_t value = 0;
  Call(&world_exports::read_enable, reinterpret_cast<long>(&value));
  return value << ScaleShift();
}

int Ops::trace_open(NodeId nid, OpenFile* /*file*/) {
  return Call(&world_exports::open_trace, nid.v);
}
int Ops::trace_read(OpenFile& /*file*/, const world::file_range& range) {
  const uint64_t length =
      range.length == world::kWholeFile ? world::kMaxRead : Scaled(range.length);
  return Call(&world_exports::read_trace, static_cast<long>(Scaled(range.offset)),
              static_cast<long>(length));
}
// Who maps all of a file maps a memory block: no driver has less.
int Ops::trace_mmap(OpenFile& /*file*/, const world::file_range& range) {
  const uint64_t length = range.length == world::kWholeFile ? kBlockBytes : range.length;
  return Call(&world_exports::mmap_trace, static_cast<long>(Scaled(range.offset)),
              static_cast<long>(Scaled(length)));
}
void Ops::trace_release(OpenFile& /*file*/) { Call(&world_exports::close_trace); }
void Ops::exit_mmap() {
  uint64_t& mapped = state().user_mapped[sim::current_task().v];
  if (mapped == 0) return;
  mapped = 0;
  Call(&world_exports::exit_mmap);
}

int Ops::memory_failure(Pfn pfn) { return Call(&world_exports::memory_failure, pfn.v); }

}  // namespace hotplug::tree
