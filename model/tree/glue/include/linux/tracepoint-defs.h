/* SPDX-License-Identifier: GPL-2.0-or-later */
/* There are no tracepoints, but for those of a page's count: they are calls of the glue. */
#ifndef MODEL_TREE_GLUE_LINUX_TRACEPOINT_DEFS_H_
#define MODEL_TREE_GLUE_LINUX_TRACEPOINT_DEFS_H_

#include_next <linux/tracepoint-defs.h>

#define WORLD_TELLS_page_ref_set 1
#define WORLD_TELLS_page_ref_mod 1
#define WORLD_TELLS_page_ref_mod_and_test 1
#define WORLD_TELLS_page_ref_mod_and_return 1
#define WORLD_TELLS_page_ref_mod_unless 1
#define WORLD_TELLS_page_ref_freeze 1
#define WORLD_TELLS_page_ref_unfreeze 1

#undef tracepoint_enabled
#define tracepoint_enabled(tp) __is_defined(WORLD_TELLS_##tp)

#endif /* MODEL_TREE_GLUE_LINUX_TRACEPOINT_DEFS_H_ */
