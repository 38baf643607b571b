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

#include "model/shim/shim.h"

namespace hotplug::driver {

struct Loaded {
  std::unique_ptr<shim::Module> module;
  std::string contents;  // of the object, for who looks up where in the source something is
  std::string error;     // a sentence, or empty
};

// Loads an object and boots a machine with it, to see that user space can do something with it.
// `name` is what the driver is called. An object is loaded once in a process.
Loaded Load(const std::string& object, const std::string& name, shim::Options options = {});

}  // namespace hotplug::driver

#endif  // FUZZ_DRIVER_LOAD_H_
