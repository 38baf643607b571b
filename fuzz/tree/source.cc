// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/tree/source.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <system_error>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "fuzz/base/files.h"
#include "fuzz/tree/table.h"
#include "model/scenario/echo.h"

namespace hotplug::tree {

namespace fs = std::filesystem;

namespace {

// The variables that the top Makefile begins with.
bool ParseVersion(const std::string& makefile, Version* v) {
  std::map<absl::string_view, uint32_t*> wanted = {
      {"VERSION", &v->version}, {"PATCHLEVEL", &v->patchlevel}, {"SUBLEVEL", &v->sublevel}};
  for (const absl::string_view line : absl::StrSplit(makefile, '\n')) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(line, absl::MaxSplits('=', 1));
    const auto found = wanted.find(absl::StripAsciiWhitespace(parts.first));
    if (found == wanted.end()) continue;
    if (!absl::SimpleAtoi(parts.second, found->second)) return false;
    wanted.erase(found);
    if (wanted.empty()) return true;
  }
  return false;
}

}  // namespace

std::string Version::Text() const { return absl::StrCat(version, ".", patchlevel, ".", sublevel); }

absl::StatusOr<Source> Source::Open(const std::string& folder) {
  Source s;
  s.shown_ = std::string(absl::StripSuffix(folder, "/"));
  std::error_code error;
  s.path_ = fs::canonical(folder, error).string();
  if (error) return absl::NotFoundError(absl::StrCat(EchoName(folder), ": ", error.message()));
  for (const char* const name : {"Makefile", "Kconfig", "mm/memory_hotplug.c"}) {
    if (s.Has(name)) continue;
    return absl::InvalidArgumentError(
        absl::StrCat(EchoName(folder), ": is no kernel tree: there is no ", name));
  }
  const absl::StatusOr<std::string> makefile = s.Read("Makefile");
  if (!makefile.ok()) return makefile.status();
  if (!ParseVersion(*makefile, &s.version_)) {
    return absl::InvalidArgumentError(
        absl::StrCat(EchoName(folder), "/Makefile: expected VERSION, PATCHLEVEL and SUBLEVEL"));
  }
  if (IsSupported(s.version_)) return s;
  return absl::InvalidArgumentError(absl::StrCat(EchoName(folder), ": is Linux ", s.version_.Text(),
                                                 ", and worlds are made of ", SupportedVersions()));
}

bool Source::Has(const std::string& name) const {
  std::error_code error;
  return fs::is_regular_file(path_ + "/" + name, error);
}

absl::StatusOr<std::string> Source::Read(const std::string& name) const {
  return base::Contents(path_ + "/" + name);
}

absl::Status Source::CheckOutside(const std::string& place, const std::string& what) const {
  std::error_code error;
  const fs::path real = fs::weakly_canonical(fs::absolute(place, error), error);
  const fs::path tree = path_;
  if (std::mismatch(tree.begin(), tree.end(), real.begin(), real.end()).first != tree.end()) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat(what, EchoName(place), ": lies in the tree, where nothing is written"));
}

}  // namespace hotplug::tree
