// SPDX-License-Identifier: GPL-2.0-or-later
//
// The functions of the host that the kernel calls (struct world_host).
#ifndef MODEL_TREE_HOST_H_
#define MODEL_TREE_HOST_H_

#include <cstdint>

#include "model/tree/abi.h"
#include "model/world/types.h"

namespace hotplug::tree {

void FillHost(world_host* host);

// Tells the kernel which task runs and what signals it has. After whatever may have let others run.
void RunCurrentTask();
// A task has left the kernel with a lock.
void NoteHeldLock();
// What a notifier is told, and its number in model/world; 0 for an action that is a later kernel's.
world::memory_notify_arg NotifyArgOf(const world_notice& n);
uint32_t ActionOf(const char* name);

// Whether a task runs, and not the boot.
bool InTask();
// The number of its stack, or of the boot's.
uint32_t RunningStack();

// What a notifier is told, in words of both worlds; its call by a task, whose end is a step.
struct Delivery {
  uint32_t action;
  world::memory_notify_arg arg;
};
Delivery DeliveryOf(const world_notice& notice);
void BeginDelivery(const Delivery& delivery, uint32_t notifier);
void EndDelivery(const Delivery& delivery, uint32_t notifier, int32_t answer);

}  // namespace hotplug::tree

#endif  // MODEL_TREE_HOST_H_
