// SPDX-License-Identifier: GPL-2.0-or-later
//
// A driver's own file in a world: what the ledger is told of it, and what it has recorded.
#ifndef MODEL_TREE_DRIVER_H_
#define MODEL_TREE_DRIVER_H_

#include <cstdint>

#include "model/tree/abi.h"
#include "model/world/view.h"

namespace hotplug::tree {

// Its part of the functions that the kernel calls.
world_driver_host DriverHost();

// Whether an address lies in the driver's code. In a world without a driver none does.
bool IsOfDriver(const void* pc);

// Whether it calls a function that removes memory: what it reserves leaves Linux then.
bool DriverRemovesMemory(const world_exports& kernel);

// The driver's code has taken (delta > 0) or dropped references of a page, of which it now has
// `count`: they are its owner's. Makes a step.
void DriverReference(world::Pfn pfn, int delta, int count);

// The memory of a block is Linux's again: whoever had reserved it has it no more.
void ReleaseBlock(world::BlockId block);

// The ranges that the driver has recorded, at most `max`; returns how many.
uint32_t DriverRanges(world::Range* out, uint32_t max);

}  // namespace hotplug::tree

#endif  // MODEL_TREE_DRIVER_H_
