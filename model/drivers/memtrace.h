// SPDX-License-Identifier: GPL-2.0-or-later
//
// What all memtrace algorithms share: the module around them, with its array of entries, its
// mappings and its files (kernel-facts 6.1b). An algorithm is how memory of a node is taken
// from Linux, and how it is given back.
#ifndef MODEL_DRIVERS_MEMTRACE_H_
#define MODEL_DRIVERS_MEMTRACE_H_

#include "model/drivers/driver.h"
#include "model/mm/ledger.h"

namespace hotplug::drivers::memtrace {

// Fixes of what is around the algorithm.
inline constexpr mm::Fix kSizeFirst = {
    1 << 0, "size_first", "memtrace_size is set before the set-up of debugfs, which may fail"};
inline constexpr mm::Fix kMutex = {1 << 1, "mutex", "a mutex orders the writers of `enable`"};
inline constexpr mm::Fix kFilesFirst = {
    1 << 2, "files_first", "files are removed before what they show is unmapped and given back"};
inline constexpr mm::Fix kClear = {1 << 3, "clear", "memory is cleared before `trace` shows it"};
inline constexpr mm::Fix kAllNodes = {1 << 4, "all_nodes",
                                      "the array has an entry for each node that can come online"};
// The other bits are each driver's own.
constexpr uint32_t OwnBit(uint32_t number) { return 1u << (5 + number); }

// The static state of the module. Each driver's state begins with it.
struct Module {
  uint64_t memtrace_size;  // bytes; 0: disabled
  uint32_t memtrace_array_nr;
  uint16_t memtrace_array;  // HeapPtr
  uint8_t pad[2];
  uint64_t fixes;  // a bit for each that the driver has
  sim::Mutex memtrace_mutex;
};

// What memtrace_alloc_node() keeps on its stack: one for each task that may be inside.
struct AllocInfo {
  mm::notifier_block memory_notifier;
  uint32_t base_pfn;
  uint32_t nr_pages;
};

struct Algorithm {
  // The first pfn of `nr_pages` reserved pages of a node, which may be more than any machine has;
  // kNoPfn for failure.
  mm::Pfn (*alloc_node)(mm::NodeId nid, uint64_t nr_pages);
  // Gives such a range back: 0, or an errno, and it stays reserved.
  int (*free_node)(mm::NodeId nid, mm::Pfn start, uint32_t nr_pages);
  // What is logged of that.
  sim::Tp log_freed = kTpLogAddedBack;
  sim::Tp log_free_failed = kTpLogAddFailed;
  // debugfs_create_file_unsafe()
  bool unsafe_files = false;
  // What user space has mapped is unmapped before it is given back.
  bool revoke = false;
};

// For init() of a driver, behind the carving of its state.
void InitModule(uint32_t fixes);

inline Module& module() { return *sim::machine->Get<Module>(kDriverRegion); }

// Whether the running driver has the fix, or one of a set.
inline bool Has(uint32_t fixes) { return (module().fixes & fixes) != 0; }
inline bool Has(const mm::Fix& fix) { return Has(fix.bit); }

// Runs enable_set() under memtrace_mutex if the driver has one.
template <class EnableSet>
int Ordered(EnableSet enable_set) {
  const bool mutex = Has(kMutex);
  if (mutex) sim::mutex_lock(module().memtrace_mutex);
  const int rc = enable_set();
  if (mutex) sim::mutex_unlock(module().memtrace_mutex);
  return rc;
}

// The steps of enable_set().
// What may be written to `enable`; else it is logged.
bool IsSize(uint64_t value);     // 0, or a power of 2 of at least a block: the RFC's series
bool IsAligned(uint64_t value);  // whole blocks: all others
int init_regions_runtime(uint64_t size, const Algorithm& algorithm);
int init_debugfs(const Algorithm& algorithm);
int online(const Algorithm& algorithm);
// S4 to S6: 0 or -EINVAL. As they always were memtrace_size is not set then, whatever has been
// reserved; kSizeFirst changes that.
int reserve(uint64_t size, const Algorithm& algorithm);

// The file `trace`. As RFC era debugfs has it: it is read, and removal waits for readers.
// -EINVAL for a mapping that is not within the entry (memtrace_mmap() since cd097df4596f).
int trace_read(mm::HeapPtr array, uint32_t index, const mm::file_range& range);
int trace_mmap(mm::HeapPtr array, uint32_t index, const mm::file_range& range);
inline constexpr mm::debugfs_fops kTrace = {.read = &trace_read};

// For tables of drivers.
uint64_t enable_get();
uint32_t Ranges(Range* out, uint32_t max);

// Adds memory back and onlines it, as memtrace_free_node() always did: 0, or the errno of the
// adding, which alone can fail. Takes device_hotplug_lock, twice.
int AddAndOnline(mm::NodeId nid, mm::BlockId first, uint32_t nr_blocks);
// Its second half: onlines blocks in order until one refuses, unless memory that is added goes
// online by itself.
void OnlineBlocks(mm::BlockId first, uint32_t nr_blocks) __must_hold(device_hotplug_lock);
// Adds memory whose addresses were reserved, which have to be free for that: 0, or an errno, and
// they are reserved again.
int AddReserved(mm::NodeId nid, mm::BlockId first, uint32_t nr_blocks)
    __must_hold(device_hotplug_lock);

// The info of the running task with its notifier block filled in for a range.
void PrepareInfo(AllocInfo* info, mm::Pfn base, uint32_t nr_pages);
// While the linear mapping is there.
void ClearRange(mm::Pfn start, uint32_t nr_pages);
// Gives pages back that never left Linux.
void FreePages(mm::Pfn from, mm::Pfn end);

}  // namespace hotplug::drivers::memtrace

#endif  // MODEL_DRIVERS_MEMTRACE_H_
