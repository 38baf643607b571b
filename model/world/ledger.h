// SPDX-License-Identifier: GPL-2.0-or-later
//
// The ghost ledger: what the checks need to know beside the real fields, and what no real
// field says. A world writes it, the invariants read it, and no decision of a world depends on it.
// kernel-facts 6.6 defines its notions:
//
//   phase(block)     finer than the state in sysfs
//   owner(page)      who may decide about the page; not a reference
//   entitled(page)   how many references its owner may hold now, by the protocol
//   transient(page)  references of get/put pairs of named tasks
//   poison(page)     the reference of hard poison, for as long as the memmap says so
#ifndef MODEL_WORLD_LEDGER_H_
#define MODEL_WORLD_LEDGER_H_

#include <array>
#include <bit>
#include <cstdint>

#include "model/limits.h"
#include "model/world/geometry.h"
#include "model/world/types.h"

namespace hotplug::world {

// Regions of the arena.
inline constexpr sim::Region kGhostRegion = 4;
inline constexpr sim::Region kLedgerRegion = 5;
inline constexpr sim::Region kTouchedRegion = 6;

enum class Phase : uint8_t { kAbsent, kOffline, kOnlining, kOnline, kOfflining, kCommitted };

// Owners of pages: one code for each.
using Owner = uint16_t;
inline constexpr Owner kNobody = 0;      // of an offline block, or lost
inline constexpr Owner kBuddy = 1;       // free
inline constexpr Owner kFreeing = 2;     // count zero, on its way to the buddy
inline constexpr Owner kBoot = 3;        // reserved at boot, or for the memmap of its block
inline constexpr Owner kCore = 4;        // being onlined, or the target of a migration
inline constexpr Owner kKernel = 5;      // taken by the kernel itself (background.h)
inline constexpr Owner kInstrument = 6;  // taken by the module of the recordings
inline constexpr Owner kPcp = 7;         // free, on the list of a CPU
inline constexpr Owner kFirstInstance = 0x100;
inline constexpr Owner kFirstAllocation = 0x200;

constexpr bool IsInstance(Owner o) { return o >= kFirstInstance && o < kFirstAllocation; }
constexpr bool IsAllocation(Owner o) { return o >= kFirstAllocation; }
constexpr Owner OwnerOfAllocation(uint32_t index) {
  return static_cast<Owner>(kFirstAllocation + index);
}
constexpr Owner OwnerOf(InstanceId i) { return static_cast<Owner>(kFirstInstance + i.v); }

struct PageGhost {
  Owner owner;
  uint16_t writer;  // trace point of the step that last changed the page
  uint8_t transient;
  int8_t dropped;   // references dropped minus retaken by its owner in this operation
  uint8_t touched;  // in the list of pages changed in this step
  uint8_t cleared;  // by a driver, and not been Linux's since
  uint8_t poison;
  uint8_t unmanaged;  // a driver has taken it out of the managed pages of its zone
  uint8_t tail;       // of an allocation of several pages: the first one has the count
  uint8_t walked;     // references of walkers, where the kernel tells of all that are taken
};

struct BlockGhost {
  Phase phase;
  uint8_t last_event;  // notifier action last delivered in the block's last operation
  uint16_t writer;     // trace point of the step that last changed the block
  uint16_t claimed;    // 1: the driver reported it as its own, and it has not been added since
};

// What the pages of a block add up to, in pages and pageblocks.
struct BlockSums {
  uint32_t managed;
  uint32_t free;
  uint32_t isolated_pageblocks;
};

// A driver's contiguous allocation, from alloc_contig_pages() on.
struct InstanceGhost {
  uint32_t base;  // pfn
  uint32_t nr;    // pages
  uint8_t task;
  uint8_t claimed;    // the driver reported the range as reserved
  uint8_t released;   // all of its memory was added again or freed
  uint8_t call_over;  // the call that allocated it has returned: 2 in this step, then 1
  uint8_t given_up;   // from the return of its GOING_OFFLINE callback to its terminator
  uint8_t asked;      // its callback has been told GOING_OFFLINE of some of its pages
  uint8_t device;     // the memory of a device, whatever of it the driver has at the time
  uint8_t pad;
};

// The offline operation in progress; mem_hotplug_lock allows one at a time.
struct OperationGhost {
  uint64_t blocks;  // a bit for the index of each; none: there is no operation
  uint8_t succeeded;
  uint8_t task;
  uint8_t isolated;  // by the operation, and not undone
  uint8_t early;     // somebody was told MEM_CANCEL_OFFLINE while it was isolated
  uint8_t pad[4];
};

// Something that no legal step does, found while it was done and judged at its end.
struct Trespass {
  uint32_t pfn;
  Owner owner;  // of the page, when a driver changed it without owning it
  uint16_t pad;
};
// Its kind; the invariants that they break are I6, I5, I6 and I19.
enum : uint8_t { kNone, kForeignPage, kAbsentMemmap, kLostOffline, kGivenBack };

// The first page that user space has seen with what Linux had left in it. Judged at the end (I16).
struct OldData {
  uint32_t pfn;
  uint16_t function;  // trace point that showed it; 0: there is none
  Phase phase;
  uint8_t last_event;
};

// Whether the counters of zones say what the pages of their blocks do, as no operation is in the
// middle of changing them: so it is at rest, and when most events are delivered.
enum class Accounts : uint8_t { kUnsettled, kSettled, kAtDelivery };

// What the simulated kernel says about itself.
enum class KernelReport : uint8_t { kNone, kBug, kOops, kWarn, kBadPage };

// What has happened in this step, besides changes of pages and blocks. Most steps have no news, and
// the checks leave such a step at once: a new flag that is to be judged at the end of a step has
// its place here, for elsewhere a quiet step would not look at it.
struct News {
  KernelReport report;
  uint8_t trespass;         // of which kind: kNone, kForeignPage ...
  uint8_t operation_ended;  // the offline operation
  uint8_t call_returned;    // the task + 1 whose call of the driver returned
  uint8_t released_class;   // the lock class + 1 released
  Accounts accounts;
  uint8_t pad[2];

  bool any() const { return std::bit_cast<uint64_t>(*this) != 0; }
};

struct Ledger {
  std::array<BlockGhost, kMaxBlocks> blocks;
  std::array<BlockSums, kMaxBlocks> sums;
  std::array<InstanceGhost, kMaxInstances> instances;
  OperationGhost op;
  Trespass trespass;  // the one of the news
  OldData old_data;
  News news;
  uint64_t touched_blocks;    // blocks whose phase or state changed in this step, a bit each
  uint64_t dirty_blocks;      // blocks of which anything changed since all pages were legal
  uint64_t plain_blocks;      // blocks all of whose pages are free or boot's, unless they are dirty
  uint64_t uncounted_blocks;  // blocks of which anything changed since their pages were summed up
  uint32_t nr_touched;
  uint32_t transients;  // references of walkers and migration, in all (of no pagevec)
  uint32_t report_pfn;
  uint16_t callback_owner;  // whose callback is being delivered an event, by callback_task
  uint16_t nr_warnings;     // WARN and bad_page so far
  uint8_t nr_instances;
  uint8_t report_silent;  // a real kernel of this configuration would not print it
  uint8_t going_offline;  // blocks whose state reads going-offline
  uint8_t busy;           // not at rest at the last step
  uint8_t callback_task;
  uint8_t device;  // the instance + 1 that is the memory of a device
  // A task's last instance in the call that it is in, + 1; the last is that of initcalls, which no
  // task makes.
  std::array<uint8_t, kMaxThreads + 1> instance_of;
  // Of each task, in a world whose steps do not say in which function they are: what stands for it
  // (sim::kTreeFunctions), or 0.
  std::array<uint16_t, kMaxThreads> inside;
  uint8_t unreleased;  // a resource of memory that was removed could not be released
  uint8_t pad[5];
};

inline Ledger& ledger() { return *sim::machine->Get<Ledger>(kLedgerRegion); }
inline PageGhost& GhostAt(Pfn pfn) {
  return sim::machine->Get<PageGhost>(kGhostRegion)[PageIndex(pfn)];
}
inline BlockGhost& BlockGhostAt(BlockId b) { return ledger().blocks[BlockIndex(b)]; }
// Who has the pages that a driver keeps out of the memory of its device.
inline Owner OwnerOfDevice() { return OwnerOf(InstanceId{ledger().device - 1u}); }
inline InstanceGhost& InstanceAt(Owner o) { return ledger().instances[o - kFirstInstance]; }
inline Phase PhaseOf(Pfn pfn) { return BlockGhostAt(BlockOf(pfn)).phase; }

// Carves its regions, for the machine's geometry; part of the set-up of a machine.
void Setup();

// ---- Reading ----------------------------------------------------------------------------

// The owner whose callback the running task is inside of; kNobody outside of callbacks.
Owner ActingOwner();
// Between the return of the owner's GOING_OFFLINE callback and the terminator that it is
// told, and in a block that is no longer memory, the owner may hold nothing.
inline bool GivenUp(Owner o, uint32_t block_index) {
  const Ledger& l = ledger();
  const Phase phase = l.blocks[block_index].phase;
  if (phase != Phase::kOnline && phase != Phase::kOnlining && phase != Phase::kOfflining) {
    return true;
  }
  if ((l.op.blocks >> block_index & 1) == 0 || !IsInstance(o)) return false;
  return InstanceAt(o).given_up != 0;
}
// References that the owner of a page in that block may hold now. 0 for pages without an owner.
inline uint32_t Entitled(const PageGhost& g, uint32_t block_index) {
  const Owner o = g.owner;
  if (o == kNobody || o == kBuddy || o == kFreeing || o == kPcp || g.tail != 0) return 0;
  return GivenUp(o, block_index) ? 0 : 1;
}
// References that are not the owner's.
inline uint8_t OthersReferences(const PageGhost& g) {
  return static_cast<uint8_t>(g.transient + g.poison);
}
// What a step of a task at a trace point counts as one of.
inline uint16_t WriterOf(uint16_t tp, uint32_t task) {
  if (!sim::kTreePoints.contains(tp) || task >= kMaxThreads) return tp;
  const uint16_t inside = ledger().inside[task];
  return inside != 0 ? inside : tp;
}
// True while the instance's call runs, or after it claimed its range until it gave it back.
bool Live(const InstanceGhost& instance);
// Pages changed since the last step, by PageIndex(), in the order of their first change.
inline const uint32_t* Touched() { return sim::machine->Get<uint32_t>(kTouchedRegion); }

// ---- Writing: by a world alone ------------------------------------------------------------

// The page, or the block, was changed in this step. The checks look at no other page, at rest at no
// page of another block: whatever changes a page, or what its owner may hold (its phase, an
// operation, a callback, the allocation that it is of), must say so of the page or of its block.
inline PageGhost& Touch(Pfn pfn) {
  const uint32_t index = PageIndex(pfn);
  PageGhost& g = sim::machine->Get<PageGhost>(kGhostRegion)[index];
  if (g.touched != 0) return g;
  g.touched = 1;
  Ledger& l = ledger();
  const uint64_t block = uint64_t{1} << (index >> geometry().block_order);
  l.dirty_blocks |= block;
  l.uncounted_blocks |= block;
  sim::machine->Get<uint32_t>(kTouchedRegion)[l.nr_touched++] = index;
  return g;
}
void TouchBlock(BlockId b);
// What its pages add up to has changed, and no page that was touched says so.
inline void Uncount(BlockId b) { ledger().uncounted_blocks |= uint64_t{1} << BlockIndex(b); }
// Ends a step: what was changed in it was changed by `writer`. Its two parts are for it alone.
void EndTouched(uint16_t writer);
void EndNews();
inline void EndStep(uint16_t writer) {
  Ledger& l = ledger();
  if (l.nr_touched != 0) EndTouched(writer);
  for (; l.touched_blocks != 0; l.touched_blocks &= l.touched_blocks - 1) {
    l.blocks[static_cast<uint32_t>(__builtin_ctzll(l.touched_blocks))].writer = writer;
  }
  if (l.news.any()) EndNews();
}
inline void SetOwner(Pfn pfn, Owner owner) {
  PageGhost& g = Touch(pfn);
  g.owner = owner;
  g.tail = 0;
  if (owner == kBuddy) g.cleared = 0;
}
void SetPhase(BlockId b, Phase phase);
void AddTransient(Pfn pfn);
void DropTransient(Pfn pfn);
// The same for the reference of a CPU's pagevec. A machine with such references is at rest.
void AddCached(Pfn pfn);
void DropCached(Pfn pfn);
// A driver's code is about to change the page's count or type: does it own the page?
void DriverAccess(Pfn pfn);
void NoteTrespass(uint8_t kind, Pfn pfn, Owner owner);
// A driver has cleared the page; user space sees the contents of a page, at trace point `function`.
void NoteCleared(Pfn pfn);
void NoteSeen(Pfn pfn, uint16_t function);

// The pages that a driver takes out of the blocks of its device, from now on.
InstanceId NewDevice(Pfn base, uint32_t nr);
// A new instance of the running task.
InstanceId NewInstance(Pfn base, uint32_t nr);
// The running task's driver reports that it has reserved `nr` pages from `base`; or that it keeps
// one block of a range that it has not reserved.
void ClaimRange(Pfn base, uint32_t nr);
void ClaimBlock(BlockId b);
// The same for a block that has been removed, and was nobody's: what a call removes side by side is
// one range.
void ClaimRemoved(BlockId b);
// The memory of a block is Linux's again: whoever had reserved it has it no more. `mapped`: user
// space still has it.
void Release(BlockId b, bool mapped);
// The running task's call of the driver returns.
void CallReturned();

// An offline operation of blocks that are isolated: its begin, an event, its delivery to one
// notifier, the end of its isolation, its end.
void BeginOperation(BlockId start, uint32_t nr_blocks);
void NoteEvent(uint32_t action, const memory_notify_arg& arg);
// `rolls_back`: a core that cancels within the walk of GOING_OFFLINE does so before it can undo
// anything.
void BeginCallback(Owner owner, uint32_t action, bool rolls_back);
void UndoneIsolation(BlockId b);
void EndCallback(Owner owner, uint32_t action, const memory_notify_arg& arg, int32_t answer);
void EndOperation(bool succeeded);

void Report(KernelReport kind, Pfn pfn, bool silent);

}  // namespace hotplug::world

#endif  // MODEL_WORLD_LEDGER_H_
