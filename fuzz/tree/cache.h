// SPDX-License-Identifier: GPL-2.0-or-later
//
// What has been made before, each under a name that says all that went into it. Nothing here is
// ever wrong, only unused: what has not been asked for for the longest time goes when there is too
// much.
#ifndef FUZZ_TREE_CACHE_H_
#define FUZZ_TREE_CACHE_H_

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fuzz/base/files.h"

namespace hotplug::tree {

// Where it lies: ${XDG_CACHE_HOME:-$HOME/.cache}/hotplug-fuzz.
absl::StatusOr<std::string> CacheFolder();

class Cache {
 public:
  // For one process at a time. Waits for it.
  static absl::StatusOr<Cache> Open(const std::string& folder);

  // The path of what has this name; empty if there is nothing.
  std::string Find(const std::string& key) const;
  // Whole or not at all, whatever happens.
  absl::Status Put(const std::string& key, absl::string_view contents) const;
  void DropOldest() const;

 private:
  Cache(std::string folder, base::FolderLock lock)
      : folder_(std::move(folder)), lock_(std::move(lock)) {}
  std::string PathOf(const std::string& key) const { return folder_ + "/" + key; }

  std::string folder_;
  base::FolderLock lock_;
};

}  // namespace hotplug::tree

#endif  // FUZZ_TREE_CACHE_H_
