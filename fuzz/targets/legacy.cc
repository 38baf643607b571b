// SPDX-License-Identifier: GPL-2.0-or-later
//
// powerpc/memtrace before the RFC.
#include "fuzz/targets/target.h"

HOTPLUG_FUZZ_TARGET("legacy")
