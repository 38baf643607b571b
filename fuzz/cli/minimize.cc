// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/cli/minimize.h"

#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "fuzz/base/files.h"
#include "fuzz/cli/child.h"
#include "fuzz/cli/cli.h"
#include "fuzz/report/report.h"
#include "model/scenario/echo.h"

namespace hotplug::cli {

namespace {

constexpr uint32_t kRunsPerUpdate = 256;

volatile std::sig_atomic_t stopped = 0;

void OnStop(int) { stopped = 1; }

std::string Size(const scenario::Scenario& s) {
  const auto count = [](uint32_t n, const char* what) {
    return absl::StrFormat("%d %s%s", n, what, n == 1 ? "" : "s");
  };
  return count(s.ops.size, "op") + ", " + count(s.schedule.size, "preemption");
}

bool GoOn(const report::Minimized& m) {
  static const bool terminal = isatty(STDERR_FILENO) != 0;
  if (terminal && m.runs % kRunsPerUpdate == 0) {
    absl::FPrintF(stderr, "\r%d runs: %s\033[K", m.runs, Size(m.scenario));
  }
  return stopped == 0;
}

}  // namespace

absl::StatusOr<report::Minimized> MinimizeFile(const absl::StatusOr<Input>& input,
                                               const std::string& path) {
  if (!input.ok()) return input.status();
  std::signal(SIGINT, OnStop);
  report::Minimized m = report::Minimize(input->scenario, input->Options(), GoOn);
  if (isatty(STDERR_FILENO) != 0) absl::FPrintF(stderr, "\r\033[K");
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
