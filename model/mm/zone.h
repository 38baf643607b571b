// SPDX-License-Identifier: GPL-2.0-or-later
//
// Zones and nodes: spans, which zone a block is onlined to, node states.
#ifndef MODEL_MM_ZONE_H_
#define MODEL_MM_ZONE_H_

#include "model/mm/state.h"

namespace hotplug::mm {

// Grows the zone's span over a block, and shrinks it to its online blocks and `keep`.
void grow_zone_span(uint32_t zone_index, BlockId block);
void shrink_zone_span(uint32_t zone_index);

// The zone that a block of a node goes to (5.6 zone_for_pfn_range; kernel-facts 1.2).
uint32_t zone_for_block(mmop online_type, NodeId nid, BlockId block);

// The node if it has no memory beside `block`, else -1 (5.6 node_states_check_changes_*).
int status_change_nid(NodeId nid, BlockId block);
// Pages become present in a zone and its node, or cease to be (present < 0); N_MEMORY follows.
void adjust_present_page_count(uint32_t zone_index, int32_t pages);

}  // namespace hotplug::mm

#endif  // MODEL_MM_ZONE_H_
