// SPDX-License-Identifier: GPL-2.0-or-later
//
// A driver's file, compiled to a shared object, as a driver that runs.
//
//   driver::Loaded loaded = driver::Load("build/memtrace.so", "memtrace.c");
//   if (!loaded.error.empty()) ...
//   options.driver = &loaded.module->driver();
#ifndef FUZZ_DRIVER_LOAD_H_
#define FUZZ_DRIVER_LOAD_H_

#include <memory>
#include <string>

#include "fuzz/driver/sandbox.h"
#include "model/shim/shim.h"

namespace hotplug::driver {

struct Loaded {
  std::unique_ptr<shim::Module> module;
  std::string error;  // a sentence, or empty
};

struct LoadOptions {
  shim::Options shim;
  Sandbox sandbox = Sandbox::kNone;
};

// Loads an object and boots a machine with it, to see that user space can do something with it.
// `name` is what the driver is called. Nothing of the object runs before it is in the sandbox, and
// who wants to know how it dies calls Guard() before.
Loaded Load(const std::string& object, const std::string& name, const LoadOptions& options = {});

}  // namespace hotplug::driver

#endif  // FUZZ_DRIVER_LOAD_H_
