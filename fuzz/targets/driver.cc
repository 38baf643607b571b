// SPDX-License-Identifier: GPL-2.0-or-later
//
// The fuzz target of a driver, compiled once for each row of model/drivers/drivers.def:
// HOTPLUG_DRIVER is its name. All the rest is in target.cc, which is compiled once.
#include "fuzz/targets/target.h"

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  hotplug::targets::ReadFlags(*argc, *argv);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const uint8_t row = hotplug::targets::RowOfDriver(HOTPLUG_DRIVER);
  return hotplug::targets::RunBytes(row, data, size);
}
