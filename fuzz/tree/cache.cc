// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/tree/cache.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <vector>

#include "absl/strings/str_cat.h"
#include "model/scenario/echo.h"

namespace hotplug::tree {

namespace fs = std::filesystem;

namespace {

constexpr uintmax_t kMaxBytes = uintmax_t{2} << 30;  // some fifty worlds with nothing in common

}  // namespace

absl::StatusOr<std::string> CacheFolder() {
  // An empty one counts as none, and so does one that depends on where we are.
  for (const auto& [variable, below] : {std::pair("XDG_CACHE_HOME", ""), {"HOME", "/.cache"}}) {
    const char* const value = std::getenv(variable);
    if (value != nullptr && value[0] == '/') return absl::StrCat(value, below, "/hotplug-fuzz");
  }
  return absl::NotFoundError("neither XDG_CACHE_HOME nor HOME says where the cache is to lie");
}

absl::StatusOr<Cache> Cache::Open(const std::string& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return absl::UnavailableError(absl::StrCat(EchoName(folder), ": ", error.message()));
  absl::StatusOr<base::FolderLock> lock = base::FolderLock::Take(folder);
  if (!lock.ok()) return lock.status();
  return Cache(folder, *std::move(lock));
}

std::string Cache::Find(const std::string& key) const {
  std::string path = PathOf(key);
  std::error_code error;
  if (!fs::exists(path, error)) return "";
  fs::last_write_time(path, fs::file_time_type::clock::now(), error);  // the last use
  return path;
}

absl::Status Cache::Put(const std::string& key, absl::string_view contents) const {
  return base::Replace(PathOf(key), contents);
}

void Cache::DropOldest() const {
  struct Entry {
    fs::file_time_type used;
    fs::path path;
    uintmax_t bytes;
    bool operator<(const Entry& other) const { return used < other.used; }
  };
  std::vector<Entry> entries;
  uintmax_t bytes = 0;
  std::error_code error;
  for (const fs::directory_entry& file : fs::directory_iterator(folder_, error)) {
    entries.push_back({file.last_write_time(error), file.path(), file.file_size(error)});
    bytes += entries.back().bytes;
  }
  std::sort(entries.begin(), entries.end());
  for (const Entry& oldest : entries) {
    if (bytes <= kMaxBytes) break;
    bytes -= oldest.bytes;
    fs::remove(oldest.path, error);
  }
}

}  // namespace hotplug::tree
