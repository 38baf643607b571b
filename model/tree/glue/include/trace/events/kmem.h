/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who takes pages from the allocator, and gives them back, is told. */
#ifndef MODEL_TREE_GLUE_TRACE_EVENTS_KMEM_H_
#define MODEL_TREE_GLUE_TRACE_EVENTS_KMEM_H_

#include_next <trace/events/kmem.h>

struct page;
void world_page_allocated(const struct page* page, unsigned int order); /* null: it failed */
void world_page_freed(const struct page* page, unsigned int order);

#define trace_mm_page_alloc(page, order, gfp, migratetype) world_page_allocated(page, order)
#define trace_mm_page_free(page, order) world_page_freed(page, order)

#endif /* MODEL_TREE_GLUE_TRACE_EVENTS_KMEM_H_ */
