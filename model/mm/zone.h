// SPDX-License-Identifier: GPL-2.0-or-later
//
// Zones and nodes: spans, which zone a block is onlined to, node states.
#ifndef MODEL_MM_ZONE_H_
#define MODEL_MM_ZONE_H_

#include "model/mm/state.h"

namespace hotplug::mm {

// Grows the zone's span over a range of pages (5.6 resize_zone_range).
void grow_zone_span(uint32_t zone_index, Pfn start, uint32_t nr_pages);
// Shrinks the zone's span when pages at one of its ends are gone: to the next subsection
// that is online and of the zone; to nothing without one (5.6 shrink_zone_span).
void shrink_zone_span(uint32_t zone_index, Pfn start, uint32_t nr_pages);

// The zone that a range of a node goes to (5.6 zone_for_pfn_range; kernel-facts 1.2).
uint32_t zone_for_pfn_range(mmop online_type, NodeId nid, Pfn start, uint32_t nr_pages);

// What file valid_zones of a block shows (5.6 valid_zones_show): the zones, as indices, the
// default first. An online block has its one zone, or none if it has several.
struct ValidZones {
  uint8_t zone[2];
  uint32_t size;
};
ValidZones valid_zones(BlockId block);

// What changes for a node when pages of a zone come or go (5.6 node_states_check_changes_*).
memory_notify_arg states_before_online(uint32_t zone_index, Pfn start, uint32_t nr_pages);
memory_notify_arg states_before_offline(uint32_t zone_index, Pfn start, uint32_t nr_pages);
// Pages become present in a zone and its node, or cease to be (present < 0).
void adjust_present_page_count(uint32_t zone_index, int32_t pages);
// N_MEMORY and N_NORMAL_MEMORY follow what was announced (5.6 node_states_set_node and
// node_states_clear_node).
void node_states_change(const memory_notify_arg& arg, bool present);

// The first pfn of a node and the first one behind it, which span the zones that span any pages;
// 0 and 0 without one (5.6 node_start_pfn, node_end_pfn, node_spanned_pages).
uint32_t node_start_pfn(NodeId nid);
uint32_t node_end_pfn(NodeId nid);
bool node_spanned_pages(NodeId nid);

}  // namespace hotplug::mm

#endif  // MODEL_MM_ZONE_H_
