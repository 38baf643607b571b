// SPDX-License-Identifier: GPL-2.0-or-later
//
// The memory that a driver's own file has recorded. A file does not say that: what it has reserved
// and not given back is known, and whether it has written down where that lies is looked for.
#ifndef MODEL_WORLD_RECORDED_H_
#define MODEL_WORLD_RECORDED_H_

#include "model/world/view.h"

namespace hotplug::world {

// Whether an instance has something that its driver has reserved and that is not Linux's again.
inline bool Holds(const InstanceGhost& i) { return i.claimed != 0 && i.released == 0; }
inline bool AnyHolds() {
  const Ledger& l = ledger();
  for (uint32_t i = 0; i < l.nr_instances; ++i) {
    if (Holds(l.instances[i])) return true;
  }
  return false;
}

// The first of the blocks of an instance from `at` on that is (not) claimed; `end` without one.
inline Pfn NextClaimed(Pfn at, Pfn end, bool claimed) {
  while (at < end && (BlockGhostAt(BlockOf(at)).claimed != 0) != claimed) at = at + PagesPerBlock();
  return at;
}

// The ranges of blocks, at most `max`, that instances have reserved and not given back, if known()
// of the first pfn of the range or of the instance. Returns how many. Not those of a device.
template <class Known>
uint32_t RecordedRanges(Range* out, uint32_t max, Known known) {
  const Ledger& l = ledger();
  uint32_t n = 0;
  for (uint32_t i = 0; i < l.nr_instances; ++i) {
    const InstanceGhost& g = l.instances[i];
    if (!Holds(g) || g.device != 0) continue;
    const Pfn end = Pfn{g.base} + g.nr;
    for (Pfn at = NextClaimed(Pfn{g.base}, end, true); at < end && n < max;) {
      const Pfn next = NextClaimed(at, end, false);
      if (known(Pfn{g.base}) || known(at)) out[n++] = {at, next - at};
      at = NextClaimed(next, end, true);
    }
  }
  return n;
}

}  // namespace hotplug::world

#endif  // MODEL_WORLD_RECORDED_H_
