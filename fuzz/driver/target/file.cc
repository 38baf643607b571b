// SPDX-License-Identifier: GPL-2.0-or-later
//
// The fuzz target of a driver's own file: what hotplug-fuzz compile has made of it.
//
//   fuzz_file --object=FILE.so --driver=FILE.c [--kernel=NAME] ...
//
// --driver= is what reports call it, and what a replay needs. With --kernel= every scenario runs on
// that kernel. The other flags are those of all targets (flags.h).
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "fuzz/driver/guard.h"
#include "fuzz/driver/load.h"
#include "fuzz/targets/arguments.h"
#include "fuzz/targets/target.h"
#include "model/run/run.h"
#include "model/scenario/echo.h"
#include "model/scenario/spec.h"

namespace {

using hotplug::targets::Fail;

// The driver's own basic blocks, beside the edges of the simulator and its state.
// NOLINTNEXTLINE: the name and that it can be written are libFuzzer's
__attribute__((section("__libfuzzer_extra_counters"), used)) uint8_t counters[1024];

std::string& DriverName() {
  static std::string name;
  return name;
}

// The engine keeps the input of who aborts. While the file is loaded there is none, and the exit
// code is that of hotplug-fuzz.
bool& IsLoaded() {
  static bool loaded = false;
  return loaded;
}

void Died(const hotplug::driver::Death& death) {
  const auto line = hotplug::driver::Sentence(death, DriverName().c_str(), "");
  for (const char* part : {line.data(), "\n"}) {
    if (write(STDERR_FILENO, part, std::strlen(part)) < 0) break;
  }
  if (!IsLoaded()) _exit(6);
  std::abort();
}

void SetKernel(const std::string& name, hotplug::targets::Override* instead) {
  if (name.empty()) return;
  hotplug::scenario::Machine machine;
  const auto error = hotplug::scenario::ReadKernel(name, hotplug::run::Names(), &machine);
  if (!error.expected.empty())
    Fail("--kernel=" + hotplug::EchoName(name) + ": expected " + error.expected);
  instead->kernel = machine.kernel;
  instead->kernel_fixes = machine.fixes;
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  namespace targets = hotplug::targets;
  targets::ReadFlags(*argc, *argv, {"object", "driver", "kernel"});
  if (targets::AsksForHelp(*argc, *argv)) return 0;
  const std::string object = targets::FlagValue(*argc, *argv, "--object=");
  if (object.empty()) Fail("--object=FILE.so is missing");
  DriverName() = hotplug::EchoName(targets::FlagValue(*argc, *argv, "--driver="));
  hotplug::driver::Guard({.died = &Died, .aborts = false});
  static const hotplug::driver::Loaded loaded =
      hotplug::driver::Load(object, DriverName(),
                            {.shim = {.counters = counters, .nr_counters = sizeof(counters)},
                             .sandbox = hotplug::driver::Sandbox::kImage});
  if (!loaded.error.empty()) Fail(loaded.error);
  IsLoaded() = true;
  targets::Override instead;
  instead.driver = &loaded.module->driver();
  SetKernel(targets::FlagValue(*argc, *argv, "--kernel="), &instead);
  targets::SetOverride(instead);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return hotplug::targets::RunBytes(0, data, size);
}
