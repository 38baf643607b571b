// SPDX-License-Identifier: GPL-2.0-or-later
//
// Kernel C made into objects.
#ifndef FUZZ_TREE_COMPILE_H_
#define FUZZ_TREE_COMPILE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "fuzz/tree/config.h"
#include "fuzz/tree/workplace.h"

namespace hotplug::tree {

enum class Kind {
  kConstants,  // text for an assembler, which says what constants are
  kCore,       // a file of the tree
  kGlue,       // one of ours
  kDriver,     // a driver's own
};

// A driver's own file, which is linked to a world.
struct DriverFile {
  std::string file;                  // as its owner wrote it; empty: there is none
  std::vector<std::string> defines;  // MACRO or MACRO=VALUE

  std::string Folder() const;
  std::string Name() const;
};

// Compiles FILE, which the workplace knows by that name, into PRODUCT.
Step CompileStep(Kind kind, const std::string& file, const std::string& product,
                 const Variant& variant, const Workplace& workplace);

// The objects of all files of the world, in the order in which they are linked.
absl::StatusOr<Words> CompileWorld(const Configuration& configuration, const Variant& variant,
                                   const DriverFile& driver, Workplace* workplace);

}  // namespace hotplug::tree

#endif  // FUZZ_TREE_COMPILE_H_
