// SPDX-License-Identifier: GPL-2.0-or-later
//
// What minimize and promote share.
#ifndef FUZZ_CLI_MINIMIZE_H_
#define FUZZ_CLI_MINIMIZE_H_

#include <string>

#include "absl/status/statusor.h"
#include "fuzz/cli/cli.h"
#include "fuzz/report/minimize.h"

namespace hotplug::cli {

// The smallest scenario that fails as the one in the file does. SIGINT ends the search, and the
// smallest so far is the answer. An error if the file cannot be read or does not fail.
absl::StatusOr<report::Minimized> MinimizeFile(const absl::StatusOr<Input>& input,
                                               const std::string& path);

// "TOKEN (2 ops, 1 preemption; 57 runs)"
std::string Summary(const report::Minimized& m);

}  // namespace hotplug::cli

#endif  // FUZZ_CLI_MINIMIZE_H_
