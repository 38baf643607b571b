// SPDX-License-Identifier: GPL-2.0-or-later
/* What the compiler calls in each basic block of the core's files, if it has been told to. */
#include "glue.h"

void __sanitizer_cov_trace_pc(void);

/* This is no state: what has run in any run has run. */
void __sanitizer_cov_trace_pc(void) {
  world_coverage[(const char*)__builtin_return_address(0) - world_text_start] = 1;
}
