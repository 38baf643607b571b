// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/tree/call.h"

#include "model/sim/asan.h"

#ifdef HOTPLUG_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace hotplug::tree {

void ForgetFrames() {
#ifdef HOTPLUG_ASAN
  __asan_unpoison_memory_region(reinterpret_cast<void*>(WORLD_STACKS),
                                WORLD_STACK_BYTES * (WORLD_TASKS + 1));
#endif
}

}  // namespace hotplug::tree

#if !defined(__x86_64__)
#error "a world is code of x86-64"
#endif

asm(R"(
    .text
    .globl hotplug_tree_call, hotplug_tree_unwind
    .type hotplug_tree_call, @function
    .type hotplug_tree_unwind, @function
hotplug_tree_call:
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp, (%rsi)
    mov %rsi, %rsp
    mov %rdi, %rax
    mov %rdx, %rdi
    mov %rcx, %rsi
    mov %r8, %rdx
    xor %ecx, %ecx
    xor %r8d, %r8d
    xor %r9d, %r9d
    xor %ebx, %ebx
    xor %ebp, %ebp
    xor %r12d, %r12d
    xor %r13d, %r13d
    xor %r14d, %r14d
    xor %r15d, %r15d
    call *%rax
.Lhotplug_tree_return:
    mov (%rsp), %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    ret
    .size hotplug_tree_call, . - hotplug_tree_call
hotplug_tree_unwind:
    mov %rdi, %rsp
    mov %rsi, %rax
    jmp .Lhotplug_tree_return
    .size hotplug_tree_unwind, . - hotplug_tree_unwind
)");
