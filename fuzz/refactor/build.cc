// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/refactor/build.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "fuzz/base/files.h"
#include "fuzz/base/process.h"

namespace hotplug::refactor {

namespace {

namespace fs = std::filesystem;
using base::Command;
using base::ReadFile;
using base::RunCommand;
using base::TemporaryFolder;
using Lines = std::vector<std::string>;

constexpr uint32_t kRunSeconds = 600;     // for one process of a build
constexpr uint32_t kBuildSeconds = 3600;  // for each command that makes one
constexpr uint32_t kBuildMiB = 1024;      // a file that it writes
constexpr size_t kLogLines = 20;

// ---- Making a build ----

absl::StatusOr<std::string> FirstLineOf(const Lines& args, const TemporaryFolder& folder) {
  const std::string out = folder / "out";
  const absl::StatusOr<std::string> end = RunCommand({args, "", out, "/dev/null"});
  if (!end.ok()) return end.status();
  const std::string text = ReadFile(out);
  fs::remove(out);
  if (!end->empty()) return absl::NotFoundError(absl::StrJoin(args, " "));
  return text.substr(0, text.find('\n'));
}

std::string TailOf(const std::string& text) {
  const Lines lines = absl::StrSplit(absl::StripSuffix(text, "\n"), '\n');
  const size_t skip = lines.size() > kLogLines ? lines.size() - kLogLines : 0;
  return absl::StrJoin(lines.begin() + static_cast<ptrdiff_t>(skip), lines.end(), "\n");
}

// Clones, configures and builds below the temporary folder.
absl::Status MakeBinary(const std::string& top, const std::string& commit,
                        const TemporaryFolder& folder) {
  const std::string tree = folder / "tree";
  const std::string log = folder / "log";
  const std::pair<Lines, std::string> steps[] = {
      {{"git", "clone", "--quiet", "--shared", "--no-checkout", top, tree}, ""},
      {{"git", "checkout", "--quiet", "--detach", commit}, tree},
      {{"cmake", "--preset", "plain"}, tree},
      {{"cmake", "--build", "--preset", "plain", "--target", "hotplug-fuzz"}, tree}};
  for (const auto& [args, where] : steps) {
    const absl::StatusOr<std::string> end =
        RunCommand({args, where, log, log, kBuildSeconds, kBuildMiB});
    if (!end.ok()) return end.status();
    if (end->empty()) continue;
    return absl::FailedPreconditionError(
        absl::StrCat(commit, " cannot be built: ", absl::StrJoin(args, " "), ": ", *end, "\n",
                     TailOf(ReadFile(log))));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> BuildOf(const std::string& top, const std::string& commit) {
  const fs::path all = fs::path(top) / "build" / "refactor";
  const fs::path binary = all / commit / "hotplug-fuzz";
  std::error_code error;
  if (fs::exists(binary, error)) return binary.string();
  fs::create_directories(all, error);
  const absl::StatusOr<TemporaryFolder> folder = TemporaryFolder::Make(all.string());
  if (!folder.ok()) return folder.status();
  absl::Status status = MakeBinary(top, commit, *folder);
  if (!status.ok()) return status;
  fs::create_directories(binary.parent_path(), error);
  fs::rename(*folder / "tree/build/plain/hotplug-fuzz", binary, error);
  if (error) return absl::UnavailableError(absl::StrCat(binary.string(), ": ", error.message()));
  return binary.string();
}

// ---- Asking one ----

std::string FileName(size_t i) { return absl::StrFormat("%06d.scn", i); }

// What a build printed, taken apart: the blocks in the order of the files without a message, and
// the message for each of the others.
struct Printed {
  std::vector<Summary> blocks;
  std::map<std::string, std::string> refusals;
};

Printed TakeApart(const std::string& out, const std::string& err) {
  Printed p;
  for (absl::string_view line : absl::StrSplit(out, '\n')) {
    if (line == "expect") {
      p.blocks.emplace_back();
    } else if (absl::ConsumePrefix(&line, "  ") && !p.blocks.empty()) {
      p.blocks.back().emplace_back(line);
    }
  }
  for (const absl::string_view line : absl::StrSplit(err, '\n')) {
    const std::pair<std::string, std::string> message =
        absl::StrSplit(line, absl::MaxSplits(':', 1));
    if (absl::EndsWith(message.first, ".scn")) p.refusals.insert(message);
  }
  return p;
}

class Asked {
 public:
  Asked(const std::string& binary, const std::vector<std::string>& texts,
        const TemporaryFolder& folder)
      : binary_(binary), texts_(texts), folder_(folder), answers_(texts.size()) {}

  absl::Status WriteTexts() {
    for (size_t i = 0; i < texts_.size(); ++i) {
      absl::Status status = base::WriteTemporary(folder_ / FileName(i), texts_[i]);
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  // Asks for the texts from `begin` on up to `end`. What a process printed before it was ended by
  // a signal is lost in part, so halves are asked then, down to the text that ends it.
  absl::Status Ask(size_t begin, size_t end) {
    Command command{{binary_, "run", "--print-expect"},
                    folder_.path(),
                    folder_ / "out",
                    folder_ / "err",
                    kRunSeconds};
    for (size_t i = begin; i < end; ++i) command.args.push_back(FileName(i));
    const absl::StatusOr<std::string> how = RunCommand(command);
    if (!how.ok()) return how.status();
    const Printed printed = TakeApart(ReadFile(command.out), ReadFile(command.err));
    fs::remove(command.out);
    fs::remove(command.err);
    if (printed.blocks.size() + printed.refusals.size() == end - begin) {
      Take(printed, begin, end);
    } else if (end - begin == 1) {
      const std::string line = absl::StrCat("no summary: ", how->empty() ? "exit code 0" : *how);
      answers_[begin] = {.summary = {line}, .refusal = "", .died = true};
    } else {
      const size_t middle = begin + (end - begin) / 2;
      const absl::Status status = Ask(begin, middle);
      return status.ok() ? Ask(middle, end) : status;
    }
    return absl::OkStatus();
  }

  std::vector<Answer> TakeAnswers() { return std::move(answers_); }

 private:
  void Take(const Printed& printed, size_t begin, size_t end) {
    size_t block = 0;
    for (size_t i = begin; i < end; ++i) {
      const auto refusal = printed.refusals.find(FileName(i));
      if (refusal != printed.refusals.end()) {
        answers_[i].refusal = refusal->second;
      } else {
        answers_[i].summary = printed.blocks[block++];
      }
    }
  }

  const std::string& binary_;
  const std::vector<std::string>& texts_;
  const TemporaryFolder& folder_;
  std::vector<Answer> answers_;
};

}  // namespace

absl::StatusOr<std::string> BinaryOf(const std::string& name) {
  std::error_code error;
  if (fs::is_regular_file(name, error) && access(name.c_str(), X_OK) == 0) {
    return fs::absolute(name, error).string();
  }
  const absl::StatusOr<TemporaryFolder> folder = TemporaryFolder::Make();
  if (!folder.ok()) return folder.status();
  const absl::StatusOr<std::string> top =
      FirstLineOf({"git", "rev-parse", "--show-toplevel"}, *folder);
  const absl::StatusOr<std::string> commit = FirstLineOf(
      {"git", "rev-parse", "--verify", "--quiet", "--end-of-options", name + "^{commit}"}, *folder);
  if (!top.ok() || !commit.ok()) {
    return absl::NotFoundError(
        absl::StrCat(name, ": neither an executable file nor a revision of this repository"));
  }
  return BuildOf(*top, *commit);
}

Build AskBinary(const std::string& binary) {
  return [binary](const std::vector<std::string>& texts) -> absl::StatusOr<std::vector<Answer>> {
    const absl::StatusOr<TemporaryFolder> folder = TemporaryFolder::Make();
    if (!folder.ok()) return folder.status();
    Asked asked(binary, texts, *folder);
    absl::Status status = asked.WriteTexts();
    if (status.ok()) status = asked.Ask(0, texts.size());
    if (!status.ok()) return status;
    return asked.TakeAnswers();
  };
}

absl::Status Probe(const std::string& binary) {
  const absl::StatusOr<std::vector<Answer>> answers =
      AskBinary(binary)({"scenario 1\ndriver rfc_v1\n"
                         "machine kernel=rfc pages_per_block=4 pageblock_pages=4 max_order=2\n"
                         "memory 4 node=0 zone=Normal\ntask user-1\n"});
  if (!answers.ok()) return answers.status();
  const Summary& summary = answers->front().summary;
  if (!summary.empty() && summary[0] == "verdict ok") return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(binary, ": does not answer to `run --print-expect`"));
}

}  // namespace hotplug::refactor
