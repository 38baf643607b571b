// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/cli/kept.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
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
std::vector<std::string> Staged(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code none;
  for (const fs::directory_entry& e : fs::directory_iterator(folder, none)) {
    const std::string file = e.path().filename().string();
    absl::string_view name = file;
    if (absl::ConsumePrefix(&name, ".") && absl::ConsumeSuffix(&name, kPromoted)) {
      names.emplace_back(name);
    }
  }
  std::sort(names.begin(), names.end());
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

// The row, and then the name. The old matrix comes back if there cannot be the name.
absl::Status Finish(const std::string& folder, const std::string& name) {
  const std::string staged = StagedFile(folder, name), matrix = MatrixOf(folder);
  const std::string file = KeptFile(folder, name);
  if (matrix.empty()) return base::Rename(staged, file);
  const absl::StatusOr<std::string> text = base::Contents(staged);
  if (!text.ok()) return text.status();
  const absl::StatusOr<scenario::File> parsed = scenario::Parse(*text, file, run::Names());
  if (!parsed.ok()) return parsed.status();
  const absl::StatusOr<report::Matrix> before = ReadMatrix(matrix);
  if (!before.ok()) return before.status();
  report::Matrix after = *before;
  after.Set(name, report::MatrixRow(name, parsed->scenario));
  absl::Status status = base::Replace(matrix, after.Print());
  if (!status.ok()) return status;
  status = base::Rename(staged, file);
  if (!status.ok()) base::Replace(matrix, before->Print()).IgnoreError();
  return status;
}

// What somebody was killed over.
absl::Status FinishAll(const std::string& folder) {
  for (const std::string& name : Staged(folder)) {
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
  if (!matrix.empty()) {
    const absl::StatusOr<report::Matrix> sound = ReadMatrix(matrix);
    if (!sound.ok()) return sound.status();
  }
  absl::Status status = FinishAll(folder);
  if (status.ok()) status = base::CheckNew(KeptFile(folder, name));
  if (status.ok()) status = base::WriteNew(StagedFile(folder, name), text);
  if (!status.ok()) return status;
  status = Finish(folder, name);
  std::error_code none;
  if (!status.ok()) fs::remove(StagedFile(folder, name), none);
  return status;
}

}  // namespace hotplug::cli
