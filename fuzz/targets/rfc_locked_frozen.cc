// SPDX-License-Identifier: GPL-2.0-or-later
//
// rfc_locked with frozen references and retried adding.
#include "fuzz/targets/target.h"

HOTPLUG_FUZZ_TARGET("rfc_locked_frozen")
