/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory of the kernel itself is no memory of the machine: the glue knows what has been reserved at
 * boot, and what is of kmalloc. Of what pages contain it knows only that they were cleared. */
#ifndef MODEL_TREE_GLUE_LINUX_MM_H_
#define MODEL_TREE_GLUE_LINUX_MM_H_

#include_next <linux/mm.h>

struct page* world_virt_to_page(const void* p);
#undef virt_to_page
#define virt_to_page(p) world_virt_to_page(p)
#define virt_to_head_page(p) world_virt_to_page(p)

void world_clear_page(void* address);
#undef clear_page
#define clear_page(address) world_clear_page((void*)(address))

/* What each architecture that has memory hotplug defines. */
#undef pfn_to_kaddr
#define pfn_to_kaddr(pfn) __va(PFN_PHYS(pfn))

/* The type of a page is changed inline: a driver's own file has it changed by the glue. */
#ifdef WORLD_DRIVER
void world_driver_set_offline(struct page* page, int offline);
#define __SetPageOffline(page) world_driver_set_offline(page, 1)
#define __ClearPageOffline(page) world_driver_set_offline(page, 0)
#endif

#endif /* MODEL_TREE_GLUE_LINUX_MM_H_ */
