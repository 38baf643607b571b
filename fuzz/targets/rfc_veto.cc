// SPDX-License-Identifier: GPL-2.0-or-later
//
// rfc_errno_flag, whose callback refuses offlining by anybody else.
#include "fuzz/targets/target.h"

HOTPLUG_FUZZ_TARGET("rfc_veto")
