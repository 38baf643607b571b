// SPDX-License-Identifier: GPL-2.0-or-later
//
// Files that are read and written whole. Errors begin with the path.
#ifndef FUZZ_BASE_FILES_H_
#define FUZZ_BASE_FILES_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace hotplug::base {

// A file as it is, at most 64 MiB of it.
absl::StatusOr<std::string> Contents(const std::string& path);

// Writes a file that must not exist yet. CheckNew() refuses before any work is done for it.
absl::Status CheckNew(const std::string& path);
absl::Status WriteNew(const std::string& path, absl::string_view contents);

// Writes a file that may exist, all or nothing: it has the old or the new contents.
absl::Status Replace(const std::string& path, absl::string_view contents);

}  // namespace hotplug::base

#endif  // FUZZ_BASE_FILES_H_
