// SPDX-License-Identifier: GPL-2.0-or-later
//
// conform TRACE...: the model against recordings of real kernels.
#include <cstdio>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "fuzz/base/files.h"
#include "fuzz/cli/cli.h"
#include "fuzz/fidelity/recording/recording.h"
#include "fuzz/fidelity/replay/replay.h"
#include "model/scenario/echo.h"

ABSL_FLAG(bool, keep_going, false, "");

namespace hotplug::cli {

namespace {

// A recording may have a line of 64 KiB.
std::string Shown(const std::string& line) {
  constexpr size_t kMost = 2000;
  return line.size() <= kMost ? line : absl::StrCat(line.substr(0, kMost), "...");
}

void PrintDifference(const std::string& path, const replay::Difference& d, bool with_trace) {
  std::printf("%s:%u: the model differs\n  recorded: %s\n  model:    %s\n", EchoName(path).c_str(),
              d.line, Shown(d.expected).c_str(), Shown(d.got).c_str());
  if (!with_trace) return;
  std::printf("  the model up to there:\n");
  for (const std::string& line : d.trace) std::printf("    %s\n", line.c_str());
}

absl::StatusOr<replay::Report> Replay(const std::string& path) {
  const absl::StatusOr<std::string> text = base::Contents(path);
  if (!text.ok()) return text.status();
  const absl::StatusOr<recording::File> file = recording::Parse(*text, path);
  if (!file.ok()) return file.status();
  return replay::Replay(*file, path, absl::GetFlag(FLAGS_keep_going));
}

ExitCode ConformOne(const std::string& path) {
  const absl::StatusOr<replay::Report> report = Replay(path);
  if (!report.ok()) return Complain(report.status());
  if (report->differences.empty()) {
    std::printf("%s: conforms (%u events)\n", EchoName(path).c_str(), report->events);
    return kAllWell;
  }
  const bool all = absl::GetFlag(FLAGS_keep_going);
  for (const replay::Difference& d : report->differences) PrintDifference(path, d, !all);
  if (all) {
    std::printf("%s: %zu of %u lines differ\n", EchoName(path).c_str(), report->differences.size(),
                report->lines);
  }
  return kFailed;
}

}  // namespace

ExitCode Conform(const Args& files) {
  ExitCode worst = kAllWell;
  for (const std::string& path : files) worst = Worse(worst, ConformOne(path));
  return worst;
}

}  // namespace hotplug::cli
