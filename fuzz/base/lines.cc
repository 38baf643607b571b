// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/base/lines.h"

#include <filesystem>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "fuzz/base/files.h"
#include "fuzz/base/process.h"

namespace hotplug::base {

absl::StatusOr<std::string> Addr2Line(const std::string& object, std::vector<std::string> flags,
                                      const std::vector<uintptr_t>& addresses) {
  const absl::StatusOr<TemporaryFolder> folder = TemporaryFolder::Make();
  if (!folder.ok()) return folder.status();
  std::string lines;
  for (const uintptr_t a : addresses) absl::StrAppendFormat(&lines, "%x\n", a);
  absl::Status status = WriteTemporary(*folder / "object", object);
  if (status.ok()) status = WriteTemporary(*folder / "addresses", lines);
  if (!status.ok()) return status;
  std::vector<std::string> args = {"addr2line", "-e", "object"};
  args.insert(args.end(), flags.begin(), flags.end());
  args.emplace_back("@addresses");
  const absl::StatusOr<std::string> end =
      RunCommand({std::move(args), folder->path(), *folder / "out", "/dev/null"});
  if (!end.ok()) return end.status();
  if (end->empty()) return ReadFile(*folder / "out");
  return absl::UnavailableError(absl::StrCat("addr2line: ", *end));
}

namespace {

// "./mm/page_alloc.c:42 (discriminator 1)" as the kernel says it; empty for "??:0".
std::string PlaceOf(absl::string_view said) {
  if (absl::StartsWith(said, "?")) return "";
  said = said.substr(0, said.find(' '));
  return std::filesystem::path(std::string(said)).lexically_normal().string();
}

}  // namespace

// A line with the address, and then for each frame one with the function and one with the place.
std::vector<std::vector<world::Frame>> FramesOf(const std::string& object,
                                                const std::vector<uint32_t>& addresses) {
  const absl::StatusOr<std::string> said =
      Addr2Line(object, {"-f", "-i", "-a"}, {addresses.begin(), addresses.end()});
  std::vector<std::vector<world::Frame>> frames;
  if (!said.ok()) return frames;
  const std::vector<absl::string_view> lines = absl::StrSplit(*said, '\n', absl::SkipEmpty());
  for (size_t i = 0; i < lines.size(); ++i) {
    if (absl::StartsWith(lines[i], "0x")) {
      frames.emplace_back();
    } else if (i + 1 < lines.size() && !frames.empty()) {
      const std::string place = PlaceOf(lines[i + 1]);
      if (!place.empty()) frames.back().push_back({std::string(lines[i]), place});
      ++i;
    }
  }
  frames.resize(addresses.size());
  return frames;
}

}  // namespace hotplug::base
