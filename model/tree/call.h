// SPDX-License-Identifier: GPL-2.0-or-later
//
// The way into the kernel: a function is called on a stack at a fixed address, with nothing of the
// host in its registers, so that neither depends on where the host lies.
#ifndef MODEL_TREE_CALL_H_
#define MODEL_TREE_CALL_H_

#include <cstdint>

#include "model/tree/abi.h"

extern "C" {
// Calls function(a, b, c) with the stack pointer `sp`, where that of the host is kept meanwhile.
long hotplug_tree_call(const void* function, uintptr_t sp, long a, long b, long c);
// Ends the call whose stack pointer was `sp`: it returns `result`.
[[noreturn]] void hotplug_tree_unwind(uintptr_t sp, long result);
}

namespace hotplug::tree {

// Runs leave their calls where they are: what ASan knows of such frames is no longer true.
void ForgetFrames();

// Where calls of a task begin; what is above is the task's own. WORLD_TASKS is the boot.
constexpr uintptr_t StackTop(uint32_t task) {
  return WORLD_STACKS + (task + 1) * WORLD_STACK_BYTES - WORLD_TASK_BYTES - 16;
}
constexpr bool OnStack(uint32_t task, uintptr_t address) {
  return address - (WORLD_STACKS + task * WORLD_STACK_BYTES) < WORLD_STACK_BYTES;
}

}  // namespace hotplug::tree

#endif  // MODEL_TREE_CALL_H_
