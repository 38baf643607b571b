// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/sim/check.h"

#include <cstdio>
#include <cstdlib>

namespace hotplug::sim {

void CheckFailed(const char* file, int line, const char* condition) {
  std::fprintf(stderr, "%s:%d: the simulator is broken: %s\n", file, line, condition);
  std::abort();
}

}  // namespace hotplug::sim
