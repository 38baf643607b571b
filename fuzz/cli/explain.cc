// SPDX-License-Identifier: GPL-2.0-or-later
#include <cstdio>

#include "fuzz/cli/cli.h"
#include "fuzz/report/report.h"

namespace hotplug::cli {

ExitCode Explain(const Args& files) {
  const absl::StatusOr<Input> input = Load(files[0]);
  if (!input.ok()) return Complain(input.status());
  run::Outcome outcome;
  const std::string text = report::Explain(input->scenario, input->Options(), &outcome);
  std::fwrite(text.data(), 1, text.size(), stdout);
  return ExitCodeOf(outcome.verdict);
}

}  // namespace hotplug::cli
