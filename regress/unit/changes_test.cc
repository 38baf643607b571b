// SPDX-License-Identifier: GPL-2.0-or-later
//
// How much conform notices of what is wrong in a recording. regress/soak/changes tries more.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/fidelity/recording/change.h"
#include "fuzz/fidelity/recording/recording.h"
#include "fuzz/fidelity/replay/replay.h"
#include "regress/soak/classes.h"
#include "regress/unit/catch.h"
#include "regress/unit/checked.h"

namespace hotplug::changes {

namespace {

using recording::Kind;
using recording::Line;

constexpr const char* kFolder = "regress/real-kernel-traces/";
// Short ones of both kernels, by hand and random.
constexpr const char* kFew[] = {"5.9.1/random-1.tr", "5.9.1/rfc.tr",     "6.1/mmom.tr",
                                "6.1/random-4.tr",   "6.1/random-17.tr", "6.1/rfc2.tr"};

recording::File Read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  absl::StatusOr<recording::File> file = recording::Parse(text, path);
  REQUIRE(file.ok());
  return *std::move(file);
}

bool IsOutput(const recording::File& file, const recording::Change& change) {
  for (const Line& line : file.lines) {
    if (line.number == change.line) return RowOf(line, change.field) == nullptr;
  }
  return false;
}

struct Tally {
  int tried = 0;
  int here = 0;
};

// Changes of output only, each replayed up to the first difference.
Tally TryChanges(const std::string& path, uint64_t seed, int count) {
  const recording::File file = Read(path);
  Tally tally;
  for (const uint64_t end = seed + 4 * static_cast<uint64_t>(count); seed < end; ++seed) {
    recording::Change change;
    const std::optional<recording::File> changed = recording::ChangeOneField(file, seed, &change);
    if (!changed.has_value() || !IsOutput(file, change)) continue;
    const absl::StatusOr<replay::Report> report = replay::Replay(*changed, path, false);
    const bool here = report.ok() && !report->differences.empty() &&
                      report->differences.front().line == change.line;
    if (!here)
      UNSCOPED_INFO(path << ":" << change.line << ": " << change.field << ": " << change.old_text
                         << " -> " << change.new_text);
    tally.here += here ? 1 : 0;
    if (++tally.tried == count) break;
  }
  return tally;
}

bool IsCompared(const Line& line) {
  switch (line.kind) {
    case Kind::kScenario:
    case Kind::kScenarioEnd:
    case Kind::kEat:
      return false;
    case Kind::kNote:
    case Kind::kInfo:
      return !IsRemark(line);
    case Kind::kKern:
      return !Repeats(line);
    default:
      return true;
  }
}

}  // namespace

TEST_CASE("a wrong field of a recording is noticed at its line", "[conform][changes]") {
  constexpr int kEach = testing::kChecked ? 2 : 54;
  Tally all;
  uint64_t seed = 1;
  for (const char* name : kFew) {
    const Tally tally = TryChanges(std::string(kFolder) + name, seed, kEach);
    seed += 1000;
    all.tried += tally.tried;
    all.here += tally.here;
  }
  CHECK(all.tried >= 5 * kEach);
  CHECK(all.here * 100 >= all.tried * 98);
}

TEST_CASE("hardly a line of a recording is never compared", "[conform][changes]") {
  size_t lines = 0, never = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(kFolder)) {
    if (entry.path().extension() != ".tr") continue;
    const recording::File file = Read(entry.path().string());
    lines += file.lines.size();
    never += static_cast<size_t>(std::count_if(file.lines.begin(), file.lines.end(),
                                               [](const Line& l) { return !IsCompared(l); }));
  }
  CHECK(lines > 28000);
  CAPTURE(never, lines);
  CHECK(never * 50 < lines);
}

}  // namespace hotplug::changes
