// SPDX-License-Identifier: GPL-2.0-or-later
//
// powerpc/memtrace of 5.11.
#include "fuzz/targets/target.h"

HOTPLUG_FUZZ_TARGET("merged")
