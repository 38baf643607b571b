// SPDX-License-Identifier: GPL-2.0-or-later
//
// Which invariants are judged at a step, and what the kernel said at it.
#ifndef MODEL_INVARIANTS_CHECKS_H_
#define MODEL_INVARIANTS_CHECKS_H_

#include "model/invariants/pages.h"
#include "model/invariants/protocol.h"
#include "model/invariants/zones.h"

namespace hotplug::invariants {

// ---- Which checks a step needs ----

struct Scopes {
  bool all_pages;  // look at every page, not at those that changed
  bool released;   // mem_hotplug_lock was released
  bool accounts;   // the counters of zones are settled, as they are then
  bool ended;      // an offline operation ended
  bool returned;   // a call of the driver returned
  bool rest;
  bool end;  // of a run that nothing has failed in
};

inline bool AtRest() {
  return sim::sim().nr_in_kernel == 0 && world::ledger().transients == 0 &&
         world::ledger().callback_owner == world::kNobody;
}

// Whether the machine has come to rest with this step.
inline bool BecameRest() {
  world::Ledger& l = world::ledger();
  const bool rest = AtRest();
  const bool became = rest && (l.busy != 0 || l.news.call_returned != 0);
  l.busy = rest ? 0 : 1;
  return became;
}

inline Scopes ScopesOfStep(bool became_rest) {
  const world::News& news = world::ledger().news;
  return {config().full || became_rest,
          news.released_class != 0,
          news.released_class != 0 || news.accounts != 0,
          news.operation_ended != 0,
          news.call_returned != 0,
          became_rest,
          false};
}

// Whether there is nothing to judge at this step but the pages that it changed. So it is with most
// steps. Whatever gives an invariant of kOrder something to judge must be asked for here.
template <world::View V>
bool Quiet(bool became_rest) {
  return !became_rest && !world::ledger().news.any() && !config().full &&
         GoingOfflineIsLegal<V>() && sim::sim().lock_fault == sim::LockFault::kNone;
}

inline void CheckLocks() {
  const sim::SimState& s = sim::sim();
  if (s.lock_fault == sim::LockFault::kNone) return;
  AddBlock(Id::kI14, kNoBlock, 0, static_cast<int32_t>(s.lock_fault), Here());
}

// What several invariants of one step look at.
struct Evidence {
  bool illegal_pages;
  Accounts accounts;  // if the counters of zones are settled
};

inline bool JudgesSums() { return Enabled(Id::kI10) || Enabled(Id::kI11); }

template <world::View V>
void CheckIsolation(const Scopes& s, const Accounts& a) {
  if (s.accounts) CheckIsolateCounts(a);
  if (s.rest) CheckNoIsolation<V>();
}

template <world::View V>
void CheckZones(const Scopes& s, const Accounts& a) {
  if (s.accounts) CheckZoneCounters<V>(a);
  if (s.released) CheckSpans<V>();
}

template <world::View V>
void CheckStates(const Scopes& s) {
  CheckGoingOffline<V>();
  if (s.rest) CheckDeviceStates<V>();
}

template <world::View V>
void CheckLeftovers(Id id) {
  if (id == Id::kI16) CheckOldData<V>();
  if (id == Id::kI17) CheckDevices<V>();
}

// Evaluates one invariant at this step.
template <world::View V>
void Evaluate(Id id, const Scopes& s, const Evidence& e) {
  switch (id) {
    case Id::kI14:
      CheckLocks();
      break;
    case Id::kI5:
    case Id::kI6:
    case Id::kI19:
      if (world::ledger().news.trespass != world::kNone) CheckTrespass<V>(id);
      break;
    case Id::kI1:
    case Id::kI2:
    case Id::kI3:
      if (e.illegal_pages) CheckPages<V>(id, s.all_pages);
      break;
    case Id::kI9:
      if (s.ended) CheckPairing<V>();
      break;
    case Id::kI18:
      if (s.ended) CheckCancel();
      if (s.released) CheckDelivery<V>();
      break;
    case Id::kI4:
      if (s.released) CheckOffline<V>();
      break;
    case Id::kI10:
      CheckIsolation<V>(s, e.accounts);
      break;
    case Id::kI11:
      CheckZones<V>(s, e.accounts);
      break;
    case Id::kI12:
      CheckStates<V>(s);
      break;
    case Id::kI7:
    case Id::kI8:
      if (s.returned) CheckReturn<V>(id);
      break;
    case Id::kI15:
      if (s.rest) CheckOrphans<V>();
      break;
    case Id::kI16:
    case Id::kI17:
      if (s.end && verdicts().total == 0) CheckLeftovers<V>(id);
      break;
    default:
      break;
  }
}

// What the kernel said at this step. A BUG or an oops is a verdict; a WARN or a bad page
// waits for an invariant that confirms it before the machine is at rest again.
template <world::View V>
void JudgeReports(uint32_t violations_before) {
  Verdicts& all = verdicts();
  const world::Ledger& l = world::ledger();
  const world::KernelReport report = l.news.report;
  const Pfn pfn{l.report_pfn};
  const bool warned =
      report == world::KernelReport::kWarn || report == world::KernelReport::kBadPage;
  if (warned && all.pending == Id::kNone) {
    all.pending = report == world::KernelReport::kWarn ? Id::kK3 : Id::kK4;
    all.pending_at = sim::sim().step;
    all.pending_function = Here();
  }
  if (all.total != violations_before && all.pending != Id::kNone) {
    if (Enabled(all.pending)) {
      const auto function = all.pending_function;
      Violation* v = AddPage<V>(all.pending, Pfn{world::kNoPfn}, 0, 0, function);
      if (v != nullptr) v->step = all.pending_at;
    }
    all.pending = Id::kNone;
  }
  switch (report) {
    case world::KernelReport::kNone:
      return;
    case world::KernelReport::kBug:
      if (Enabled(Id::kK1)) AddPage<V>(Id::kK1, pfn, 0, 0, Here());
      return;
    case world::KernelReport::kOops:
      if (!Enabled(Id::kK2)) return;
      if (Violation* v = AddPage<V>(Id::kK2, pfn, 0, 0, Here())) v->silent = l.report_silent;
      return;
    case world::KernelReport::kWarn:
    case world::KernelReport::kBadPage:
      return;
  }
}

template <world::View V>
void Judge(const Scopes& s) {
  const bool legal_pages = s.all_pages ? AllPagesAreLegal<V>() : TouchedPagesAreLegal<V>();
  const Evidence e{!legal_pages, s.accounts && JudgesSums() ? AccountsOfZones<V>() : Accounts{}};
  const uint32_t before = verdicts().total;
  for (const Id id : kOrder) {
    if (Enabled(id)) Evaluate<V>(id, s, e);
  }
  JudgeReports<V>(before);
  if (s.rest) verdicts().pending = Id::kNone;
  // A misuse of a lock is told once.
  sim::sim().lock_fault = sim::LockFault::kNone;
}

template <class V>
void Checks<V>::Step() {
  const bool became_rest = BecameRest();
  const bool over = Quiet<V>(became_rest) && TouchedPagesAreLegal<V>();
  if (!over) Judge<V>(ScopesOfStep(became_rest));
  world::EndStep(Here());
}

template <class V>
void Checks<V>::End() {
  Scopes s = ScopesOfStep(BecameRest());
  s.rest = true;
  s.all_pages = true;
  s.end = true;
  Judge<V>(s);
  world::EndStep(Here());
}

template <class V>
bool Checks<V>::PageIsLegal(Pfn pfn) {
  return KnownPage<V>(pfn).IsLegal();
}

}  // namespace hotplug::invariants

#endif  // MODEL_INVARIANTS_CHECKS_H_
