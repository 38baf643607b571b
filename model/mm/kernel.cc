// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/mm/kernel.h"

#include "model/mm/state.h"

namespace hotplug::mm {

namespace {

// A row of the table, which has a value for each kernel.
template <class... Values>
consteval std::array<bool, kNrKernels> Row(Values... values) {
  static_assert(sizeof...(values) == kNrKernels);
  return {values != 0 ...};
}

// Turns the table: its columns are the kernels.
consteval std::array<Kernel, kNrKernels> Columns() {
#define HOTPLUG_KERNEL(name, sentence) Kernel{name, sentence},
  std::array<Kernel, kNrKernels> kernels = {HOTPLUG_KERNELS(HOTPLUG_KERNEL)};
#undef HOTPLUG_KERNEL
  for (uint32_t i = 0; i < kNrKernels; ++i) {
#define HOTPLUG_VALUE(name, values, sentence) kernels[i].name = Row values[i];
    HOTPLUG_KERNEL_SWITCHES(HOTPLUG_VALUE)
#undef HOTPLUG_VALUE
  }
  return kernels;
}

}  // namespace

constinit const std::array<Kernel, kNrKernels> kKernels = Columns();

bool fixed(const Fix& fix) { return (mm().core_fixes & fix.bit) != 0; }

const Kernel& kernel() { return kKernels[mm().kernel]; }

}  // namespace hotplug::mm
