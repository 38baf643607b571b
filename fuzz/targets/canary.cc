// SPDX-License-Identifier: GPL-2.0-or-later
//
// A driver that is plainly wrong: a fuzzer that does not find it finds nothing at all.
#include "fuzz/targets/target.h"

HOTPLUG_FUZZ_TARGET("canary")
