// SPDX-License-Identifier: GPL-2.0-or-later
//
// hotplug-fuzz coverage: which lines of a driver's own file, or of the core files of a tree, have
// run. The compiler has put a call into each basic block, behind which code belongs to that block
// up to the next call; addr2line says which line each byte of the code is of. That holds for gcc
// and clang, whatever they have moved.
#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>

#include "absl/flags/flag.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "fuzz/base/files.h"
#include "fuzz/base/lines.h"
#include "fuzz/cli/cli.h"
#include "fuzz/driver/compile.h"
#include "fuzz/driver/elf.h"
#include "fuzz/driver/load.h"
#include "model/run/tree_world.h"
#include "model/scenario/echo.h"

ABSL_FLAG(std::vector<std::string>, functions, {}, "");
ABSL_DECLARE_FLAG(std::string, driver);
ABSL_DECLARE_FLAG(std::string, tree);

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

// What the object's own tables say, whether it is loaded or not.
struct Code {
  std::vector<shim::Function> functions;
  std::vector<uintptr_t> blocks;
};

// A byte of the code, and which basic block it is of.
struct Byte {
  uintptr_t address;
  const shim::Function* function;
  size_t block;
};

// The block of an address of a function with blocks. What lies before its first call, as its
// prologue does, belongs to the first.
size_t BlockOf(const Code& code, const shim::Function& f, uintptr_t address) {
  // A call is as long as that, and belongs to the block that it begins.
  constexpr size_t kCall = 5;
  const auto& blocks = code.blocks;
  const auto behind = std::upper_bound(blocks.begin(), blocks.end(), address + kCall);
  const auto first = std::upper_bound(blocks.begin(), blocks.end(), f.start);
  return static_cast<size_t>(std::max(behind - 1, first) - blocks.begin());
}

std::vector<Byte> BytesOf(const Code& code) {
  std::vector<Byte> bytes;
  for (const shim::Function& f : code.functions) {
    const auto first = std::upper_bound(code.blocks.begin(), code.blocks.end(), f.start);
    // The compiler's own constructor never runs.
    if (first == code.blocks.end() || *first - f.start > f.size) continue;
    if (absl::StartsWith(f.name, "_sub_I_")) continue;
    for (uintptr_t a = f.start; a < f.start + f.size; ++a) {
      bytes.push_back({a, &f, BlockOf(code, f, a)});
    }
  }
  return bytes;
}

// What addr2line says to each byte, a line each: "/folder/file.c:12 (discriminator 1)".
absl::StatusOr<std::vector<std::string>> Places(const std::string& object,
                                                const std::vector<Byte>& code) {
  std::vector<uintptr_t> addresses;
  addresses.reserve(code.size());
  for (const Byte& b : code) addresses.push_back(b.address);
  const absl::StatusOr<std::string> said = base::Addr2Line(object, {}, addresses);
  if (!said.ok()) return said.status();
  std::vector<std::string> places = absl::StrSplit(*said, '\n');
  if (places.size() > code.size()) return places;
  return absl::UnavailableError("addr2line: has not said enough");
}

// The lines of the file, and of headers of its own, of a byte each; the vocabulary's are ours, and
// have no number.
struct Place {
  std::string file;
  uint32_t number = 0;
};
Place ParsePlace(const std::string& said) {
  const std::pair<std::string, std::string> at = absl::StrSplit(said, absl::MaxSplits(':', 1));
  Place place{fs::path(at.first).lexically_normal().string(), 0};
  if (absl::StartsWith(place.file, driver::ShimFolder())) return place;
  std::from_chars(at.second.data(), at.second.data() + at.second.size(), place.number);
  return place;
}

Source SourceOf(const std::vector<Byte>& bytes, const std::vector<std::string>& places,
                const std::vector<uint8_t>& covered) {
  Source source;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const Place place = ParsePlace(places[i]);
    if (place.number == 0) continue;
    SourceLine& line = source[place.file][place.number];
    line.function = bytes[i].function->name;
    (covered[bytes[i].block] != 0 ? line.run : line.missed) = true;
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
  absl::PrintF("File '%s'\nLines executed: %.1f%% of %d\n", EchoName(file), all.percent(),
               all.lines);
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
                 number <= text.size() ? EchoMessage(text[number - 1]) : "");
  }
}

ExitCode RunOne(const std::string& path) {
  const absl::StatusOr<Input> input = Load(path);
  if (!input.ok()) return Complain(input.status());
  run::Run(input->scenario, input->Options());
  return kAllWell;
}

// A file, or the files of a folder in the order of their names.
absl::StatusOr<Args> FilesOf(const std::string& path) {
  std::error_code error;
  return fs::is_directory(path, error) ? base::FilesIn(path) : Args{path};
}

// Runs all files; the worst code that one of them has.
absl::StatusOr<ExitCode> RunAll(const Args& paths) {
  ExitCode worst = kAllWell;
  for (const std::string& path : paths) {
    const absl::StatusOr<Args> files = FilesOf(path);
    if (!files.ok()) return files.status();
    for (const std::string& file : *files) worst = Worse(worst, RunOne(file));
  }
  return worst;
}

// ---- Of a tree ----

// Whose functions are looked at: all, or those that --functions names.
bool IsWanted(const std::string& function) {
  const std::vector<std::string> wanted = absl::GetFlag(FLAGS_functions);
  return wanted.empty() || std::find(wanted.begin(), wanted.end(), function) != wanted.end();
}

// The files of the core, by their names below the tree, without headers and what was inlined of
// them. A compiler that makes a copy of a function puts a suffix to its name.
Source CoreOf(const Source& all) {
  Source core;
  for (const auto& [file, lines] : all) {
    if (!absl::EndsWith(file, ".c")) continue;
    for (auto [number, line] : lines) {
      line.function = line.function.substr(0, line.function.find('.'));
      if (IsWanted(line.function)) core[file].emplace(number, line);
    }
  }
  return core;
}

// The driver's own file, and headers beside it: what has been compiled of its code.
Source DriverOf(const std::vector<Byte>& bytes, const std::vector<std::string>& places,
                const std::vector<uint8_t>& covered) {
  const world_exports& world = run::UsedImage().exports();
  std::vector<Byte> own;
  std::vector<std::string> own_places;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const auto* at = reinterpret_cast<const char*>(bytes[i].address);
    if (at < world.driver || at >= world.driver_end) continue;
    own.push_back(bytes[i]);
    own_places.push_back(places[i]);
  }
  const fs::path folder = fs::path(absl::GetFlag(FLAGS_driver)).parent_path();
  Source source;
  for (const auto& [file, lines] : SourceOf(own, own_places, covered)) {
    std::error_code error;
    if (fs::is_regular_file(folder / file, error)) source[(folder / file).string()] = lines;
  }
  return source;
}

void PrintCore(const Source& core) {
  for (const auto& [file, lines] : core) {
    const std::string path = absl::StrCat(absl::GetFlag(FLAGS_tree), "/", file);
    PrintSummary(path, lines);
    if (!absl::GetFlag(FLAGS_functions).empty()) PrintMissed(path, lines);
  }
}

void PrintAll(const Source& source) {
  for (const auto& [file, lines] : source) {
    PrintSummary(file, lines);
    PrintMissed(file, lines);
  }
}

ExitCode CoverageOfTree(const Args& paths) {
  const absl::StatusOr<std::string> image = UseCoveredTree();
  if (!image.ok()) return Complain(image.status());
  const driver::Elf elf(*image);
  const Code code{elf.Functions(0), elf.Blocks(0)};
  const std::vector<Byte> bytes = BytesOf(code);
  const absl::StatusOr<std::vector<std::string>> places = Places(*image, bytes);
  if (!places.ok()) return Complain(places.status());
  const absl::StatusOr<ExitCode> worst = RunAll(paths);
  if (!worst.ok()) return Complain(worst.status());
  const world_exports& world = run::UsedImage().exports();
  std::vector<uint8_t> covered;
  covered.reserve(code.blocks.size());
  for (const uintptr_t block : code.blocks) {
    covered.push_back(world.coverage[block - reinterpret_cast<uintptr_t>(world.text)]);
  }
  if (IsDriverFile()) {
    PrintAll(DriverOf(bytes, *places, covered));
  } else {
    PrintCore(CoreOf(SourceOf(bytes, *places, covered)));
  }
  return *worst;
}

}  // namespace

// Who is in the sandbox starts no addr2line: it is asked before the file is loaded.
ExitCode Coverage(const Args& paths) {
  if (!IsDriverFile() || IsWorldAsked()) return CoverageOfTree(paths);
  absl::StatusOr<std::string> object = base::Contents(DriverObject());
  if (!object.ok()) return Complain(object.status());
  const driver::Elf elf(*object);
  const Code code{elf.Functions(0), elf.Blocks(0)};
  std::vector<Byte> bytes;
  absl::StatusOr<std::vector<std::string>> places = std::vector<std::string>();
  if (elf.Objection().empty()) {
    bytes = BytesOf(code);
    places = Places(*object, bytes);
  }
  if (!places.ok()) return Complain(places.status());
  const absl::StatusOr<const driver::Loaded*> loaded = DriverFile();
  if (!loaded.ok()) return Complain(loaded.status());
  const absl::StatusOr<ExitCode> worst = RunAll(paths);
  if (!worst.ok()) return Complain(worst.status());
  PrintAll(SourceOf(bytes, *places, (*loaded)->module->covered()));
  return *worst;
}

}  // namespace hotplug::cli
