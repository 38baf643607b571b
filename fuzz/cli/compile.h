// SPDX-License-Identifier: GPL-2.0-or-later
//
// A driver's .c file, made to a shared object that the simulator runs (docs/your-driver.md).
#ifndef FUZZ_CLI_COMPILE_H_
#define FUZZ_CLI_COMPILE_H_

#include <string>
#include <vector>

#include "absl/flags/declare.h"
#include "absl/status/status.h"

ABSL_DECLARE_FLAG(std::vector<std::string>, define);
ABSL_DECLARE_FLAG(std::vector<std::string>, param);

namespace hotplug::cli {

// Compiles `file` with the compiler of --cc against the vocabulary of model/shim, and links it
// into `object`. The error says what of the file is at fault, a line for each thing.
absl::Status CompileDriver(const std::string& file, const std::string& object);

// Where the vocabulary lies.
std::string ShimFolder();

}  // namespace hotplug::cli

#endif  // FUZZ_CLI_COMPILE_H_
