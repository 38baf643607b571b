// SPDX-License-Identifier: GPL-2.0-or-later
//
// Memory that is broken (5.6 mm/memory-failure.c; kernel-facts 4.2, 4.5).
#ifndef MODEL_MM_POISON_H_
#define MODEL_MM_POISON_H_

#include "model/mm/page.h"

namespace hotplug::mm {

// A page turns out to be broken: PG_hwpoison, and a reference that nobody ever drops, so that it is
// never free again. 0; -ENXIO if it is not online; -EBUSY if nothing can be done. Up to 5.12 that
// is so of a page that nobody uses, or that is one of several with a single count: these the model
// leaves as they are. Since then of all but free pages and pages on the LRU: these are poisoned all
// the same, without a reference.
int memory_failure(Pfn pfn);
// With CoreFix::kPoisonInUse: whether a page is poisoned, and its owner or anybody else has it all
// the same.
bool InUseThoughPoisoned(Pfn pfn);
// Takes a page that is poisoned from the LRU and from the process that has it mapped.
void UnmapPoisoned(Pfn pfn);

}  // namespace hotplug::mm

#endif  // MODEL_MM_POISON_H_
