// SPDX-License-Identifier: GPL-2.0-or-later
//
// A build of hotplug-fuzz as something that can be asked. All that is needed of one is
// `run --print-expect FILE...`, so that older revisions will do.
#ifndef FUZZ_REFACTOR_BUILD_H_
#define FUZZ_REFACTOR_BUILD_H_

#include <string>

#include "absl/status/statusor.h"
#include "fuzz/refactor/compare.h"

namespace hotplug::refactor {

// The path of a build: that of the executable file `name`, or of what the git revision `name` of
// the repository around this folder builds. The latter is built in a clone, preset plain, and the
// binary is kept in build/refactor/COMMIT of the repository.
absl::StatusOr<std::string> BinaryOf(const std::string& name);

// The build as Comparison asks it: a process for all texts. A text with which the process ends
// without an answer has a summary that says so.
Build AskBinary(const std::string& binary);

// An error if the binary does not answer to a scenario that every build can read.
absl::Status Probe(const std::string& binary);

}  // namespace hotplug::refactor

#endif  // FUZZ_REFACTOR_BUILD_H_
