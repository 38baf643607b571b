// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/driver/compile.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "fuzz/base/files.h"
#include "fuzz/base/process.h"
#include "model/scenario/echo.h"

namespace hotplug::driver {

namespace {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;
using base::TemporaryFolder;

constexpr size_t kMaxLines = 40;  // of what a compiler says
constexpr size_t kMaxHeaders = 1000;
// A macro or a recursion may take any memory.
constexpr const char* kBounds[] = {"env", "LC_ALL=C", "prlimit", "--as=4294967296", "--"};
constexpr char kStub[] = "#include <hotplug/kernel.h>\n";

Lines LinesOf(const std::string& text) { return absl::StrSplit(text, '\n'); }

// ---- Headers ----

void SkipBlanks(absl::string_view* text) {
  text->remove_prefix(std::min(text->find_first_not_of(" \t"), text->size()));
}

// What a line includes, with the quote or bracket before it, or empty.
absl::string_view Included(absl::string_view line) {
  for (const absl::string_view part : {"#", "include"}) {
    SkipBlanks(&line);
    if (!absl::ConsumePrefix(&line, part)) return "";
  }
  SkipBlanks(&line);
  if (!absl::StartsWith(line, "\"") && !absl::StartsWith(line, "<")) return "";
  const size_t end = line.find_first_of(">\"", 1);
  return end == absl::string_view::npos || end == 1 ? "" : line.substr(0, end);
}

// For each header of the kernel that a file includes a stub that stands for the whole vocabulary.
// What lies beside the file is its own, and is looked into.
absl::Status WriteStubs(const std::string& file, const std::string& folder,
                        std::set<std::string>* seen) {
  std::error_code error;
  const fs::path path = fs::canonical(file, error);
  if (error) return absl::NotFoundError(absl::StrCat(EchoName(file), ": ", error.message()));
  if (!seen->insert(path.string()).second) return absl::OkStatus();
  // Others have no end, or are waited for.
  if (!fs::is_regular_file(path, error)) {
    return absl::InvalidArgumentError(absl::StrCat(EchoName(file), ": is no regular file"));
  }
  if (seen->size() > kMaxHeaders) {
    return absl::InvalidArgumentError(
        absl::StrCat(EchoName(file), ": more than ", kMaxHeaders, " headers of a driver's own"));
  }
  const absl::StatusOr<std::string> text = base::Contents(file);
  if (!text.ok()) return text.status();
  for (const std::string& line : LinesOf(*text)) {
    const absl::string_view included = Included(line);
    if (included.empty()) continue;
    const std::string name(included.substr(1));
    const fs::path beside = fs::path(file).parent_path() / name;
    std::error_code ignored;
    if (included[0] == '"' && fs::exists(beside, ignored)) {
      absl::Status status = WriteStubs(beside.string(), folder, seen);
      if (!status.ok()) return status;
      continue;
    }
    const fs::path stub = fs::path(folder) / fs::path(name).lexically_normal();
    // These would not be in the folder.
    if (fs::path(name).is_absolute() || absl::StrContains(name, "..")) continue;
    fs::create_directories(stub.parent_path(), ignored);
    absl::Status status = base::WriteTemporary(stub.string(), kStub);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

// ---- The compiler ----

struct Compiler {
  std::string name;
  bool clang = false;
  std::string headers;  // its own: stddef.h and the like
};

absl::StatusOr<std::string> OutputOf(const Lines& args, const TemporaryFolder& folder) {
  const std::string out = folder / "out";
  const absl::StatusOr<std::string> end = base::RunCommand({args, "", out, "/dev/null"});
  std::string text = base::ReadFile(out);
  fs::remove(out);  // the next one would be written behind it
  if (end.ok() && end->empty()) return text;
  return absl::NotFoundError(
      absl::StrCat("--cc=", EchoName(args[0]), ": is no compiler that runs"));
}

absl::StatusOr<Compiler> FindCompiler(const std::string& name, const TemporaryFolder& folder) {
  Compiler c{name, false, ""};
  const absl::StatusOr<std::string> version = OutputOf({c.name, "--version"}, folder);
  if (!version.ok()) return version.status();
  c.clang = absl::StrContains(*version, "clang");
  const absl::StatusOr<std::string> headers =
      OutputOf({c.name, "-print-file-name=include"}, folder);
  if (!headers.ok()) return headers.status();
  c.headers = std::string(absl::StripSuffix(*headers, "\n"));
  return c;
}

// Kernel C: its dialect, none of libc's headers, nothing that the compiler would replace calls by.
Lines Common(const Compiler& c, const std::string& stubs) {
  return {c.name,
          "-c",
          "-nostdinc",
          "-isystem",
          c.headers,
          "-I" + stubs,
          "-I" + ShimFolder() + "/include",
          "-std=gnu11",
          "-O1",
          "-gdwarf-4",  // what every addr2line reads
          "-fPIC",
          "-ffreestanding",
          "-fno-builtin",
          "-fno-strict-aliasing",
          "-fno-strict-overflow",
          "-fno-delete-null-pointer-checks",
          "-fno-common",
          "-fno-stack-protector",
          "-fstack-clash-protection",     // no frame is so large that it passes over a guard page
          "-fno-optimize-sibling-calls",  // a basic block's call of ours returns to it
          "-fvisibility=hidden",
          "-fdiagnostics-color=never"};
}

// What the kernel's own build objects to is an error; the rest of the warnings is the kernel's.
// Each access to memory that others may reach calls us, and each basic block: the instrumentation
// of KCSAN and kcov.
Lines ForDriver(const Compiler& c, const std::string& file, const Lines& defines) {
  Lines flags = {"-fno-inline",  // a report names the function that it is about
                 "-Werror=implicit-function-declaration",
                 "-Werror=implicit-int",
                 "-Werror=int-conversion",
                 "-Werror=incompatible-pointer-types",
                 "-fsanitize=thread",
                 "-fsanitize-coverage=trace-pc"};
  if (c.clang) {
    flags.insert(flags.end(), {"-fno-crash-diagnostics", "-fsanitize-coverage=bb,no-prune",
                               "-mllvm", "-tsan-instrument-func-entry-exit=0", "-mllvm",
                               "-tsan-instrument-read-before-write=1"});
  } else {
    flags.insert(flags.end(), {"--param", "tsan-instrument-func-entry-exit=0"});
  }
  const std::string name = absl::CHexEscape(fs::path(file).stem().string());
  flags.push_back("-DKBUILD_MODNAME=\"" + name + "\"");
  for (const std::string& macro : defines) flags.push_back("-D" + macro);
  return flags;
}

// ---- What it says ----

// The first word in quotes whose closing one begins this, or empty.
absl::string_view Quoted(absl::string_view text, absl::string_view closing = "'") {
  for (size_t open = text.find('\''); open != absl::string_view::npos;
       open = text.find('\'', open + 1)) {
    const size_t close = std::min(text.find('\'', open + 1), text.size());
    if (close > open + 1 && absl::StartsWith(text.substr(close), closing)) {
      return text.substr(open + 1, close - open - 1);
    }
  }
  return "";
}

// Names that the vocabulary lacks, as gcc and clang complain about them: behind these words, or
// before "undeclared".
absl::string_view UnknownName(absl::string_view complaint) {
  constexpr absl::string_view kWords[] = {"implicit declaration of function",
                                          "call to undeclared function",
                                          "unknown type name",
                                          "use of undeclared identifier",
                                          "invalid use of undefined type",
                                          "incomplete definition of type",
                                          "has incomplete type",
                                          "storage size of",
                                          "no member named"};
  for (const absl::string_view words : kWords) {
    const size_t at = complaint.find(words);
    if (at != absl::string_view::npos) return Quoted(complaint.substr(at + words.size()));
  }
  return Quoted(complaint, "' undeclared");
}

bool IsNumber(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), absl::ascii_isdigit);
}

// A line FILE:LINE:COLUMN: error: COMPLAINT.
struct CompilerError {
  std::string place;  // FILE:LINE; empty if the line is none
  absl::string_view complaint;
};

CompilerError ParseError(absl::string_view line) {
  const std::vector<absl::string_view> parts = absl::StrSplit(line, absl::MaxSplits(':', 3));
  if (parts.size() != 4 || parts[0].empty() || !IsNumber(parts[1]) || !IsNumber(parts[2]) ||
      std::any_of(parts[0].begin(), parts[0].end(), absl::ascii_isspace)) {
    return {};
  }
  absl::string_view rest = parts[3];
  if (!absl::ConsumePrefix(&rest, " ")) return {};
  absl::ConsumePrefix(&rest, "fatal ");
  if (!absl::ConsumePrefix(&rest, "error: ")) return {};
  return {absl::StrCat(parts[0], ":", parts[1]), rest};
}

// What a program says; long lines end early.
std::string Plain(absl::string_view said) {
  constexpr size_t kMaxLine = 400;
  Lines lines = LinesOf(std::string(absl::StripSuffix(said, "\n")));
  if (lines.size() > kMaxLines) lines.resize(kMaxLines);
  for (std::string& line : lines) {
    if (line.size() > kMaxLine) line = line.substr(0, kMaxLine) + "...";
  }
  return absl::StrJoin(lines, "\n");
}

// The complaints of the compiler in a few words: a line for each unknown name, at its first place.
std::string Explanation(const std::string& file, const std::string& said) {
  Lines unknown;
  std::set<std::string> seen;
  bool others = false;
  for (const std::string& line : LinesOf(said)) {
    const CompilerError error = ParseError(line);
    if (error.place.empty()) continue;
    const absl::string_view name = UnknownName(error.complaint);
    if (name.empty()) others = true;
    if (name.empty() || !seen.emplace(name).second) continue;
    unknown.push_back(absl::StrCat(error.place, ": unknown kernel name ", name));
  }
  if (!unknown.empty() && !others) {
    unknown.push_back(
        absl::StrCat(EchoName(file), ": docs/your-driver.md says what to do about them"));
    return absl::StrJoin(unknown, "\n");
  }
  return absl::StrCat(Plain(said), "\n", EchoName(file), ": does not compile");
}

// The same of the linker, which says "FOLDER/FILE:LINE: undefined reference to `NAME'", and has no
// line for what stands in data.
std::string LinkExplanation(const std::string& file, const std::string& said) {
  Lines unknown;
  std::set<std::string> seen;
  for (const std::string& line : LinesOf(said)) {
    const std::pair<std::string, std::string> parts =
        absl::StrSplit(line, absl::MaxSplits(": undefined reference to `", 1));
    if (parts.second.empty() || !seen.insert(parts.second).second) continue;
    const std::string number = parts.first.substr(parts.first.rfind(':') + 1);
    const std::string place =
        IsNumber(number) ? absl::StrCat(EchoName(file), ":", number) : EchoName(file);
    const absl::string_view name = absl::StripSuffix(parts.second, "'");
    unknown.push_back(absl::StrCat(place, ": unknown kernel name ", name));
  }
  if (unknown.empty()) return absl::StrCat(Plain(said), "\n", EchoName(file), ": does not link");
  unknown.push_back(
      absl::StrCat(EchoName(file), ": docs/your-driver.md says what to do about them"));
  return absl::StrJoin(unknown, "\n");
}

// Words of letters, digits and _=.+- with a comma between two of them; or nothing.
bool AreValues(const std::string& params) {
  const Lines words = absl::StrSplit(params, ',');
  return params.empty() || std::all_of(words.begin(), words.end(), [](const std::string& word) {
           return !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
             return absl::ascii_isalnum(c) || absl::StrContains("_=.+-", c);
           });
         });
}

// Runs a step of the build; its complaints, or empty.
absl::StatusOr<std::string> Step(const Lines& command, const Lines& more,
                                 const TemporaryFolder& folder) {
  Lines args(std::begin(kBounds), std::end(kBounds));
  args.insert(args.end(), command.begin(), command.end());
  args.insert(args.end(), more.begin(), more.end());
  const std::string log = folder / "log";
  const absl::StatusOr<std::string> end = base::RunCommand({args, "", log, log});
  if (!end.ok()) return end.status();
  return end->empty() ? "" : absl::StrCat(base::ReadFile(log), "(", *end, ")\n");
}

}  // namespace

std::string DefaultCompiler() { return HOTPLUG_CC; }

std::string ShimFolder() { return HOTPLUG_SOURCE_DIR "/model/shim"; }

absl::Status Compile(const std::string& file, const CompileOptions& options,
                     const std::string& object) {
  const std::string params = absl::StrJoin(options.params, ",");
  if (!AreValues(params)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--param=", EchoName(params), ": expected NAME=VALUE,..."));
  }
  const absl::StatusOr<TemporaryFolder> folder = TemporaryFolder::Make();
  if (!folder.ok()) return folder.status();
  const std::string stubs = *folder / "include";
  std::set<std::string> seen;
  absl::Status status = WriteStubs(file, stubs, &seen);
  if (!status.ok()) return status;
  const absl::StatusOr<Compiler> compiler = FindCompiler(options.cc, *folder);
  if (!compiler.ok()) return compiler.status();

  const Lines common = Common(*compiler, stubs);
  Lines driver = ForDriver(*compiler, file, options.defines);
  // A name that begins so would be an option, or a file of them.
  const bool odd = file[0] == '-' || file[0] == '@';
  driver.insert(driver.end(), {odd ? "./" + file : file, "-o", *folder / "driver.o"});
  absl::StatusOr<std::string> said = Step(common, driver, *folder);
  if (!said.ok()) return said.status();
  if (!said->empty()) return absl::InvalidArgumentError(Explanation(file, *said));

  const std::string values = absl::StrCat("-DHOTPLUG_PARAMS=\"", params, "\"");
  said = Step(common, {values, ShimFolder() + "/module.c", "-o", *folder / "module.o"}, *folder);
  if (said.ok() && said->empty()) {
    said = Step(
        {compiler->name, "-shared", "-nostdlib", "-Wl,-z,now,-z,relro,--no-undefined,--emit-relocs",
         *folder / "driver.o", *folder / "module.o", "-o", object},
        {}, *folder);
  }
  if (!said.ok()) return said.status();
  if (said->empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(LinkExplanation(file, *said));
}

}  // namespace hotplug::driver
