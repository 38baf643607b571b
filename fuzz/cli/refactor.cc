// SPDX-License-Identifier: GPL-2.0-or-later
//
// check-refactor OLD NEW: does anything that can be seen differ between two builds?
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "fuzz/cli/cli.h"
#include "fuzz/refactor/build.h"
#include "fuzz/refactor/compare.h"
#include "model/scenario/generate.h"
#include "model/scenario/ops.h"

ABSL_FLAG(uint32_t, count, 2000, "");
ABSL_FLAG(uint64_t, seed, 1, "");

namespace hotplug::cli {

namespace {

namespace fs = std::filesystem;
using refactor::Case;
using refactor::Comparison;
using refactor::Kind;
using refactor::Relation;

constexpr size_t kCasesPerUpdate = 64;
constexpr size_t kMaxKinds = 20;  // shown

// About so many in a generated scenario: the neighbourhoods of few can be explored completely.
constexpr uint32_t kPreemptions = 2;

volatile std::sig_atomic_t interrupted = 0;

void OnInterrupt(int signal) { interrupted = signal; }

// The scenarios of the repository, as far as this folder has any.
std::vector<std::string> Files() {
  std::vector<std::string> files;
  for (const char* folder : {"corpus", "regress/golden", "regress/crashes", "regress/legal"}) {
    std::error_code none;
    for (const fs::directory_entry& e : fs::recursive_directory_iterator(folder, none)) {
      if (e.path().extension() == ".scn") files.push_back(e.path().string());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

// Without sleeps, which end after a number of steps and so depend on what is not compared.
scenario::Scenario Awake(scenario::Scenario s) {
  for (uint32_t i = s.ops.size; i-- > 0;) {
    if (scenario::Has(s.ops[i].kind, scenario::Field::kTicks)) s.ops.erase(i);
  }
  return s;
}

absl::StatusOr<std::vector<Case>> Cases() {
  std::vector<Case> cases;
  for (const std::string& file : Files()) {
    const absl::StatusOr<Input> input = Load(file);
    if (!input.ok()) return input.status();
    cases.push_back({file, input->scenario});
  }
  const scenario::Names names = run::Names();
  scenario::GenerateOptions options;
  options.nr_drivers = names.nr_drivers;
  options.nr_kernels = names.nr_kernels;
  options.preemptions = kPreemptions;
  const uint64_t first = absl::GetFlag(FLAGS_seed);
  for (uint64_t seed = first; seed < first + absl::GetFlag(FLAGS_count); ++seed) {
    cases.push_back({absl::StrCat("generated ", seed), Awake(scenario::Generate(seed, options))});
  }
  return cases;
}

Comparison::GoOn Progress(size_t all) {
  return [all, terminal = isatty(STDERR_FILENO) != 0](size_t done) {
    if (terminal && done % kCasesPerUpdate == 0) {
      absl::FPrintF(stderr, "\r%d of %d scenarios\033[K", done, all);
    }
    return interrupted == 0;
  };
}

void PrintKind(const Kind& kind) {
  absl::PrintF("\n%s, %d scenario%s; the first is %s\n%s\n", Name(kind.relation), kind.scenarios,
               kind.scenarios == 1 ? "" : "s", kind.first, kind.difference);
  for (const absl::string_view line : absl::StrSplit(kind.text, '\n', absl::SkipEmpty())) {
    absl::PrintF("    %s\n", line);
  }
}

void PrintReport(const Comparison& c) {
  for (uint32_t r = 0; r < refactor::kRelations; ++r) {
    const auto relation = static_cast<Relation>(r);
    absl::PrintF("%-28s%8d\n", Name(relation), c.count(relation));
  }
  const size_t shown = std::min(c.kinds().size(), kMaxKinds);
  for (size_t i = 0; i < shown; ++i) PrintKind(c.kinds()[i]);
  if (shown < c.kinds().size()) absl::PrintF("\nand %d more kinds\n", c.kinds().size() - shown);
}

absl::StatusOr<Comparison> Compare(const Args& builds) {
  const absl::StatusOr<std::vector<Case>> cases = Cases();
  if (!cases.ok()) return cases.status();
  std::vector<refactor::Build> asked;
  for (const std::string& build : builds) {
    const absl::StatusOr<std::string> binary = refactor::BinaryOf(build);
    if (!binary.ok()) return binary.status();
    absl::Status status = refactor::Probe(*binary);
    if (!status.ok()) return status;
    asked.push_back(refactor::AskBinary(*binary));
  }
  Comparison comparison(asked[0], asked[1]);
  absl::Status status = comparison.Compare(*cases, Progress(cases->size()));
  if (!status.ok()) return status;
  return comparison;
}

ExitCode CodeOf(const Comparison& c) {
  if (c.count(Relation::kDifferent) != 0) return kFailed;
  return c.count(Relation::kNotComparable) != 0 ? kSkipped : kAllWell;
}

}  // namespace

ExitCode CheckRefactor(const Args& builds) {
  std::signal(SIGINT, OnInterrupt);
  std::signal(SIGTERM, OnInterrupt);
  const absl::StatusOr<Comparison> comparison = Compare(builds);
  if (isatty(STDERR_FILENO) != 0) absl::FPrintF(stderr, "\r\033[K");
  if (interrupted != 0) {
    // Everything temporary is gone by now; what is left is to end as one does who was told to.
    std::signal(interrupted, SIG_DFL);
    std::raise(interrupted);
  }
  if (!comparison.ok()) return Complain(comparison.status());
  PrintReport(*comparison);
  return CodeOf(*comparison);
}

}  // namespace hotplug::cli
