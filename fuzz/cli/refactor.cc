// SPDX-License-Identifier: GPL-2.0-or-later
//
// check-refactor OLD NEW: does anything that can be seen differ between two builds?
#include <algorithm>
#include <cstdio>
#include <iterator>

#include "absl/flags/flag.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "fuzz/base/files.h"
#include "fuzz/cli/cli.h"
#include "fuzz/cli/progress.h"
#include "fuzz/refactor/build.h"
#include "fuzz/refactor/compare.h"
#include "model/scenario/echo.h"
#include "model/scenario/generate.h"
#include "model/scenario/ops.h"

ABSL_FLAG(uint64_t, count, 2000, "");
ABSL_FLAG(uint64_t, seed, 1, "");

namespace hotplug::cli {

namespace {

using refactor::Case;
using refactor::Comparison;
using refactor::Kind;
using refactor::Relation;

constexpr size_t kCasesPerUpdate = 64;
constexpr size_t kMaxKinds = 20;   // shown
constexpr uint64_t kBatch = 8192;  // scenarios in memory at a time
constexpr uint64_t kMaxCount = 1'000'000'000;
constexpr uint64_t kMaxSeed = uint64_t{1} << 60;

// About so many in a generated scenario: the neighbourhoods of few can be explored completely.
constexpr uint32_t kPreemptions = 2;

// The scenarios of the repository, as far as this folder has any.
absl::StatusOr<std::vector<std::string>> Files() {
  std::vector<std::string> all;
  for (const char* folder : {"corpus", "regress/crashes", "regress/golden", "regress/legal"}) {
    const absl::StatusOr<std::vector<std::string>> files = base::FilesBelow(folder);
    if (!files.ok()) return files.status();
    std::copy_if(files->begin(), files->end(), std::back_inserter(all),
                 [](const std::string& file) { return absl::EndsWith(file, ".scn"); });
  }
  return all;
}

// Without sleeps, which end after a number of steps and so depend on what is not compared.
scenario::Scenario Awake(scenario::Scenario s) {
  for (uint32_t i = s.ops.size; i-- > 0;) {
    if (scenario::Has(s.ops[i].kind, scenario::Field::kTicks)) s.ops.erase(i);
  }
  return s;
}

absl::StatusOr<std::vector<Case>> CasesOfFiles() {
  std::vector<Case> cases;
  const absl::StatusOr<std::vector<std::string>> files = Files();
  if (!files.ok()) return files.status();
  for (const std::string& file : *files) {
    const absl::StatusOr<Input> input = Load(file);
    if (!input.ok()) return input.status();
    cases.push_back({file, input->scenario});
  }
  return cases;
}

std::vector<Case> GeneratedCases(uint64_t first, uint64_t count) {
  const scenario::Names names = run::Names();
  scenario::GenerateOptions options;
  options.nr_drivers = names.nr_drivers;
  options.nr_kernels = names.nr_kernels;
  options.preemptions = kPreemptions;
  std::vector<Case> cases;
  for (uint64_t seed = first; seed < first + count; ++seed) {
    cases.push_back({absl::StrCat("generated ", seed), Awake(scenario::Generate(seed, options))});
  }
  return cases;
}

// How many are done.
class Counted {
 public:
  explicit Counted(uint64_t all) : all_(all) {}
  void CountOne() {
    if (Progress::IsShown() && done_++ % kCasesPerUpdate == 0) {
      Progress::Show(absl::StrFormat("%d of %d scenarios", done_, all_));
    }
  }

 private:
  uint64_t all_;
  uint64_t done_ = 0;
  Progress progress_;
};

absl::Status CheckFlag(const char* name, uint64_t value, uint64_t max) {
  if (value <= max) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("--", name, "=", value, ": expected a number of 0 to ", max));
}

void PrintKind(const Kind& kind) {
  absl::PrintF("\n%s, %d scenario%s; the first is %s\n%s\n", Name(kind.relation), kind.scenarios,
               kind.scenarios == 1 ? "" : "s", EchoName(kind.first), EchoMessage(kind.difference));
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
  const uint64_t count = absl::GetFlag(FLAGS_count);
  const uint64_t first = absl::GetFlag(FLAGS_seed);
  absl::Status status = CheckFlag("count", count, kMaxCount);
  if (status.ok()) status = CheckFlag("seed", first, kMaxSeed);
  if (!status.ok()) return status;
  const absl::StatusOr<std::vector<Case>> files = CasesOfFiles();
  if (!files.ok()) return files.status();
  std::vector<refactor::Build> asked;
  for (const std::string& build : builds) {
    const absl::StatusOr<std::string> binary = refactor::BinaryOf(build);
    if (!binary.ok()) return binary.status();
    status = refactor::Probe(*binary);
    if (!status.ok()) return status;
    asked.push_back(refactor::AskBinary(*binary));
  }
  Comparison comparison(asked[0], asked[1]);
  Counted progress(files->size() + count);
  const auto count_one = [&progress] { progress.CountOne(); };
  status = comparison.Compare(*files, count_one);
  for (uint64_t done = 0; status.ok() && done < count; done += kBatch) {
    status =
        comparison.Compare(GeneratedCases(first + done, std::min(kBatch, count - done)), count_one);
  }
  if (!status.ok()) return status;
  return comparison;
}

ExitCode CodeOf(const Comparison& c) {
  if (c.count(Relation::kDifferent) != 0) return kFailed;
  return c.count(Relation::kNotComparable) != 0 ? kSkipped : kAllWell;
}

}  // namespace

ExitCode CheckRefactor(const Args& builds) {
  const absl::StatusOr<Comparison> comparison = Compare(builds);
  if (!comparison.ok()) return Complain(comparison.status());
  PrintReport(*comparison);
  return CodeOf(*comparison);
}

}  // namespace hotplug::cli
