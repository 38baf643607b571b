/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Readers of a percpu_rw_semaphore call out of line, so that writers see them. */
#ifndef MODEL_TREE_GLUE_LINUX_RCU_SYNC_H_
#define MODEL_TREE_GLUE_LINUX_RCU_SYNC_H_

#include_next <linux/rcu_sync.h>

#define rcu_sync_is_idle(sync) ((void)(sync), false)

#endif /* MODEL_TREE_GLUE_LINUX_RCU_SYNC_H_ */
