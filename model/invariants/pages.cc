// SPDX-License-Identifier: GPL-2.0-or-later
//
// I1, I2, I3: what a page may look like. I5, I6, I16, I19: who may touch it or see it.
#include "model/invariants/judge.h"
#include "model/mm/page.h"

namespace hotplug::invariants {

namespace {

using mm::GhostAt;
using mm::Owner;
using mm::Pfn;
using mm::Phase;

// Memory in use: pages of offline and absent blocks mean nothing (DEBUG_VM poisons them).
inline bool InMemory(Phase phase) {
  return phase == Phase::kOnlining || phase == Phase::kOnline || phase == Phase::kOfflining;
}

inline bool Owned(Owner o) {
  return mm::IsInstance(o) || mm::IsAllocation(o) || o == mm::kBoot || o == mm::kCore;
}

// A page with what is known about it, looked up once.
struct View {
  explicit View(Pfn at) : View(at, mm::PageIndex(at)) {}
  View(Pfn at, uint32_t index)
      : pfn(at),
        block(index >> world::geometry().block_order),
        page(sim::machine->Get<mm::page>(mm::kPageRegion)[index]),
        ghost(sim::machine->Get<mm::PageGhost>(mm::kGhostRegion)[index]),
        phase(mm::ledger().blocks[block].phase) {}
  Pfn pfn;
  uint32_t block;  // its index
  const mm::page& page;
  const mm::PageGhost& ghost;
  Phase phase;
};

inline int32_t ExpectedCount(const View& v) {
  const uint32_t entitled = mm::Entitled(v.pfn, v.ghost.owner, v.block);
  return static_cast<int32_t>(entitled) + mm::OthersReferences(v.ghost);
}

inline bool CountIsLegal(const View& v) {
  if (!InMemory(v.phase)) return true;
  const Owner o = v.ghost.owner;
  // memmap_init_zone() has not come to it yet.
  if (v.phase == Phase::kOnlining && o == mm::kNobody) return true;
  // Inside its own callback the owner is on its way from one legal count to another.
  if (Owned(o) && o != mm::ledger().callback_owner) return v.page.refcount == ExpectedCount(v);
  return v.page.refcount >= 0;
}

inline bool TypesAreLegal(const View& v) {
  constexpr uint8_t kBoth = mm::kTypeBuddy | mm::kTypeOffline;
  return (v.page.type & kBoth) != kBoth || v.phase == Phase::kAbsent;
}

inline bool FreeIsLegal(const View& v) {
  if (v.ghost.owner == mm::kPcp && mm::PageBuddy(v.page)) return false;
  if (v.ghost.owner != mm::kBuddy && v.ghost.owner != mm::kPcp)
    return !mm::PageBuddy(v.page) || v.phase == Phase::kAbsent;
  return v.page.refcount == 0 && !mm::PageOffline(v.page) && InMemory(v.phase);
}

bool IsLegal(Id id, const View& v) {
  if (id == Id::kI1) return CountIsLegal(v);
  return id == Id::kI2 ? TypesAreLegal(v) : FreeIsLegal(v);
}

// True (and added) if the page breaks the invariant.
bool Judged(Id id, Pfn pfn, uint16_t function) {
  const View v(pfn);
  if (IsLegal(id, v)) return false;
  const int32_t expected = id == Id::kI1 ? ExpectedCount(v) : 0;
  AddPage(id, pfn, expected, mm::PageAt(pfn).refcount, function);
  return true;
}

inline bool IsLegal(const View& v) {
  // A free page that keeps I3 keeps the others.
  if (v.ghost.owner == mm::kBuddy) return FreeIsLegal(v);
  return FreeIsLegal(v) && TypesAreLegal(v) && CountIsLegal(v);
}

}  // namespace

bool PageIsLegal(Pfn pfn) { return IsLegal(View(pfn)); }

bool TouchedPagesAreLegal() {
  const uint32_t* touched = mm::Touched();
  for (uint32_t i = 0; i < mm::ledger().nr_touched; ++i) {
    if (!IsLegal(View(Pfn{touched[i]}))) return false;
  }
  return true;
}

namespace {

// Notes by the way whether the block is plain.
bool BlockIsLegal(uint32_t block) {
  const uint32_t first = block << world::geometry().block_order;
  const Pfn start = mm::FirstPfn(mm::BlockNumber(block));
  const uint32_t nr_pages = mm::PagesPerBlock();
  bool plain = true;
  for (uint32_t i = 0; i < nr_pages; ++i) {
    const View v(start + i, first + i);
    if (!IsLegal(v)) return false;
    plain = plain && NeedsNoOwner(v.ghost.owner);
  }
  const uint64_t bit = uint64_t{1} << block;
  uint64_t& blocks = mm::ledger().plain_blocks;
  blocks = plain ? blocks | bit : blocks & ~bit;
  return true;
}

}  // namespace

// A block that was legal, and of which nothing has changed since, is legal. One that is not stays
// dirty, and is told again at every rest.
bool AllPagesAreLegal() {
  static_assert(kMaxBlocks < 64);
  const uint64_t all = (uint64_t{1} << world::geometry().nr_blocks) - 1;
  uint64_t& dirty = mm::ledger().dirty_blocks;
  for (uint64_t left = config().full ? all : dirty; left != 0; left &= left - 1) {
    if (!BlockIsLegal(static_cast<uint32_t>(__builtin_ctzll(left)))) return false;
  }
  dirty = 0;
  return true;
}

// The first page that breaks the invariant is enough: its neighbours tell the same story.
void CheckPages(Id id, bool all) {
  if (!all) {
    const uint32_t* touched = mm::Touched();
    for (uint32_t i = 0; i < mm::ledger().nr_touched; ++i) {
      if (Judged(id, Pfn{touched[i]}, Here())) return;
    }
    return;
  }
  for (uint32_t i = 0; i < world::geometry().nr_blocks; ++i) {
    const Pfn start = mm::FirstPfn(mm::BlockNumber(i));
    for (Pfn pfn = start; pfn < start + mm::PagesPerBlock(); ++pfn) {
      const mm::PageGhost& g = GhostAt(pfn);
      if (Judged(id, pfn, g.touched != 0 ? Here() : g.writer)) return;
    }
  }
}

void CheckTrespass(Id id) {
  const mm::Trespass& t = mm::ledger().trespass;
  const uint8_t kind = mm::ledger().news.trespass;
  constexpr Id kBroken[] = {Id::kNone, Id::kI6, Id::kI5, Id::kI6, Id::kI19};
  if (id != kBroken[kind]) return;
  if (Violation* v = AddPage(id, Pfn{t.pfn}, 0, kind, Here())) v->owner = t.owner;
}

// As it was when it was seen: what has become of the memory since makes no other finding of it.
void CheckOldData() {
  const mm::OldData& old = mm::ledger().old_data;
  if (old.function == 0) return;
  Violation* v = AddPage(Id::kI16, Pfn{old.pfn}, 1, 0, old.function);
  if (v == nullptr) return;
  v->phase = old.phase;
  v->last_event = old.last_event;
}

}  // namespace hotplug::invariants
