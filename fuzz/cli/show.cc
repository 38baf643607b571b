// SPDX-License-Identifier: GPL-2.0-or-later
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "fuzz/cli/cli.h"
#include "fuzz/report/expect.h"
#include "fuzz/report/print_trace.h"
#include "fuzz/report/report.h"
#include "model/scenario/print.h"

namespace hotplug::cli {

ExitCode Show(const Args& files) {
  const absl::StatusOr<Input> input = LoadSelfContained(files[0]);
  if (!input.ok()) return Complain(input.status());
  // To its end, so that every entry of the schedule has its chance.
  std::string text =
      report::CommentedText(input->scenario, input->Options(report::ExpectOptions()));
  if (!input->expect.empty()) absl::StrAppend(&text, "expect\n");
  for (const std::string& line : input->expect) absl::StrAppend(&text, "  ", line, "\n");
  std::fwrite(text.data(), 1, text.size(), stdout);
  return kAllWell;
}

}  // namespace hotplug::cli
