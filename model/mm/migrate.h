// SPDX-License-Identifier: GPL-2.0-or-later
//
// Moving pages out of the way (5.6 mm/memory_hotplug.c, mm/migrate.c).
#ifndef MODEL_MM_MIGRATE_H_
#define MODEL_MM_MIGRATE_H_

#include "model/mm/page.h"

namespace hotplug::mm {

// First page of [start, end) that can be migrated; kNoPfn with *rc = -ENOENT if there is
// none, with -EBUSY if a PageOffline page with references is met first (VM4-6).
Pfn scan_movable_pages(Pfn start, Pfn end, int* rc);
// Tries once to migrate every page on the LRU of [start, end), and says whether one has moved.
bool do_migrate_range(Pfn start, Pfn end);
// The same for who wants the range: 0, -EBUSY if some page stays, -ENOMEM, or -EINTR.
int __alloc_contig_migrate_range(Pfn start, Pfn end);

}  // namespace hotplug::mm

#endif  // MODEL_MM_MIGRATE_H_
