// SPDX-License-Identifier: GPL-2.0-or-later
//
// The invariants, once for each world.
#include "model/invariants/checks.h"

#include "model/drivers/view.h"
#include "model/tree/view.h"

template struct hotplug::invariants::Checks<hotplug::drivers::View>;
template struct hotplug::invariants::Checks<hotplug::tree::View>;
