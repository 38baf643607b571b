// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the families of invariants share: each looks, and adds what it finds. They are templates
// over what can be seen of a world (model/world/view.h); run has the checks of each world.
#ifndef MODEL_INVARIANTS_JUDGE_H_
#define MODEL_INVARIANTS_JUDGE_H_

#include "model/invariants/invariants.h"
#include "model/sim/sched.h"
#include "model/world/view.h"

namespace hotplug::invariants {

using world::BlockId;
using world::GhostAt;
using world::Owner;
using world::Pfn;
using world::Phase;

inline const Config& config() { return *sim::machine->bound.checks; }
inline bool Enabled(Id id) { return (config().disabled & Bits(id)) == 0; }

// Adds a violation about a block (or kNoBlock), made by trace point `function`. Returns it for more
// to be said about it; null if the list has the like of it already, or is full.
Violation* AddBlock(Id id, uint32_t block, int32_t expected, int32_t found, uint16_t function);
// The same about a page of those types (or kNoPfn).
Violation* AddPageOfType(Id id, Pfn pfn, uint8_t page_type, int32_t expected, int32_t found,
                         uint16_t function);

// What this step is one of: its trace point, or the function that it is in.
inline uint16_t Here() { return world::WriterOf(sim::sim().last.tp, sim::sim().last.task); }

// Free, or reserved at boot: a page that needs nobody who owns it.
inline bool NeedsNoOwner(Owner o) {
  return o == world::kBuddy || o == world::kPcp || o == world::kBoot;
}

// Memory in use: pages of offline and absent blocks mean nothing (DEBUG_VM poisons them).
inline bool InMemory(Phase phase) {
  return phase == Phase::kOnlining || phase == Phase::kOnline || phase == Phase::kOfflining;
}

// The page at a pfn, as V has it.
template <world::View V>
decltype(auto) PageAt(Pfn pfn) {
  return V::page_at(world::PageIndex(pfn));
}
template <world::View V>
int32_t CountAt(Pfn pfn) {
  return V::page_count(PageAt<V>(pfn));
}
template <world::View V>
uint8_t TypeAt(Pfn pfn) {
  return V::page_type(PageAt<V>(pfn));
}
template <world::View V>
Violation* AddPage(Id id, Pfn pfn, int32_t expected, int32_t found, uint16_t function) {
  const uint8_t type = pfn.v == world::kNoPfn ? uint8_t{0} : TypeAt<V>(pfn);
  return AddPageOfType(id, pfn, type, expected, found, function);
}
inline bool PageBuddy(uint8_t page_type) { return (page_type & world::kTypeBuddy) != 0; }
inline bool PageOffline(uint8_t page_type) { return (page_type & world::kTypeOffline) != 0; }

template <class F>
void ForEachBlock(F f) {
  for (uint32_t i = 0; i < world::geometry().nr_blocks; ++i) f(world::BlockNumber(i));
}

}  // namespace hotplug::invariants

#endif  // MODEL_INVARIANTS_JUDGE_H_
