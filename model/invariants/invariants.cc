// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/invariants/invariants.h"

#include "model/invariants/judge.h"

namespace hotplug::invariants {

// clang-format off
const Invariant kInvariants[] = {
    {Id::kI1,  "I1",  "step",
     "the count of an owned page is what its owner may hold plus transient references"},
    {Id::kI2,  "I2",  "step", "no page is Buddy and Offline together"},
    {Id::kI3,  "I3",  "step",
     "a free page has count zero, no other type, no owner, and lies in online memory"},
    {Id::kI4,  "I4",  "release of mem_hotplug_lock",
     "an offline block has no page in the buddy or on the LRU and counts nowhere"},
    {Id::kI5,  "I5",  "step", "the memmap of an absent block is not accessed"},
    {Id::kI6,  "I6",  "step",
     "a driver changes only pages that it owns, and what it marked PageOffline stays so"},
    {Id::kI7,  "I7",  "return of enable",
     "a call that failed leaves no page behind: owned, Offline or lost"},
    {Id::kI8,  "I8",  "return of enable",
     "a call that succeeded has removed and recorded all of its blocks"},
    {Id::kI9,  "I9",  "end of an offline operation",
     "an owner retakes what it dropped unless the operation succeeded, and nothing else"},
    {Id::kI10, "I10", "release of mem_hotplug_lock; delivery; rest",
     "nr_isolate_pageblock is the number of isolated pageblocks in memory, of which none stays"},
    {Id::kI11, "I11", "release of mem_hotplug_lock; delivery",
     "zones and nodes count the managed, present and free pages that they have, and span them"},
    {Id::kI12, "I12", "rest; step",
     "dev.offline says what the state says; going-offline shows only under the hotplug lock"},
    {Id::kI13, "I13", "liveness", "nothing waits for ever without a legal cause"},
    {Id::kI14, "I14", "step",
     "locks are released by their holder, taken in one order, and not slept under when atomic"},
    {Id::kI15, "I15", "rest",
     "every page is free, owned by somebody alive or in an offline block; every block is "
     "present, ejected or recorded as removed"},
    {Id::kI16, "I16", "end of run",
     "memory that user space has seen was cleared since it had left the allocator"},
    {Id::kI17, "I17", "end of run", "the memory_block device of a block that is gone was freed"},
    {Id::kI18, "I18", "end of an offline operation; release of mem_hotplug_lock",
     "who is told that memory is going offline or online is told how that ended, and of a CANCEL "
     "when it is undone"},
    {Id::kI19, "I19", "step", "nobody uses memory that was given back"},
    {Id::kK1,  "K1",  "step", "the kernel reports a BUG"},
    {Id::kK2,  "K2",  "step", "the kernel accesses memory that is not there"},
    {Id::kK3,  "K3",  "step", "the kernel warns, and an invariant fails by the next rest"},
    {Id::kK4,  "K4",  "step",
     "the kernel finds a bad page, and an invariant fails by the next rest"},
};
// clang-format on
const uint32_t kNrInvariants = sizeof(kInvariants) / sizeof(kInvariants[0]);

const char* Name(Id id) {
  return id == Id::kNone ? "none" : kInvariants[static_cast<uint32_t>(id) - 1].name;
}

std::string NamesOf(Ids ids) {
  std::string names;
  for (const Invariant& row : kInvariants) {
    if ((ids & Bits(row.id)) != 0) names += (names.empty() ? "" : ",") + std::string(row.name);
  }
  return names;
}

void Setup() { sim::machine->Carve<Verdicts>(kVerdictRegion, 1, false); }

namespace {

// Whether the list has this violation of another page already: its neighbours, or the same
// one seen again, tell the same story.
bool Listed(const Verdicts& all, const Violation& v) {
  for (uint32_t i = 0; i < all.size; ++i) {
    const Violation& other = all.list[i];
    if (other.id == v.id && other.function == v.function && other.block == v.block) return true;
  }
  return false;
}

Violation* Add(Violation v) {
  Verdicts& all = verdicts();
  v.step = sim::sim().step;
  if (sim::sim().last.tp == world::kTpNotifierCall && v.function == world::kTpNotifierCall) {
    v.callback = static_cast<uint16_t>(1 + sim::sim().last.b);
    const bool of_owner = v.callback > world::kDriverName && world::IsInstance(v.owner);
    v.unasked = of_owner && world::InstanceAt(v.owner).asked == 0 ? 1 : 0;
  }
  const sim::Record& last = sim::sim().last;
  if (v.function == last.tp) v.call = sim::task(sim::TaskId{last.task}).call;
  ++all.total;
  if (config().stop && sim::sim().stop == sim::Stop::kNone) {
    sim::sim().stop = sim::Stop::kViolation;
  }
  if (all.size == kMaxViolations || Listed(all, v)) return nullptr;
  all.list[all.size] = v;
  return &all.list[all.size++];
}

void FillBlock(Violation& v, BlockId b) {
  v.block = b.v;
  v.phase = world::BlockGhostAt(b).phase;
  v.last_event = world::BlockGhostAt(b).last_event;
}

Violation Blank(Id id, int32_t expected, int32_t found, uint16_t function) {
  Violation v{};
  v.id = id;
  v.pfn = world::kNoPfn;
  v.block = kNoBlock;
  v.expected = expected;
  v.found = found;
  v.function = function;
  return v;
}

}  // namespace

Violation* AddPageOfType(Id id, Pfn pfn, uint8_t page_type, int32_t expected, int32_t found,
                         uint16_t function) {
  Violation v = Blank(id, expected, found, function);
  if (pfn.v != world::kNoPfn) {
    FillBlock(v, world::BlockOf(pfn));
    v.pfn = pfn.v;
    v.owner = GhostAt(pfn).owner;
    v.transient = world::OthersReferences(GhostAt(pfn));
    v.page_type = page_type;
  }
  return Add(v);
}

Violation* AddBlock(Id id, uint32_t block, int32_t expected, int32_t found, uint16_t function) {
  Violation v = Blank(id, expected, found, function);
  if (block != kNoBlock) FillBlock(v, BlockId{block});
  return Add(v);
}

void AddLiveness(uint32_t task) {
  AddBlock(Id::kI13, kNoBlock, 0, static_cast<int32_t>(task),
           world::WriterOf(sim::task(sim::TaskId{task}).last_tp, task));
}

void NoteRelease(uint32_t lock_class) {
  if (lock_class == world::kMemHotplugLock) {
    world::ledger().news.released_class = static_cast<uint8_t>(lock_class + 1);
  }
}

}  // namespace hotplug::invariants
