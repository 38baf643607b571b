// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/cli/kept.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "fuzz/base/files.h"
#include "fuzz/report/matrix.h"
#include "model/run/run.h"
#include "model/scenario/text/parse.h"

namespace hotplug::cli {

namespace {

namespace fs = std::filesystem;

constexpr char kMatrix[] = "MATRIX.tsv";
constexpr char kPromoted[] = ".promoted";

std::string StagedFile(const std::string& folder, const std::string& name) {
  return (fs::path(folder) / absl::StrCat(".", name, kPromoted)).string();
}

// The names of what is whole and not yet kept.
absl::StatusOr<std::vector<std::string>> Staged(const std::string& folder) {
  const absl::StatusOr<std::vector<std::string>> files = base::FilesIn(folder);
  if (!files.ok()) return files.status();
  std::vector<std::string> names;
  for (const std::string& path : *files) {
    const std::string file = fs::path(path).filename().string();
    absl::string_view name = file;
    if (absl::ConsumePrefix(&name, ".") && absl::ConsumeSuffix(&name, kPromoted) &&
        IsKeptName(name)) {
      names.emplace_back(name);
    }
  }
  return names;
}

absl::StatusOr<report::Matrix> ReadMatrix(const std::string& path) {
  const absl::StatusOr<std::string> text = base::Contents(path);
  if (!text.ok()) return text.status();
  report::Matrix matrix;
  const std::string error = matrix.Read(*text, path);
  if (error.empty()) return matrix;
  return absl::InvalidArgumentError(error);
}

// The row, and then the name.
absl::Status Finish(const std::string& folder, const std::string& name) {
  const std::string staged = StagedFile(folder, name), matrix = MatrixOf(folder);
  const std::string file = KeptFile(folder, name);
  if (matrix.empty()) return base::Rename(staged, file);
  const absl::StatusOr<std::string> text = base::Contents(staged);
  if (!text.ok()) return text.status();
  const absl::StatusOr<scenario::File> parsed = scenario::Parse(*text, staged, run::Names());
  if (!parsed.ok()) return parsed.status();
  const absl::StatusOr<report::Matrix> before = ReadMatrix(matrix);
  if (!before.ok()) return before.status();
  report::Matrix after = *before;
  after.Set(name, report::MatrixRow(name, parsed->scenario));
  absl::Status status = base::Replace(matrix, after.Print());
  return status.ok() ? base::Rename(staged, file) : status;
}

// Takes back what cannot be finished. What cannot be taken back either stays for who comes next.
void Withdraw(const std::string& folder, const std::string& name, const std::string& before) {
  const std::string matrix = MatrixOf(folder);
  if (!matrix.empty() && base::Contents(matrix).value_or("") != before &&
      !base::Replace(matrix, before).ok()) {
    return;
  }
  std::error_code none;
  fs::remove(StagedFile(folder, name), none);
}

// What somebody was killed over.
absl::Status FinishAll(const std::string& folder) {
  const absl::StatusOr<std::vector<std::string>> staged = Staged(folder);
  if (!staged.ok()) return staged.status();
  for (const std::string& name : *staged) {
    std::error_code none;
    if (fs::exists(KeptFile(folder, name), none)) {
      fs::remove(StagedFile(folder, name), none);
      continue;
    }
    absl::Status status = Finish(folder, name);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

bool IsKeptName(absl::string_view name) {
  return !name.empty() && name.size() <= kMaxKeptName && absl::ascii_isalnum(name[0]) &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return absl::ascii_isalnum(c) || c == '-' || c == '_' || c == '.';
         });
}

std::string MatrixOf(const std::string& folder) {
  const fs::path path = fs::path(folder).lexically_normal() / ".." / kMatrix;
  std::error_code ignored;
  return fs::exists(path, ignored) ? path.lexically_normal().string() : "";
}

std::string KeptFile(const std::string& folder, const std::string& name) {
  return (fs::path(folder) / absl::StrCat(name, ".scn")).string();
}

absl::Status Keep(const std::string& folder, const std::string& name, const std::string& text) {
  const std::string matrix = MatrixOf(folder);
  const std::string above = fs::path(matrix).parent_path().string();
  const absl::StatusOr<base::FolderLock> lock =
      base::FolderLock::Take(matrix.empty() ? folder : (above.empty() ? "." : above));
  if (!lock.ok()) return lock.status();
  absl::Status status = FinishAll(folder);
  if (status.ok()) status = base::CheckNew(KeptFile(folder, name));
  const absl::StatusOr<std::string> before = matrix.empty() ? "" : base::Contents(matrix);
  if (status.ok()) status = before.status();
  if (status.ok()) status = base::WriteNew(StagedFile(folder, name), text);
  if (!status.ok()) return status;
  status = Finish(folder, name);
  if (!status.ok()) Withdraw(folder, name, *before);
  return status;
}

}  // namespace hotplug::cli
