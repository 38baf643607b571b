// SPDX-License-Identifier: GPL-2.0-or-later
//
// The algorithms under test, behind one small interface. A driver is a module of the
// simulated kernel: it uses mm's functions with the kernel's names, keeps its static state
// in the arena, and knows neither the scheduler nor the checks.
#ifndef MODEL_DRIVERS_DRIVER_H_
#define MODEL_DRIVERS_DRIVER_H_

#include <cstdint>

#include "model/mm/fix.h"
#include "model/mm/notifier.h"
#include "model/mm/services.h"
#include "model/sim/trace.h"
#include "model/world/view.h"

namespace hotplug::drivers {

inline constexpr sim::Region kDriverRegion = 7;

using world::Range;

struct Driver {
  const char* name;              // as --driver= and texts call it
  const char* sentence;          // what it is, for `list drivers`
  const char* callback;          // name of its notifier callback, for traces
  void (*init)(uint32_t fixes);  // carves its state; outside of any task
  mm::debugfs_file enable;
  mm::notifier_fn notifier_call;  // may be null
  // The ranges recorded by the module, at most `max`; returns how many.
  uint32_t (*ranges)(Range* out, uint32_t max);
  mm::debugfs_fops trace = {};  // its file for the memory of a node
  // What it reserves does not leave Linux, but stays online as pages of its own.
  bool keeps_blocks = false;
  // Corrections that it can be given: init() gets a bit for each.
  mm::Fixes fixes = {};

  // Of a driver in C (model/shim), which has more than the arena holds: the module, what is called
  // before each run, and what it has said in the last one, by number.
  shim::Module* module = nullptr;
  void (*reset)() = nullptr;
  void (*start)() = nullptr;  // adds its kernel thread behind the tasks; null: it has none
  // set_online_page_callback()
  void (*online_page)(mm::Pfn pfn, uint32_t order) = nullptr;
  // It drives a device whose memory are the blocks of the upper half of the machine. They are not
  // there at boot: it adds and removes them.
  bool has_device = false;
  const char* (*text)(uint32_t number) = nullptr;
};

// What drivers.def says of a driver.
struct DriverRow {
  const char* name;
  const char* sentence;
};

// The Driver of each row, and the row, which it has its name and its sentence from.
#define DRIVER(name, Object, sentence)                           \
  inline constexpr DriverRow k##Object##Row = {#name, sentence}; \
  extern const Driver k##Object;
#include "model/drivers/drivers.def"
#undef DRIVER

// All drivers, in the order of their rows, which scenarios refer to.
extern const Driver* const kDrivers[];
extern const uint32_t kNrDrivers;
// Their names, in the same order.
extern const char* const kDriverNames[];

// Messages and points of all drivers of this family.
enum : sim::Tp {
  kTpLogValue = sim::kDriverPoints.first,
  kTpLogNoArray,
  kTpLogNoMemory,
  kTpLogAllocated,
  kTpLogMapFailed,
  kTpLogAddFailed,
  kTpLogAddedBack,
  kTpArrayStore,
  kTpEntryStore,
  kTpCountStore,
  kTpSizeStore,
  kTpCandidate,
  kTpClearRange,
  kTpLogUnaligned,
  kTpLogFreed,
  kTpLogFreeFailed,
  kTpTraceRead,
  kTpTraceMmap,
  kTpFlushRange,
};

// clang-format off
inline constexpr sim::TracePoint kTracePoints[] = {
    {kTpLogValue,     "enable_set",
     "memtrace: Value must be 0 or a power of 2 (at least 0x%B)", true},
    {kTpLogNoArray,   "memtrace_init_regions_runtime",
     "memtrace: Failed to allocate memtrace_array", true},
    {kTpLogNoMemory,  "memtrace_init_regions_runtime",
     "memtrace: Failed to allocate trace memory on node %d", true},
    {kTpLogAllocated, "memtrace_init_regions_runtime",
     "memtrace: Allocated trace memory on node %d at 0x%A", true},
    {kTpLogMapFailed, "memtrace_init_debugfs",
     "memtrace: Failed to map trace memory at 0x%P", true},
    {kTpLogAddFailed, "memtrace_online",
     "memtrace: Failed to add trace memory to node %d", true},
    {kTpLogAddedBack, "memtrace_online",
     "memtrace: Added trace memory back to node %d", true},
    {kTpArrayStore,   "memtrace_init_regions_runtime", "memtrace_array = %x"},
    {kTpEntryStore,   "memtrace_init_regions_runtime", "memtrace_array[%u] = pfn %f"},
    {kTpCountStore,   "memtrace_init_regions_runtime", "memtrace_array_nr = %u"},
    {kTpSizeStore,    "memtrace_enable_set",           "memtrace_size = %u blocks"},
    {kTpCandidate,    "memtrace_alloc_node",           "pfn=%f"},
    {kTpClearRange,   "memtrace_clear_range",          "pfn=%f nr=%u"},
    {kTpLogUnaligned, "enable_set",
     "memtrace: Value must be aligned with 0x%B", true},
    {kTpLogFreed,     "memtrace_free_regions",
     "memtrace: Freed trace memory back on node %d", true},
    {kTpLogFreeFailed, "memtrace_free_regions",
     "memtrace: Failed to free trace memory on node %d", true},
    {kTpTraceRead,    "memtrace_read",                 "memtrace_array[%u]"},
    {kTpTraceMmap,    "memtrace_mmap",                 "memtrace_array[%u]"},
    {kTpFlushRange,   "flush_dcache_range_chunked",    "pfn=%f"},
};
// clang-format on

}  // namespace hotplug::drivers

#endif  // MODEL_DRIVERS_DRIVER_H_
