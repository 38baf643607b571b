// SPDX-License-Identifier: GPL-2.0-or-later
//
// Phases of blocks, operations and events, as the functions tell that begin and end them.
#include <algorithm>
#include <vector>

#include "model/sim/sched.h"
#include "model/tree/driver.h"
#include "model/tree/host.h"
#include "model/tree/ledger.h"
#include "model/tree/state.h"
#include "model/tree/view.h"
#include "model/tree/world.h"

namespace hotplug::tree {

namespace {

using world::BlockId;
using world::GhostAt;
using world::Owner;
using world::Pfn;
using world::Phase;

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

// offline_pages(start, nr, ...), and online_pages(): nobody has been asked about it yet.
void BeginTelling(const world_call& call) {
  State& s = state();
  s.about = {static_cast<uint32_t>(call.args[0]), static_cast<uint32_t>(call.args[1])};
  s.asked = s.excused = s.told = s.refused = 0;
  s.ended_as = 0;
}

// Who has been told that it is done, and it is not, or the other way, has been told nothing true;
// nor has who refused it, if it is done.
void CompareEnd(bool done) {
  State& s = state();
  const bool told_done = (s.ended_as & (world::MEM_ONLINE | world::MEM_OFFLINE)) != 0;
  if (s.ended_as != 0 && told_done != done) s.unasked |= s.told;
  if (done) s.unasked |= s.refused;
}

uint32_t CountGoingOffline() {
  uint32_t nr = 0;
  for (uint32_t i = 0; i < world::geometry().nr_blocks; ++i) {
    if (BlockAt(world::BlockNumber(i)).state == WORLD_BLOCK_GOING_OFFLINE) ++nr;
  }
  return nr;
}

bool IsOffliningNow() { return (state().offlining >> sim::current_task().v & 1) != 0; }

// The place of no code.
constexpr uint32_t kNoRounds = 0;
constexpr uint32_t kNotSeen = 1;

void OfflinePagesBegins(const world_call& call) {
  state().offlining |= static_cast<uint16_t>(1u << sim::current_task().v);
  world::ledger().going_offline = static_cast<uint8_t>(CountGoingOffline());
  BeginTelling(call);
  sim::loop_begin();
}

void IsolationEnds(const world_call& call, long result) {
  if (result != 0 || !IsOffliningNow()) return;
  const Blocks blocks = BlocksOf(call.args[0], call.args[1] - call.args[0]);
  world::BeginOperation(blocks.first, blocks.nr);
  SetPhase(blocks, Phase::kOfflining);
}

// set_pfnblock_flags_mask(page, flags, pfn, mask)
void PageblockSet(const world_call& call) {
  kernel().note_pageblock(call.args[2], call.args[1], call.args[3]);
}

void IsolationUndone(const world_call& call, long /*result*/) {
  world::UndoneIsolation(world::BlockOf(PfnOf(call.args[0])));
}

void PagesUnlinked(const world_call& call, long /*result*/) {
  const uint64_t nr = call.args[1] - call.args[0];
  for (uint64_t i = 0; i < nr; ++i) GhostAt(PfnOf(call.args[0] + i)).unmanaged = 0;
  state().round = kNoRounds;
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
  CompareEnd(rc == 0);
  if (OwnOperation()) world::EndOperation(rc == 0);
  if (rc == 0) {
    SetPhase(blocks, Phase::kOffline);
    SetOwnerOfMemmap(call.args[0], world::kNobody);
  } else {
    ChangePhase(blocks, Phase::kOfflining, Phase::kOnline);
  }
  state().offlining &= static_cast<uint16_t>(~(1u << sim::current_task().v));
  state().round = kNoRounds;
}

// memmap_init_range(size, nid, zone, start_pfn, ...): every count that it sets is told.
void MemmapBegins(const world_call& call) {
  const uint64_t start = call.args[3];
  if (!IsTold(start)) return;
  SetOwners(PfnOf(start), call.args[0], world::kNobody);
  SetPhase(BlocksOf(start, call.args[0]), Phase::kOnlining);
}

void OnlinePagesEnds(const world_call& call, long result) {
  const Blocks blocks = BlocksOf(call.args[0], call.args[1]);
  CompareEnd(static_cast<int>(result) == 0);
  if (static_cast<int>(result) == 0) {
    SetPhase(blocks, Phase::kOnline);
    SetOwnerOfMemmap(call.args[0], world::kBoot);
  } else if (world::BlockGhostAt(blocks.first).phase == Phase::kOnlining) {
    SetPhase(blocks, Phase::kOffline);
    SetOwners(PfnOf(call.args[0]), call.args[1], world::kNobody);
    SetOwnerOfMemmap(call.args[0], world::kNobody);
  }
}

// __add_memory(nid, start, size, ...): until it is done, what it has reserved is no memory.
uint64_t BlocksToAdd(const world_call& call) {
  const uint64_t start = PfnOfBytes(call.args[1]);
  const uint64_t nr = PfnOfBytes(call.args[2]);
  if (nr == 0 || !IsTold(start) || !IsTold(start + nr - 1)) return 0;
  const Blocks blocks = BlocksOf(start, nr);
  return ((uint64_t{1} << blocks.nr) - 1) << world::BlockIndex(blocks.first);
}

void AddingBegins(const world_call& call) { state().adding |= BlocksToAdd(call); }
void AddingEnds(const world_call& call, long /*result*/) { state().adding &= ~BlocksToAdd(call); }

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

// release_mem_region_adjustable(start, size): a range that is of several entries stays, and nothing
// is said of that.
void ResourceReleased(const world_call& call) {
  const uint64_t start = call.args[0];
  const std::vector<world_resource> all = Resources();
  const bool of_one = std::any_of(all.begin(), all.end(), [&](const world_resource& r) {
    return r.start <= start && start + call.args[1] - 1 <= r.end;
  });
  if (!of_one) world::ledger().unreleased = 1;
}

// ---- Loops that end when somebody else has done something ---------------------------------------

// A page of the blocks that go offline that can be moved, or else the one that is not free.
uint32_t PageInTheWay() {
  for (uint64_t left = world::ledger().op.blocks; left != 0; left &= left - 1) {
    const Pfn start =
        world::FirstPfn(world::BlockNumber(static_cast<uint32_t>(__builtin_ctzll(left))));
    for (Pfn pfn = start; pfn < start + world::PagesPerBlock(); ++pfn) {
      if (View::PageLRU(View::StructPage(pfn))) return pfn.v;
    }
  }
  return state().tested;
}

// Who moves pages round and round waits for none of them.
void OnceMore() {
  State& s = state();
  const bool moved = s.nr_moved != s.moved_before;
  s.moved_before = s.nr_moved;
  sim::loop_point(moved ? world::kNoPfn : PageInTheWay());
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

// What the kernel tells of may be no memory at all.
bool IsOfMachine(const world_notice& n) {
  return n.nr_pages != 0 && IsTold(n.start_pfn) && IsTold(n.start_pfn + n.nr_pages - 1);
}

void Notify(const world_notice* notice, int begins) {
  if (!InTask()) return;
  const uint32_t action = ActionOf(notice->action);
  if (begins != 0) {
    if (IsOfMachine(*notice)) world::NoteEvent(action, NotifyArgOf(*notice));
    return;
  }
  if (action == world::MEM_GOING_OFFLINE && OwnOperation()) state().round = kNotSeen;
  const bool ended = action == world::MEM_OFFLINE || action == world::MEM_CANCEL_OFFLINE;
  if (ended && OwnOperation()) world::EndOperation(action == world::MEM_OFFLINE);
}

constexpr Watcher kWatchers[] = {
    {"offline_pages", &OfflinePagesBegins, &OfflinePagesEnds},
    {"start_isolate_page_range", nullptr, &IsolationEnds},
    {"undo_isolate_page_range", nullptr, &IsolationUndone},
    {"set_pfnblock_flags_mask", &PageblockSet, nullptr},
    {"__offline_isolated_pages", nullptr, &PagesUnlinked},
    {"online_pages", &BeginTelling, &OnlinePagesEnds},
    {"memmap_init_range", &MemmapBegins, nullptr},
    {"__add_memory", &AddingBegins, &AddingEnds},
    {"arch_add_memory", nullptr, &MemoryAdded},
    {"arch_remove_memory", &MemoryRemoved, nullptr},
    {"release_mem_region_adjustable", &ResourceReleased, nullptr},
};

}  // namespace

std::span<const Watcher> LedgerWatchers() { return kWatchers; }

// A round of offlining, whatever the function that it is in, begins where the first one has: there
// it might give way.
void NoteRound(const void* caller) {
  if (!IsOffliningNow()) return;
  State& s = state();
  const auto at = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(caller));
  if (s.round == at) OnceMore();
  if (s.round == kNotSeen) s.round = at;
}

void FillOperations(world_host* host) {
  host->range_tested = &RangeTested;
  host->notify = &Notify;
}

void FillNoOperations(world_host* host) {
  host->range_tested = [](uint64_t) {};
  host->notify = [](const world_notice*, int) {};
}

uint16_t ChangingNotifiers() {
  uint32_t changing = 0;
  for (const uint8_t notifier : state().changing) {
    if (notifier != 0) changing |= 1u << (notifier - 1);
  }
  return static_cast<uint16_t>(changing);
}

void NoteStop(uint32_t action, int32_t answer) {
  if ((answer & world::NOTIFY_STOP_MASK) == 0) return;
  if (IsGoing(action)) state().excused = UINT16_MAX;
  if (IsTerminator(action)) state().untold = 0;
}

void NoteAnswer(uint32_t notifier, uint32_t action, const world::memory_notify_arg& arg,
                int32_t answer) {
  State& s = state();
  const auto bit = static_cast<uint16_t>(1u << notifier);
  const bool misled = arg.start_pfn.v != s.about.pfn || arg.nr_pages != s.about.nr;
  if (misled && (IsGoing(action) || IsTerminator(action))) s.unasked |= bit;
  if (IsGoing(action)) {
    s.asked |= bit;
    s.untold |= bit;
    if (world::notifier_to_errno(answer) != 0) s.refused |= bit;
  } else if (IsTerminator(action)) {
    if (((s.asked | s.excused | ChangingNotifiers()) & bit) == 0) s.unasked |= bit;
    s.asked &= static_cast<uint16_t>(~bit);
    s.told |= bit;
    s.ended_as = static_cast<uint8_t>(action);
    s.untold &= static_cast<uint16_t>(~bit);
  }
  NoteStop(action, answer);
}

void NoteHotplugUnlock() {
  world::ledger().going_offline = static_cast<uint8_t>(CountGoingOffline());
}

}  // namespace hotplug::tree
