// SPDX-License-Identifier: GPL-2.0-or-later
//
// Memory that is broken (5.6 mm/memory-failure.c; kernel-facts 4.2, 4.5).
#ifndef MODEL_MM_POISON_H_
#define MODEL_MM_POISON_H_

#include "model/mm/page.h"

namespace hotplug::mm {

// A page in use turns out to be broken: PG_hwpoison, and a reference that nobody ever drops, so
// that it is never free again. 0; -ENXIO if it is not online; -EBUSY if nobody uses it, or if it is
// one of several pages with a single count: these the model leaves as they are.
int memory_failure(Pfn pfn);
// Takes a page that is poisoned from the LRU and from the process that has it mapped.
void UnmapPoisoned(Pfn pfn);

}  // namespace hotplug::mm

#endif  // MODEL_MM_POISON_H_
