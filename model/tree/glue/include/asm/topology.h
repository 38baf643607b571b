/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which CPUs belong to a node is for the architecture to say, and arch/um has no nodes. */
#ifndef MODEL_TREE_GLUE_ASM_TOPOLOGY_H_
#define MODEL_TREE_GLUE_ASM_TOPOLOGY_H_

const struct cpumask* cpumask_of_node(int nid);

#include_next <asm/topology.h>

#endif /* MODEL_TREE_GLUE_ASM_TOPOLOGY_H_ */
