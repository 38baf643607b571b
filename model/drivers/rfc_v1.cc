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

#include "model/drivers/memtrace.h"
#include "model/mm/hotplug.h"
#include "model/mm/isolation.h"
#include "model/mm/memory.h"
#include "model/mm/page.h"

namespace hotplug::drivers {

namespace {

using mm::BlockId;
using mm::NodeId;
using mm::Pfn;

struct State {
  memtrace::Module module;
  uint64_t going_offline;  // static in the callback
  memtrace::AllocInfo info[kMaxTasks];
};

State& state() { return *sim::machine->Get<State>(kDriverRegion); }

void Init() { sim::machine->Carve<State>(kDriverRegion, 1, true); }

int32_t memtrace_memory_notifier_cb(const mm::notifier_block& nb, uint32_t action,
                                    const mm::memory_notify_arg& arg) {
  const memtrace::AllocInfo& info = state().info[nb.data];
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
int memtrace_free_node(NodeId nid, Pfn start, uint32_t nr_pages) {
  const BlockId first = mm::BlockOf(start);
  const uint32_t nr_blocks = nr_pages / mm::PagesPerBlock();
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

Pfn memtrace_alloc_node(NodeId nid, uint64_t size) {
  if (!mm::node_spanned_pages(nid)) return Pfn{mm::kNoPfn};
  const Pfn base = mm::alloc_contig_pages(size, nid);
  if (base.v == mm::kNoPfn) return base;
  const auto nr_pages = static_cast<uint32_t>(size);
  const Pfn end = base + nr_pages;
  memtrace::AllocInfo& info = state().info[sim::current_task().v];
  memtrace::PrepareInfo(&info, base, nr_pages);

  for (Pfn pfn = base; pfn < end; ++pfn) mm::__SetPageOffline(pfn);
  mm::register_memory_notifier(info.memory_notifier);

  Pfn to_remove = base;
  int rc = 0;
  while (to_remove < end) {
    rc = mm::offline_and_remove_memory(mm::BlockOf(to_remove));
    if (rc != 0) break;
    to_remove = to_remove + mm::PagesPerBlock();
  }
  mm::unregister_memory_notifier(info.memory_notifier);
  if (rc == 0) {
    mm::ClaimRange(base, nr_pages);
    return base;
  }
  if (to_remove != base) {
    rc = memtrace_free_node(nid, base, to_remove - base);
    if (rc != 0) mm::printk(kTpLogAddFailed, nid.v);
  }
  memtrace::FreePages(to_remove, end);
  return Pfn{mm::kNoPfn};
}

constexpr memtrace::Algorithm kAlgorithm = {&memtrace_alloc_node, &memtrace_free_node};

int memtrace_enable_set(uint64_t value) {
  memtrace::Module& m = memtrace::module();
  if (!memtrace::IsSize(value)) return -EINVAL;
  if (m.memtrace_size != 0 && memtrace::online(kAlgorithm) != 0) return -EAGAIN;
  if (value == 0) return 0;
  if (memtrace::init_regions_runtime(value, kAlgorithm) != 0) return -EINVAL;
  if (memtrace::init_debugfs() != 0) return -EINVAL;
  m.memtrace_size = value;
  mm::preempt_point(kTpSizeStore, static_cast<uint32_t>(value / kBlockBytes));
  return 0;
}

}  // namespace

extern const Driver kRfcV1;
const Driver kRfcV1 = {
    "rfc_v1",
    "powerpc/memtrace as posted in the RFC v1 of 2019-12-17",
    "memtrace_memory_notifier_cb",
    &Init,
    {&memtrace_enable_set, &memtrace::enable_get},
    &memtrace_memory_notifier_cb,
    &memtrace::Ranges,
};

}  // namespace hotplug::drivers
