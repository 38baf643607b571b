// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/cli/minimize.h"

#include <cstdio>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "fuzz/base/files.h"
#include "fuzz/cli/child.h"
#include "fuzz/cli/cli.h"
#include "fuzz/cli/progress.h"
#include "fuzz/report/report.h"
#include "model/scenario/echo.h"

namespace hotplug::cli {

namespace {

constexpr uint32_t kRunsPerUpdate = 256;

std::string Size(const scenario::Scenario& s) {
  const auto count = [](uint32_t n, const char* what) {
    return absl::StrFormat("%d %s%s", n, what, n == 1 ? "" : "s");
  };
  return count(s.ops.size, "op") + ", " + count(s.schedule.size, "preemption");
}

bool GoOn(const report::Minimized& m) {
  if (Progress::IsShown() && m.runs % kRunsPerUpdate == 0) {
    Progress::Show(absl::StrFormat("%d runs: %s", m.runs, Size(m.scenario)));
  }
  return !IsInterrupted();
}

}  // namespace

absl::StatusOr<report::Minimized> MinimizeFile(const absl::StatusOr<Input>& input,
                                               const std::string& path) {
  if (!input.ok()) return input.status();
  KeepInterrupts();
  const Progress progress;
  report::Minimized m = report::Minimize(input->scenario, input->Options(), GoOn);
  if (m.token.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(EchoName(path), ": does not fail, so it stays"));
  }
  return m;
}

std::string Summary(const report::Minimized& m) {
  return absl::StrFormat("%s (%s; %d runs%s)", m.token, Size(m.scenario), m.runs,
                         m.complete ? "" : ", stopped early");
}

ExitCode Minimize(const Args& files) {
  const std::string out = absl::GetFlag(FLAGS_out);
  absl::Status status = base::CheckNew(out);
  if (!status.ok()) return Complain(status);
  const absl::StatusOr<Input> input = Load(files[0]);
  const absl::StatusOr<report::Minimized> m = MinimizeFile(input, files[0]);
  if (!m.ok()) return Complain(m.status());
  status = WriteOut(out, report::CommentedText(m->scenario, input->Options()));
  if (!status.ok()) return Complain(status);
  absl::PrintF("%s: %s\n", EchoName(out), Summary(*m));
  return kAllWell;
}

}  // namespace hotplug::cli
