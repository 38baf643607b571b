// SPDX-License-Identifier: GPL-2.0-or-later
//
// A kernel tree that somebody else owns: it is read, whatever state it is in, and nothing in it is
// ever written.
#ifndef FUZZ_TREE_SOURCE_H_
#define FUZZ_TREE_SOURCE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace hotplug::tree {

struct Version {
  uint32_t version = 0;
  uint32_t patchlevel = 0;
  uint32_t sublevel = 0;

  auto operator<=>(const Version&) const = default;
  std::string Text() const;
};

class Source {
 public:
  // Refuses what is no kernel tree, and versions that no world can be made of.
  static absl::StatusOr<Source> Open(const std::string& folder);

  const std::string& shown() const { return shown_; }  // as its owner wrote it
  const std::string& path() const { return path_; }    // absolute
  const Version& version() const { return version_; }

  bool Has(const std::string& name) const;
  absl::StatusOr<std::string> Read(const std::string& name) const;

  // Refuses a place at which something would be written if it lies in the tree.
  absl::Status CheckOutside(const std::string& place, const std::string& what) const;

 private:
  std::string shown_;
  std::string path_;
  Version version_;
};

}  // namespace hotplug::tree

#endif  // FUZZ_TREE_SOURCE_H_
