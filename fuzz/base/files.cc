// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/base/files.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace hotplug::base {

// Far more than any scenario or recording has; some files have no end.
constexpr size_t kMaxFileMiB = 64;

absl::StatusOr<std::string> Contents(const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": ", std::strerror(EISDIR)));
  }
  std::ifstream file(path, std::ios::binary);
  if (!file.is_open()) return absl::NotFoundError(absl::StrCat(path, ": ", std::strerror(errno)));
  std::string contents;
  std::array<char, size_t{1} << 16> part;
  do {
    file.read(part.data(), part.size());
    contents.append(part.data(), static_cast<size_t>(file.gcount()));
  } while (file && contents.size() <= kMaxFileMiB << 20);
  if (file.bad()) return absl::UnavailableError(absl::StrCat(path, ": ", std::strerror(errno)));
  if (contents.size() <= kMaxFileMiB << 20) return contents;
  return absl::InvalidArgumentError(
      absl::StrCat(path, ": is larger than ", kMaxFileMiB, " MiB, which no input is"));
}

absl::Status CheckNew(const std::string& path) {
  if (path.empty()) return absl::InvalidArgumentError("-o OUT is missing");
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return absl::OkStatus();
  return absl::AlreadyExistsError(absl::StrCat(path, ": exists already and is not overwritten"));
}

absl::Status WriteNew(const std::string& path, absl::string_view contents) {
  absl::Status status = CheckNew(path);
  if (!status.ok()) return status;
  std::FILE* file = std::fopen(path.c_str(), "wxe");
  bool ok = file != nullptr;
  if (ok) {
    ok = std::fwrite(contents.data(), 1, contents.size(), file) == contents.size();
    ok = std::fclose(file) == 0 && ok;
  }
  if (ok) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(path, ": ", std::strerror(errno)));
}

absl::Status Replace(const std::string& path, absl::string_view contents) {
  const std::string fresh = path + ".new";
  absl::Status status = WriteNew(fresh, contents);
  if (!status.ok()) return status;
  std::error_code error;
  std::filesystem::rename(fresh, path, error);
  if (!error) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(path, ": ", error.message()));
}

}  // namespace hotplug::base
