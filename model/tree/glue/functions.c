// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Functions that tell when they begin and end. The compiler leaves room at the beginning of each,
 * and to those that it wants to know of the host writes a call of world_function_entry() there.
 * What they return to is kept with their task meanwhile.
 */
#include "glue.h"

struct world_calls* world_calls;

/* On the stack, as world_function_entry() puts them there. */
struct entry {
  unsigned long args[WORLD_ARGS];
  unsigned long rax, r10;
  const char* inside; /* behind the room */
  const void* back;
};

void world_function_begins(struct entry* e) {
  struct world_calls* calls = world_calls;
  struct world_call* c = &calls->call[calls->nr++];

  BUG_ON(calls->nr > WORLD_CALLS);
  c->function = e->inside - WORLD_ENTRY_BYTES;
  memcpy(c->args, e->args, sizeof(c->args));
  c->back = e->back;
  e->back = world_function_return;
  world_host.function_begins(c);
}

const void* world_function_ends(long result) {
  struct world_calls* calls = world_calls;
  struct world_call* c = &calls->call[calls->nr - 1];

  world_host.function_ends(c, result);
  --calls->nr;
  return c->back;
}

/* All registers that can hold an argument are as they were, and so is what a function returns. */
asm(".text\n"
    ".globl world_function_entry, world_function_return\n"
    ".type world_function_entry, @function\n"
    ".type world_function_return, @function\n"
    "world_function_entry:\n"
    "  push %r10\n"
    "  push %rax\n"
    "  push %r9\n"
    "  push %r8\n"
    "  push %rcx\n"
    "  push %rdx\n"
    "  push %rsi\n"
    "  push %rdi\n"
    "  mov %rsp, %rdi\n"
    "  call world_function_begins\n"
    "  pop %rdi\n"
    "  pop %rsi\n"
    "  pop %rdx\n"
    "  pop %rcx\n"
    "  pop %r8\n"
    "  pop %r9\n"
    "  pop %rax\n"
    "  pop %r10\n"
    "  ret\n"
    ".size world_function_entry, . - world_function_entry\n"
    "world_function_return:\n"
    "  sub $8, %rsp\n"
    "  push %rax\n"
    "  push %rdx\n"
    "  sub $8, %rsp\n"
    "  mov %rax, %rdi\n"
    "  call world_function_ends\n"
    "  mov %rax, 24(%rsp)\n"
    "  add $8, %rsp\n"
    "  pop %rdx\n"
    "  pop %rax\n"
    "  ret\n"
    ".size world_function_return, . - world_function_return\n");
