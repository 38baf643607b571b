// SPDX-License-Identifier: GPL-2.0-or-later
//
// powerpc/memtrace as posted in the RFC v1.
#include "fuzz/targets/target.h"

HOTPLUG_FUZZ_TARGET("rfc_v1")
