// SPDX-License-Identifier: GPL-2.0-or-later
//
// The RFC with the obvious corrections of its callback.
#include "fuzz/targets/target.h"

HOTPLUG_FUZZ_TARGET("rfc_errno_flag")
