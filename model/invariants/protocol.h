// SPDX-License-Identifier: GPL-2.0-or-later
//
// I7, I8, I9, I15, I17, I18: what a driver owes to the protocol, at the end of an operation, at the
// return of its call, and when nothing is going on.
#ifndef MODEL_INVARIANTS_PROTOCOL_H_
#define MODEL_INVARIANTS_PROTOCOL_H_

#include <array>

#include "model/invariants/judge.h"

namespace hotplug::invariants {

using world::InstanceGhost;

// The driver's own record of the memory that it has taken.
template <world::View V>
class Recorded {
 public:
  Recorded() : size_(V::recorded(ranges_.data(), kMaxInstances)) {}
  bool Covers(Pfn start, uint32_t nr) const {
    for (uint32_t i = 0; i < size_; ++i) {
      const world::Range& r = ranges_[i];
      if (r.start <= start && start.v + nr <= r.start.v + r.nr_pages) return true;
    }
    return false;
  }

 private:
  std::array<world::Range, kMaxInstances> ranges_;
  uint32_t size_;
};

inline bool IsFree(Owner o) { return o == world::kBuddy || o == world::kPcp; }

template <world::View V>
bool HeldByOthersAlone(Pfn pfn) {
  const uint8_t others = world::OthersReferences(GhostAt(pfn));
  return others != 0 && CountAt<V>(pfn) == others;
}

// Whether a call that failed has left this page of its range as it should: free (or held
// only for a moment on its way there), not in memory, or somebody else's.
template <world::View V>
bool GivenBack(Pfn pfn, Owner self) {
  const Phase phase = world::PhaseOf(pfn);
  if (phase == Phase::kAbsent || phase == Phase::kOffline || phase == Phase::kCommitted)
    return true;
  const world::PageGhost& g = GhostAt(pfn);
  // memmap_init_zone() has not come to it yet: it is as offline as it was.
  if (phase == Phase::kOnlining && g.owner == world::kNobody) return true;
  if (g.owner == self) return false;
  const bool others = world::IsInstance(g.owner) || world::IsAllocation(g.owner);
  const bool of_live = world::IsInstance(g.owner) && world::Live(world::InstanceAt(g.owner));
  if (PageOffline(TypeAt<V>(pfn)) && !of_live) return false;
  if (g.owner == world::kNobody) return HeldByOthersAlone<V>(pfn);
  return others || IsFree(g.owner) || g.owner == world::kFreeing || g.owner == world::kCore;
}

template <world::View V>
void CheckFailedCall(const InstanceGhost& i, Owner self) {
  for (Pfn pfn{i.base}; pfn.v < i.base + i.nr; ++pfn) {
    if (GivenBack<V>(pfn, self)) continue;
    AddPage<V>(Id::kI7, pfn, world::OthersReferences(GhostAt(pfn)), CountAt<V>(pfn),
               GhostAt(pfn).writer);
    return;
  }
}

// The first page of the range that is not the instance's; kNoPfn without one.
inline Pfn PageOfOthers(const InstanceGhost& i, Owner self) {
  for (Pfn pfn{i.base}; pfn.v < i.base + i.nr; ++pfn) {
    if (GhostAt(pfn).owner != self) return pfn;
  }
  return Pfn{world::kNoPfn};
}

// The first block of the range that is still the instance's and that its driver has not recorded.
template <world::View V>
Pfn Unrecorded(const InstanceGhost& i) {
  const Recorded<V> recorded;
  for (Pfn pfn{i.base}; pfn.v < i.base + i.nr; pfn = pfn + world::PagesPerBlock()) {
    const bool held = world::BlockGhostAt(world::BlockOf(pfn)).claimed != 0;
    if (held && !recorded.Covers(pfn, world::PagesPerBlock())) return pfn;
  }
  return Pfn{world::kNoPfn};
}

template <world::View V>
void CheckSucceededCall(const InstanceGhost& i, Owner self) {
  if (const Pfn pfn = Unrecorded<V>(i); pfn.v != world::kNoPfn) {
    AddBlock(Id::kI8, world::BlockOf(pfn).v, 1, 0, Here());
    return;
  }
  if (V::driver_keeps_blocks()) {
    const Pfn pfn = PageOfOthers(i, self);
    if (pfn.v != world::kNoPfn) AddPage<V>(Id::kI8, pfn, 0, 1, GhostAt(pfn).writer);
    return;
  }
  for (Pfn pfn{i.base}; pfn.v < i.base + i.nr; pfn = pfn + world::PagesPerBlock()) {
    const BlockId b = world::BlockOf(pfn);
    if (world::BlockGhostAt(b).claimed == 0) continue;  // somebody has added it again meanwhile
    if (world::BlockGhostAt(b).phase == Phase::kAbsent && !V::block(b).resource) continue;
    AddBlock(Id::kI8, b.v, 0, 1, world::BlockGhostAt(b).writer);
    return;
  }
}

template <world::View V>
bool HasLiveOwner(Pfn pfn, const Recorded<V>& recorded) {
  const Owner o = GhostAt(pfn).owner;
  if (NeedsNoOwner(o)) return true;
  // Its owner has freed it, and a CPU's pagevec has the last reference, or hard poison.
  if (o == world::kNobody) return HeldByOthersAlone<V>(pfn);
  if (world::IsInstance(o)) return world::Live(world::InstanceAt(o)) && recorded.Covers(pfn, 1);
  return world::IsAllocation(o) && V::allocation(o).live;
}

template <world::View V>
bool RecordedAsRemoved(BlockId b, const Recorded<V>& recorded) {
  return world::BlockGhostAt(b).claimed != 0 &&
         recorded.Covers(world::FirstPfn(b), world::PagesPerBlock());
}

template <world::View V>
void CheckPairing() {
  const world::OperationGhost& op = world::ledger().op;
  if (op.succeeded != 0) return;
  for (uint64_t left = op.blocks; left != 0; left &= left - 1) {
    const auto index = static_cast<uint32_t>(__builtin_ctzll(left));
    const Pfn start = world::FirstPfn(world::BlockNumber(index));
    for (Pfn pfn = start; pfn < start + world::PagesPerBlock(); ++pfn) {
      const world::PageGhost& g = GhostAt(pfn);
      if (g.dropped == 0) continue;
      AddPage<V>(Id::kI9, pfn, 0, g.dropped, g.writer);
      return;
    }
  }
}

inline void CheckCancel() {
  const world::OperationGhost& op = world::ledger().op;
  if (op.early == 0) return;
  const auto first = static_cast<uint32_t>(__builtin_ctzll(op.blocks));
  AddBlock(Id::kI18, world::BlockNumber(first).v, 0, 1, Here());
}

template <world::View V>
void CheckDelivery() {
  const int32_t notifier = V::first_untold();
  if (notifier >= 0) AddBlock(Id::kI18, kNoBlock, 0, notifier, Here());
}

template <world::View V>
void CheckReturn(Id id) {
  const world::Ledger& l = world::ledger();
  for (uint32_t k = 0; k < l.nr_instances; ++k) {
    const InstanceGhost& i = l.instances[k];
    if (i.call_over != 2) continue;  // not of the call that returns in this step
    if (id == Id::kI7 && i.claimed == 0)
      CheckFailedCall<V>(i, world::OwnerOf(world::InstanceId{k}));
    if (id == Id::kI8 && i.claimed != 0 && i.released == 0)
      CheckSucceededCall<V>(i, world::OwnerOf(world::InstanceId{k}));
  }
}

// What is there has a device, and of what is not there nothing is left, unless a resource could not
// be released. Memory may have holes.
inline bool IsWhole(const world::BlockState& block, bool absent) {
  if (block.registered == absent) return false;
  return !absent || !block.resource || world::ledger().unreleased != 0;
}

template <world::View V>
void CheckOrphans() {
  const Recorded<V> recorded;
  const uint64_t plain = world::ledger().plain_blocks & ~world::ledger().dirty_blocks;
  for (uint32_t k = 0; k < world::geometry().nr_blocks; ++k) {
    const BlockId b = world::BlockNumber(k);
    const world::BlockGhost& ghost = world::BlockGhostAt(b);
    const Pfn start = world::FirstPfn(b);
    const bool absent = ghost.phase == Phase::kAbsent;
    const world::BlockState block = V::block(b);
    if (!IsWhole(block, absent)) {
      AddBlock(Id::kI15, b.v, absent ? 0 : 1, absent ? 1 : 0, ghost.writer);
      return;
    }
    const bool ejected = absent && block.ejected;
    if (absent && block.of_device) continue;
    if (absent && !ejected && !RecordedAsRemoved(b, recorded)) {
      AddBlock(Id::kI15, b.v, 1, 0, ghost.writer);
      return;
    }
    const bool not_taken = !V::driver_keeps_blocks() && (!absent || ejected);
    if (not_taken && recorded.Covers(start, world::PagesPerBlock())) {
      AddBlock(Id::kI15, b.v, 0, 1, ghost.writer);
      return;
    }
    if (absent || ghost.phase == Phase::kOffline || (plain >> k & 1) != 0) continue;
    for (Pfn pfn = start; pfn < start + world::PagesPerBlock(); ++pfn) {
      if (HasLiveOwner(pfn, recorded)) continue;
      AddPage<V>(Id::kI15, pfn, 0, CountAt<V>(pfn), GhostAt(pfn).writer);
      return;
    }
  }
}

// kmemleak finds them on a real machine, where somebody has it scan.
template <world::View V>
void CheckDevices() {
  const uint32_t leaked = V::leaked_devices();
  if (leaked == 0) return;
  AddBlock(Id::kI17, kNoBlock, 0, static_cast<int32_t>(leaked), V::kLeaksDevices);
}

}  // namespace hotplug::invariants

#endif  // MODEL_INVARIANTS_PROTOCOL_H_
