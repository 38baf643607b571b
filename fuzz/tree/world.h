// SPDX-License-Identifier: GPL-2.0-or-later
//
// A world: the kernel's own core files, from somebody's tree, as one image that needs nothing else
// (docs/your-tree.md).
#ifndef FUZZ_TREE_WORLD_H_
#define FUZZ_TREE_WORLD_H_

#include <string>

#include "absl/status/statusor.h"
#include "fuzz/tree/compile.h"
#include "fuzz/tree/config.h"

namespace hotplug::tree {

struct WorldOptions {
  std::string cc;
  Variant variant;
  DriverFile driver;
};

// The bytes of the image.
absl::StatusOr<std::string> BuildWorld(const Source& source, const WorldOptions& options);

// Its .config, as far as the tree's Kconfig is asked.
absl::StatusOr<std::string> ConfigOfWorld(const Source& source, const WorldOptions& options);

}  // namespace hotplug::tree

#endif  // FUZZ_TREE_WORLD_H_
