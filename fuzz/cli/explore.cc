// SPDX-License-Identifier: GPL-2.0-or-later
//
// hotplug-fuzz explore: every schedule of a scenario on the files of a tree.
#include <algorithm>
#include <filesystem>

#include "absl/flags/flag.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "fuzz/base/files.h"
#include "fuzz/cli/cli.h"
#include "fuzz/cli/progress.h"
#include "fuzz/explore/search.h"
#include "fuzz/refactor/search.h"
#include "fuzz/report/report.h"
#include "model/run/tree_world.h"
#include "model/scenario/echo.h"
#include "model/scenario/print.h"
#include "model/sim/asan.h"

ABSL_FLAG(uint64_t, states, 10'000'000, "");
ABSL_FLAG(bool, depth_first, false, "");

namespace hotplug::cli {

namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxStates = uint64_t{1} << 32;

bool TellStates(uint64_t states, uint64_t waiting) {
  Progress::Show(absl::StrFormat("%d states, %d to look at", states, waiting));
  return !IsInterrupted();
}

std::string States(uint64_t n) { return absl::StrFormat("%d state%s", n, n == 1 ? "" : "s"); }

// What can be kept and run again: a scenario, as text, with what it comes to.
class Finding {
 public:
  Finding(const Input& input, const scenario::Scenario& s) : input_(input), scenario_(s) {
    outcome_ = run::Run(scenario_, input_.Options());
  }

  // What an ordinary run of it comes to.
  std::string Token() const {
    const std::string token = report::TokenOf(scenario_, input_.Options(), outcome_);
    return token.empty() ? run::Name(outcome_.verdict) : token;
  }
  bool MayWait() const { return outcome_.stuck_benign; }

  void Print() const {
    const uint32_t n = scenario_.schedule.size;
    absl::PrintF("  shortest: %d steps, %d preemption%s\n", outcome_.steps, n, n == 1 ? "" : "s");
    for (const std::string& line :
         refactor::ScheduleLines(scenario::Print(scenario_, run::Names()))) {
      absl::PrintF("  %s\n", line);
    }
  }

  absl::Status Write(const std::string& folder, const std::string& stem) const {
    if (folder.empty()) return absl::OkStatus();
    std::string name = absl::StrCat(stem, "-", Token());
    std::replace_if(
        name.begin(), name.end(), [](char c) { return !absl::ascii_isalnum(c) && c != '_'; }, '-');
    const std::string path = (fs::path(folder) / absl::StrCat(name, ".scn")).string();
    return base::WriteNew(path, report::CommentedText(scenario_, input_.Options()));
  }

 private:
  const Input& input_;
  scenario::Scenario scenario_;
  run::Outcome outcome_;
};

absl::Status CheckOut(const std::string& folder) {
  std::error_code error;
  if (folder.empty() || fs::is_directory(folder, error)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("-o ", EchoName(folder), ": is no folder"));
}

explore::Result RunOf(explore::Search* search) {
  KeepInterrupts();
  const Progress progress;
  return search->Run();
}

void PrintResult(const explore::Result& r) {
  absl::PrintF("points: locks; %s, %d transitions; %s\n", States(r.states), r.transitions,
               r.complete ? "complete" : "not complete");
  for (const auto& [text, kind] : r.ends) absl::PrintF("end: %s\n", text);
}

}  // namespace

ExitCode Explore(const Args& files) {
#ifdef HOTPLUG_ASAN
  return Complain("explore: AddressSanitizer does not let stacks be put back");
#endif
  const std::string folder = absl::GetFlag(FLAGS_out);
  const uint64_t states = absl::GetFlag(FLAGS_states);
  if (absl::Status status = CheckOut(folder); !status.ok()) return Complain(status);
  if (states == 0 || states >= kMaxStates) {
    return Complain(absl::StrCat("--states=", states, ": expected 1 to ", kMaxStates - 1));
  }
  const absl::StatusOr<Input> input = Load(files[0]);
  if (!input.ok()) return Complain(input.status());
  if (input->world == &run::kModelWorld) {
    return Complain("explore: expected --tree=DIR or --world=WORLD; the model cannot be put back");
  }
  explore::Bounds bounds;
  bounds.states = states;
  bounds.breadth_first = !absl::GetFlag(FLAGS_depth_first);
  bounds.go_on = TellStates;
  explore::Search search(input->scenario, input->Options(), bounds);
  const explore::Result r = RunOf(&search);
  absl::PrintF("%s: %s\n", EchoName(files[0]), run::UsedImage().about());
  PrintResult(r);
  const std::string stem = fs::path(files[0]).stem().string();
  ExitCode code = r.complete ? kAllWell : kSkipped;
  for (const auto& [token, kind] : r.found) {
    const Finding finding(*input, search.ScheduleOf(kind.path));
    absl::PrintF("found: %s in %s\n", token, States(kind.states));
    if (finding.Token() != token) absl::PrintF("  an ordinary run: %s\n", finding.Token());
    finding.Print();
    if (absl::Status status = finding.Write(folder, stem); !status.ok()) return Complain(status);
    code = kFailed;
  }
  if (r.nr_endless != 0) {
    const Finding finding(*input, search.ScheduleOf(r.endless));
    absl::PrintF("no way to an end: %s, %s\n", States(r.nr_endless),
                 finding.MayWait() ? "waits for what somebody may hold" : finding.Token());
    finding.Print();
    if (!finding.MayWait() && code != kFailed) code = kStuck;
    if (absl::Status status = finding.Write(folder, stem); !status.ok()) return Complain(status);
  }
  return code;
}

}  // namespace hotplug::cli
