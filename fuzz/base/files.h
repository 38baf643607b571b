// SPDX-License-Identifier: GPL-2.0-or-later
//
// Files that are read and written whole, and nothing else writes what somebody asked for. A file is
// made beside its place, under a name of its own, and put there when the disk has all of it: there
// are the old contents or the new ones, whatever happens. Errors begin with the path.
#ifndef FUZZ_BASE_FILES_H_
#define FUZZ_BASE_FILES_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace hotplug::base {

// A file as it is, at most 64 MiB of it.
absl::StatusOr<std::string> Contents(const std::string& path);

// The regular files of a folder, by path; and of all folders in it, too. None if it is not there.
absl::StatusOr<std::vector<std::string>> FilesIn(const std::string& folder);
absl::StatusOr<std::vector<std::string>> FilesBelow(const std::string& folder);

// Writes a file that must not exist yet. CheckNew() refuses before any work is done for it.
absl::Status CheckNew(const std::string& path);
absl::Status WriteNew(const std::string& path, absl::string_view contents);

// Writes a file that may exist, and keeps its mode.
absl::Status Replace(const std::string& path, absl::string_view contents);

// Writes a file in a folder of one's own (process.h), where nobody else looks and which does not
// outlive this process: neither beside its place first, nor to the disk.
absl::Status WriteTemporary(const std::string& path, absl::string_view contents);

// Gives a file another name, which nothing has yet.
absl::Status Rename(const std::string& from, const std::string& to);

// A folder that one process has for itself, as long as all of them ask. Waits for it.
class FolderLock {
 public:
  static absl::StatusOr<FolderLock> Take(const std::string& folder);
  FolderLock(FolderLock&& other) noexcept;
  FolderLock& operator=(FolderLock&& other) = delete;
  ~FolderLock();

 private:
  explicit FolderLock(int fd) : fd_(fd) {}
  int fd_;
};

// Sees to it that no file gets the number of a standard stream which is closed. For the beginning
// of main().
void KeepStandardStreams();

// Writes out what standard output still has to. An error if any of it is lost.
absl::Status CloseStandardOutput();

}  // namespace hotplug::base

#endif  // FUZZ_BASE_FILES_H_
