// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/drivers/driver.h"

namespace hotplug::drivers {

extern const Driver kRfcV1;
extern const Driver kCanary;

const Driver* const kDrivers[] = {&kRfcV1, &kCanary};
const char* const kDriverNames[] = {"rfc_v1", "canary"};
const uint32_t kNrDrivers = 2;

}  // namespace hotplug::drivers
