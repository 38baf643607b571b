// SPDX-License-Identifier: GPL-2.0-or-later
//
// I7, I8, I9, I15, I17, I18: what a driver owes to the protocol, at the end of an operation, at the
// return of its call, and when nothing is going on.
#include <array>

#include "model/invariants/judge.h"
#include "model/mm/page.h"
#include "model/mm/tracepoints.h"

namespace hotplug::invariants {

namespace {

using mm::BlockId;
using mm::GhostAt;
using mm::InstanceGhost;
using mm::Owner;
using mm::Pfn;
using mm::Phase;

// The driver's own record of the memory that it has taken.
class Recorded {
 public:
  Recorded() : size_(config().driver->ranges(ranges_.data(), kMaxInstances)) {}
  bool Covers(Pfn start, uint32_t nr) const {
    for (uint32_t i = 0; i < size_; ++i) {
      const drivers::Range& r = ranges_[i];
      if (r.start <= start && start.v + nr <= r.start.v + r.nr_pages) return true;
    }
    return false;
  }

 private:
  std::array<drivers::Range, kMaxInstances> ranges_;
  uint32_t size_;
};

// Whether a call that failed has left this page of its range as it should: free (or held
// only for a moment on its way there), not in memory, or somebody else's.
bool Free(Owner o) { return o == mm::kBuddy || o == mm::kPcp; }

bool HeldByOthersAlone(Pfn pfn) {
  const uint8_t others = mm::OthersReferences(GhostAt(pfn));
  return others != 0 && mm::PageAt(pfn).refcount == others;
}

bool GivenBack(Pfn pfn, Owner self) {
  const Phase phase = mm::PhaseOf(pfn);
  if (phase == Phase::kAbsent || phase == Phase::kOffline || phase == Phase::kCommitted)
    return true;
  const mm::PageGhost& g = GhostAt(pfn);
  const mm::page& p = mm::PageAt(pfn);
  // memmap_init_zone() has not come to it yet: it is as offline as it was.
  if (phase == Phase::kOnlining && g.owner == mm::kNobody) return true;
  if (g.owner == self) return false;
  const bool others = mm::IsInstance(g.owner) || mm::IsAllocation(g.owner);
  if (mm::PageOffline(p) && !(mm::IsInstance(g.owner) && mm::Live(mm::InstanceAt(g.owner)))) {
    return false;
  }
  if (g.owner == mm::kNobody) return HeldByOthersAlone(pfn);
  return others || Free(g.owner) || g.owner == mm::kFreeing || g.owner == mm::kCore;
}

void CheckFailedCall(const InstanceGhost& i, Owner self) {
  for (Pfn pfn{i.base}; pfn.v < i.base + i.nr; ++pfn) {
    if (GivenBack(pfn, self)) continue;
    AddPage(Id::kI7, pfn, mm::OthersReferences(GhostAt(pfn)), mm::PageAt(pfn).refcount,
            GhostAt(pfn).writer);
    return;
  }
}

// The first page of the range that is not the instance's; kNoPfn without one.
Pfn PageOfOthers(const InstanceGhost& i, Owner self) {
  for (Pfn pfn{i.base}; pfn.v < i.base + i.nr; ++pfn) {
    if (GhostAt(pfn).owner != self) return pfn;
  }
  return Pfn{mm::kNoPfn};
}

void CheckSucceededCall(const InstanceGhost& i, Owner self) {
  if (!Recorded().Covers(Pfn{i.base}, i.nr)) {
    AddBlock(Id::kI8, mm::BlockOf(Pfn{i.base}).v, 1, 0, Here());
    return;
  }
  if (config().driver->keeps_blocks) {
    const Pfn pfn = PageOfOthers(i, self);
    if (pfn.v != mm::kNoPfn) AddPage(Id::kI8, pfn, 0, 1, GhostAt(pfn).writer);
    return;
  }
  for (Pfn pfn{i.base}; pfn.v < i.base + i.nr; pfn = pfn + mm::PagesPerBlock()) {
    const BlockId b = mm::BlockOf(pfn);
    if (mm::BlockGhostAt(b).claimed == 0) continue;  // somebody has added it again meanwhile
    const mm::memory_block& mem = mm::BlockAt(b);
    if (mm::BlockGhostAt(b).phase == Phase::kAbsent && mem.resource == 0) continue;
    AddBlock(Id::kI8, b.v, 0, 1, mm::BlockGhostAt(b).writer);
    return;
  }
}

bool HasLiveOwner(Pfn pfn, const Recorded& recorded) {
  const Owner o = GhostAt(pfn).owner;
  if (NeedsNoOwner(o)) return true;
  // Its owner has freed it, and a CPU's pagevec has the last reference, or hard poison.
  if (o == mm::kNobody) return HeldByOthersAlone(pfn);
  if (mm::IsInstance(o)) return mm::Live(mm::InstanceAt(o)) && recorded.Covers(pfn, 1);
  return mm::IsAllocation(o) && mm::mm().allocations[o - mm::kFirstAllocation].live != 0;
}

bool RecordedAsRemoved(BlockId b, const Recorded& recorded) {
  return mm::BlockGhostAt(b).claimed != 0 && recorded.Covers(mm::FirstPfn(b), mm::PagesPerBlock());
}

}  // namespace

void CheckPairing() {
  const mm::OperationGhost& op = mm::ledger().op;
  if (op.succeeded != 0) return;
  for (uint64_t left = op.blocks; left != 0; left &= left - 1) {
    const auto index = static_cast<uint32_t>(__builtin_ctzll(left));
    const Pfn start = mm::FirstPfn(mm::BlockNumber(index));
    for (Pfn pfn = start; pfn < start + mm::PagesPerBlock(); ++pfn) {
      const mm::PageGhost& g = GhostAt(pfn);
      if (g.dropped == 0) continue;
      AddPage(Id::kI9, pfn, 0, g.dropped, g.writer);
      return;
    }
  }
}

void CheckCancel() {
  const mm::OperationGhost& op = mm::ledger().op;
  if (op.early == 0) return;
  const auto first = static_cast<uint32_t>(__builtin_ctzll(op.blocks));
  AddBlock(Id::kI18, mm::BlockNumber(first).v, 0, 1, Here());
}

void CheckDelivery() {
  const mm::notifier_block* nb = mm::FirstUntold();
  if (nb != nullptr) AddBlock(Id::kI18, kNoBlock, 0, nb->name, Here());
}

void CheckReturn(Id id) {
  const mm::Ledger& l = mm::ledger();
  for (uint32_t k = 0; k < l.nr_instances; ++k) {
    const InstanceGhost& i = l.instances[k];
    if (i.call_over != 2) continue;  // not of the call that returns in this step
    if (id == Id::kI7 && i.claimed == 0) CheckFailedCall(i, OwnerOf(mm::InstanceId{k}));
    if (id == Id::kI8 && i.claimed != 0 && i.released == 0)
      CheckSucceededCall(i, OwnerOf(mm::InstanceId{k}));
  }
}

void CheckOrphans() {
  const Recorded recorded;
  const uint64_t plain = mm::ledger().plain_blocks & ~mm::ledger().dirty_blocks;
  for (uint32_t k = 0; k < world::geometry().nr_blocks; ++k) {
    const BlockId b = mm::BlockNumber(k);
    const mm::BlockGhost& ghost = mm::BlockGhostAt(b);
    const Pfn start = mm::FirstPfn(b);
    const bool absent = ghost.phase == Phase::kAbsent;
    const bool ejected = absent && mm::BlockAt(b).ejected != 0;
    if (absent && mm::BlockAt(b).of_device != 0) continue;
    if (absent && !ejected && !RecordedAsRemoved(b, recorded)) {
      AddBlock(Id::kI15, b.v, 1, 0, ghost.writer);
      return;
    }
    const bool not_taken = !config().driver->keeps_blocks && (!absent || ejected);
    if (not_taken && recorded.Covers(start, mm::PagesPerBlock())) {
      AddBlock(Id::kI15, b.v, 0, 1, ghost.writer);
      return;
    }
    if (absent || ghost.phase == Phase::kOffline || (plain >> k & 1) != 0) continue;
    for (Pfn pfn = start; pfn < start + mm::PagesPerBlock(); ++pfn) {
      if (HasLiveOwner(pfn, recorded)) continue;
      AddPage(Id::kI15, pfn, 0, mm::PageAt(pfn).refcount, GhostAt(pfn).writer);
      return;
    }
  }
}

// kmemleak finds them on a real machine, where somebody has it scan.
void CheckDevices() {
  const mm::MmState& m = mm::mm();
  if (m.kmemleak == 0 || m.leaked_devices == 0) return;
  AddBlock(Id::kI17, kNoBlock, 0, static_cast<int32_t>(m.leaked_devices), mm::kTpOfflineAndRemove);
}

}  // namespace hotplug::invariants
