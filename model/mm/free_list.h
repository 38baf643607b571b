// SPDX-License-Identifier: GPL-2.0-or-later
//
// The lists of free chunks of a zone, one for each order and migratetype. They have two ends: what
// lies at the head is taken next.
#ifndef MODEL_MM_FREE_LIST_H_
#define MODEL_MM_FREE_LIST_H_

#include "model/mm/state.h"

namespace hotplug::mm {

enum class End : bool { kHead, kTail };

void add_to_free_list(Pfn pfn, uint32_t order, migratetype mt, End end = End::kHead)
    __must_hold(zone::lock);
void del_page_from_free_list(Pfn pfn) __must_hold(zone::lock);
// To the list of another migratetype, of which it will be taken late.
void move_to_free_list(Pfn pfn, migratetype mt) __must_hold(zone::lock);
// The end of a list for chunks of which nobody has used the pages for long.
End FarEnd();

}  // namespace hotplug::mm

#endif  // MODEL_MM_FREE_LIST_H_
