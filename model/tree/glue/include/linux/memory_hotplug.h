/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether the memory map of added memory may lie in it is up to the machine, not to the size of a
 * block: who asks in the same file asks the glue, too. */
#ifndef MODEL_TREE_GLUE_LINUX_MEMORY_HOTPLUG_H_
#define MODEL_TREE_GLUE_LINUX_MEMORY_HOTPLUG_H_

#include_next <linux/memory_hotplug.h>

#ifdef CONFIG_MHP_MEMMAP_ON_MEMORY
#pragma weak mhp_supports_memmap_on_memory
#endif

#endif /* MODEL_TREE_GLUE_LINUX_MEMORY_HOTPLUG_H_ */
