// SPDX-License-Identifier: GPL-2.0-or-later
//
// memtrace as it was merged instead of the RFC (5.11; kernel-facts 7): contiguous pages are
// cleared, marked PageOffline and taken out of the linear mapping. Their blocks stay online,
// nothing is offlined or removed, and a mutex orders the writers of `enable`. Whether pages are in
// the linear mapping is not in the model; that taking them out takes time is.
//
// What has changed since are switches, a row for each version; code reads a switch and never a
// driver's name.
#include "model/drivers/memtrace.h"
#include "model/mm/isolation.h"
#include "model/mm/memory.h"
#include "model/mm/page.h"

namespace hotplug::drivers {

namespace {

using mm::NodeId;
using mm::Pfn;

constexpr mm::Fix kFileGet = {
    memtrace::OwnBit(0), "file_get",
    "operations of `trace` call debugfs_file_get() and debugfs_file_put()"};
constexpr mm::Fix kRevoke = {memtrace::OwnBit(1), "revoke",
                             "what user space has mapped is unmapped before it is given back"};

// The first three are of both, the others of a `trace` that can be mapped.
constexpr uint32_t kCommonFixes = 3;
constexpr mm::Fix kFixes[] = {memtrace::kSizeFirst, memtrace::kFilesFirst, memtrace::kAllNodes,
                              kFileGet, kRevoke};

struct Variant {
  bool flush;         // the cache is flushed, too, before the range is used cache-inhibited
  bool unsafe_files;  // debugfs_create_file_unsafe()
  mm::debugfs_fops trace;
  mm::Fixes fixes;
};

enum Row : uint32_t { k5_11, k6_1 };

// clang-format off
constexpr Variant kVariants[] = {
    {.flush = false, .unsafe_files = false, .trace = memtrace::kTrace,
     .fixes = mm::Fixes(kFixes, kCommonFixes)},
    {.flush = true, .unsafe_files = true,
     .trace = {.read = &memtrace::trace_read, .mmap = &memtrace::trace_mmap},
     .fixes = mm::Fixes(kFixes)},
};
// clang-format on

struct State {
  memtrace::Module module;
  uint64_t row;  // of kVariants
};

const Variant& variant() { return kVariants[sim::machine->Get<State>(kDriverRegion)->row]; }

template <Row kRow>
void Init(uint32_t fixes) {
  sim::machine->Carve<State>(kDriverRegion, 1, true)->row = kRow;
  memtrace::InitModule(fixes | memtrace::kMutex);
}

// memtrace_clear_range(). The flush gives way after each chunk.
void ClearRange(Pfn start, uint32_t nr_pages) {
  constexpr uint32_t kFlushChunkShift = 30;  // SZ_1G
  memtrace::ClearRange(start, nr_pages);
  if (!variant().flush) return;
  const uint32_t chunk = 1u << (kFlushChunkShift - mm::PageShift());
  for (uint32_t i = 0; i < nr_pages; i += chunk) {
    mm::preempt_point(kTpFlushRange, (start + i).v);
  }
}

Pfn memtrace_alloc_node(NodeId nid, uint64_t size) {
  const Pfn base = mm::alloc_contig_pages(size, nid);
  if (base.v == mm::kNoPfn) return base;
  const auto nr_pages = static_cast<uint32_t>(size);
  ClearRange(base, nr_pages);
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

memtrace::Algorithm AlgorithmOf(const Variant& v) {
  return {.alloc_node = &memtrace_alloc_node,
          .free_node = &memtrace_free,
          .log_freed = kTpLogFreed,
          .log_free_failed = kTpLogFreeFailed,
          .unsafe_files = v.unsafe_files && !memtrace::Has(kFileGet),
          .revoke = memtrace::Has(kRevoke)};
}

// Whatever fails is EAGAIN.
int EnableSet(uint64_t value) {
  const memtrace::Algorithm algorithm = AlgorithmOf(variant());
  if (memtrace::module().memtrace_size != 0 && memtrace::online(algorithm) != 0) return -EAGAIN;
  return value == 0 || memtrace::reserve(value, algorithm) == 0 ? 0 : -EAGAIN;
}

int memtrace_enable_set(uint64_t value) {
  if (!memtrace::IsAligned(value)) return -EINVAL;
  return memtrace::Ordered([value] { return EnableSet(value); });
}

template <Row kRow>
constexpr Driver DriverOf(const DriverRow& row) {
  return {
      .name = row.name,
      .sentence = row.sentence,
      .callback = "none",
      .init = &Init<kRow>,
      .enable = {&memtrace_enable_set, &memtrace::enable_get},
      .notifier_call = nullptr,
      .ranges = &memtrace::Ranges,
      .trace = kVariants[kRow].trace,
      .keeps_blocks = true,
      .fixes = kVariants[kRow].fixes,
  };
}

}  // namespace

const Driver kMerged = DriverOf<k5_11>(kMergedRow);
const Driver kMerged6_1 = DriverOf<k6_1>(kMerged6_1Row);

}  // namespace hotplug::drivers
