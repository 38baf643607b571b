// SPDX-License-Identifier: GPL-2.0-or-later
//
// Objects made into a world.
#ifndef FUZZ_TREE_LINK_H_
#define FUZZ_TREE_LINK_H_

#include <string>

#include "absl/status/statusor.h"
#include "fuzz/tree/config.h"
#include "fuzz/tree/workplace.h"

namespace hotplug::tree {

// The bytes of the image.
absl::StatusOr<std::string> LinkWorld(const Words& objects, const Workplace& workplace);

}  // namespace hotplug::tree

#endif  // FUZZ_TREE_LINK_H_
