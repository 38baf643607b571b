// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the kernel keeps a driver's file from: seccomp, from a call of this on to the end of the
// process.
#ifndef FUZZ_DRIVER_SANDBOX_H_
#define FUZZ_DRIVER_SANDBOX_H_

#include <cstdint>

namespace hotplug::driver {

enum class Sandbox {
  kNone,
  kImage,    // no system call is made by code of the image itself: SIGSYS
  kProcess,  // and the rest of the process reads files, and writes to those that are open: EPERM
};

// `begin` and `end` are where the image lies. False where there is no seccomp.
bool Enter(Sandbox sandbox, uintptr_t begin, uintptr_t end);

}  // namespace hotplug::driver

#endif  // FUZZ_DRIVER_SANDBOX_H_
