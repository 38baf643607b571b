// SPDX-License-Identifier: GPL-2.0-or-later
//
// The RFC with device_hotplug_lock held over all that it does.
#include "fuzz/targets/target.h"

HOTPLUG_FUZZ_TARGET("rfc_locked")
