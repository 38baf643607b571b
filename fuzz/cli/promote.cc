// SPDX-License-Identifier: GPL-2.0-or-later
//
// promote FILE: what a fuzzer has found becomes a scenario that is kept, which the tests run
// from then on. docs/known-findings.md has the whole way.
#include <algorithm>

#include "absl/flags/flag.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "fuzz/base/files.h"
#include "fuzz/cli/cli.h"
#include "fuzz/cli/kept.h"
#include "fuzz/cli/minimize.h"
#include "fuzz/report/expect.h"
#include "fuzz/report/report.h"
#include "model/scenario/echo.h"

ABSL_FLAG(std::string, name, "", "");
ABSL_FLAG(std::string, comment, "", "");

namespace hotplug::cli {

namespace {

constexpr char kFolder[] = "regress/crashes";
constexpr size_t kColumns = 100;

absl::Status CheckName(const std::string& name) {
  if (IsKeptName(name)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("--name=", Echo(name), ": expected at most ", kMaxKeptName,
                   " letters, digits, dots, dashes and underscores, a letter or digit first"));
}

// The comment as lines that begin with `# `.
std::string AsComment(std::string text) {
  std::replace_if(text.begin(), text.end(), absl::ascii_iscntrl, ' ');
  std::string lines;
  std::string line = "#";
  for (const absl::string_view word : absl::StrSplit(text, ' ', absl::SkipEmpty())) {
    if (line.size() > 1 && line.size() + 1 + word.size() > kColumns) {
      absl::StrAppend(&lines, line, "\n");
      line = "#";
    }
    absl::StrAppend(&line, " ", word);
  }
  return absl::StrCat(lines, line, "\n");
}

// A matrix says what the model does, and so do the scenarios beside it.
absl::Status CheckWorld(const Input& input, const std::string& folder) {
  const std::string matrix = MatrixOf(folder);
  if (input.world == &run::kModelWorld || matrix.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(EchoName(folder), ": has scenarios of the model, by ", EchoName(matrix),
                   "; what a tree does belongs into another folder: -o DIR"));
}

// What can be said about a finding that nobody has explained yet.
std::string Sentence(const run::Outcome& o) {
  const invariants::Invariant& invariant =
      invariants::kInvariants[static_cast<uint32_t>(o.first()->id) - 1];
  return absl::StrCat("Found by fuzzing and not explained yet. ", invariant.name,
                      " fails: ", invariant.sentence, ".");
}

std::string KeptText(const scenario::Scenario& s, const Input& input, const std::string& comment) {
  const run::RunOptions options = input.Options();
  const std::string text = report::CommentedText(s, options);
  const size_t body = text.find('\n') + 1;
  std::string kept =
      absl::StrCat(text.substr(0, body), "# SPDX-License-Identifier: GPL-2.0-or-later\n",
                   AsComment(comment.empty() ? Sentence(run::Run(s, options)) : comment),
                   text.substr(body), "expect\n");
  for (const std::string& line : report::SummaryOf(s, input.Options(report::ExpectOptions()))) {
    absl::StrAppend(&kept, "  ", line, "\n");
  }
  return kept;
}

}  // namespace

ExitCode Promote(const Args& files) {
  const std::string name = absl::GetFlag(FLAGS_name);
  std::string folder = absl::GetFlag(FLAGS_out);
  if (folder.empty()) folder = kFolder;
  const std::string out = KeptFile(folder, name);
  absl::Status status = CheckName(name);
  if (status.ok()) status = base::CheckNew(out);
  if (!status.ok()) return Complain(status);
  const absl::StatusOr<Input> input = LoadSelfContained(files[0]);
  status = input.ok() ? CheckWorld(*input, folder) : input.status();
  if (!status.ok()) return Complain(status);
  const absl::StatusOr<report::Minimized> m = MinimizeFile(input, files[0]);
  if (!m.ok()) return Complain(m.status());
  status = Keep(folder, name, KeptText(m->scenario, *input, absl::GetFlag(FLAGS_comment)));
  if (!status.ok()) return Complain(status);
  absl::PrintF("%s: %s\n", EchoName(out), Summary(*m));
  if (const std::string matrix = MatrixOf(folder); !matrix.empty()) {
    absl::PrintF("%s: has a row for it\n", EchoName(matrix));
  }
  return kAllWell;
}

}  // namespace hotplug::cli
