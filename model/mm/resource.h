// SPDX-License-Identifier: GPL-2.0-or-later
//
// "System RAM" in the tree of resources (kernel/resource.c): memory that is added as one range
// is one entry. A removal splits an entry, but one that spans several releases nothing: their
// blocks are gone, and yet nobody can add them again. 6.1 does so as 5.6 did (the recordings'
// `oarm 32 2` after `add 33`; kernel-facts 2.4 has it fixed in 5.10).
#ifndef MODEL_MM_RESOURCE_H_
#define MODEL_MM_RESOURCE_H_

#include "model/mm/state.h"

namespace hotplug::mm {

// A new entry for a range of blocks.
void request_resource(BlockId start, uint32_t nr_blocks);
// Releases a range that lies in one entry. -EINVAL, and nothing is released, if it does not; before
// 5.10 also -ENOMEM, if the entry goes on at both ends and there is no memory for a second one.
int release_mem_region_adjustable(BlockId start, uint32_t nr_blocks);
// Whether that allocates as it did before 5.10.
bool SplitAllocates();

// A driver's own entry for blocks that are not System RAM: while it is there they cannot be added.
void request_mem_region(BlockId start, uint32_t nr_blocks);
void release_mem_region(BlockId start, uint32_t nr_blocks);

}  // namespace hotplug::mm

#endif  // MODEL_MM_RESOURCE_H_
