// SPDX-License-Identifier: GPL-2.0-or-later
//
// The drivers and kernels that tests of the two forms of a scenario know.
#ifndef REGRESS_UNIT_NAMES_H_
#define REGRESS_UNIT_NAMES_H_

#include "model/scenario/scenario.h"

namespace hotplug::testing {

inline constexpr const char* kDrivers[] = {"rfc_v1", "rfc_v1_fixed", "merged"};
inline constexpr const char* kKernels[] = {"rfc", "5.9"};
inline constexpr const char* kEnds[] = {"put_page", "set_migratetype_isolate"};
inline constexpr scenario::Names kNames = {
    .drivers = kDrivers,
    .nr_drivers = 3,
    .kernels = kKernels,
    .nr_kernels = 2,
    .callback = [](uint32_t driver) { return driver == 0 ? "memtrace_cb" : nullptr; },
    .ends = kEnds};

}  // namespace hotplug::testing

#endif  // REGRESS_UNIT_NAMES_H_
