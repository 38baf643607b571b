// SPDX-License-Identifier: GPL-2.0-or-later
//
// memtrace as it was merged instead of the RFC (5.11; kernel-facts 7): contiguous pages are
// cleared, marked PageOffline and taken out of the linear mapping. Their blocks stay online,
// nothing is offlined or removed, and a mutex orders the writers of `enable`. What the pages
// contain and what is mapped is not in the model; that it takes time is.
#include <iterator>

#include "model/drivers/memtrace.h"
#include "model/mm/isolation.h"
#include "model/mm/memory.h"
#include "model/mm/page.h"

namespace hotplug::drivers {

namespace {

using mm::NodeId;
using mm::Pfn;

constexpr mm::Fix kFixes[] = {memtrace::kSizeFirstFix};

void Init(uint32_t fixes) {
  sim::machine->Carve<memtrace::Module>(kDriverRegion, 1, true);
  memtrace::InitModule(fixes | memtrace::kMutex);
}

Pfn memtrace_alloc_node(NodeId nid, uint64_t size) {
  const Pfn base = mm::alloc_contig_pages(size, nid);
  if (base.v == mm::kNoPfn) return base;
  const auto nr_pages = static_cast<uint32_t>(size);
  mm::preempt_point(kTpClearRange, base.v, nr_pages);
  for (Pfn pfn = base; pfn < base + nr_pages; ++pfn) mm::__SetPageOffline(pfn);
  mm::arch_remove_linear_mapping(base, nr_pages);
  mm::ClaimRange(base, nr_pages);
  return base;
}

int memtrace_free(NodeId, Pfn start, uint32_t nr_pages) {
  const int rc = mm::arch_create_linear_mapping(start, nr_pages);
  if (rc == 0) memtrace::FreePages(start, start + nr_pages);
  return rc;
}

constexpr memtrace::Algorithm kAlgorithm = {&memtrace_alloc_node, &memtrace_free, kTpLogFreed,
                                            kTpLogFreeFailed};

// Whatever fails is EAGAIN.
int EnableSet(uint64_t value) {
  if (memtrace::module().memtrace_size != 0 && memtrace::online(kAlgorithm) != 0) return -EAGAIN;
  return value == 0 || memtrace::reserve(value, kAlgorithm) == 0 ? 0 : -EAGAIN;
}

int memtrace_enable_set(uint64_t value) {
  if (value % kBlockBytes != 0) {
    mm::printk(kTpLogUnaligned);
    return -EINVAL;
  }
  return memtrace::Ordered([value] { return EnableSet(value); });
}

}  // namespace

extern const Driver kMerged;
const Driver kMerged = {
    .name = "merged",
    .sentence = "powerpc/memtrace of 5.11: contiguous pages out of the linear mapping, no hotplug",
    .callback = "none",
    .init = &Init,
    .enable = {&memtrace_enable_set, &memtrace::enable_get},
    .notifier_call = nullptr,
    .ranges = &memtrace::Ranges,
    .keeps_blocks = true,
    .fixes = {kFixes, std::size(kFixes)},
};

}  // namespace hotplug::drivers
