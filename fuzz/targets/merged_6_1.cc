// SPDX-License-Identifier: GPL-2.0-or-later
//
// powerpc/memtrace of 6.1.
#include "fuzz/targets/target.h"

HOTPLUG_FUZZ_TARGET("merged_6_1")
