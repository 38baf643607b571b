// SPDX-License-Identifier: GPL-2.0-or-later
//
// The RFC's algorithm, corrected: what a driver alone can do against everybody else.
//
//   - One mutex orders the writers of `enable`.
//   - device_hotplug_lock is held from the allocation to the end, so that nobody else onlines
//     or offlines any block meanwhile.
//   - References are dropped by page_ref_freeze(), so that a page that somebody holds refuses
//     the offlining and is never freed by its holder.
//   - What was dropped is remembered until its end is told, or until the operation is over
//     whoever was told.
//   - All blocks are offlined before one is removed. If one refuses, the others are onlined
//     again; nothing has to be added back.
//   - What is taken is reserved in the tree of resources, so that nobody else can add it.
//   - Memory is cleared before anybody can see it, and nobody is reading it any more when it
//     is unmapped: its files go first, and that waits for readers.
//   - The array has room for every node, as nodes may come online meanwhile.
//   - What is recorded is given back before anything else is done, whether the call that
//     recorded it succeeded or not.
#include <algorithm>

#include "model/drivers/memtrace.h"
#include "model/mm/add_remove.h"
#include "model/mm/isolation.h"
#include "model/mm/memory.h"
#include "model/mm/page.h"
#include "model/mm/resource.h"
#include "model/mm/zone.h"

namespace hotplug::drivers {

namespace {

using mm::BlockId;
using mm::NodeId;
using mm::Pfn;

struct State {
  memtrace::Module module;
  memtrace::AllocInfo info;  // of the one writer that has the mutex
  // The pages whose references are dropped.
  uint32_t dropped_pfn;
  uint32_t nr_dropped;
};

State& state() { return *sim::machine->Get<State>(kDriverRegion); }

void Init(uint32_t) {
  sim::machine->Carve<State>(kDriverRegion, 1, true);
  memtrace::InitModule(memtrace::kMutex | memtrace::kSizeFirst | memtrace::kFilesFirst |
                       memtrace::kAllNodes);
}

void Retake() {
  State& s = state();
  const Pfn start{s.dropped_pfn};
  for (Pfn pfn = start; pfn < start + s.nr_dropped; ++pfn) mm::page_ref_unfreeze(pfn, 1);
  s.nr_dropped = 0;
}

// Drops the references of [start, end), or of none if somebody else holds one.
bool Drop(Pfn start, Pfn end) {
  State& s = state();
  s.dropped_pfn = start.v;
  for (s.nr_dropped = 0; start + s.nr_dropped < end; ++s.nr_dropped) {
    if (mm::page_ref_freeze(start + s.nr_dropped, 1)) continue;
    Retake();
    return false;
  }
  return true;
}

int32_t memtrace_memory_notifier_cb(const mm::notifier_block&, uint32_t action,
                                    const mm::memory_notify_arg& arg) {
  State& s = state();
  const Pfn start{std::max(s.info.base_pfn, arg.start_pfn.v)};
  const Pfn end{std::min(s.info.base_pfn + s.info.nr_pages, arg.start_pfn.v + arg.nr_pages)};
  if (!(start < end)) return mm::NOTIFY_OK;
  switch (action) {
    case mm::MEM_GOING_OFFLINE:
      if (!Drop(start, end)) return mm::notifier_from_errno(-EBUSY);
      break;
    case mm::MEM_CANCEL_OFFLINE:
      Retake();  // of none, if they were not dropped
      break;
    case mm::MEM_OFFLINE:
      s.nr_dropped = 0;
      break;
    default:
      break;
  }
  return mm::NOTIFY_OK;
}

// Offlines the blocks of a range in order; `*end` is where it stopped.
int OfflineBlocks(Pfn base, uint32_t nr_pages, Pfn* end) {
  for (*end = base; *end < base + nr_pages; *end = *end + mm::PagesPerBlock()) {
    const int rc = mm::device_offline(mm::BlockOf(*end));
    if (rc != 0) {
      Retake();  // CANCEL may not have come to us
      return rc;
    }
    state().nr_dropped = 0;  // nor OFFLINE
  }
  return 0;
}

// Whoever refuses has the block offline and can online it later.
void OnlineBlocks(Pfn start, Pfn end) {
  for (Pfn pfn = start; pfn < end; pfn = pfn + mm::PagesPerBlock()) {
    mm::device_online(mm::BlockOf(pfn));
  }
}

// One by one: a range over several "System RAM" entries, as they are after memory has come back
// piece by piece, would release none of them, and could never be added again.
void RemoveBlocks(Pfn start, Pfn end) {
  for (Pfn pfn = start; pfn < end; pfn = pfn + mm::PagesPerBlock()) {
    mm::__remove_memory(mm::BlockOf(pfn), 1);
  }
}

// True if all of the range has been removed; else it is Linux's.
bool Remove(Pfn base, uint32_t nr_pages) {
  lockdep_assert_held(mm::mm().device_hotplug_lock);
  memtrace::AllocInfo& info = state().info;
  memtrace::PrepareInfo(&info, base, nr_pages);
  memtrace::ClearRange(base, nr_pages);
  for (Pfn pfn = base; pfn < base + nr_pages; ++pfn) mm::__SetPageOffline(pfn);
  mm::register_memory_notifier(info.memory_notifier);
  Pfn end{};
  const int rc = OfflineBlocks(base, nr_pages, &end);
  mm::unregister_memory_notifier(info.memory_notifier);
  if (rc != 0) {
    memtrace::FreePages(end, base + nr_pages);
    OnlineBlocks(base, end);
    return false;
  }
  RemoveBlocks(base, base + nr_pages);
  mm::request_mem_region(mm::BlockOf(base), nr_pages / mm::PagesPerBlock());
  mm::ClaimRange(base, nr_pages);
  return true;
}

Pfn memtrace_alloc_node(NodeId nid, uint64_t nr_pages) {
  if (!mm::node_spanned_pages(nid)) return Pfn{mm::kNoPfn};
  mm::lock_device_hotplug();
  Pfn base = mm::alloc_contig_pages(nr_pages, nid);
  const bool allocated = base.v != mm::kNoPfn;
  if (allocated && !Remove(base, static_cast<uint32_t>(nr_pages))) base = Pfn{mm::kNoPfn};
  mm::unlock_device_hotplug();
  return base;
}

int memtrace_free_node(NodeId nid, Pfn start, uint32_t nr_pages) {
  const BlockId first = mm::BlockOf(start);
  const uint32_t nr_blocks = nr_pages / mm::PagesPerBlock();
  mm::lock_device_hotplug();
  const int rc = memtrace::AddReserved(nid, first, nr_blocks);
  if (rc == 0 && !mm::memhp_auto_online()) OnlineBlocks(start, start + nr_pages);
  mm::unlock_device_hotplug();
  return rc;
}

constexpr memtrace::Algorithm kAlgorithm = {&memtrace_alloc_node, &memtrace_free_node};

int EnableSet(uint64_t value) {
  const bool reserved = memtrace::module().memtrace_array != 0;
  if (reserved && memtrace::online(kAlgorithm) != 0) return -EAGAIN;
  return value == 0 ? 0 : memtrace::reserve(value, kAlgorithm);
}

int memtrace_enable_set(uint64_t value) {
  if (!memtrace::IsSize(value)) return -EINVAL;
  return memtrace::Ordered([value] { return EnableSet(value); });
}

}  // namespace

const Driver kHardened = {
    kHardenedRow.name,
    kHardenedRow.sentence,
    "memtrace_memory_notifier_cb",
    &Init,
    {&memtrace_enable_set, &memtrace::enable_get},
    &memtrace_memory_notifier_cb,
    &memtrace::Ranges,
    memtrace::kTrace,
};

}  // namespace hotplug::drivers
