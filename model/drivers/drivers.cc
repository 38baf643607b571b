// SPDX-License-Identifier: GPL-2.0-or-later
#include <iterator>

#include "model/drivers/driver.h"

namespace hotplug::drivers {

#define DRIVER(name, Object, sentence) &k##Object,
const Driver* const kDrivers[] = {
#include "model/drivers/drivers.def"
};
#undef DRIVER

#define DRIVER(name, Object, sentence) #name,
const char* const kDriverNames[] = {
#include "model/drivers/drivers.def"
};
#undef DRIVER

const uint32_t kNrDrivers = std::size(kDrivers);

}  // namespace hotplug::drivers
