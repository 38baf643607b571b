// SPDX-License-Identifier: GPL-2.0-or-later
//
// HOTPLUG_CHECK: an assertion about the simulator itself, on in every build. What the
// simulated kernel does wrong is a violation and never ends here.
#ifndef MODEL_SIM_CHECK_H_
#define MODEL_SIM_CHECK_H_

namespace hotplug::sim {

// Prints the place and the condition to stderr and aborts.
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition);

}  // namespace hotplug::sim

#define HOTPLUG_CHECK(condition)      \
  (__builtin_expect(!!(condition), 1) \
       ? (void)0                      \
       : ::hotplug::sim::CheckFailed(__FILE__, __LINE__, #condition))

#endif  // MODEL_SIM_CHECK_H_
