// SPDX-License-Identifier: GPL-2.0-or-later
//
// mm speaks the vocabulary of the worlds (model/world), and has its names as its own.
#ifndef MODEL_MM_TYPES_H_
#define MODEL_MM_TYPES_H_

#include "model/world/types.h"

namespace hotplug::mm {

using namespace world;  // NOLINT(google-build-using-namespace)

}  // namespace hotplug::mm

#endif  // MODEL_MM_TYPES_H_
