// SPDX-License-Identifier: GPL-2.0-or-later
//
// memtrace before the RFC (kernel-facts 6.0), with the sizes that its first patch allows: it looks
// for a range of blocks from the top of a node down, writes their states by hand, offlines all of
// it in one call, whoever uses the memory, and removes it block by block. device_hotplug_lock is
// held from the first candidate to the end. No page is allocated, none is PageOffline, no notifier
// is needed.
#include <algorithm>

#include "model/drivers/memtrace.h"
#include "model/mm/add_remove.h"
#include "model/mm/hotplug.h"
#include "model/mm/memory.h"
#include "model/mm/tracepoints.h"
#include "model/mm/zone.h"

namespace hotplug::drivers {

namespace {

using mm::BlockId;
using mm::NodeId;
using mm::Pfn;

constexpr mm::Fix kBounded = {memtrace::OwnBit(0), "bounded",
                              "the search for memory ends where the node does"};
constexpr mm::Fix kFixes[] = {memtrace::kSizeFirst, memtrace::kMutex,    memtrace::kFilesFirst,
                              memtrace::kClear,     memtrace::kAllNodes, kBounded};

void Init(uint32_t fixes) {
  sim::machine->Carve<memtrace::Module>(kDriverRegion, 1, true);
  memtrace::InitModule(fixes);
}

// walk_memory_blocks() visits the blocks that are there.
template <class F>
void ForEachBlock(BlockId first, uint32_t nr_blocks, F f) {
  for (uint32_t i = 0; i < nr_blocks; ++i) {
    if (mm::Present(first + i)) f(first + i);
  }
}

void change_memblock_state(BlockId first, uint32_t nr_blocks, uint32_t state) {
  ForEachBlock(first, nr_blocks, [state](BlockId b) {
    mm::SetState(b, state);
    mm::preempt_point(mm::kTpBlockState, b.v, state);
  });
}

// dev->offline of the blocks stays as it is.
bool memtrace_offline_pages(BlockId first, uint32_t nr_blocks) {
  bool online = true;
  ForEachBlock(first, nr_blocks,
               [&online](BlockId b) { online = online && mm::BlockAt(b).state == mm::MEM_ONLINE; });
  if (!online) return false;
  change_memblock_state(first, nr_blocks, mm::MEM_GOING_OFFLINE);
  const bool offline = mm::offline_pages(first, nr_blocks) == 0;
  change_memblock_state(first, nr_blocks, offline ? mm::MEM_OFFLINE : mm::MEM_ONLINE);
  return offline;
}

// The first pfn of the first candidate, from `highest` down to but not including `start`, that can
// be offlined; kNoPfn without one. Where `highest`, or what lies below the lowest candidate, wraps
// around, the candidates go on at the other end of the address space, and there are more of them
// than anybody can wait for.
Pfn OfflineCandidate(uint64_t start, uint64_t highest, uint64_t end, uint64_t nr_pages) {
  lockdep_assert_held(mm::mm().device_hotplug_lock);
  constexpr uint64_t kNone = mm::kNoPfn;
  // More blocks than any machine has: one of them is missing.
  const auto nr_blocks =
      static_cast<uint32_t>(std::min<uint64_t>(nr_pages / mm::PagesPerBlock(), kMaxBlocks + 1));
  for (uint64_t pfn = highest; pfn > start; pfn -= nr_pages) {
    if (memtrace::Has(kBounded) && pfn > end) break;
    const Pfn candidate{static_cast<uint32_t>(std::min(pfn, kNone))};
    mm::preempt_point(kTpCandidate, candidate.v);
    if (memtrace_offline_pages(mm::BlockOf(candidate), nr_blocks)) return candidate;
  }
  return Pfn{mm::kNoPfn};
}

void RemoveBlocks(Pfn base, uint32_t nr_pages) {
  if (memtrace::Has(memtrace::kClear)) memtrace::ClearRange(base, nr_pages);
  for (Pfn pfn = base; pfn < base + nr_pages; pfn = pfn + mm::PagesPerBlock()) {
    mm::__remove_memory(mm::BlockOf(pfn), 1);
  }
  mm::NewInstance(base, nr_pages);
  mm::ClaimRange(base, nr_pages);
}

Pfn memtrace_alloc_node(NodeId nid, uint64_t nr_pages) {
  if (!mm::node_spanned_pages(nid)) return Pfn{mm::kNoPfn};
  const uint64_t end = mm::node_end_pfn(nid);
  const uint64_t highest = (end - nr_pages) & ~(nr_pages - 1);
  const uint64_t start = mm::node_start_pfn(nid);
  mm::lock_device_hotplug();
  const Pfn base = OfflineCandidate(start, highest, end, nr_pages);
  if (base.v != mm::kNoPfn) RemoveBlocks(base, static_cast<uint32_t>(nr_pages));
  mm::unlock_device_hotplug();
  return base;
}

int memtrace_free_node(NodeId nid, Pfn start, uint32_t nr_pages) {
  return memtrace::AddAndOnline(nid, mm::BlockOf(start), nr_pages / mm::PagesPerBlock());
}

constexpr memtrace::Algorithm kAlgorithm = {&memtrace_alloc_node, &memtrace_free_node};

int EnableSet(uint64_t value) {
  if (memtrace::module().memtrace_size != 0 && memtrace::online(kAlgorithm) != 0) return -EAGAIN;
  return value == 0 ? 0 : memtrace::reserve(value, kAlgorithm);
}

int memtrace_enable_set(uint64_t value) {
  if (!memtrace::IsAligned(value)) return -EINVAL;
  return memtrace::Ordered([value] { return EnableSet(value); });
}

}  // namespace

const Driver kLegacy = {
    .name = kLegacyRow.name,
    .sentence = kLegacyRow.sentence,
    .callback = "none",
    .init = &Init,
    .enable = {&memtrace_enable_set, &memtrace::enable_get},
    .notifier_call = nullptr,
    .ranges = &memtrace::Ranges,
    .trace = memtrace::kTrace,
    .fixes = mm::Fixes(kFixes),
};

}  // namespace hotplug::drivers
