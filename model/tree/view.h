// SPDX-License-Identifier: GPL-2.0-or-later
//
// What can be seen of a world. All of it is read, and nothing is changed: it may be looked at at
// any time, by a task or by the host.
#ifndef MODEL_TREE_VIEW_H_
#define MODEL_TREE_VIEW_H_

#include <cstdint>
#include <vector>

#include "model/tree/abi.h"
#include "model/world/types.h"

namespace hotplug::tree {

// Pages of [start, start + nr), which are the machine's, present or not.
void See(world::Pfn start, uint32_t nr, world_page* pages);
world_page PageAt(world::Pfn pfn);

// By nid * WORLD_ZONES + zone_type.
world_zone ZoneAt(uint32_t zone);
world_node NodeAt(world::NodeId nid);
world_block BlockAt(world::BlockId block);
std::vector<world_resource> Resources();

// Of all that can be seen, field by field: equal for equal states, whatever the world was built
// with.
uint64_t ViewDigest();

}  // namespace hotplug::tree

#endif  // MODEL_TREE_VIEW_H_
