// SPDX-License-Identifier: GPL-2.0-or-later
//
// Headers that come before the tree's: those that the kernel's build would generate, in the
// workplace's folder `generated`, and edited copies, each by its name in the tree, in `edited`.
#ifndef FUZZ_TREE_HEADERS_H_
#define FUZZ_TREE_HEADERS_H_

#include "absl/status/status.h"
#include "fuzz/tree/config.h"
#include "fuzz/tree/workplace.h"

namespace hotplug::tree {

absl::Status WriteEditedHeaders(const Workplace& workplace);

// Some have constants that only a compiler knows.
absl::Status WriteGeneratedHeaders(const Configuration& configuration, const Variant& variant,
                                   Workplace* workplace);

}  // namespace hotplug::tree

#endif  // FUZZ_TREE_HEADERS_H_
