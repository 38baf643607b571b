// SPDX-License-Identifier: GPL-2.0-or-later
//
// What worlds are made of: versions, geometries, the files of the core.
#ifndef FUZZ_TREE_TABLE_H_
#define FUZZ_TREE_TABLE_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fuzz/tree/source.h"

namespace hotplug::tree {

bool IsSupported(const Version& version);
std::string SupportedVersions();

// Orders are logarithms of numbers of pages of 4 KiB; the largest one that the buddy allocator has
// is max_order.
struct Geometry {
  const char* name;
  uint32_t section_bits;  // a memory block is a section: log2 of its bytes
  uint32_t max_order;
  uint32_t pageblock_order;
};
absl::StatusOr<Geometry> FindGeometry(const std::string& name);

inline constexpr uint32_t kPageShift = 12;
// The first block of a scenario has a number up to 255, and 47 more may follow.
inline constexpr uint32_t kMoreBitsThanSection = 9;

// The files of the tree that are real in the world: what the tree's own build would compile them
// with, `config` tells. With a driver those of its files, too.
std::vector<std::string> CoreFiles(const Version& version, absl::string_view config, bool driver);

// Functions of those files in whose place the glue's run.
std::span<const char* const> GluedNames();

}  // namespace hotplug::tree

#endif  // FUZZ_TREE_TABLE_H_
