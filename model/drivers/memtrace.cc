// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/drivers/memtrace.h"

#include "model/mm/add_remove.h"
#include "model/mm/isolation.h"
#include "model/mm/memory.h"
#include "model/mm/resource.h"

namespace hotplug::drivers::memtrace {

namespace {

using mm::BlockId;
using mm::HeapPtr;
using mm::NodeId;
using mm::Pfn;

constexpr uint32_t kNumaNoNode = UINT32_MAX;

struct memtrace_entry {
  uint64_t start;  // physical address
  uint64_t size;   // bytes
  uint32_t nid;
  uint32_t mem;  // mapping
  uint32_t dir;
  uint32_t pad;
};

HeapPtr Array() { return HeapPtr{module().memtrace_array}; }

// Stores into some fields of an entry, and returns it. Whoever has been asleep since it took the
// address of the entry gives that array, wherever memtrace_array points to by now.
template <class F>
memtrace_entry Store(HeapPtr array, uint32_t index, F f) {
  auto entry = mm::heap_read<memtrace_entry>(array, index);
  f(entry);
  mm::heap_write(array, index, entry);
  return entry;
}
uint32_t num_online_nodes() {
  uint32_t nr = 0;
  for (const mm::node& n : mm::mm().nodes) nr += n.online;
  return nr;
}
Pfn PfnOf(uint64_t physical) { return Pfn{static_cast<uint32_t>(physical >> mm::PageShift())}; }
uint32_t Pages(uint64_t bytes) { return static_cast<uint32_t>(bytes >> mm::PageShift()); }

}  // namespace

void InitModule(uint32_t fixes) {
  module().fixes = fixes;
  sim::InitLock(module().memtrace_mutex.lock, mm::kDriverMutex);
}

bool IsSize(uint64_t value) {
  const bool power_of_2 = (value & (value - 1)) == 0;
  if (value == 0 || (power_of_2 && value >= kBlockBytes)) return true;
  mm::printk(kTpLogValue);
  return false;
}

bool IsAligned(uint64_t value) {
  if (value % kBlockBytes == 0) return true;
  mm::printk(kTpLogUnaligned);
  return false;
}

int init_regions_runtime(uint64_t size, const Algorithm& algorithm) {
  Module& m = module();
  const HeapPtr array =
      mm::kcalloc(Has(kAllNodes) ? kMaxNodes : num_online_nodes(), sizeof(memtrace_entry));
  m.memtrace_array = array.v;
  mm::preempt_point(kTpArrayStore, array.v);
  if (array.v == 0) {
    mm::printk(kTpLogNoArray);
    return -EINVAL;
  }
  for (uint32_t n = 0; n < kMaxNodes; ++n) {
    if (mm::mm().nodes[n].online == 0) continue;
    const Pfn start = algorithm.alloc_node(NodeId{n}, size >> mm::PageShift());
    if (start.v == mm::kNoPfn) {
      mm::printk(kTpLogNoMemory, n);
      continue;
    }
    mm::printk(kTpLogAllocated, n, start.v);
    const uint32_t index = m.memtrace_array_nr;
    mm::heap_write(Array(), index, memtrace_entry{mm::PFN_PHYS(start), size, n, 0, 0, 0});
    mm::preempt_point(kTpEntryStore, index, start.v);
    ++m.memtrace_array_nr;
    mm::preempt_point(kTpCountStore, m.memtrace_array_nr);
  }
  return 0;
}

int init_debugfs(const Algorithm& algorithm) {
  Module& m = module();
  int rc = 0;
  for (uint32_t i = 0; i < m.memtrace_array_nr; ++i) {
    const HeapPtr array = Array();
    auto entry = mm::heap_read<memtrace_entry>(array, i);
    const uint32_t mem = mm::ioremap(PfnOf(entry.start));
    entry = Store(array, i, [mem](memtrace_entry& e) { e.mem = mem; });
    if (mem == 0) {
      mm::printk(kTpLogMapFailed, PfnOf(entry.start).v);
      rc = -1;
      continue;
    }
    const uint32_t dir = mm::debugfs_create_dir(entry.nid);
    Store(array, i, [dir](memtrace_entry& e) { e.dir = dir; });
    // A failure goes unseen: up to 5.6 the result is compared with NULL, which it never is
    // since 5.0.
    if (dir != 0) mm::debugfs_create_file(dir, array, i, algorithm.unsafe_files);
  }
  return rc;
}

namespace {

// Gives one entry's memory back; non-zero if it stays reserved.
int OnlineEntry(uint32_t index, const Algorithm& algorithm) {
  const HeapPtr array = Array();
  auto entry = mm::heap_read<memtrace_entry>(array, index);
  if (entry.nid == kNumaNoNode) return 0;
  if (Has(kFilesFirst)) {
    mm::debugfs_remove_recursive(entry.dir);
    entry = Store(array, index, [](memtrace_entry& e) { e.dir = 0; });
  }
  if (entry.mem != 0) {
    mm::iounmap(entry.mem);
    entry = Store(array, index, [](memtrace_entry& e) { e.mem = 0; });
  }
  if (algorithm.revoke) mm::unmap_mapping_range(PfnOf(entry.start), Pages(entry.size));
  const int rc = algorithm.free_node(NodeId{entry.nid}, PfnOf(entry.start), Pages(entry.size));
  entry = mm::heap_read<memtrace_entry>(array, index);
  if (rc != 0) {
    mm::printk(algorithm.log_free_failed, entry.nid);
    return 1;
  }
  if (!Has(kFilesFirst)) mm::debugfs_remove_recursive(entry.dir);
  mm::printk(algorithm.log_freed, entry.nid);
  // NUMA_NO_NODE in three fields of two sizes.
  Store(array, index, [](memtrace_entry& e) { e.size = e.start = e.nid = kNumaNoNode; });
  return 0;
}

}  // namespace

int online(const Algorithm& algorithm) {
  Module& m = module();
  int failed = 0;
  for (uint32_t i = m.memtrace_array_nr; i-- > 0;) failed += OnlineEntry(i, algorithm);
  if (failed != 0) return failed;
  mm::kfree(Array());
  m.memtrace_array = 0;
  m.memtrace_size = 0;
  m.memtrace_array_nr = 0;
  mm::preempt_point(kTpSizeStore, 0);
  return 0;
}

int trace_read(HeapPtr array, uint32_t index, const mm::file_range& range) {
  const auto entry = mm::heap_read<memtrace_entry>(array, index);
  mm::preempt_point(kTpTraceRead, index);
  if (range.offset >= entry.size || range.length == 0) return 0;
  const uint64_t end = range.offset + std::min(range.length, entry.size - range.offset);
  const uint32_t first = Pages(range.offset);
  // The size of an entry that was freed, and is read even so, is as large as can be.
  const uint64_t nr_pages = ((end - 1) >> mm::PageShift()) + 1 - first;
  const auto most = std::min<uint64_t>(nr_pages, UINT32_MAX);
  return mm::simple_read_from_buffer(entry.mem, first, static_cast<uint32_t>(most));
}

int trace_mmap(HeapPtr array, uint32_t index, const mm::file_range& range) {
  const auto entry = mm::heap_read<memtrace_entry>(array, index);
  mm::preempt_point(kTpTraceMmap, index);
  if (range.offset >= entry.size) return -EINVAL;
  const uint64_t left = entry.size - range.offset;
  const uint64_t length = range.length == mm::kWholeFile ? left : range.length;
  if (length > left) return -EINVAL;
  return mm::remap_pfn_range(PfnOf(entry.start + range.offset), Pages(length));
}

namespace {

void SetSize(uint64_t size) {
  module().memtrace_size = size;
  mm::preempt_point(kTpSizeStore, static_cast<uint32_t>(size / kBlockBytes));
}

}  // namespace

int reserve(uint64_t size, const Algorithm& algorithm) {
  const bool size_first = Has(kSizeFirst);
  if (init_regions_runtime(size, algorithm) != 0) return -EINVAL;
  if (size_first) SetSize(size);
  if (init_debugfs(algorithm) != 0) return -EINVAL;
  if (!size_first) SetSize(size);
  return 0;
}

uint64_t enable_get() { return module().memtrace_size; }

// The recorded ranges, read the way a debugger would: without any effect on the machine.
uint32_t Ranges(Range* out, uint32_t max) {
  const Module& m = module();
  uint32_t n = 0;
  for (uint32_t i = 0; i < m.memtrace_array_nr && n < max; ++i) {
    memtrace_entry entry{};
    if (!mm::HeapPeek(Array(), i * sizeof(entry), &entry, sizeof(entry))) break;
    if (entry.nid == kNumaNoNode || entry.size == 0) continue;
    out[n++] = {PfnOf(entry.start), Pages(entry.size)};
  }
  return n;
}

int AddAndOnline(NodeId nid, BlockId first, uint32_t nr_blocks) {
  const int rc = mm::add_memory(nid, first, nr_blocks);
  if (rc != 0 || mm::memhp_auto_online()) return rc;
  mm::lock_device_hotplug();
  OnlineBlocks(first, nr_blocks);
  mm::unlock_device_hotplug();
  return 0;
}

void OnlineBlocks(BlockId first, uint32_t nr_blocks) {
  lockdep_assert_held(mm::mm().device_hotplug_lock);
  if (mm::memhp_auto_online()) return;
  for (uint32_t i = 0; i < nr_blocks; ++i) {
    // walk_memory_blocks() visits the blocks that are there.
    if (!mm::Present(first + i)) continue;
    if (mm::device_online(first + i) != 0) break;
  }
}

int AddReserved(NodeId nid, BlockId first, uint32_t nr_blocks) {
  lockdep_assert_held(mm::mm().device_hotplug_lock);
  mm::release_mem_region(first, nr_blocks);
  const int rc = mm::__add_memory(nid, first, nr_blocks);
  if (rc != 0) mm::request_mem_region(first, nr_blocks);
  return rc;
}

void PrepareInfo(AllocInfo* info, Pfn base, uint32_t nr_pages) {
  info->base_pfn = base.v;
  info->nr_pages = nr_pages;
  info->memory_notifier = mm::notifier_block{};
  info->memory_notifier.notifier_call = mm::kDriverCall;
  info->memory_notifier.data = static_cast<uint16_t>(sim::current_task().v);
  info->memory_notifier.name = mm::kDriverName;
}

void ClearRange(Pfn start, uint32_t nr_pages) {
  for (Pfn pfn = start; pfn < start + nr_pages; ++pfn) mm::clear_page(pfn);
  mm::preempt_point(kTpClearRange, start.v, nr_pages);
}

void FreePages(Pfn from, Pfn end) {
  for (Pfn pfn = from; pfn < end; ++pfn) mm::__ClearPageOffline(pfn);
  mm::free_contig_range(from, end - from);
}

}  // namespace hotplug::drivers::memtrace
