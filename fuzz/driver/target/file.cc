// SPDX-License-Identifier: GPL-2.0-or-later
//
// The fuzz target of a driver's own file: what hotplug-fuzz compile has made of it.
//
//   fuzz_file --object=FILE.so --driver=FILE.c [--kernel=NAME] ...
//
// --driver= is what reports call it, and what a replay needs. With --kernel= every scenario runs on
// that kernel. The other flags are those of all targets (target.h).
#include "fuzz/driver/load.h"
#include "fuzz/targets/target.h"
#include "model/scenario/spec.h"

namespace {

using hotplug::targets::Fail;

// The driver's own basic blocks, beside the edges of the simulator and its state.
// NOLINTNEXTLINE: the name and that it can be written are libFuzzer's
__attribute__((section("__libfuzzer_extra_counters"), used)) uint8_t counters[1024];

// The value of a flag, empty without it.
std::string Flag(int argc, char** argv, const std::string& name) {
  for (int i = 1; i < argc; ++i) {
    const std::string arg = argv[i];
    if (arg.compare(0, name.size(), name) == 0) return arg.substr(name.size());
  }
  return "";
}

void SetKernel(const std::string& name, hotplug::targets::Target* target) {
  if (name.empty()) return;
  hotplug::scenario::Machine machine;
  const auto error = hotplug::scenario::ReadKernel(name, hotplug::run::Names(), &machine);
  if (!error.expected.empty()) Fail("--kernel=" + name + ": expected " + error.expected);
  target->kernel = machine.kernel;
  target->kernel_fixes = machine.fixes;
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  hotplug::targets::Target& target = hotplug::targets::TheTarget();
  const std::string object = Flag(*argc, *argv, "--object=");
  if (object.empty()) Fail("--object=FILE.so is missing");
  static const hotplug::driver::Loaded loaded =
      hotplug::driver::Load(object, Flag(*argc, *argv, "--driver="),
                            {.counters = counters, .nr_counters = sizeof(counters)});
  if (!loaded.error.empty()) Fail(loaded.error);
  target.driver = &loaded.module->driver();
  SetKernel(Flag(*argc, *argv, "--kernel="), &target);
  hotplug::targets::ReadFlags(*argc, *argv);
  return 0;
}

HOTPLUG_FUZZ_ENTRY(0)
