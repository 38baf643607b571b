// SPDX-License-Identifier: GPL-2.0-or-later
//
// powerpc/memtrace as the RFC should have been.
#include "fuzz/targets/target.h"

HOTPLUG_FUZZ_TARGET("hardened")
