// SPDX-License-Identifier: GPL-2.0-or-later
//
// The configuration of a world: what model/tree/glue/world.config asks of the tree's own Kconfig,
// which the tree's own program answers.
#ifndef FUZZ_TREE_CONFIG_H_
#define FUZZ_TREE_CONFIG_H_

#include <string>

#include "absl/status/statusor.h"
#include "fuzz/tree/table.h"
#include "fuzz/tree/workplace.h"

namespace hotplug::tree {

// What may be chosen of a world.
struct Variant {
  Geometry geometry;
  bool debug_vm = false;
  bool vmemmap = true;
  std::string fragment;  // a file with more wishes; empty: none

  // The words by which people tell worlds apart.
  std::string Text() const;
};

struct Configuration {
  std::string config;    // .config
  std::string autoconf;  // the header
};
// All wishes are granted, or it is an error that says which is not.
absl::StatusOr<Configuration> Configure(const Variant& variant, Workplace* workplace);

}  // namespace hotplug::tree

#endif  // FUZZ_TREE_CONFIG_H_
