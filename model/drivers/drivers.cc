// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/drivers/driver.h"

namespace hotplug::drivers {

extern const Driver kRfcV1, kRfcErrnoFlag, kRfcVeto, kRfcLocked, kRfcVetoFrozen, kRfcLockedFrozen;
extern const Driver kCanary;
extern const Driver kHardened;
extern const Driver kLegacy;
extern const Driver kMerged, kMerged6_1;

// A scenario in bytes means a row: new drivers go to the end.
const Driver* const kDrivers[] = {&kRfcV1,   &kCanary,    &kHardened,      &kRfcErrnoFlag,
                                  &kRfcVeto, &kRfcLocked, &kRfcVetoFrozen, &kRfcLockedFrozen,
                                  &kLegacy,  &kMerged,    &kMerged6_1};
const char* const kDriverNames[] = {
    "rfc_v1",   "canary",     "hardened",        "rfc_errno_flag",
    "rfc_veto", "rfc_locked", "rfc_veto_frozen", "rfc_locked_frozen",
    "legacy",   "merged",     "merged_6_1"};
const uint32_t kNrDrivers = sizeof(kDrivers) / sizeof(kDrivers[0]);

}  // namespace hotplug::drivers
