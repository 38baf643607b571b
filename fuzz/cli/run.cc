// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "absl/flags/flag.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "fuzz/base/files.h"
#include "fuzz/cli/child.h"
#include "fuzz/cli/cli.h"
#include "fuzz/driver/against.h"
#include "fuzz/fidelity/record/record.h"
#include "fuzz/refactor/compare.h"
#include "fuzz/refactor/search.h"
#include "fuzz/report/expect.h"
#include "fuzz/report/print_trace.h"
#include "fuzz/report/report.h"
#include "fuzz/report/story.h"
#include "model/scenario/bytes.h"
#include "model/scenario/echo.h"
#include "model/scenario/spec.h"

ABSL_FLAG(bool, trace, false, "");
ABSL_FLAG(bool, verify, false, "");
ABSL_FLAG(bool, expect, false, "");
ABSL_FLAG(bool, print_expect, false, "");
ABSL_FLAG(std::string, against, "", "");
ABSL_FLAG(std::string, record, "", "");

namespace hotplug::cli {

namespace {

void PrintLine(const std::string& file, const scenario::Scenario& s, const run::RunOptions& options,
               const run::Outcome& o) {
  absl::PrintF("%s: driver=%s kernel=%s verdict=%s steps=%d digest=0x%016x", EchoName(file),
               report::DriverName(s, options), run::KernelOf(s, options), run::Name(o.verdict),
               o.steps, o.digest);
  if (const invariants::Violation* v = o.first()) {
    absl::PrintF(" invariant=%s step=%d", invariants::Name(v->id), v->step);
  }
  if (o.verdict == run::Verdict::kNotSimulated) absl::PrintF(" (%s)", run::NotSimulated());
  if (o.not_judged != 0) absl::PrintF(" not_judged=%s", invariants::NamesOf(o.not_judged));
  absl::PrintF("\n");
}

// Once more, on a machine that was another one in between.
ExitCode Verify(const std::string& file, const Input& input, const run::Outcome& o) {
  run::Run(scenario::Decode(nullptr, 0, 1, 1));
  const run::Outcome again = run::Run(input.scenario, input.Options());
  const bool same = again.digest == o.digest && again.steps == o.steps &&
                    again.verdict == o.verdict && again.nr_violations == o.nr_violations;
  if (same) return kAllWell;
  absl::FPrintF(stderr, "%s: two runs differ: steps=%d digest=0x%016x, steps=%d digest=0x%016x\n",
                EchoName(file), o.steps, o.digest, again.steps, again.digest);
  return kTwoDigests;
}

// The name of a recording: that of the scenario's file, without its folder and its ending, if it is
// a word of ASCII characters.
std::string NameOf(const std::string& file) {
  const std::string name = std::filesystem::path(file).stem().string();
  const bool is_word = !name.empty() && std::all_of(name.begin(), name.end(), absl::ascii_isgraph);
  return is_word ? name : "scenario";
}

// Nothing is run or written unless a recording can say all of it.
absl::Status RunAndRecord(const std::string& file, const scenario::Scenario& s,
                          const run::RunOptions& options, run::Outcome* o) {
  const std::string out = absl::GetFlag(FLAGS_record);
  if (absl::Status status = base::CheckNew(out); !status.ok()) return status;
  const absl::StatusOr<recording::File> recorded = record::Record(s, NameOf(file), options, o);
  if (!recorded.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(EchoName(file), ": cannot be recorded: ", recorded.status().message()));
  }
  return WriteOut(out, recording::Print(*recorded));
}

ExitCode RunOne(const std::string& file, const Input& input) {
  run::RunOptions options = input.Options();
  options.keep_trace = absl::GetFlag(FLAGS_trace);
  const scenario::Scenario& s = input.scenario;
  run::Outcome o;
  if (absl::GetFlag(FLAGS_record).empty()) {
    run::Run(s, options, &o);
  } else if (absl::Status status = RunAndRecord(file, s, options, &o); !status.ok()) {
    return Complain(status);
  }
  PrintLine(file, s, options, o);
  if (options.keep_trace) {
    std::fputs(report::FormatTrace(run::Trace(), s, report::DriverOf(s, options)).c_str(), stdout);
  }
  const ExitCode code = ExitCodeOf(o.verdict);
  return absl::GetFlag(FLAGS_verify) ? Worse(code, Verify(file, input, o)) : code;
}

std::vector<std::string> SummaryOf(const Input& input) {
  return report::SummaryOf(input.scenario, input.Options(report::ExpectOptions()));
}

ExitCode PrintExpect(const Input& input) {
  absl::PrintF("expect\n");
  for (const std::string& line : SummaryOf(input)) absl::PrintF("  %s\n", line);
  return kAllWell;
}

// Says where the violation that does not show any more has gone. The last run was of `input`.
void SearchAgain(const Input& input, const std::string& token) {
  for (const std::string& sentence : refactor::WithoutEffect(input.scenario)) {
    absl::PrintF("  %s\n", sentence);
  }
  const refactor::Search search = refactor::FindAgain(input.scenario, input.expect);
  switch (search.result) {
    case refactor::Search::Result::kNothing:
      absl::PrintF("  %s does not show: %d schedules nearby tried%s\n", token, search.tried,
                   search.complete ? ", which are all" : "");
      return;
    case refactor::Search::Result::kToken:
      absl::PrintF("  %s shows with this schedule nearby, and other lines differ:\n", token);
      break;
    case refactor::Search::Result::kAsExpected:
      absl::PrintF("  everything is as expected with this schedule nearby:\n");
      break;
  }
  for (const std::string& line : refactor::AtLines(search.scenario)) absl::PrintF("%s\n", line);
}

ExitCode CompareExpect(const std::string& file, const Input& input) {
  if (input.expect.empty()) {
    return Complain(absl::StrCat(EchoName(file), ": there is no expect block"));
  }
  const std::vector<std::string> got = SummaryOf(input);
  if (got == input.expect) return kAllWell;
  const refactor::LineDifference d = refactor::FirstDifference(input.expect, got);
  absl::PrintF("%s: not as expected, line %d of the expect block\n  expected: %s\n  got:      %s\n",
               EchoName(file), d.line + 1, d.old_line, d.new_line);
  const std::string token = refactor::TokenIn(input.expect);
  const bool gone = !token.empty() && token != refactor::TokenIn(got);
  if (gone && input.driver == nullptr) SearchAgain(input, token);
  return kFailed;
}

constexpr char kModel[] = "model";

// The driver of --against, or null.
const drivers::Driver* Against() {
  const std::string name = absl::GetFlag(FLAGS_against);
  for (uint32_t row = 0; row < drivers::kNrDrivers; ++row) {
    if (name == drivers::kDriverNames[row]) return drivers::kDrivers[row];
  }
  return nullptr;
}

// The model against the world of --world or --tree.
ExitCode CompareWorlds(const std::string& file, const Input& input) {
  if (absl::GetFlag(FLAGS_against) != kModel) {
    return Complain(absl::StrCat("--against=", EchoName(absl::GetFlag(FLAGS_against)),
                                 ": in the tree world there is only ", kModel));
  }
  const run::RunOptions tree = input.Options();
  run::RunOptions model;
  model.max_steps = tree.max_steps;
  const std::string difference = report::FirstDifference(input.scenario, model, tree);
  if (difference.empty()) return kAllWell;
  absl::PrintF("%s:\n%s", EchoName(file), difference);
  return kFailed;
}

ExitCode Compare(const std::string& file, const Input& input) {
  if (input.world != &run::kModelWorld) return CompareWorlds(file, input);
  const drivers::Driver* model = Against();
  if (model == nullptr) {
    return Complain(absl::StrCat("--against=", EchoName(absl::GetFlag(FLAGS_against)),
                                 ": is no driver of `hotplug-fuzz list drivers`"));
  }
  const drivers::Driver& driver = report::DriverOf(input.scenario, input.Options());
  const scenario::Scenario s = driver::Comparable(input.scenario);
  const std::string difference = driver::FirstDifference(s, driver, *model);
  if (difference.empty()) return kAllWell;
  absl::PrintF("%s:\n%s", EchoName(file), difference);
  for (const drivers::Driver* d : {&driver, model}) {
    run::RunOptions options = report::ExpectOptions();
    options.driver = d;
    run::Run(s, options);
    absl::PrintF("\ntrace of %s:\n%s", d->name, report::FormatTrace(run::Trace(), s, *d));
  }
  return kFailed;
}

}  // namespace

ExitCode Run(const Args& files) {
  if (files.size() > 1 && !absl::GetFlag(FLAGS_record).empty()) {
    return Complain("--record=OUT is for one scenario at a time");
  }
  ExitCode worst = kAllWell;
  for (const std::string& file : files) {
    const absl::StatusOr<Input> input = Load(file);
    ExitCode code = kAllWell;
    if (!input.ok()) {
      code = Complain(input.status());
    } else if (absl::GetFlag(FLAGS_print_expect)) {
      code = PrintExpect(*input);
    } else if (absl::GetFlag(FLAGS_expect)) {
      code = CompareExpect(file, *input);
    } else if (!absl::GetFlag(FLAGS_against).empty()) {
      code = Compare(file, *input);
    } else {
      code = RunOne(file, *input);
    }
    worst = Worse(worst, code);
  }
  return worst;
}

}  // namespace hotplug::cli
