// SPDX-License-Identifier: GPL-2.0-or-later
//
// Commands that take single pages, so that a block cannot be offlined.
#include "fuzz/fidelity/instrument/state.h"
#include "model/mm/buddy.h"
#include "model/mm/isolation.h"

namespace hotplug::instrument {

using mm::BlockId;
using mm::Pfn;

namespace {

uint32_t CountOf(Pfn pfn) { return static_cast<uint32_t>(mm::PageAt(pfn).refcount); }

// One page for the module, which puts none of its pages on the LRU.
Pfn TakePage(bool movable) { return mm::alloc_pages(mm::NodeId{0}, movable, 0, mm::kInstrument); }

// Pages that were taken in vain, linked as they are on a free list.
void FreeList(uint32_t first) {
  while (first != mm::kNoPfn) {
    const Pfn pfn{first};
    first = mm::PageAt(pfn).next;
    mm::PageAt(pfn).next = mm::kNoPfn;
    mm::__free_page(pfn);
  }
}

}  // namespace

// ---- Hold ----

int Hold(const Work& w) {
  State& s = state();
  if (s.held_pfn != mm::kNoPfn) return -EBUSY;
  uint32_t others = mm::kNoPfn;
  uint32_t tries = 0;
  while (s.held_pfn == mm::kNoPfn) {
    const Pfn pfn = TakePage(w.fixed);
    if (pfn.v == mm::kNoPfn) break;
    ++tries;
    if (mm::BlockOf(pfn).v == w.block) {
      s.held_pfn = pfn.v;
    } else {
      mm::PageAt(pfn).next = others;
      others = pfn.v;
    }
  }
  const bool found = s.held_pfn != mm::kNoPfn;
  if (found) sim::sched_point(kTpHold, s.held_pfn, CountOf(Pfn{s.held_pfn}), tries);
  FreeList(others);
  return found ? 0 : -ENOMEM;
}

int Unhold(const Work&) {
  const Pfn pfn{state().held_pfn};
  if (pfn.v == mm::kNoPfn) return -ENOENT;
  state().held_pfn = mm::kNoPfn;
  mm::__free_page(pfn);
  return 0;
}

// ---- Pin ----

int Pinlru(const Work& w) {
  State& s = state();
  if (s.pinned_pfn != mm::kNoPfn) return -EBUSY;
  const Pfn start = mm::FirstPfn(BlockId{w.block});
  for (Pfn pfn = start; pfn < start + mm::PagesPerBlock(); ++pfn) {
    const mm::page* p = mm::pfn_to_online_page(pfn);
    if (p == nullptr || !mm::PageLRU(*p) || !mm::get_page_unless_zero(pfn)) continue;
    s.pinned_pfn = pfn.v;
    sim::sched_point(kTpPin, pfn.v, CountOf(pfn));
    return 0;
  }
  return -ENOENT;
}

int Unpin(const Work&) {
  const Pfn pfn{state().pinned_pfn};
  if (pfn.v == mm::kNoPfn) return -ENOENT;
  state().pinned_pfn = mm::kNoPfn;
  mm::put_page(pfn);
  return 0;
}

// ---- Grab ----

int Grab(const Work& w) {
  State& s = state();
  if (w.value < 0 || w.value >= mm::PagesPerBlock()) return -EINVAL;
  const Pfn pfn = mm::FirstPfn(BlockId{w.block}) + static_cast<uint32_t>(w.value);
  if (mm::pfn_to_online_page(pfn) == nullptr) return -ENODEV;
  if (s.nr_grabbed == kMaxGrabbed) return -ENOSPC;
  if (mm::FreeChunkHead(pfn).v == mm::kNoPfn) return -EBUSY;
  const int rc = mm::alloc_contig_range(pfn, pfn + 1, mm::kInstrument);
  if (rc != 0) return rc;
  // Others may have grabbed theirs meanwhile.
  if (s.nr_grabbed == kMaxGrabbed) {
    mm::__free_page(pfn);
    return -ENOSPC;
  }
  s.grabbed[s.nr_grabbed++] = pfn.v;
  sim::sched_point(kTpGrab, pfn.v, CountOf(pfn));
  return 0;
}

int Ungrab(const Work& w) {
  State& s = state();
  int rc = -ENOENT;
  for (uint32_t i = 0; i < s.nr_grabbed;) {
    const Pfn pfn{s.grabbed[i]};
    if (w.block != kAny && w.block != mm::BlockOf(pfn).v) {
      ++i;
      continue;
    }
    --s.nr_grabbed;
    for (uint32_t k = i; k < s.nr_grabbed; ++k) s.grabbed[k] = s.grabbed[k + 1];
    sim::sched_point(kTpUngrab, pfn.v);
    mm::__free_page(pfn);
    rc = 0;
  }
  return rc;
}

}  // namespace hotplug::instrument
