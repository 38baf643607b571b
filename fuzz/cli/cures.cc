// SPDX-License-Identifier: GPL-2.0-or-later
//
// cures FILE...: with which of the known fixes a finding goes away.
#include "fuzz/report/cures.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "fuzz/cli/cli.h"
#include "fuzz/report/matrix.h"
#include "model/run/run.h"
#include "model/scenario/echo.h"

namespace hotplug::cli {

ExitCode Cures(const Args& files) {
  for (const std::string& file : files) {
    const absl::StatusOr<Input> input = LoadSelfContained(file);
    if (!input.ok()) return Complain(input.status());
    if (run::Run(input->scenario).first() == nullptr) {
      return Complain(absl::StrCat(EchoName(file), ": does not fail, so there is nothing to cure"));
    }
    const std::vector<std::string> cures = report::Cures(input->scenario);
    absl::PrintF("%s: %s: %s\n", EchoName(file), report::MatrixCell(input->scenario, {}),
                 cures.empty() ? "none" : absl::StrJoin(cures, " "));
  }
  return kAllWell;
}

}  // namespace hotplug::cli
