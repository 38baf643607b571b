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

namespace {

using world::BlockId;
using world::GhostAt;
using world::Owner;
using world::PageGhost;
using world::Pfn;
using world::Phase;

// What is told of the kernel's own memory, and during the boot, is of no page of the machine.
bool IsTold(uint64_t pfn) {
  return InTask() && pfn < kMaxPfn && world::PfnExists(Pfn{static_cast<uint32_t>(pfn)});
}

Pfn PfnOf(uint64_t pfn) { return Pfn{static_cast<uint32_t>(pfn)}; }

bool IsFree(Owner o) { return o == world::kBuddy || o == world::kFreeing; }

// ---- References ---------------------------------------------------------------------------------

// Whoever is not a page's owner has a reference for a moment. The owner's is the last to go.
void PageRef(uint64_t at, int by, int count, const void* caller) {
  if (!IsTold(at)) return;
  const Pfn pfn = PfnOf(at);
  if (IsOfDriver(caller)) return DriverReference(pfn, by, count);
  PageGhost& g = world::Touch(pfn);
  if (by > 0) {
    g.transient = static_cast<uint8_t>(g.transient + by);
    return;
  }
  const uint32_t block = world::BlockIndex(world::BlockOf(pfn));
  const int others = count - static_cast<int>(world::Entitled(pfn, g.owner, block));
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

void SetOwners(Pfn start, uint64_t nr, Owner owner) {
  for (Pfn pfn = start; pfn < start + static_cast<uint32_t>(nr); ++pfn) world::SetOwner(pfn, owner);
}

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

bool Settle(const FreedPages& f) {
  bool all = true;
  for (Pfn pfn{f.pfn}; pfn < Pfn{f.pfn} + f.nr; ++pfn) all = Settle(pfn) && all;
  return all;
}

// What is the allocator's, and is nowhere there, has been lost.
void FindLost(BlockId b) {
  for (Pfn pfn = world::FirstPfn(b); pfn < world::FirstPfn(b) + world::PagesPerBlock(); ++pfn) {
    if (GhostAt(pfn).owner == world::kBuddy && !IsWithAllocator(pfn)) {
      world::SetOwner(pfn, world::kFreeing);
    }
  }
}

bool IsAtRest() { return sim::sim().nr_in_kernel == 0 && world::ledger().transients == 0; }

// ---- Phases -------------------------------------------------------------------------------------

// The blocks that [start, start + nr) lies in.
struct Blocks {
  BlockId first;
  uint32_t nr;
};

Blocks BlocksOf(uint64_t start, uint64_t nr) {
  const BlockId first = world::BlockOf(PfnOf(start));
  return {first, world::BlockOf(PfnOf(start + nr - 1)) - first + 1};
}

void SetPhase(const Blocks& blocks, Phase phase) {
  for (uint32_t i = 0; i < blocks.nr; ++i) world::SetPhase(blocks.first + i, phase);
}

// Where a block has got to is what counts of a failed operation.
void ChangePhase(const Blocks& blocks, Phase from, Phase to) {
  for (uint32_t i = 0; i < blocks.nr; ++i) {
    if (world::BlockGhostAt(blocks.first + i).phase == from) world::SetPhase(blocks.first + i, to);
  }
}

uint64_t PfnOfBytes(uint64_t address) { return address >> world::PageShift(); }

bool OwnOperation() {
  const world::OperationGhost& op = world::ledger().op;
  return op.blocks != 0 && op.task == sim::current_task().v &&
         world::ledger().news.operation_ended == 0;
}

void ForgetWhoWasAsked() {
  state().asked = 0;
  state().excused = 0;
}

uint32_t CountGoingOffline() {
  uint32_t nr = 0;
  for (uint32_t i = 0; i < world::geometry().nr_blocks; ++i) {
    if (BlockAt(world::BlockNumber(i)).state == WORLD_BLOCK_GOING_OFFLINE) ++nr;
  }
  return nr;
}

bool IsOffliningNow() { return (state().offlining >> sim::current_task().v & 1) != 0; }

void OfflinePagesBegins(const world_call& /*call*/) {
  state().offlining |= static_cast<uint16_t>(1u << sim::current_task().v);
  world::ledger().going_offline = static_cast<uint8_t>(CountGoingOffline());
  ForgetWhoWasAsked();
  sim::loop_begin();
}

void IsolationEnds(const world_call& call, long result) {
  if (result != 0 || !IsOffliningNow()) return;
  const Blocks blocks = BlocksOf(call.args[0], call.args[1] - call.args[0]);
  world::BeginOperation(blocks.first, blocks.nr);
  SetPhase(blocks, Phase::kOfflining);
}

void NoteIsolation(const world_call& call, world_isolation what) {
  const auto* page = reinterpret_cast<const struct page*>(call.args[0]);
  world_of_machine().image().exports().note_isolation(page, what);
}

void IsolatesPageblock(const world_call& call) { NoteIsolation(call, WORLD_ISOLATING); }
void PageblockIsolated(const world_call& call, long result) {
  NoteIsolation(call, static_cast<int>(result) == 0 ? WORLD_ISOLATED : WORLD_NOT_ISOLATED);
}
void PageblockGivenBack(const world_call& call) { NoteIsolation(call, WORLD_UNDONE); }

void IsolationUndone(const world_call& call, long /*result*/) {
  world::UndoneIsolation(world::BlockOf(PfnOf(call.args[0])));
}

void PagesUnlinked(const world_call& call, long /*result*/) {
  const uint64_t nr = call.args[1] - call.args[0];
  for (uint64_t i = 0; i < nr; ++i) GhostAt(PfnOf(call.args[0] + i)).unmanaged = 0;
  SetPhase(BlocksOf(call.args[0], nr), Phase::kCommitted);
  SetOwners(PfnOf(call.args[0]), nr, world::kNobody);
}

// The memmap that a block holds itself lies before what of it goes online and offline.
void SetOwnerOfMemmap(uint64_t behind, Owner owner) {
  for (Pfn pfn = world::FirstPfn(world::BlockOf(PfnOf(behind))); pfn < PfnOf(behind); ++pfn) {
    world::SetOwner(pfn, owner);
    GhostAt(pfn).unmanaged = owner == world::kBoot ? 1 : 0;
  }
}

void OfflinePagesEnds(const world_call& call, long result) {
  const Blocks blocks = BlocksOf(call.args[0], call.args[1]);
  const auto rc = static_cast<int>(result);
  if (OwnOperation()) world::EndOperation(rc == 0);
  if (rc == 0) {
    SetPhase(blocks, Phase::kOffline);
    SetOwnerOfMemmap(call.args[0], world::kNobody);
  } else {
    ChangePhase(blocks, Phase::kOfflining, Phase::kOnline);
  }
  state().offlining &= static_cast<uint16_t>(~(1u << sim::current_task().v));
}

// memmap_init_range(size, nid, zone, start_pfn, ...): every count that it sets is told.
void MemmapBegins(const world_call& call) {
  const uint64_t start = call.args[3];
  if (!IsTold(start)) return;
  SetOwners(PfnOf(start), call.args[0], world::kNobody);
  SetPhase(BlocksOf(start, call.args[0]), Phase::kOnlining);
}

void OnlinePagesBegins(const world_call& /*call*/) { ForgetWhoWasAsked(); }

void OnlinePagesEnds(const world_call& call, long result) {
  const Blocks blocks = BlocksOf(call.args[0], call.args[1]);
  if (static_cast<int>(result) == 0) {
    SetPhase(blocks, Phase::kOnline);
    SetOwnerOfMemmap(call.args[0], world::kBoot);
  } else if (world::BlockGhostAt(blocks.first).phase == Phase::kOnlining) {
    SetPhase(blocks, Phase::kOffline);
    SetOwners(PfnOf(call.args[0]), call.args[1], world::kNobody);
    SetOwnerOfMemmap(call.args[0], world::kNobody);
  }
}

void MemoryAdded(const world_call& call, long result) {
  const uint64_t start = PfnOfBytes(call.args[1]);
  if (static_cast<int>(result) != 0) return;
  const uint64_t nr = PfnOfBytes(call.args[2]);
  SetPhase(BlocksOf(start, nr), Phase::kOffline);
  SetOwners(PfnOf(start), nr, world::kNobody);
}

void MemoryRemoved(const world_call& call) {
  SetPhase(BlocksOf(PfnOfBytes(call.args[0]), PfnOfBytes(call.args[1])), Phase::kAbsent);
}

// ---- Loops that end when somebody else has done something
// ----------------------------------------

// Who moves pages round and round waits for none of them.
void OnceMore(uint32_t pfn) {
  State& s = state();
  const bool moved = s.nr_moved != s.moved_before;
  s.moved_before = s.nr_moved;
  sim::loop_point(moved ? world::kNoPfn : pfn);
  RunCurrentTask();
}

// Once more, because of a page that can be moved and has not been.
void MigrationEnds(const world_call& call, long /*result*/) {
  if (IsOffliningNow()) OnceMore(static_cast<uint32_t>(call.args[0]));
}

// Once more, because of a page that is not free.
void TestEnds(const world_call& /*call*/, long result) {
  if (static_cast<int>(result) != 0 && IsOffliningNow()) OnceMore(state().tested);
}

void RangeTested(uint64_t up_to) { state().tested = static_cast<uint32_t>(up_to); }

// ---- Events -------------------------------------------------------------------------------------

bool IsGoing(uint32_t action) {
  return action == world::MEM_GOING_ONLINE || action == world::MEM_GOING_OFFLINE;
}
bool IsTerminator(uint32_t action) {
  constexpr uint32_t kAll =
      world::MEM_ONLINE | world::MEM_OFFLINE | world::MEM_CANCEL_ONLINE | world::MEM_CANCEL_OFFLINE;
  return (action & kAll) != 0;
}

// At these the accounts of zones are settled; at the others some are changed and some are not. Those
// of the memmap that a block holds itself come before or after.
bool AreAccountsSettled(uint32_t action, Pfn start) {
  if ((start.v & (world::PagesPerBlock() - 1)) != 0) return false;
  constexpr uint32_t kSettled = world::MEM_GOING_OFFLINE | world::MEM_OFFLINE | world::MEM_ONLINE |
                                world::MEM_CANCEL_OFFLINE;
  return (action & kSettled) != 0;
}

void Notify(const world_notice* notice, int begins) {
  if (!InTask()) return;
  const uint32_t action = ActionOf(notice->action);
  if (begins != 0) {
    world::NoteEvent(action, NotifyArgOf(*notice));
    world::ledger().news.accounts = AreAccountsSettled(action, NotifyArgOf(*notice).start_pfn) ? 1 : 0;
    return;
  }
  const bool ended = action == world::MEM_OFFLINE || action == world::MEM_CANCEL_OFFLINE;
  if (ended && OwnOperation()) world::EndOperation(action == world::MEM_OFFLINE);
}

// The notifier of the scenario that the running task registers or unregisters, as a bit.
uint16_t Changing() {
  const uint8_t notifier = state().changing[sim::current_task().v];
  return notifier == 0 ? uint16_t{0} : static_cast<uint16_t>(1u << (notifier - 1));
}

// Who comes late has not been asked, and who has gone is told nothing.
void Registered(const world_call& /*call*/, long /*result*/) { state().excused |= Changing(); }
void Unregistered(const world_call& /*call*/, long /*result*/) {
  state().untold &= static_cast<uint16_t>(~Changing());
}

constexpr Watcher kWatchers[] = {
    {"offline_pages", &OfflinePagesBegins, &OfflinePagesEnds},
    {"start_isolate_page_range", nullptr, &IsolationEnds},
    {"undo_isolate_page_range", nullptr, &IsolationUndone},
    {"set_migratetype_isolate", &IsolatesPageblock, &PageblockIsolated},
    {"unset_migratetype_isolate", &PageblockGivenBack, nullptr},
    {"do_migrate_range", nullptr, &MigrationEnds},
    {"test_pages_isolated", nullptr, &TestEnds},
    {"__offline_isolated_pages", nullptr, &PagesUnlinked},
    {"online_pages", &OnlinePagesBegins, &OnlinePagesEnds},
    {"memmap_init_range", &MemmapBegins, nullptr},
    {"notifier_chain_register", nullptr, &Registered},
    {"notifier_chain_unregister", nullptr, &Unregistered},
    {"arch_add_memory", nullptr, &MemoryAdded},
    {"arch_remove_memory", &MemoryRemoved, nullptr},
};

}  // namespace

std::span<const Watcher> LedgerWatchers() { return kWatchers; }

void FillLedger(world_host* host) {
  host->page_ref = &PageRef;
  host->page_set = &PageSet;
  host->page_allocated = &PageAllocated;
  host->page_freed = &PageFreed;
  host->page_owned = &PageOwned;
  host->page_moved = &PageMoved;
  host->range_tested = &RangeTested;
  host->notify = &Notify;
}

void FillNoLedger(world_host* host) {
  host->page_ref = [](uint64_t, int, int, const void*) {};
  host->page_set = [](uint64_t, int) {};
  host->page_allocated = host->page_freed = [](uint64_t, uint64_t) {};
  host->page_owned = [](uint64_t, uint64_t, int, unsigned int, int) {};
  host->page_moved = [](uint64_t, uint64_t) {};
  host->range_tested = [](uint64_t) {};
  host->notify = [](const world_notice*, int) {};
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
  l.news.accounts = 1;
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

void NoteAnswer(uint32_t notifier, uint32_t action, int32_t answer) {
  State& s = state();
  const auto bit = static_cast<uint16_t>(1u << notifier);
  const bool stops = (answer & world::NOTIFY_STOP_MASK) != 0;
  if (IsGoing(action)) {
    s.asked |= bit;
    s.untold |= bit;
    if (stops) s.excused = UINT16_MAX;
  } else if (IsTerminator(action)) {
    if (((s.asked | s.excused) & bit) == 0) s.unasked |= bit;
    s.untold = stops ? uint16_t{0} : static_cast<uint16_t>(s.untold & ~bit);
  }
}

void NoteHotplugUnlock() {
  world::ledger().going_offline = static_cast<uint8_t>(CountGoingOffline());
}

}  // namespace hotplug::tree
