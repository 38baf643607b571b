/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Up to where a range is isolated and free is told. */
#ifndef MODEL_TREE_GLUE_TRACE_EVENTS_PAGE_ISOLATION_H_
#define MODEL_TREE_GLUE_TRACE_EVENTS_PAGE_ISOLATION_H_

#include_next <trace/events/page_isolation.h>

void world_range_tested(unsigned long up_to);

#define trace_test_pages_isolated(start, end, up_to) world_range_tested(up_to)

#endif /* MODEL_TREE_GLUE_TRACE_EVENTS_PAGE_ISOLATION_H_ */
