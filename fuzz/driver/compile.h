// SPDX-License-Identifier: GPL-2.0-or-later
//
// A driver's .c file, made to a shared object that the simulator runs (docs/your-driver.md).
#ifndef FUZZ_DRIVER_COMPILE_H_
#define FUZZ_DRIVER_COMPILE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace hotplug::driver {

struct CompileOptions {
  std::string cc;                    // a gcc or a clang
  std::vector<std::string> defines;  // MACRO or MACRO=VALUE
  std::vector<std::string> params;   // module parameters, NAME=VALUE
};

// The C compiler beside the C++ compiler that built this program.
std::string DefaultCompiler();

// Compiles `file` against the vocabulary of model/shim, and links it into `object`. The error says
// what of the file is at fault, a line for each thing.
absl::Status Compile(const std::string& file, const CompileOptions& options,
                     const std::string& object);

// Where the vocabulary lies.
std::string ShimFolder();

}  // namespace hotplug::driver

#endif  // FUZZ_DRIVER_COMPILE_H_
