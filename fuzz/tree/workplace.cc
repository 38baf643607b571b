// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/tree/workplace.h"

#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <set>
#include <system_error>
#include <thread>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "fuzz/base/files.h"
#include "fuzz/tree/key.h"
#include "model/scenario/echo.h"

namespace hotplug::tree {

namespace fs = std::filesystem;

namespace {

constexpr uint32_t kSeconds = 600;  // for one command, on a machine that has much else to do
constexpr size_t kLogLines = 10;

void InParallel(size_t count, const std::function<void(size_t)>& work) {
  std::atomic<size_t> next = 0;
  const size_t cores = std::max(1u, std::thread::hardware_concurrency());
  std::vector<std::thread> threads(std::min(count, cores));
  for (std::thread& thread : threads) {
    thread = std::thread([&] {
      for (size_t i = next++; i < count; i = next++) work(i);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

bool IsError(absl::string_view line) {
  return absl::StrContains(line, ": error: ") || absl::StrContains(line, ": fatal error: ");
}

// "clang version 19.1.4", with other words around it; 0 for other compilers.
uint32_t ClangVersion(absl::string_view text) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(text, absl::MaxSplits("clang version ", 1));
  uint32_t version = 0;
  return absl::SimpleAtoi(parts.second.substr(0, parts.second.find('.')), &version) ? version : 0;
}

// FILE:LINE: at the head of a line; else empty.
absl::string_view FileAt(absl::string_view line) {
  const size_t colon = line.find(':');
  if (colon == absl::string_view::npos || colon + 1 == line.size()) return "";
  return absl::ascii_isdigit(static_cast<unsigned char>(line[colon + 1])) ? line.substr(0, colon)
                                                                          : "";
}

// Where the compiler looks for headers, in this order.
Words IncludeFolders(const Words& command) {
  Words folders;
  for (const absl::string_view word : command) {
    if (absl::StartsWith(word, "-I")) folders.emplace_back(word.substr(2));
  }
  return folders;
}

}  // namespace

absl::StatusOr<Workplace> Workplace::Make(const Source& source, std::string cc) {
  std::error_code error;
  const std::string temporary = fs::temp_directory_path(error).string();
  const absl::StatusOr<std::string> cached = CacheFolder();
  if (!cached.ok()) return cached.status();
  absl::Status status = source.CheckOutside(temporary, "TMPDIR=");
  if (status.ok()) status = source.CheckOutside(*cached, "the cache ");
  if (!status.ok()) return status;
  absl::StatusOr<Cache> cache = Cache::Open(*cached);
  if (!cache.ok()) return cache.status();
  absl::StatusOr<base::TemporaryFolder> folder = base::TemporaryFolder::Make();
  if (!folder.ok()) return folder.status();
  // Commands run elsewhere.
  if (absl::StrContains(cc, "/")) cc = fs::absolute(cc, error).string();
  Workplace w(source, std::move(cc), *std::move(folder), *std::move(cache));
  clock_gettime(CLOCK_REALTIME_COARSE, &w.started_);  // the one that files get theirs from
  fs::create_directories(w.folder_ / "model", error);
  fs::create_directory_symlink(source.path(), w.folder_ / "tree", error);
  fs::create_directory_symlink(HOTPLUG_SOURCE_DIR "/model/tree", w.folder_ / "model/tree", error);
  if (error) return absl::UnavailableError(absl::StrCat(w.folder_.path(), ": ", error.message()));
  status = w.FindTools();
  if (!status.ok()) return status;
  return w;
}

// What a compiler or the binutils do depends on their version, and on nothing else of a machine.
absl::Status Workplace::FindTools() {
  for (const std::string& tool : {cc_, std::string("ld")}) {
    const std::string out = folder_ / "version";
    const absl::StatusOr<std::string> end =
        base::RunCommand({{"env", "LC_ALL=C", tool, "--version"}, "", out, "/dev/null"});
    std::string version = Read("version");
    fs::remove(out);
    if (!end.ok() || !end->empty() || version.empty()) {
      const char* const flag = tool == cc_ ? "--cc=" : "";
      return absl::NotFoundError(
          absl::StrCat(flag, EchoName(tool), ": is not there, or does not run"));
    }
    if (tool == cc_) {
      clang_ = ClangVersion(version);
      // A gcc says by which of its names it was called.
      if (clang_ == 0) version.replace(0, version.find(' '), "gcc");
      cc_version_ = version.substr(0, version.find('\n'));
    }
    absl::StrAppend(&tools_, version, "\n");
  }
  return absl::OkStatus();
}

absl::Status Workplace::AddDriverFolder(const std::string& folder) {
  driver_ = folder;
  std::error_code error;
  fs::create_directory_symlink(fs::absolute(folder), folder_ / "driver", error);
  if (!error) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(folder_.path(), ": ", error.message()));
}

absl::Status Workplace::Write(const std::string& name, absl::string_view contents) const {
  std::error_code ignored;
  const fs::path path = folder_ / name;
  fs::create_directories(path.parent_path(), ignored);
  return base::WriteTemporary(path.string(), contents);
}

std::string Workplace::Read(const std::string& name) const {
  return base::ReadFile(folder_ / name);
}

Words Workplace::ReadNames(const std::string& name) const {
  Words names;
  for (const absl::string_view line : absl::StrSplit(Read(name), '\n')) {
    const absl::string_view word = absl::StripAsciiWhitespace(line.substr(0, line.find('#')));
    if (!word.empty()) names.emplace_back(word);
  }
  return names;
}

absl::StatusOr<Words> Workplace::FilesIn(const std::string& folder) const {
  absl::StatusOr<Words> files = base::FilesIn(folder_ / folder);
  if (!files.ok()) return files.status();
  for (std::string& file : *files) {
    file = absl::StrCat(folder, "/", fs::path(file).filename().string());
  }
  return files;
}

// ---- What commands say ----

// A place as the user knows it.
std::string Workplace::Shown(absl::string_view line) const {
  if (absl::ConsumePrefix(&line, "tree/")) return absl::StrCat(source_.shown(), "/", line);
  if (absl::ConsumePrefix(&line, "driver/")) {
    return driver_ == "." ? std::string(line) : absl::StrCat(driver_, "/", line);
  }
  // Kconfig's own names are those below the tree.
  const std::string file(FileAt(line));
  if (!file.empty() && source_.Has(file)) return absl::StrCat(source_.shown(), "/", line);
  return std::string(line);
}

// The first complaint; if none is recognized, the last lines.
std::string Workplace::Said(const std::string& subject, const std::string& log,
                            const std::string& end) const {
  Words lines = absl::StrSplit(absl::StripSuffix(log, "\n"), '\n');
  const auto error = std::find_if(lines.begin(), lines.end(), IsError);
  if (error != lines.end()) return EchoMessage(Shown(*error));
  if (lines.size() > kLogLines) lines.erase(lines.begin(), lines.end() - kLogLines);
  for (std::string& line : lines) line = Shown(line);
  return EchoMessage(absl::StrCat(absl::StrJoin(lines, "\n"), "\n", Shown(subject), ": ", end));
}

absl::Status Workplace::RunIn(const std::string& subject, const Words& command,
                              const std::string& log) const {
  // A compiler writes down where it runs: this name is the same wherever that is. It and Kconfig
  // also listen to many other variables.
  Words args = {"env",      "-i",        "LC_ALL=C",     "PWD=/proc/self/cwd",
                "TMPDIR=.", "CC=" + cc_, "HOSTCC=" + cc_};
  for (const char* const kept : {"PATH", "HOME"}) {
    if (const char* const value = std::getenv(kept)) args.push_back(absl::StrCat(kept, "=", value));
  }
  args.insert(args.end(), command.begin(), command.end());
  const std::string path = folder_ / log;
  const absl::StatusOr<std::string> end =
      base::RunCommand({args, folder_.path(), path, path, kSeconds});
  if (!end.ok()) return end.status();
  if (end->empty()) return absl::OkStatus();
  if (*end == "exit code 127") {
    return absl::NotFoundError(
        absl::StrCat(EchoName(command[0]), ": is not there, or does not run"));
  }
  return absl::InvalidArgumentError(Said(subject, Read(log), *end));
}

absl::Status Workplace::Run(const std::string& subject, const Words& command) const {
  std::error_code ignored;
  fs::remove(folder_ / "log", ignored);
  return RunIn(subject, command, "log");
}

absl::StatusOr<std::string> Workplace::Output(const std::string& subject,
                                              const Words& command) const {
  absl::Status status = Run(subject, command);
  if (!status.ok()) return status;
  return Read("log");
}

// ---- Steps ----

std::string Workplace::HashOf(const std::string& name) {
  std::string& hash = hashes_[name];
  if (hash.empty()) hash = KeyOf(base::ReadFile(name[0] == '/' ? name : folder_ / name));
  return hash;
}

// Of the compiler it is the version that counts, and not its name.
std::string Workplace::StepKey(const Step& step) {
  std::string all = tools_;
  for (const Words& command : step.commands) {
    for (const std::string& word : command) absl::StrAppend(&all, word == cc_ ? "" : word, " ");
    absl::StrAppend(&all, "\n");
  }
  for (const std::string& input : step.inputs) {
    absl::StrAppend(&all, HashOf(input), " ", input, "\n");
  }
  return KeyOf(all);
}

// A header is that one only as long as none of its name lies in a folder that is looked at before.
std::string Workplace::Hidden(const std::string& name, const Words& folders) const {
  std::string all;
  for (auto folder = folders.begin(); folder != folders.end(); ++folder) {
    if (!absl::StartsWith(name, *folder + "/")) continue;
    const std::string header = name.substr(folder->size());
    for (auto before = folders.begin(); before != folder; ++before) {
      std::error_code error;
      if (fs::exists(folder_ / (*before + header), error)) absl::StrAppend(&all, " ", *before);
    }
  }
  return all;
}

// What the step would make of the files as they are, if it reads these.
std::string Workplace::ProductKey(const std::string& step_key, const Step& step,
                                  const Words& read) {
  std::string all = step_key + "\n";
  const Words folders = IncludeFolders(step.commands.front());
  std::map<std::string, std::string>& lines = found_[absl::StrJoin(folders, " ")];
  for (const std::string& name : read) {
    const auto [line, added] = lines.try_emplace(name);
    if (added) line->second = absl::StrCat(HashOf(name), " ", name, Hidden(name, folders), "\n");
    all += line->second;
  }
  return KeyOf(all);
}

// "TARGET: FILE FILE \" and so on; Kconfig's own begins with "deps_config :=", and has other lines.
Words Workplace::ReadBy(const Step& step) const {
  Words read;
  const std::string text = Read(step.depfile);
  absl::string_view rest = text;
  const size_t kconfig = rest.find("deps_config :=");
  if (kconfig != absl::string_view::npos) rest.remove_prefix(kconfig);
  rest.remove_prefix(std::min(rest.find(':'), rest.size()));
  if (!absl::ConsumePrefix(&rest, ":=")) absl::ConsumePrefix(&rest, ":");
  std::set<absl::string_view> seen;
  while (!rest.empty() && rest[0] != '\n') {
    if (absl::ConsumePrefix(&rest, "\\\n") || absl::ConsumePrefix(&rest, " ") ||
        absl::ConsumePrefix(&rest, "\t")) {
      continue;
    }
    const absl::string_view name = rest.substr(0, rest.find_first_of(" \t\n"));
    rest.remove_prefix(name.size());
    if (!seen.insert(name).second) continue;
    std::error_code error;
    const bool below = !fs::exists(folder_ / std::string(name), error) && name[0] != '/';
    read.push_back(absl::StrCat(below ? "tree/" : "", name));
  }
  return read;
}

// A tree that is built in has generated headers of its own: of another configuration.
absl::Status Workplace::CheckRead(const Step& step, const Words& read) const {
  for (const std::string& name : read) {
    if (!absl::StartsWith(name, "tree/") || !absl::StrContains(name, "/include/")) continue;
    if (absl::StrContains(name, "/include/generated/") ||
        absl::StrContains(name, "/include/config/")) {
      return absl::InternalError(absl::StrCat(Shown(step.subject), ": includes ", Shown(name),
                                              ", which is of another configuration"));
    }
  }
  return absl::OkStatus();
}

// Whether somebody has written to files of his meanwhile, so that nobody knows what was read.
bool Workplace::Changed(const Words& names) const {
  return std::any_of(names.begin(), names.end(), [this](const std::string& name) {
    struct stat file;
    const bool his =
        name[0] == '/' || absl::StartsWith(name, "tree/") || absl::StartsWith(name, "driver/");
    const std::string path = name[0] == '/' ? name : folder_ / name;
    return his && stat(path.c_str(), &file) == 0 &&
           std::pair(file.st_ctim.tv_sec, file.st_ctim.tv_nsec) >=
               std::pair(started_.tv_sec, started_.tv_nsec);
  });
}

// The list of what it read lies under the name of the step, the products under names of all that
// was read. Empty if it has to be made.
Words Workplace::Find(const Step& step) {
  const std::string key = StepKey(step);
  Words read;
  if (!step.depfile.empty()) {
    const std::string list = cache_.Find(key);
    if (list.empty()) return {};
    read = absl::StrSplit(base::ReadFile(list), '\n', absl::SkipEmpty());
  }
  const std::string product = ProductKey(key, step, read);
  Words paths;
  for (size_t i = 0; i < step.products.size(); ++i) {
    paths.push_back(cache_.Find(absl::StrCat(product, ".", i)));
    if (paths.back().empty()) return {};
  }
  return paths;
}

absl::StatusOr<Words> Workplace::Keep(const Step& step) {
  const std::string key = StepKey(step);
  Words read;
  if (!step.depfile.empty()) read = ReadBy(step);
  absl::Status status = CheckRead(step, read);
  Words paths;
  if (!status.ok()) return status;
  if (Changed(read) || Changed(step.inputs)) {
    for (const std::string& name : step.products) paths.push_back(folder_ / name);
    return paths;
  }
  const std::string product = ProductKey(key, step, read);
  for (size_t i = 0; status.ok() && i < step.products.size(); ++i) {
    const std::string name = absl::StrCat(product, ".", i);
    const absl::StatusOr<std::string> contents = base::Contents(folder_ / step.products[i]);
    status = contents.ok() ? cache_.Put(name, *contents) : contents.status();
    paths.push_back(cache_.Find(name));
  }
  if (status.ok() && !step.depfile.empty()) {
    status = cache_.Put(key, absl::StrJoin(read, "\n") + "\n");
  }
  if (!status.ok()) return status;
  return paths;
}

absl::Status Workplace::RunStep(const Step& step, size_t number) const {
  std::error_code ignored;
  for (const std::string& product : step.products) {
    fs::create_directories(fs::path(folder_ / product).parent_path(), ignored);
  }
  const std::string log = absl::StrCat("log.", number);
  fs::remove(folder_ / log, ignored);
  for (const Words& command : step.commands) {
    absl::Status status = RunIn(step.subject, command, log);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Words>> Workplace::MakeAll(const std::vector<Step>& steps) {
  std::vector<Words> products(steps.size());
  std::vector<size_t> missing;
  for (size_t i = 0; i < steps.size(); ++i) {
    products[i] = Find(steps[i]);
    if (products[i].empty()) missing.push_back(i);
  }
  std::vector<absl::Status> ends(missing.size());
  InParallel(missing.size(), [&](size_t i) { ends[i] = RunStep(steps[missing[i]], missing[i]); });
  absl::Status first;
  for (size_t i = 0; i < missing.size(); ++i) {
    const size_t step = missing[i];
    if (ends[i].ok()) {
      absl::StatusOr<Words> kept = Keep(steps[step]);
      if (kept.ok())
        products[step] = *std::move(kept);
      else
        ends[i] = kept.status();
    }
    first.Update(ends[i]);
  }
  if (!first.ok()) return first;
  return products;
}

absl::StatusOr<Words> Workplace::MakeOne(const Step& step) {
  absl::StatusOr<std::vector<Words>> all = MakeAll({step});
  if (!all.ok()) return all.status();
  return std::move(all->front());
}

}  // namespace hotplug::tree
