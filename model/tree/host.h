// SPDX-License-Identifier: GPL-2.0-or-later
//
// The functions of the host that the kernel calls (struct world_host).
#ifndef MODEL_TREE_HOST_H_
#define MODEL_TREE_HOST_H_

#include <cstdint>

#include "model/tree/abi.h"

namespace hotplug::tree {

void FillHost(world_host* host);

// Tells the kernel which task runs and what signals it has. After whatever may have let others run.
void RunCurrentTask();
// Whether a task runs, and not the boot.
bool InTask();
// The number of its stack, or of the boot's.
uint32_t RunningStack();

}  // namespace hotplug::tree

#endif  // MODEL_TREE_HOST_H_
