// SPDX-License-Identifier: GPL-2.0-or-later
//
// I1, I2, I3: what a page may look like. I5, I6, I16, I19: who may touch it or see it.
#ifndef MODEL_INVARIANTS_PAGES_H_
#define MODEL_INVARIANTS_PAGES_H_

#include "model/invariants/judge.h"

namespace hotplug::invariants {

inline bool Owned(Owner o) {
  return world::IsInstance(o) || world::IsAllocation(o) || o == world::kBoot || o == world::kCore;
}

// A page with what is known about it, looked up once.
template <world::View V>
class KnownPage {
 public:
  // The page at that place (PageIndex()).
  explicit KnownPage(uint32_t index)
      : index_(index),
        block_(index >> world::geometry().block_order),
        page_(V::page_at(index)),
        ghost_(sim::machine->Get<world::PageGhost>(world::kGhostRegion)[index]),
        phase_(world::ledger().blocks[block_].phase) {}

  Owner owner() const { return ghost_.owner; }

  bool IsLegal() const {
    // A free page that keeps I3 keeps the others.
    if (owner() == world::kBuddy) return FreeIsLegal();
    return FreeIsLegal() && TypesAreLegal() && CountIsLegal();
  }

  // True (and added) if the page breaks the invariant.
  bool Judged(Id id, uint16_t function) const {
    if (Keeps(id)) return false;
    const int32_t expected = id == Id::kI1 ? ExpectedCount() : 0;
    AddPageOfType(id, world::PfnAt(index_), type(), expected, count(), function);
    return true;
  }

 private:
  int32_t count() const { return V::page_count(page_); }
  uint8_t type() const { return V::page_type(page_); }

  bool Keeps(Id id) const {
    if (id == Id::kI1) return CountIsLegal();
    return id == Id::kI2 ? TypesAreLegal() : FreeIsLegal();
  }

  int32_t ExpectedCount() const {
    const uint32_t entitled = world::Entitled(ghost_, block_);
    return static_cast<int32_t>(entitled) + world::OthersReferences(ghost_);
  }

  bool CountIsLegal() const {
    if (!InMemory(phase_)) return true;
    const Owner o = owner();
    // memmap_init_zone() has not come to it yet.
    if (phase_ == Phase::kOnlining && o == world::kNobody) return true;
    // Inside its own callback the owner is on its way from one legal count to another.
    if (Owned(o) && o != world::ledger().callback_owner) return count() == ExpectedCount();
    return count() >= 0;
  }

  bool TypesAreLegal() const {
    constexpr uint8_t kBoth = world::kTypeBuddy | world::kTypeOffline;
    return (type() & kBoth) != kBoth || phase_ == Phase::kAbsent;
  }

  bool FreeIsLegal() const {
    if (owner() == world::kPcp && PageBuddy(type())) return false;
    if (owner() != world::kBuddy && owner() != world::kPcp)
      return !PageBuddy(type()) || phase_ == Phase::kAbsent;
    return count() == 0 && !PageOffline(type()) && InMemory(phase_);
  }

  uint32_t index_;
  uint32_t block_;  // its index
  decltype(V::page_at(0)) page_;
  const world::PageGhost& ghost_;
  Phase phase_;
};

template <world::View V>
bool TouchedPagesAreLegal() {
  const uint32_t* touched = world::Touched();
  for (uint32_t left = world::ledger().nr_touched; left != 0; --left) {
    if (!KnownPage<V>(*touched++).IsLegal()) return false;
  }
  return true;
}

// Notes by the way whether the block is plain.
template <world::View V>
bool BlockIsLegal(uint32_t block) {
  const uint32_t first = block << world::geometry().block_order;
  const uint32_t end = first + world::PagesPerBlock();
  bool plain = true;
  for (uint32_t i = first; i < end; ++i) {
    const KnownPage<V> page(i);
    if (!page.IsLegal()) return false;
    plain = plain && NeedsNoOwner(page.owner());
  }
  const uint64_t bit = uint64_t{1} << block;
  uint64_t& blocks = world::ledger().plain_blocks;
  blocks = plain ? blocks | bit : blocks & ~bit;
  return true;
}

// A block that was legal, and of which nothing has changed since, is legal. One that is not stays
// dirty, and is told again at every rest.
template <world::View V>
bool AllPagesAreLegal() {
  static_assert(kMaxBlocks < 64);
  const uint64_t all = (uint64_t{1} << world::geometry().nr_blocks) - 1;
  uint64_t& dirty = world::ledger().dirty_blocks;
  for (uint64_t left = config().full ? all : dirty; left != 0; left &= left - 1) {
    if (!BlockIsLegal<V>(static_cast<uint32_t>(__builtin_ctzll(left)))) return false;
  }
  dirty = 0;
  return true;
}

// The first page that breaks the invariant is enough: its neighbours tell the same story.
template <world::View V>
void CheckPages(Id id, bool all) {
  if (!all) {
    const uint32_t* touched = world::Touched();
    for (uint32_t i = 0; i < world::ledger().nr_touched; ++i) {
      if (KnownPage<V>(touched[i]).Judged(id, Here())) return;
    }
    return;
  }
  const auto* ghosts = sim::machine->Get<world::PageGhost>(world::kGhostRegion);
  for (uint32_t i = 0; i < world::geometry().nr_pages; ++i) {
    if (KnownPage<V>(i).Judged(id, ghosts[i].touched != 0 ? Here() : ghosts[i].writer)) return;
  }
}

template <world::View V>
void CheckTrespass(Id id) {
  const world::Trespass& t = world::ledger().trespass;
  const uint8_t kind = world::ledger().news.trespass;
  constexpr Id kBroken[] = {Id::kNone, Id::kI6, Id::kI5, Id::kI6, Id::kI19};
  if (id != kBroken[kind]) return;
  if (Violation* v = AddPage<V>(id, Pfn{t.pfn}, 0, kind, Here())) v->owner = t.owner;
}

// As it was when it was seen: what has become of the memory since makes no other finding of it.
template <world::View V>
void CheckOldData() {
  const world::OldData& old = world::ledger().old_data;
  if (old.function == 0) return;
  Violation* v = AddPage<V>(Id::kI16, Pfn{old.pfn}, 1, 0, old.function);
  if (v == nullptr) return;
  v->phase = old.phase;
  v->last_event = old.last_event;
}

}  // namespace hotplug::invariants

#endif  // MODEL_INVARIANTS_PAGES_H_
