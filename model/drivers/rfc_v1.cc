// SPDX-License-Identifier: GPL-2.0-or-later
//
// memtrace as the RFC of 2019-12-17 has it: contiguous pages, marked PageOffline, taken from
// Linux block by block while a temporary notifier drops and retakes their references.
//
// Its behaviour is the RFC's to the letter (kernel-facts 6.1, 6.1b), so that what is wrong
// with it is wrong here: the callback's flag is one static variable of the module, nothing
// resets it when a block has gone offline, the refusal of re-onlining uses the wrong errno
// helper, and no lock orders two writers of `enable`.
#include <algorithm>

#include "model/drivers/driver.h"
#include "model/mm/hotplug.h"
#include "model/mm/isolation.h"
#include "model/mm/ledger.h"
#include "model/mm/memory.h"

namespace hotplug::drivers {

namespace {

using mm::BlockId;
using mm::HeapPtr;
using mm::NodeId;
using mm::notifier_block;
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

// What memtrace_alloc_node() keeps on its stack: one for each task that may be inside.
struct memtrace_alloc_info {
  notifier_block memory_notifier;
  uint32_t base_pfn;
  uint32_t nr_pages;
};

struct State {
  uint64_t memtrace_size;
  uint32_t memtrace_array_nr;
  uint16_t memtrace_array;  // HeapPtr
  uint8_t going_offline;    // static in the callback
  uint8_t pad;
  memtrace_alloc_info info[kMaxTasks];
};

State& state() { return *sim::machine->Get<State>(kDriverRegion); }
HeapPtr Array() { return HeapPtr{state().memtrace_array}; }
Pfn PfnOf(uint64_t physical) { return Pfn{static_cast<uint32_t>(physical >> mm::PageShift())}; }

void Init() { sim::machine->Carve<State>(kDriverRegion, 1, true); }

int32_t memtrace_memory_notifier_cb(const notifier_block& nb, uint32_t action,
                                    const mm::memory_notify_arg& arg) {
  const memtrace_alloc_info& info = state().info[nb.data];
  const uint32_t start = std::max(info.base_pfn, arg.start_pfn.v);
  const uint32_t end = std::min(info.base_pfn + info.nr_pages, arg.start_pfn.v + arg.nr_pages);
  if (start >= end) return mm::NOTIFY_OK;

  switch (action) {
    case mm::MEM_GOING_OFFLINE:
      for (Pfn pfn{start}; pfn.v < end; ++pfn) mm::page_ref_dec(pfn);
      state().going_offline = 1;
      break;
    case mm::MEM_CANCEL_OFFLINE:
      if (state().going_offline != 0) {
        for (Pfn pfn{start}; pfn.v < end; ++pfn) mm::page_ref_inc(pfn);
      }
      state().going_offline = 0;
      break;
    case mm::MEM_GOING_ONLINE:
      return mm::notifier_to_errno(-EBUSY);
    default:
      break;
  }
  return mm::NOTIFY_OK;
}

// Adds memory back and onlines it, block by block until one refuses. Only the adding can fail.
int memtrace_free_node(NodeId nid, uint64_t start, uint64_t size) {
  const BlockId first = mm::BlockOf(PfnOf(start));
  const uint32_t nr_blocks = static_cast<uint32_t>(size / kBlockBytes);
  const int rc = mm::add_memory(nid, first, nr_blocks);
  if (rc != 0 || mm::mm().memhp_default_online_type != mm::MMOP_OFFLINE) return rc;
  mm::lock_device_hotplug();
  for (uint32_t i = 0; i < nr_blocks; ++i) {
    // walk_memory_blocks() visits the blocks that are there.
    if (mm::BlockAt(first + i).registered == 0) continue;
    if (mm::device_online(first + i) != 0) break;
  }
  mm::unlock_device_hotplug();
  return 0;
}

// Gives back what is not offlined and removed.
void FreePages(Pfn from, Pfn end) {
  for (Pfn pfn = from; pfn < end; ++pfn) mm::__ClearPageOffline(pfn);
  mm::free_contig_range(from, end - from);
}

// The physical address of `size` reserved bytes of a node; 0 for failure.
uint64_t memtrace_alloc_node(NodeId nid, uint64_t size) {
  if (!mm::node_spanned_pages(nid)) return 0;
  const uint32_t nr_pages = static_cast<uint32_t>(size >> mm::PageShift());
  const Pfn base = mm::alloc_contig_pages(size >> mm::PageShift(), nid);
  if (base.v == mm::kNoPfn) return 0;
  const Pfn end = base + nr_pages;
  const uint32_t self = sim::current_task().v;
  memtrace_alloc_info& info = state().info[self];
  info.base_pfn = base.v;
  info.nr_pages = nr_pages;
  info.memory_notifier = notifier_block{};
  info.memory_notifier.notifier_call = mm::kDriverCall;
  info.memory_notifier.data = static_cast<uint16_t>(self);
  info.memory_notifier.name = mm::kDriverName;

  for (Pfn pfn = base; pfn < end; ++pfn) mm::__SetPageOffline(pfn);
  mm::register_memory_notifier(info.memory_notifier);

  const uint32_t block_pages = mm::PagesPerBlock();
  Pfn to_remove = base;
  int rc = 0;
  while (to_remove < end) {
    rc = mm::offline_and_remove_memory(mm::BlockOf(to_remove));
    if (rc != 0) break;
    to_remove = to_remove + block_pages;
  }
  mm::unregister_memory_notifier(info.memory_notifier);
  if (rc == 0) {
    mm::ClaimRange(base, nr_pages);
    return mm::PFN_PHYS(base);
  }
  if (to_remove != base) {
    rc = memtrace_free_node(nid, mm::PFN_PHYS(base), uint64_t{to_remove - base} << mm::PageShift());
    if (rc != 0) mm::printk(kTpLogAddFailed, nid.v);
  }
  FreePages(to_remove, end);
  return 0;
}

int memtrace_init_regions_runtime(uint64_t size) {
  State& s = state();
  uint32_t online = 0;
  for (const mm::node& n : mm::mm().nodes) online += n.online;
  const HeapPtr array = mm::kcalloc(online, sizeof(memtrace_entry));
  s.memtrace_array = array.v;
  mm::preempt_point(kTpArrayStore, array.v);
  if (array.v == 0) {
    mm::printk(kTpLogNoArray);
    return -EINVAL;
  }
  for (uint32_t n = 0; n < kMaxNodes; ++n) {
    if (mm::mm().nodes[n].online == 0) continue;
    const uint64_t start = memtrace_alloc_node(NodeId{n}, size);
    if (start == 0) {
      mm::printk(kTpLogNoMemory, n);
      continue;
    }
    mm::printk(kTpLogAllocated, n, PfnOf(start).v);
    const uint32_t index = s.memtrace_array_nr;
    mm::heap_write(Array(), index, memtrace_entry{start, size, n, 0, 0, 0});
    mm::preempt_point(kTpEntryStore, index, PfnOf(start).v);
    ++s.memtrace_array_nr;
    mm::preempt_point(kTpCountStore, s.memtrace_array_nr);
  }
  return 0;
}

int memtrace_init_debugfs() {
  State& s = state();
  int rc = 0;
  for (uint32_t i = 0; i < s.memtrace_array_nr; ++i) {
    auto entry = mm::heap_read<memtrace_entry>(Array(), i);
    entry.mem = mm::ioremap(PfnOf(entry.start));
    mm::heap_write(Array(), i, entry);
    if (entry.mem == 0) {
      mm::printk(kTpLogMapFailed, PfnOf(entry.start).v);
      rc = -1;
      continue;
    }
    const uint32_t dir = mm::debugfs_create_dir(entry.nid);
    if (dir == 0) {
      mm::printk(kTpLogDirFailed, entry.nid);
      return -1;
    }
    entry = mm::heap_read<memtrace_entry>(Array(), i);
    entry.dir = dir;
    mm::heap_write(Array(), i, entry);
  }
  return rc;
}

// Gives one entry's memory back; non-zero if it stays reserved.
int OnlineEntry(uint32_t index) {
  auto entry = mm::heap_read<memtrace_entry>(Array(), index);
  if (entry.nid == kNumaNoNode) return 0;
  if (entry.mem != 0) {
    mm::iounmap(entry.mem);
    entry.mem = 0;
    mm::heap_write(Array(), index, entry);
  }
  if (memtrace_free_node(NodeId{entry.nid}, entry.start, entry.size) != 0) {
    mm::printk(kTpLogAddFailed, entry.nid);
    return 1;
  }
  mm::debugfs_remove_recursive(entry.dir);
  mm::printk(kTpLogAddedBack, entry.nid);
  mm::heap_write(Array(), index, memtrace_entry{0, 0, kNumaNoNode, 0, 0, 0});
  return 0;
}

int memtrace_online() {
  State& s = state();
  int failed = 0;
  for (uint32_t i = s.memtrace_array_nr; i-- > 0;) failed += OnlineEntry(i);
  if (failed != 0) return failed;
  mm::kfree(Array());
  s.memtrace_array = 0;
  s.memtrace_size = 0;
  s.memtrace_array_nr = 0;
  mm::preempt_point(kTpSizeStore, 0);
  return 0;
}

int memtrace_enable_set(uint64_t value) {
  State& s = state();
  const bool power_of_2 = (value & (value - 1)) == 0;
  if (value != 0 && (!power_of_2 || value < kBlockBytes)) {
    mm::printk(kTpLogValue);
    return -EINVAL;
  }
  if (s.memtrace_size != 0 && memtrace_online() != 0) return -EAGAIN;
  if (value == 0) return 0;
  if (memtrace_init_regions_runtime(value) != 0) return -EINVAL;
  if (memtrace_init_debugfs() != 0) return -EINVAL;
  s.memtrace_size = value;
  mm::preempt_point(kTpSizeStore, static_cast<uint32_t>(value / kBlockBytes));
  return 0;
}

uint64_t memtrace_enable_get() { return state().memtrace_size; }

// The recorded ranges, read the way a debugger would: without any effect on the machine.
uint32_t Ranges(Range* out, uint32_t max) {
  const State& s = state();
  uint32_t n = 0;
  for (uint32_t i = 0; i < s.memtrace_array_nr && n < max; ++i) {
    memtrace_entry entry{};
    if (!mm::HeapPeek(Array(), i * sizeof(entry), &entry, sizeof(entry))) break;
    if (entry.nid == kNumaNoNode || entry.size == 0) continue;
    out[n++] = {PfnOf(entry.start), static_cast<uint32_t>(entry.size >> mm::PageShift())};
  }
  return n;
}

}  // namespace

extern const Driver kRfcV1;
const Driver kRfcV1 = {
    "rfc_v1",
    "powerpc/memtrace as posted in the RFC v1 of 2019-12-17",
    "memtrace_memory_notifier_cb",
    &Init,
    {&memtrace_enable_set, &memtrace_enable_get},
    &memtrace_memory_notifier_cb,
    &Ranges,
};

}  // namespace hotplug::drivers
