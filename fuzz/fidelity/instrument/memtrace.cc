// SPDX-License-Identifier: GPL-2.0-or-later
//
// The notifier and the function body of the RFC, in the pieces that the module's commands
// have them in. The notifier's callback is the one that is fuzzed (rfc_callback.h); FIX is the same
// with its two plain mistakes corrected.
#include "fuzz/fidelity/instrument/state.h"
#include "model/drivers/rfc_callback.h"
#include "model/mm/add_remove.h"
#include "model/mm/isolation.h"
#include "model/mm/memory.h"

namespace hotplug::instrument {

using mm::BlockId;
using mm::NodeId;
using mm::Pfn;
namespace rfc = drivers::rfc;

namespace {

enum : uint32_t { kRfc, kFix };

Memtrace& memtrace() { return state().memtrace; }

// The callback of a kind, with its own static flag.
rfc::Callback CallbackOf(uint32_t kind) {
  Memtrace& m = memtrace();
  const bool fixed = kind == kFix;
  return {
      .base = Pfn{m.watched_pfn},
      .nr_pages = m.watched_pages,
      .going_offline = &m.going_offline[kind],
      .refuses_offlining = false,
      .fixes = {.errno_helper = fixed, .block_flag = false, .clear_flag = fixed, .freeze = false}};
}

}  // namespace

int32_t MemtraceCall(const mm::notifier_block& nb, uint32_t action,
                     const mm::memory_notify_arg& arg) {
  const rfc::Callback callback = CallbackOf(nb.data);
  if (!rfc::Concerns(callback, arg)) return mm::NOTIFY_OK;
  ShowEvent(nb, action, arg, rfc::Answer(callback, action),
            static_cast<int32_t>(*callback.going_offline));
  return rfc::memtrace_memory_notifier_cb(callback, action, arg);
}

// ---- Commands ----

namespace {

// Registers the notifier of a kind for the range of the allocation.
void Register(uint32_t kind, int32_t priority) {
  Memtrace& m = memtrace();
  m.watched_pfn = m.base_pfn;
  m.watched_pages = m.nr_pages;
  m.registered = static_cast<uint8_t>(kind + 1);
  mm::notifier_block& nb = m.nb[kind];
  nb = mm::notifier_block{};
  nb.priority = priority;
  nb.notifier_call = mm::kDriverCall;
  nb.data = static_cast<uint16_t>(kind);
  nb.name = static_cast<uint16_t>(kind == kRfc ? kRfcName : kFixName);
  mm::register_memory_notifier(nb);
}

// Somebody else may have done it meanwhile.
void Unregister() {
  Memtrace& m = memtrace();
  if (m.registered == 0) return;
  mm::unregister_memory_notifier(m.nb[m.registered - 1u]);
  m.registered = 0;
}

// Whether a notifier of this kind can be registered: there is none, and none that is on its way
// out of the chain.
bool CanRegister(uint32_t kind) {
  return memtrace().registered == 0 && !mm::IsRegistered(memtrace().nb[kind]);
}

// True if each page is as mtalloc has left it, or has more references.
bool CanBeFreed(Pfn start, Pfn end) {
  for (Pfn pfn = start; pfn < end; ++pfn) {
    const mm::page* p = mm::pfn_to_online_page(pfn);
    if (p == nullptr || !mm::PageOffline(*p) || p->refcount <= 0) return false;
  }
  return true;
}

void FreePages(Pfn start, Pfn end) {
  for (Pfn pfn = start; pfn < end; ++pfn) mm::__ClearPageOffline(pfn);
  sim::sched_point(kTpMtFree, start.v, end - start);
  mm::free_contig_range(start, end - start);
}

// Blocks that are gone come back: added as one range, onlined one by one until one refuses.
void ReaddMemory(BlockId start, uint32_t nr_blocks) {
  const int rc = AddMemory(start, nr_blocks, false);
  sim::sched_point(kTpMtAddMemory, static_cast<uint32_t>(rc));
  if (rc != 0) return;
  mm::lock_device_hotplug();
  for (uint32_t i = 0; i < nr_blocks; ++i) {
    const int online = mm::device_online(start + i);
    sim::sched_point(kTpMtDeviceOnline, start.v + i, static_cast<uint32_t>(online));
    if (online != 0) break;
  }
  mm::unlock_device_hotplug();
}

// Removes blocks from Linux until one refuses, which is *stopped_at; else that is `end`.
int RemoveBlocks(BlockId start, BlockId end, BlockId* stopped_at) {
  int rc = 0;
  BlockId block = start;
  for (; block < end; ++block) {
    rc = mm::offline_and_remove_memory(block);
    sim::sched_point(kTpMtOffline, block.v, static_cast<uint32_t>(rc));
    if (rc != 0) break;
  }
  *stopped_at = block;
  return rc;
}

}  // namespace

int Mtalloc(const Work& w) {
  Memtrace& m = memtrace();
  if (m.nr_pages != 0) return -EEXIST;
  if (w.count == 0 || w.count > kMaxBlocks || (w.count & (w.count - 1)) != 0) return -EINVAL;
  const uint32_t nr_pages = w.count * mm::PagesPerBlock();
  const Pfn base = mm::alloc_contig_pages(nr_pages, NodeId{0}, mm::kInstrument);
  if (base.v == mm::kNoPfn) return -ENOMEM;
  m.base_pfn = base.v;
  m.nr_pages = nr_pages;
  for (Pfn pfn = base; pfn < base + nr_pages; ++pfn) mm::__SetPageOffline(pfn);
  sim::sched_point(kTpMtAlloc, base.v, w.count);
  return 0;
}

int Mtreg(const Work& w) {
  if (memtrace().nr_pages == 0) return -ENOENT;
  const uint32_t kind = w.fixed ? kFix : kRfc;
  if (!CanRegister(kind)) return -EINVAL;
  Register(kind, static_cast<int32_t>(w.value));
  return 0;
}

int Mtunreg(const Work&) {
  if (memtrace().registered == 0) return -ENOENT;
  Unregister();
  return 0;
}

int Mtrun(const Work& w) {
  Memtrace& m = memtrace();
  if (m.nr_pages == 0) return -EINVAL;
  const Pfn base{m.base_pfn};
  const Pfn end = base + m.nr_pages;
  const uint32_t kind = w.fixed ? kFix : kRfc;
  if (!CanRegister(kind) || !CanBeFreed(base, end)) return -EPERM;
  const BlockId start = mm::BlockOf(base);
  const BlockId end_block = mm::BlockOf(end);
  Register(kind, 0);
  BlockId kept{};
  const int rc = RemoveBlocks(start, end_block, &kept);
  Unregister();
  if (rc == 0) {
    sim::sched_point(kTpMtDone, base.v);
  } else {
    for (BlockId b = kept; b < end_block; ++b) sim::sched_point(kTpMtPages, b.v);
    if (kept != start) ReaddMemory(start, kept - start);
    FreePages(mm::FirstPfn(kept), end);
  }
  m.nr_pages = 0;
  return rc;
}

int Mtfree(const Work& w) {
  Memtrace& m = memtrace();
  if (m.nr_pages == 0) return -ENOENT;
  Pfn start{m.base_pfn};
  Pfn end = start + m.nr_pages;
  if (w.count != 0) {
    const uint32_t blocks = m.nr_pages / mm::PagesPerBlock();
    const uint32_t skipped = w.block - mm::BlockOf(start).v;
    if (skipped >= blocks || w.count > blocks - skipped) return -EINVAL;
    start = mm::FirstPfn(BlockId{w.block});
    end = start + w.count * mm::PagesPerBlock();
  }
  if (m.registered != 0 || !CanBeFreed(start, end)) return -EPERM;
  m.nr_pages = 0;
  FreePages(start, end);
  return 0;
}

int Mtfreeok(const Work&) {
  Memtrace& m = memtrace();
  if (m.nr_pages == 0) return -ENOENT;
  if (m.registered != 0) return -EPERM;
  const Pfn end = Pfn{m.base_pfn} + m.nr_pages;
  for (Pfn pfn{m.base_pfn}; pfn < end; pfn = pfn + mm::PagesPerBlock()) {
    if (CanBeFreed(pfn, pfn + mm::PagesPerBlock())) {
      FreePages(pfn, pfn + mm::PagesPerBlock());
    } else {
      sim::sched_point(kTpMtForgotten, mm::BlockOf(pfn).v);
    }
  }
  m.nr_pages = 0;
  return 0;
}

int Mtforget(const Work&) {
  memtrace().nr_pages = 0;
  return 0;
}

int64_t MtBase() { return memtrace().nr_pages == 0 ? -1 : int64_t{memtrace().base_pfn}; }

}  // namespace hotplug::instrument
