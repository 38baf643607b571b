// SPDX-License-Identifier: GPL-2.0-or-later
//
// Between the families of invariants: each looks, and adds what it finds.
#ifndef MODEL_INVARIANTS_JUDGE_H_
#define MODEL_INVARIANTS_JUDGE_H_

#include "model/invariants/invariants.h"

namespace hotplug::invariants {

inline const Config& config() { return *sim::machine->bound.checks; }
inline bool Enabled(Id id) { return (config().disabled & Bit(id)) == 0; }

// Adds a violation about a page (or kNoPfn), made by trace point `function`. Returns it for
// more to be said about it; null if the list has the like of it already, or is full.
Violation* AddPage(Id id, mm::Pfn pfn, int32_t expected, int32_t found, uint16_t function);
// Adds a violation about a block (or kNoBlock).
Violation* AddBlock(Id id, uint32_t block, int32_t expected, int32_t found, uint16_t function);

// The trace point of this step.
inline uint16_t Here() { return sim::sim().last.tp; }

// Free, or reserved at boot: a page that needs nobody who owns it.
inline bool NeedsNoOwner(mm::Owner o) { return o == mm::kBuddy || o == mm::kPcp || o == mm::kBoot; }

// pages.cc: I1, I2, I3 over the pages of this step, or over all; I5, I6, I19; I16. Most often all
// pages are legal, and one look at each is enough to know.
bool PageIsLegal(mm::Pfn pfn);
bool TouchedPagesAreLegal();
bool AllPagesAreLegal();
void CheckPages(Id id, bool all);
void CheckTrespass(Id id);
void CheckOldData();
// zones.cc: I4, I10, I11 at the release of mem_hotplug_lock; I12.
struct Sums {
  uint32_t present = 0;
  uint32_t managed = 0;
  uint32_t free = 0;
  uint32_t isolated_pageblocks = 0;
};
// What the pages of the blocks in memory add up to, by zone.
using ZoneSums = std::array<Sums, kMaxNodes * mm::MAX_NR_ZONES>;
ZoneSums SumsOfZones();
void CheckOffline();
void CheckIsolateCounts(const ZoneSums& sums);
void CheckZoneCounters(const ZoneSums& sums);
inline bool GoingOfflineIsLegal() {
  return mm::ledger().going_offline == 0 || mm::mm().device_hotplug_lock.lock.held();
}
void CheckGoingOffline();
void CheckDeviceStates();
// protocol.cc: I9 and I18 at the end of an operation, I18 at the release of mem_hotplug_lock; I7,
// I8 at the return of enable; I15 at rest; I17.
void CheckPairing();
void CheckCancel();
void CheckDelivery();
void CheckReturn(Id id);
void CheckOrphans();
void CheckDevices();

}  // namespace hotplug::invariants

#endif  // MODEL_INVARIANTS_JUDGE_H_
