// SPDX-License-Identifier: GPL-2.0-or-later
//
// The model against the recordings of real kernels.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "fuzz/fidelity/recording/change.h"
#include "fuzz/fidelity/recording/recording.h"
#include "fuzz/fidelity/replay/compare.h"
#include "fuzz/fidelity/replay/replay.h"
#include "regress/unit/catch.h"
#include "regress/unit/checked.h"

namespace hotplug::replay {

namespace {

const std::string kNothing;  // compared with, so that a failure shows what there is

namespace fs = std::filesystem;
using recording::File;

std::vector<std::string> Recordings() {
  std::vector<std::string> paths;
  for (const auto& entry : fs::recursive_directory_iterator("regress/real-kernel-traces")) {
    if (entry.path().extension() == ".tr") paths.push_back(entry.path().string());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

// Those that a test replays: all of them, or a sample where that takes too long.
std::vector<std::string> Replayed() {
  const std::vector<std::string> all = Recordings();
  std::vector<std::string> some;
  for (size_t i = 0; i < all.size(); i += testing::kChecked ? 20 : 1) some.push_back(all[i]);
  return some;
}

File Read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  absl::StatusOr<File> file = recording::Parse(text, path);
  REQUIRE(file.ok());
  return *std::move(file);
}

// "FILE:LINE: recorded ... model ...", or nothing.
std::string FirstDifference(const File& file, const std::string& path) {
  const absl::StatusOr<Report> report = Replay(file, path, false);
  if (!report.ok()) return std::string(report.status().message());
  if (report->differences.empty()) return "";
  const Difference& d = report->differences.front();
  return path + ":" + std::to_string(d.line) + ": recorded: " + d.expected + " model: " + d.got;
}

// A recording read anew from its own text, as somebody would who got it as a file.
File Again(const File& file) {
  absl::StatusOr<File> again = recording::Parse(recording::Print(file), "changed");
  REQUIRE(again.ok());
  return *std::move(again);
}

}  // namespace

TEST_CASE("all recordings of real kernels conform", "[conform]") {
  CHECK(Recordings().size() >= 58);
  for (const std::string& path : Replayed()) CHECK(FirstDifference(Read(path), path) == kNothing);
}

TEST_CASE("what a recording means does not depend on names and numbers in it", "[conform]") {
  int64_t shift = 6;
  for (const std::string& path : Replayed()) {
    const File file = recording::RenameProbes(recording::RenumberPriorities(Read(path)));
    CHECK(FirstDifference(Again(recording::ShiftDimm(file, shift)), path) == kNothing);
    shift = shift == 6 ? 992 : 6;  // near and far
  }
}

// Whoever looked can have asked for anything; the answer is a difference, as of any wrong line.
TEST_CASE("a look at a block that is not there is a difference", "[conform]") {
  const std::string path = "regress/real-kernel-traces/6.1/rfc.tr";
  std::string text = recording::Print(Read(path));
  const std::string look = "\nKPF block=";
  const size_t at = text.find(look);
  REQUIRE(at != std::string::npos);
  text.insert(at + look.size(), "9");
  const absl::StatusOr<File> file = recording::Parse(text, path);
  REQUIRE(file.ok());
  CHECK(FirstDifference(*file, path).find(" recorded: KPF block=9") != std::string::npos);
}

TEST_CASE("kernel messages are compared but for numbers that are noise", "[conform]") {
  CHECK(
      SameMessage("page: refcount:4 mapcount:1 pfn:0x20000", "page: refcount:# mapcount:# pfn:#"));
  CHECK_FALSE(
      SameMessage("page: refcount: mapcount:1 pfn:0x20000", "page: refcount:# mapcount:# pfn:#"));
  CHECK_FALSE(SameMessage("page: refcount:4 mapcount:1", "page: refcount:# mapcount:# pfn:#"));
  CHECK(SameMessage("Offlined Pages 32768", "Offlined Pages 32768"));
  CHECK_FALSE(SameMessage("Offlined Pages 32767", "Offlined Pages 32768"));
}

}  // namespace hotplug::replay
