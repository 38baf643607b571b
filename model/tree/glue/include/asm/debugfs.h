/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What powerpc calls its folder of debugfs up to 5.14. */
#ifndef MODEL_TREE_GLUE_ASM_DEBUGFS_H_
#define MODEL_TREE_GLUE_ASM_DEBUGFS_H_

#include <linux/debugfs.h>

#define powerpc_debugfs_root arch_debugfs_dir

#endif /* MODEL_TREE_GLUE_ASM_DEBUGFS_H_ */
