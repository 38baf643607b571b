// SPDX-License-Identifier: GPL-2.0-or-later
//
// The scenarios that the tests run, in a folder, and the matrix of what they come to beside it
// (fuzz/report/matrix.h). Both change together: what is to be kept is written into the folder
// first, whole and under a name that nobody reads, `.NAME.promoted`. From then on it will be kept,
// by whoever wrote it or, if that is killed, by who comes next: the row goes into the matrix, and
// the scenario gets its name. Before it nothing has changed.
#ifndef FUZZ_CLI_KEPT_H_
#define FUZZ_CLI_KEPT_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace hotplug::cli {

constexpr size_t kMaxKeptName = 64;

// Letters, digits, dots, dashes and underscores, a letter or digit first.
bool IsKeptName(absl::string_view name);

// The matrix that the folder's scenarios belong to, in the folder above; empty if there is none.
std::string MatrixOf(const std::string& folder);

// The file of a scenario that is kept.
std::string KeptFile(const std::string& folder, const std::string& name);

// Keeps the text of a scenario. An error leaves the folder and the matrix as they were, or, if the
// disk takes not even that, as a kill does. Others who keep something wait for each other.
absl::Status Keep(const std::string& folder, const std::string& name, const std::string& text);

}  // namespace hotplug::cli

#endif  // FUZZ_CLI_KEPT_H_
