// SPDX-License-Identifier: GPL-2.0-or-later
//
// hotplug-fuzz coverage: which lines of a driver's own file have run. The compiler has put a call
// into each basic block, behind which code belongs to that block up to the next call; addr2line
// says which line each byte of the code is of. That holds for gcc and clang, whatever they have
// moved.
#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "fuzz/base/files.h"
#include "fuzz/base/process.h"
#include "fuzz/cli/cli.h"
#include "fuzz/driver/compile.h"
#include "fuzz/driver/load.h"

namespace hotplug::cli {

namespace {

namespace fs = std::filesystem;

struct SourceLine {
  std::string function;
  bool run = false;     // some basic block of it
  bool missed = false;  // some other one has never run
};
using Lines = std::map<uint32_t, SourceLine>;
using Source = std::map<std::string, Lines>;  // by file

// A byte of the code, and which basic block it is of.
struct Byte {
  uintptr_t address;
  const shim::Function* function;
  size_t block;
};

// The block of an address of a function with blocks. What lies before its first call, as its
// prologue does, belongs to the first.
size_t BlockOf(const shim::Image& image, const shim::Function& f, uintptr_t address) {
  // A call is as long as that, and belongs to the block that it begins.
  constexpr size_t kCall = 5;
  const auto& blocks = image.blocks;
  const auto behind = std::upper_bound(blocks.begin(), blocks.end(), address + kCall);
  const auto first = std::upper_bound(blocks.begin(), blocks.end(), f.start);
  return static_cast<size_t>(std::max(behind - 1, first) - blocks.begin());
}

std::vector<Byte> CodeOf(const shim::Image& image) {
  std::vector<Byte> code;
  for (const shim::Function& f : image.functions) {
    const auto first = std::upper_bound(image.blocks.begin(), image.blocks.end(), f.start);
    // The compiler's own constructor has run before anybody counted.
    if (first == image.blocks.end() || *first - f.start > f.size) continue;
    if (absl::StartsWith(f.name, "_sub_I_")) continue;
    for (uintptr_t a = f.start; a < f.start + f.size; ++a) {
      code.push_back({a, &f, BlockOf(image, f, a)});
    }
  }
  return code;
}

// What addr2line says to each byte, a line each: "/folder/file.c:12 (discriminator 1)".
absl::StatusOr<std::vector<std::string>> Places(const driver::Loaded& loaded,
                                                const std::vector<Byte>& code) {
  const absl::StatusOr<base::TemporaryFolder> folder = base::TemporaryFolder::Make();
  if (!folder.ok()) return folder.status();
  std::string addresses;
  for (const Byte& b : code) {
    absl::StrAppendFormat(&addresses, "%x\n", b.address - loaded.module->image().begin);
  }
  absl::Status status = base::WriteNew(*folder / "object", loaded.contents);
  if (status.ok()) status = base::WriteNew(*folder / "addresses", addresses);
  if (!status.ok()) return status;
  const absl::StatusOr<std::string> end = base::RunCommand(
      {{"addr2line", "-e", "object", "@addresses"}, folder->path(), *folder / "out", "/dev/null"});
  if (!end.ok()) return end.status();
  std::vector<std::string> places = absl::StrSplit(base::ReadFile(*folder / "out"), '\n');
  if (end->empty() && places.size() > code.size()) return places;
  return absl::UnavailableError(absl::StrCat("addr2line: ", *end));
}

// The lines of the file, and of headers of its own; the vocabulary's are ours.
absl::StatusOr<Source> Cover(const driver::Loaded& loaded) {
  const shim::Module& module = *loaded.module;
  const std::vector<Byte> code = CodeOf(module.image());
  const absl::StatusOr<std::vector<std::string>> places = Places(loaded, code);
  if (!places.ok()) return places.status();
  Source source;
  for (size_t i = 0; i < code.size(); ++i) {
    const std::pair<std::string, std::string> at =
        absl::StrSplit((*places)[i], absl::MaxSplits(':', 1));
    uint32_t number = 0;
    const std::string file = fs::path(at.first).lexically_normal().string();
    std::from_chars(at.second.data(), at.second.data() + at.second.size(), number);
    if (number == 0 || absl::StartsWith(file, driver::ShimFolder())) continue;
    SourceLine& line = source[file][number];
    line.function = code[i].function->name;
    (module.covered()[code[i].block] != 0 ? line.run : line.missed) = true;
  }
  return source;
}

// ---- What is printed, in gcov's words ----

// Of lines that count, and of these how many have run.
struct Share {
  uint32_t lines = 0;
  uint32_t run = 0;

  void Add(const SourceLine& line) {
    ++lines;
    if (line.run) ++run;
  }
  double percent() const { return 100.0 * run / lines; }
};

void PrintSummary(const std::string& file, const Lines& lines) {
  Share all;
  std::map<std::string, Share> functions;
  for (const auto& [number, line] : lines) {
    all.Add(line);
    functions[line.function].Add(line);
  }
  absl::PrintF("File '%s'\nLines executed: %.1f%% of %d\n", file, all.percent(), all.lines);
  for (const auto& [name, share] : functions) {
    absl::PrintF("  %5.1f%% of %3d  %s\n", share.percent(), share.lines, name);
  }
}

// "#####" has never run, of "*****" some basic block has not.
void PrintMissed(const std::string& file, const Lines& lines) {
  const std::vector<std::string> text = absl::StrSplit(base::ReadFile(file), '\n');
  for (const auto& [number, line] : lines) {
    if (!line.missed) continue;
    absl::PrintF("    %s:%5d:%s\n", line.run ? "*****" : "#####", number,
                 number <= text.size() ? text[number - 1] : "");
  }
}

ExitCode RunOne(const std::string& path) {
  const absl::StatusOr<Input> input = Load(path);
  if (!input.ok()) return Complain(input.status());
  run::Run(input->scenario, input->Options());
  return kAllWell;
}

// A file, or the files of a folder in the order of their names.
Args FilesOf(const std::string& path) {
  std::error_code ignored;
  if (!fs::is_directory(path, ignored)) return {path};
  Args files;
  for (const auto& entry : fs::directory_iterator(path)) files.push_back(entry.path().string());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

ExitCode Coverage(const Args& paths) {
  const absl::StatusOr<const driver::Loaded*> loaded = DriverFile();
  if (!loaded.ok()) return Complain(loaded.status());
  ExitCode worst = kAllWell;
  for (const std::string& path : paths) {
    for (const std::string& file : FilesOf(path)) worst = Worse(worst, RunOne(file));
  }
  const absl::StatusOr<Source> source = Cover(**loaded);
  if (!source.ok()) return Complain(source.status());
  for (const auto& [file, lines] : *source) {
    PrintSummary(file, lines);
    PrintMissed(file, lines);
  }
  return worst;
}

}  // namespace hotplug::cli
