// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/invariants/invariants.h"

#include "model/invariants/judge.h"
#include "model/mm/tracepoints.h"

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
    {Id::kI10, "I10", "release of mem_hotplug_lock",
     "nr_isolate_pageblock is the number of isolated pageblocks in memory"},
    {Id::kI11, "I11", "release of mem_hotplug_lock",
     "managed, present and free pages of zones and nodes are the sums over their pages"},
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
  if (sim::sim().last.tp == mm::kTpNotifierCall && v.function == mm::kTpNotifierCall) {
    v.callback = static_cast<uint16_t>(1 + sim::sim().last.b);
    const bool of_owner = v.callback > mm::kDriverName && mm::IsInstance(v.owner);
    v.unasked = of_owner && mm::InstanceAt(v.owner).asked == 0 ? 1 : 0;
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

void FillBlock(Violation& v, mm::BlockId b) {
  v.block = b.v;
  v.phase = mm::BlockGhostAt(b).phase;
  v.last_event = mm::BlockGhostAt(b).last_event;
}

Violation Blank(Id id, int32_t expected, int32_t found, uint16_t function) {
  Violation v{};
  v.id = id;
  v.pfn = mm::kNoPfn;
  v.block = kNoBlock;
  v.expected = expected;
  v.found = found;
  v.function = function;
  return v;
}

}  // namespace

Violation* AddPage(Id id, mm::Pfn pfn, int32_t expected, int32_t found, uint16_t function) {
  Violation v = Blank(id, expected, found, function);
  if (pfn.v != mm::kNoPfn) {
    FillBlock(v, mm::BlockOf(pfn));
    v.pfn = pfn.v;
    v.owner = mm::GhostAt(pfn).owner;
    v.transient = mm::OthersReferences(mm::GhostAt(pfn));
    v.page_type = mm::PageAt(pfn).type;
  }
  return Add(v);
}

Violation* AddBlock(Id id, uint32_t block, int32_t expected, int32_t found, uint16_t function) {
  Violation v = Blank(id, expected, found, function);
  if (block != kNoBlock) FillBlock(v, mm::BlockId{block});
  return Add(v);
}

void AddLiveness(uint32_t task) {
  AddBlock(Id::kI13, kNoBlock, 0, static_cast<int32_t>(task), sim::task(sim::TaskId{task}).last_tp);
}

namespace {

// ---- Which checks a step needs ----

struct Scopes {
  bool all_pages;  // look at every page, not at those that changed
  bool released;   // mem_hotplug_lock was released
  bool ended;      // an offline operation ended
  bool returned;   // a call of the driver returned
  bool rest;
  bool end;  // of a run that nothing has failed in
};

inline bool AtRest() {
  return sim::sim().nr_in_kernel == 0 && mm::ledger().transients == 0 &&
         mm::ledger().callback_owner == mm::kNobody;
}

// Whether the machine has come to rest with this step.
inline bool BecameRest() {
  mm::Ledger& l = mm::ledger();
  const bool rest = AtRest();
  const bool became = rest && (l.busy != 0 || l.news.call_returned != 0);
  l.busy = rest ? 0 : 1;
  return became;
}

Scopes ScopesOfStep(bool became_rest) {
  const mm::News& news = mm::ledger().news;
  return {config().full || became_rest,
          news.released_class != 0,
          news.operation_ended != 0,
          news.call_returned != 0,
          became_rest,
          false};
}

// Whether there is nothing to judge at this step but the pages that it changed. So it is with most
// steps. Whatever gives an invariant of kOrder something to judge must be asked for here.
inline bool Quiet(bool became_rest) {
  return !became_rest && !mm::ledger().news.any() && !config().full && GoingOfflineIsLegal() &&
         sim::sim().lock_fault == sim::LockFault::kNone;
}

void CheckLocks() {
  const sim::SimState& s = sim::sim();
  AddBlock(Id::kI14, kNoBlock, 0, static_cast<int32_t>(s.lock_fault), Here());
}

// What several invariants of one step look at.
struct Evidence {
  bool illegal_pages;
  ZoneSums sums;  // if mem_hotplug_lock was released
};

// When mem_hotplug_lock is released.
void CheckZones(Id id, const ZoneSums& sums) {
  if (id == Id::kI4) CheckOffline();
  if (id == Id::kI10) CheckIsolateCounts(sums);
  if (id == Id::kI11) CheckZoneCounters(sums);
}

// Evaluates one invariant at this step.
void Evaluate(Id id, const Scopes& s, const Evidence& e) {
  switch (id) {
    case Id::kI14:
      if (sim::sim().lock_fault != sim::LockFault::kNone) CheckLocks();
      break;
    case Id::kI5:
    case Id::kI6:
    case Id::kI19:
      if (mm::ledger().news.trespass != mm::kNone) CheckTrespass(id);
      break;
    case Id::kI1:
    case Id::kI2:
    case Id::kI3:
      if (e.illegal_pages) CheckPages(id, s.all_pages);
      break;
    case Id::kI9:
      if (s.ended) CheckPairing();
      break;
    case Id::kI18:
      if (s.ended) CheckCancel();
      if (s.released) CheckDelivery();
      break;
    case Id::kI4:
    case Id::kI10:
    case Id::kI11:
      if (s.released) CheckZones(id, e.sums);
      break;
    case Id::kI12:
      CheckGoingOffline();
      if (s.rest) CheckDeviceStates();
      break;
    case Id::kI7:
    case Id::kI8:
      if (s.returned) CheckReturn(id);
      break;
    case Id::kI15:
      if (s.rest) CheckOrphans();
      break;
    case Id::kI16:
      if (s.end && verdicts().total == 0) CheckOldData();
      break;
    case Id::kI17:
      if (s.end && verdicts().total == 0) CheckDevices();
      break;
    default:
      break;
  }
}

// What the kernel said at this step. A BUG or an oops is a verdict; a WARN or a bad page
// waits for an invariant that confirms it before the machine is at rest again.
void JudgeReports(uint32_t violations_before) {
  Verdicts& all = verdicts();
  const mm::Ledger& l = mm::ledger();
  const mm::KernelReport report = l.news.report;
  const mm::Pfn pfn{l.report_pfn};
  const bool warned = report == mm::KernelReport::kWarn || report == mm::KernelReport::kBadPage;
  if (warned && all.pending == Id::kNone) {
    all.pending = report == mm::KernelReport::kWarn ? Id::kK3 : Id::kK4;
    all.pending_at = sim::sim().step;
    all.pending_function = Here();
  }
  if (all.total != violations_before && all.pending != Id::kNone) {
    if (Enabled(all.pending)) {
      const auto function = all.pending_function;
      Violation* v = AddPage(all.pending, mm::Pfn{mm::kNoPfn}, 0, 0, function);
      if (v != nullptr) v->step = all.pending_at;
    }
    all.pending = Id::kNone;
  }
  switch (report) {
    case mm::KernelReport::kNone:
      return;
    case mm::KernelReport::kBug:
      if (Enabled(Id::kK1)) AddPage(Id::kK1, pfn, 0, 0, Here());
      return;
    case mm::KernelReport::kOops:
      if (!Enabled(Id::kK2)) return;
      if (Violation* v = AddPage(Id::kK2, pfn, 0, 0, Here())) v->silent = l.report_silent;
      return;
    case mm::KernelReport::kWarn:
    case mm::KernelReport::kBadPage:
      return;
  }
}

void Judge(const Scopes& s) {
  const bool legal_pages = s.all_pages ? AllPagesAreLegal() : TouchedPagesAreLegal();
  const Evidence e{!legal_pages, s.released ? SumsOfZones() : ZoneSums{}};
  const uint32_t before = verdicts().total;
  for (const Id id : kOrder) {
    if (Enabled(id)) Evaluate(id, s, e);
  }
  JudgeReports(before);
  if (s.rest) verdicts().pending = Id::kNone;
  // A misuse of a lock is told once.
  sim::sim().lock_fault = sim::LockFault::kNone;
}

}  // namespace

void NoteRelease(uint32_t lock_class) {
  if (lock_class == mm::kMemHotplugLock) {
    mm::ledger().news.released_class = static_cast<uint8_t>(lock_class + 1);
  }
}

void CheckStep() {
  const bool became_rest = BecameRest();
  const bool over = Quiet(became_rest) && TouchedPagesAreLegal();
  if (!over) Judge(ScopesOfStep(became_rest));
  mm::EndStep(sim::sim().last.tp);
}

void CheckEnd() {
  Scopes s = ScopesOfStep(BecameRest());
  s.rest = true;
  s.all_pages = true;
  s.end = true;
  Judge(s);
  mm::EndStep(sim::sim().last.tp);
}

}  // namespace hotplug::invariants
