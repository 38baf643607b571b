// SPDX-License-Identifier: GPL-2.0-or-later
//
// Per-CPU page lists (5.6 mm/page_alloc.c; 5.11 zone_pcp_disable).
#ifndef MODEL_MM_PCP_H_
#define MODEL_MM_PCP_H_

#include "model/mm/state.h"

namespace hotplug::mm {

// All pages of all lists go to the buddy.
void drain_all_pages();

// No page goes to a list between the two; the first drains them. Under pcp_batch_high_lock.
void zone_pcp_disable();
void zone_pcp_enable();

}  // namespace hotplug::mm

#endif  // MODEL_MM_PCP_H_
