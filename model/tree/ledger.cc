// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/tree/ledger.h"

#include <algorithm>

#include "model/sim/sched.h"
#include "model/tree/driver.h"
#include "model/tree/host.h"
#include "model/tree/state.h"
#include "model/tree/view.h"
#include "model/tree/world.h"

namespace hotplug::tree {

using world::BlockId;
using world::GhostAt;
using world::Owner;
using world::PageGhost;
using world::Pfn;
using world::Phase;

bool IsTold(uint64_t pfn) { return InTask() && pfn < kMaxPfn && world::PfnExists(PfnOf(pfn)); }

void SetOwners(Pfn start, uint64_t nr, Owner owner) {
  for (Pfn pfn = start; pfn < start + static_cast<uint32_t>(nr); ++pfn) world::SetOwner(pfn, owner);
}

namespace {

bool IsFree(Owner o) { return o == world::kBuddy || o == world::kFreeing; }

// ---- References ---------------------------------------------------------------------------------

// How many references a page's owner has now. Inside its callback, of the blocks that this is
// about, that is on its way from what it might hold to what it may.
int OwnersReferences(Pfn pfn, const PageGhost& g) {
  const world::Ledger& l = world::ledger();
  const uint32_t block = world::BlockIndex(world::BlockOf(pfn));
  const bool changing = world::IsInstance(g.owner) && g.owner == l.callback_owner;
  if (changing && (l.op.blocks >> block & 1) != 0) return 1 - g.dropped;
  return static_cast<int>(world::Entitled(g, block));
}

// Whoever is not a page's owner has a reference for a moment. The owner's is the last to go.
void PageRef(uint64_t at, int by, int count, const void* caller) {
  if (!IsTold(at)) return;
  const Pfn pfn = PfnOf(at);
  if (IsOfDriver(caller)) {
    world_of_machine().Enter(KernelFrame(__builtin_frame_address(0)));
    return DriverReference(pfn, by, count);
  }
  PageGhost& g = world::Touch(pfn);
  if (by > 0) {
    g.transient = static_cast<uint8_t>(g.transient + by);
    return;
  }
  const int others = count - OwnersReferences(pfn, g);
  g.transient = static_cast<uint8_t>(std::clamp(others, 0, int{g.transient}));
}

// A count out of nothing: the core takes the page from the allocator, or makes its struct page.
void PageSet(uint64_t at, int count) {
  if (!IsTold(at)) return;
  const Pfn pfn = PfnOf(at);
  const PageGhost& g = world::Touch(pfn);
  if (count > 0 && (IsFree(g.owner) || g.owner == world::kNobody)) {
    world::SetOwner(pfn, world::kCore);
  }
}

// ---- Owners -------------------------------------------------------------------------------------

void PageAllocated(uint64_t pfn, uint64_t nr) {
  if (IsTold(pfn)) SetOwners(PfnOf(pfn), nr, world::kCore);
}

void PageFreed(uint64_t pfn, uint64_t nr) {
  if (!IsTold(pfn)) return;
  State& s = state();
  SetOwners(PfnOf(pfn), nr, world::kFreeing);
  if (s.nr_freeing == kMaxFreeing) SettlePages();
  if (s.nr_freeing == kMaxFreeing) return;  // their owner shows what has become of them
  s.freeing[s.nr_freeing++] = {static_cast<uint32_t>(pfn), static_cast<uint32_t>(nr)};
}

// The owner of pages that are given up is the allocation that is over.
void EndAllocation(Pfn pfn) {
  const Owner owner = GhostAt(pfn).owner;
  if (world::IsAllocation(owner)) state().allocations[owner - world::kFirstAllocation].live = false;
}

void PageOwned(uint64_t at, uint64_t nr, int allocation, unsigned int task, int compound) {
  if (!IsTold(at)) return;
  const Pfn pfn = PfnOf(at);
  if (allocation == WORLD_NOBODY) {
    EndAllocation(pfn);
    SetOwners(pfn, nr, world::kNobody);
    return;
  }
  const auto index = static_cast<uint32_t>(allocation);
  state().allocations[index] = {static_cast<uint8_t>(task), true};
  SetOwners(pfn, nr, world::OwnerOfAllocation(index));
  for (uint32_t i = 1; compound != 0 && i < nr; ++i) GhostAt(pfn + i).tail = 1;
}

void PageMoved(uint64_t from, uint64_t to) {
  if (!IsTold(from) || !IsTold(to)) return;
  world::SetOwner(PfnOf(to), GhostAt(PfnOf(from)).owner);
  world::SetOwner(PfnOf(from), world::kNobody);
  ++state().nr_moved;
}

// ---- Pages that come to the allocator -----------------------------------------------------------

// Whether the page lies in a free chunk, or on a per-CPU list.
bool IsWithAllocator(Pfn pfn) {
  for (uint32_t order = 0; order <= world::geometry().max_order; ++order) {
    const Pfn head{pfn.v & ~((1u << order) - 1)};
    if (!world::PfnExists(head)) return false;
    const View::Page p = View::StructPage(head);
    if ((View::page_type(p) & world::kTypeBuddy) != 0 && View::buddy_order(p) >= order) return true;
  }
  return View::on_pcp_list(pfn);
}

// Whether nobody waits for it any more.
bool Settle(Pfn pfn) {
  if (GhostAt(pfn).owner != world::kFreeing) return true;
  if (!IsWithAllocator(pfn)) return false;
  world::SetOwner(pfn, world::kBuddy);
  return true;
}

bool Settle(const Pages& f) {
  bool all = true;
  for (Pfn pfn{f.pfn}; pfn < Pfn{f.pfn} + f.nr; ++pfn) all = Settle(pfn) && all;
  return all;
}

// What is the allocator's, and is nowhere there, has been lost.
void FindLost(BlockId b) {
  for (Pfn pfn = world::FirstPfn(b); pfn < world::FirstPfn(b) + world::PagesPerBlock(); ++pfn) {
    SettleReferences(pfn);
    if (GhostAt(pfn).owner == world::kBuddy && !IsWithAllocator(pfn)) {
      world::SetOwner(pfn, world::kFreeing);
    }
  }
}

bool IsAtRest() { return sim::sim().nr_in_kernel == 0 && world::ledger().transients == 0; }

}  // namespace

void FillLedger(world_host* host) {
  host->page_ref = &PageRef;
  host->page_set = &PageSet;
  host->page_allocated = &PageAllocated;
  host->page_freed = &PageFreed;
  host->page_owned = &PageOwned;
  host->page_moved = &PageMoved;
  FillOperations(host);
}

void FillNoLedger(world_host* host) {
  host->page_ref = [](uint64_t, int, int, const void*) {};
  host->page_set = [](uint64_t, int) {};
  host->page_allocated = host->page_freed = [](uint64_t, uint64_t) {};
  host->page_owned = [](uint64_t, uint64_t, int, unsigned int, int) {};
  host->page_moved = [](uint64_t, uint64_t) {};
  FillNoOperations(host);
}

// A page that is poisoned keeps the reference of who has poisoned it.
void SettleReferences(Pfn pfn) {
  const PageGhost& g = GhostAt(pfn);
  if (g.transient == 0 || (PageAt(pfn).flags & WORLD_PAGE_HWPOISON) != 0) return;
  const uint32_t known = g.walked + kernel().see_cached(pfn.v);
  if (g.transient > known) world::Touch(pfn).transient = static_cast<uint8_t>(known);
}

void SettlePages() {
  State& s = state();
  uint32_t kept = 0;
  for (uint32_t i = 0; i < s.nr_freeing; ++i) {
    if (!Settle(s.freeing[i])) s.freeing[kept++] = s.freeing[i];
  }
  s.nr_freeing = kept;
  world::Ledger& l = world::ledger();
  if (l.busy == 0 || !IsAtRest()) return;
  l.news.accounts = world::Accounts::kSettled;
  for (uint64_t left = l.dirty_blocks; left != 0; left &= left - 1) {
    FindLost(world::BlockNumber(static_cast<uint32_t>(__builtin_ctzll(left))));
  }
}

namespace {

void StartBlock(BlockId b) {
  const world_block block = BlockAt(b);
  if (block.state == WORLD_BLOCK_ABSENT) return;
  const bool online = block.state == WORLD_BLOCK_ONLINE;
  world::SetPhase(b, online ? Phase::kOnline : Phase::kOffline);
  if (!online) return;
  for (Pfn pfn = world::FirstPfn(b); pfn < world::FirstPfn(b) + world::PagesPerBlock(); ++pfn) {
    const bool reserved = View::PageReserved(View::StructPage(pfn));
    world::SetOwner(pfn, reserved ? world::kBoot : world::kBuddy);
  }
}

}  // namespace

void StartLedger() {
  for (uint32_t i = 0; i < world::geometry().nr_blocks; ++i) StartBlock(world::BlockNumber(i));
  world::EndStep(0);
}

}  // namespace hotplug::tree
