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
          news.released_class != 0 || news.accounts != world::Accounts::kUnsettled,
          news.operation_ended != 0,
          news.call_returned != 0,
          became_rest,
          false};
}

inline void CheckLocks() {
  AddBlock(Id::kI14, kNoBlock, 0, static_cast<int32_t>(sim::sim().lock_fault), Here());
}

// The invariants that have something to judge at this step: whatever gives one of them something
// must be asked for here, and by Quiet().
template <world::View V>
Ids Due(const Scopes& s, bool legal_pages) {
  Ids due = 0;
  if (sim::sim().lock_fault != sim::LockFault::kNone) due |= Bits(Id::kI14);
  if (world::ledger().news.trespass != world::kNone) due |= Bits(Id::kI5, Id::kI6, Id::kI19);
  if (!legal_pages) due |= Bits(Id::kI1, Id::kI2, Id::kI3);
  if (s.ended) due |= Bits(Id::kI9, Id::kI18);
  if (s.released) due |= Bits(Id::kI4, Id::kI11, Id::kI18);
  if (s.accounts) due |= Bits(Id::kI10, Id::kI11);
  if (!GoingOfflineIsLegal<V>()) due |= Bits(Id::kI12);
  if (s.returned) due |= Bits(Id::kI7, Id::kI8);
  if (s.rest) due |= Bits(Id::kI10, Id::kI12, Id::kI15);
  if (s.end && verdicts().total == 0) due |= Bits(Id::kI16, Id::kI17);
  return due & ~config().disabled;
}

// Whether there is nothing to judge at this step but the pages that it changed. So it is with most
// steps.
template <world::View V>
bool Quiet(bool became_rest) {
  return !became_rest && !world::ledger().news.any() && !config().full &&
         GoingOfflineIsLegal<V>() && sim::sim().lock_fault == sim::LockFault::kNone;
}

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
void CheckDeliveries(const Scopes& s) {
  if (s.ended) CheckCancel();
  if (s.released) CheckDelivery<V>();
}

// Evaluates one invariant that is due at this step. The accounts are those of now if the counters
// of zones are settled.
template <world::View V>
void Evaluate(Id id, const Scopes& s, const Accounts& a) {
  switch (id) {
    case Id::kI14:
      return CheckLocks();
    case Id::kI5:
    case Id::kI6:
    case Id::kI19:
      return CheckTrespass<V>(id);
    case Id::kI1:
    case Id::kI2:
    case Id::kI3:
      return CheckPages<V>(id, s.all_pages);
    case Id::kI9:
      return CheckPairing<V>();
    case Id::kI18:
      return CheckDeliveries<V>(s);
    case Id::kI4:
      return CheckOffline<V>();
    case Id::kI10:
      return CheckIsolation<V>(s, a);
    case Id::kI11:
      return CheckZones<V>(s, a);
    case Id::kI12:
      return CheckStates<V>(s);
    case Id::kI7:
    case Id::kI8:
      return CheckReturn<V>(id);
    case Id::kI15:
      return CheckOrphans<V>();
    case Id::kI16:
      return CheckOldData<V>();
    case Id::kI17:
      return CheckDevices<V>();
    default:
      return;
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
  const Ids due = Due<V>(s, legal_pages);
  const bool sums = s.accounts && (due & Bits(Id::kI10, Id::kI11)) != 0;
  const Accounts accounts = sums ? AccountsOfZones<V>() : Accounts{};
  const uint32_t before = verdicts().total;
  for (const Id id : kOrder) {
    if ((due & Bits(id)) != 0) Evaluate<V>(id, s, accounts);
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
  return KnownPage<V>(world::PageIndex(pfn)).IsLegal();
}

}  // namespace hotplug::invariants

#endif  // MODEL_INVARIANTS_CHECKS_H_
