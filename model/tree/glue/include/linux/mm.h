/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory of the kernel itself is no memory of the machine: the glue knows what has been reserved at
 * boot, and what is of kmalloc. */
#ifndef MODEL_TREE_GLUE_LINUX_MM_H_
#define MODEL_TREE_GLUE_LINUX_MM_H_

#include_next <linux/mm.h>

struct page* world_virt_to_page(const void* p);
#undef virt_to_page
#define virt_to_page(p) world_virt_to_page(p)
#define virt_to_head_page(p) world_virt_to_page(p)

#endif /* MODEL_TREE_GLUE_LINUX_MM_H_ */
