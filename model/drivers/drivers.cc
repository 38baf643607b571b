// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/drivers/driver.h"

namespace hotplug::drivers {

extern const Driver kRfcV1;
extern const Driver kCanary;
extern const Driver kHardened;

const Driver* const kDrivers[] = {&kRfcV1, &kCanary, &kHardened};
const char* const kDriverNames[] = {"rfc_v1", "canary", "hardened"};
const uint32_t kNrDrivers = 3;

}  // namespace hotplug::drivers
