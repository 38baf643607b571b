/* SPDX-License-Identifier: GPL-2.0-or-later */
/* powerpc's initcalls of one platform, which the world is. */
#ifndef MODEL_TREE_GLUE_ASM_MACHDEP_H_
#define MODEL_TREE_GLUE_ASM_MACHDEP_H_

#include <linux/init.h>

#define machine_arch_initcall(platform, function) arch_initcall(function)
#define machine_subsys_initcall(platform, function) subsys_initcall(function)
#define machine_device_initcall(platform, function) device_initcall(function)

#endif /* MODEL_TREE_GLUE_ASM_MACHDEP_H_ */
