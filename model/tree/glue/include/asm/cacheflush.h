/* SPDX-License-Identifier: GPL-2.0-or-later */
/* powerpc's, for drivers of its: there are no caches. */
#ifndef MODEL_TREE_GLUE_ASM_CACHEFLUSH_H_
#define MODEL_TREE_GLUE_ASM_CACHEFLUSH_H_

#include_next <asm/cacheflush.h>

static inline void flush_dcache_range(unsigned long start, unsigned long end) {}

#endif /* MODEL_TREE_GLUE_ASM_CACHEFLUSH_H_ */
