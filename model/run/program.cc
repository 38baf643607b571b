// SPDX-License-Identifier: GPL-2.0-or-later
//
// The actors, once for each world.
#include "model/actors/program.h"

#include "model/drivers/ops.h"
#include "model/tree/ops.h"

template struct hotplug::actors::Actors<hotplug::drivers::Ops>;
template struct hotplug::actors::Actors<hotplug::tree::Ops>;
