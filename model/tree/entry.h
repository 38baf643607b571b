// SPDX-License-Identifier: GPL-2.0-or-later
//
// The entry from the kernel into a function of the host.
#ifndef MODEL_TREE_ENTRY_H_
#define MODEL_TREE_ENTRY_H_

#include "model/sim/asan.h"
#include "model/tree/world.h"

namespace hotplug::tree {

// Who is called knows by whom, and with that where the task is: so must be entered whatever may
// make a step.
template <auto kFunction>
struct Entry;
template <class Result, class... Args, Result (*kFunction)(Args...)>
struct Entry<kFunction> {
  HOTPLUG_NO_ASAN static Result Call(Args... args) {
    kernel().reached->since = 0;
    world_of_machine().places().Note(__builtin_frame_address(0));
    return kFunction(args...);
  }
};

}  // namespace hotplug::tree

#endif  // MODEL_TREE_ENTRY_H_
