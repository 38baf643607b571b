// SPDX-License-Identifier: GPL-2.0-or-later
//
// promote FILE: what a fuzzer has found becomes a scenario that is kept, which the tests run
// from then on. docs/known-findings.md has the whole way.
#include <algorithm>
#include <filesystem>

#include "absl/flags/flag.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "fuzz/base/files.h"
#include "fuzz/cli/cli.h"
#include "fuzz/cli/minimize.h"
#include "fuzz/report/expect.h"
#include "fuzz/report/matrix.h"
#include "fuzz/report/report.h"

ABSL_FLAG(std::string, name, "", "");
ABSL_FLAG(std::string, comment, "", "");

namespace hotplug::cli {

namespace {

namespace fs = std::filesystem;

constexpr char kFolder[] = "regress/crashes";
constexpr char kMatrix[] = "MATRIX.tsv";
constexpr size_t kMaxName = 64;
constexpr size_t kColumns = 100;

absl::Status CheckName(const std::string& name) {
  const bool good = !name.empty() && name.size() <= kMaxName && absl::ascii_isalnum(name[0]) &&
                    std::all_of(name.begin(), name.end(), [](char c) {
                      return absl::ascii_isalnum(c) || c == '-' || c == '_' || c == '.';
                    });
  if (good) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "--name=", absl::CHexEscape(name),
      ": expected at most 64 letters, digits, dots, dashes and underscores, not a dash first"));
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

// What can be said about a finding that nobody has explained yet.
std::string Sentence(const run::Outcome& o) {
  const invariants::Invariant& invariant =
      invariants::kInvariants[static_cast<uint32_t>(o.first()->id) - 1];
  return absl::StrCat("Found by fuzzing and not explained yet. ", invariant.name,
                      " fails: ", invariant.sentence, ".");
}

std::string KeptText(const scenario::Scenario& s, const std::string& comment) {
  const std::string text = report::CommentedText(s, {});
  const size_t body = text.find('\n') + 1;
  std::string kept = absl::StrCat(
      text.substr(0, body), "# SPDX-License-Identifier: GPL-2.0-or-later\n",
      AsComment(comment.empty() ? Sentence(run::Run(s)) : comment), text.substr(body), "expect\n");
  for (const std::string& line : report::SummaryOf(s)) {
    absl::StrAppend(&kept, "  ", line, "\n");
  }
  return kept;
}

absl::string_view NameOf(absl::string_view row) { return row.substr(0, row.find('\t')); }

// The matrix with one row more, in its place. The other rows stay as they are: that they are
// still true is for the tests to say.
absl::StatusOr<std::string> WithRow(const std::string& path, const std::string& row) {
  const absl::StatusOr<std::string> old = base::Contents(path);
  if (!old.ok()) return old.status();
  absl::string_view rest = *old;
  std::string matrix = report::MatrixHeader();
  if (!absl::ConsumePrefix(&rest, matrix)) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ":1: not the columns of these drivers and kernels"));
  }
  std::vector<std::string> rows = absl::StrSplit(rest, '\n', absl::SkipEmpty());
  const auto same = [&row](const std::string& r) { return NameOf(r) == NameOf(row); };
  rows.erase(std::remove_if(rows.begin(), rows.end(), same), rows.end());
  const auto behind = [&row](const std::string& r) { return NameOf(r) > NameOf(row); };
  rows.insert(std::find_if(rows.begin(), rows.end(), behind),
              std::string(absl::StripSuffix(row, "\n")));
  for (const std::string& r : rows) absl::StrAppend(&matrix, r, "\n");
  return matrix;
}

// The matrix that the folder's scenarios belong to; empty if there is none.
std::string MatrixOf(const std::string& folder) {
  const fs::path path = fs::path(folder).lexically_normal() / ".." / kMatrix;
  std::error_code ignored;
  return fs::exists(path, ignored) ? path.lexically_normal().string() : "";
}

// Both files, or neither if the matrix is broken.
absl::Status WriteBoth(const std::string& out, const std::string& name, const std::string& folder,
                       const scenario::Scenario& s) {
  const std::string matrix = MatrixOf(folder);
  absl::StatusOr<std::string> rows = std::string();
  if (!matrix.empty()) rows = WithRow(matrix, report::MatrixRow(name, s));
  if (!rows.ok()) return rows.status();
  const absl::Status status = base::WriteNew(out, KeptText(s, absl::GetFlag(FLAGS_comment)));
  return !status.ok() || matrix.empty() ? status : base::Replace(matrix, *rows);
}

}  // namespace

ExitCode Promote(const Args& files) {
  const std::string name = absl::GetFlag(FLAGS_name);
  std::string folder = absl::GetFlag(FLAGS_out);
  if (folder.empty()) folder = kFolder;
  absl::Status status = CheckName(name);
  const std::string out = (fs::path(folder) / absl::StrCat(name, ".scn")).string();
  if (status.ok()) status = base::CheckNew(out);
  if (!status.ok()) return Complain(status);
  const absl::StatusOr<report::Minimized> m = MinimizeFile(LoadSelfContained(files[0]), files[0]);
  if (!m.ok()) return Complain(m.status());
  status = WriteBoth(out, name, folder, m->scenario);
  if (!status.ok()) return Complain(status);
  absl::PrintF("%s: %s\n", out, Summary(*m));
  if (const std::string matrix = MatrixOf(folder); !matrix.empty()) {
    absl::PrintF("%s: has a row for it\n", matrix);
  }
  return kAllWell;
}

}  // namespace hotplug::cli
