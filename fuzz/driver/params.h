// SPDX-License-Identifier: GPL-2.0-or-later
//
// The module parameters of a driver's own file.
#ifndef FUZZ_DRIVER_PARAMS_H_
#define FUZZ_DRIVER_PARAMS_H_

#include <string>

#include "model/shim/shim.h"

namespace hotplug::driver {

// Gives the parameters of a file, which have been found by module_param(), the values that it was
// compiled with, as kernel/params.c reads them: numbers are decimal, octal (0) or hexadecimal (0x).
// Returns what is wrong, or nothing.
std::string SetParams(const hotplug_module& module);

}  // namespace hotplug::driver

#endif  // FUZZ_DRIVER_PARAMS_H_
