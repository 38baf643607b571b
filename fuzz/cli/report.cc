// SPDX-License-Identifier: GPL-2.0-or-later
//
// Runs files and says what came out in the formats that CI systems read.
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "fuzz/cli/cli.h"
#include "fuzz/results/formats.h"
#include "fuzz/results/results.h"
#include "model/scenario/echo.h"

ABSL_FLAG(std::string, format, "", "");
ABSL_FLAG(bool, distinct, false, "");

namespace hotplug::cli {

namespace {

results::Result RunFile(const std::string& file) {
  const absl::StatusOr<Input> input = Load(file);
  if (!input.ok()) {
    Complain(input.status());
    return results::Unreadable(file, input.status().message());
  }
  results::Result r = results::RunScenario(file, input->scenario, input->Options());
  std::error_code ignored;
  r.size = std::filesystem::file_size(file, ignored);
  return r;
}

}  // namespace

ExitCode ReportFiles(const Args& files) {
  const std::string format = absl::GetFlag(FLAGS_format);
  if (format != "junit" && format != "sarif") {
    return Complain(absl::StrCat("--format=", EchoName(format), ": there are only junit, sarif"));
  }
  std::vector<results::Result> all;
  ExitCode worst = kAllWell;
  for (const std::string& file : files) {
    all.push_back(RunFile(file));
    const results::Result& r = all.back();
    worst = Worse(worst, r.unreadable.empty() ? ExitCodeOf(r.verdict) : kUsage);
  }
  if (absl::GetFlag(FLAGS_distinct)) all = results::Distinct(all);
  const std::string text = format == "junit" ? results::Junit(all) : results::Sarif(all);
  std::fwrite(text.data(), 1, text.size(), stdout);
  return worst;
}

}  // namespace hotplug::cli
