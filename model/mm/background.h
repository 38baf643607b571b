// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the kernel does by itself: slab pages, page tables, the page cache. The model does not
// decide where such pages lie; whoever sets a machine up says how many a block has.
#ifndef MODEL_MM_BACKGROUND_H_
#define MODEL_MM_BACKGROUND_H_

#include "model/mm/state.h"

namespace hotplug::mm {

// Pages of a block that the kernel holds by itself.
struct Background {
  uint32_t unmovable;  // allocated, not on the LRU
  uint32_t lru;        // on the LRU: they can be migrated
};
Background BackgroundOf(BlockId block);
// Takes free pages of an online block for the kernel, the highest first, or gives back pages
// that it holds and nobody else, until it holds exactly `want`. False if there are not as many
// free pages; nothing is changed then.
bool SetBackground(BlockId block, const Background& want);
// The kernel holds this free page; false if it is not free.
bool HoldPage(Pfn pfn);
// The kernel holds as many unmovable pages of the block as before, but none of [start, end).
void KeepOutOf(Pfn start, Pfn end);

}  // namespace hotplug::mm

#endif  // MODEL_MM_BACKGROUND_H_
