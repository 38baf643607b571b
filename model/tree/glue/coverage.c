// SPDX-License-Identifier: GPL-2.0-or-later
/* What the compiler calls in each basic block of the core's files, if it has been told to. */
#include "glue.h"

void __sanitizer_cov_trace_pc(void);

/*
 * This is no state: what has run in any run has run, up to when the host forgets it. It is called
 * as often as nothing else, and has no frame. What it has counted does not stay in registers, from
 * where it would come into frames.
 */
__attribute__((optimize("omit-frame-pointer"))) void __sanitizer_cov_trace_pc(void) {
  const char* pc = __builtin_return_address(0);
  const uint32_t at = pc - world_text_start;

  if (unlikely(!world_coverage[at])) {
    world_coverage[at] = 1;
    world_reached.block[world_reached.nr++] = at;
  }
  if (unlikely(++world_reached.since >= WORLD_STALL_BLOCKS)) {
    world_reached.since -= WORLD_STALL_AGAIN;
    world_host.stalled(pc);
  }
  asm volatile(
      "xor %%eax, %%eax\n\txor %%ecx, %%ecx\n\txor %%edx, %%edx\n\txor %%esi, %%esi\n\t"
      "xor %%edi, %%edi"
      :
      :
      : "rax", "rcx", "rdx", "rsi", "rdi");
}
