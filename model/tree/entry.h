// SPDX-License-Identifier: GPL-2.0-or-later
//
// The entry from the kernel into a function of the host.
#ifndef MODEL_TREE_ENTRY_H_
#define MODEL_TREE_ENTRY_H_

#include "model/sim/asan.h"
#include "model/tree/world.h"

namespace hotplug::tree {

// The frame of world_host_call() (glue/exports.c): it is on the kernel's stack, above what is the
// host's. For a function that the kernel calls, by its own frame.
inline const void* KernelFrame(const void* frame) { return *static_cast<void* const*>(frame); }

// Who is called knows by whom, and with that where the task is: so must be entered whatever may
// make a step.
template <auto kFunction>
struct Entry;
template <class Result, class... Args, Result (*kFunction)(Args...)>
struct Entry<kFunction> {
  HOTPLUG_NO_ASAN static Result Call(Args... args) {
    world_of_machine().Enter(KernelFrame(__builtin_frame_address(0)));
    return kFunction(args...);
  }
};

}  // namespace hotplug::tree

#endif  // MODEL_TREE_ENTRY_H_
