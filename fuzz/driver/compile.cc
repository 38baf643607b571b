// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/driver/compile.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "fuzz/base/files.h"
#include "fuzz/base/process.h"

namespace hotplug::driver {

namespace {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;
using base::TemporaryFolder;

constexpr size_t kMaxLines = 40;  // of what a compiler says
constexpr char kSeconds[] = "120";
constexpr char kStub[] = "#include <hotplug/kernel.h>\n";

Lines LinesOf(const std::string& text) { return absl::StrSplit(text, '\n'); }

// ---- Headers ----

// For each header of the kernel that a file includes a stub that stands for the whole vocabulary.
// What lies beside the file is its own, and is looked into.
absl::Status WriteStubs(const std::string& file, const std::string& folder,
                        std::set<std::string>* seen) {
  if (!seen->insert(file).second) return absl::OkStatus();
  const absl::StatusOr<std::string> text = base::Contents(file);
  if (!text.ok()) return text.status();
  static const std::regex kInclude(R"(^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"])");
  for (const std::string& line : LinesOf(*text)) {
    std::smatch m;
    if (!std::regex_search(line, m, kInclude)) continue;
    const fs::path beside = fs::path(file).parent_path() / m[2].str();
    std::error_code ignored;
    if (m[1] == "\"" && fs::exists(beside, ignored)) {
      absl::Status status = WriteStubs(beside.string(), folder, seen);
      if (!status.ok()) return status;
      continue;
    }
    const fs::path stub = fs::path(folder) / fs::path(m[2].str()).lexically_normal();
    if (absl::StrContains(m[2].str(), "..")) continue;
    fs::create_directories(stub.parent_path(), ignored);
    std::ofstream(stub) << kStub;
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
  return absl::NotFoundError(absl::StrCat("--cc=", args[0], ": is no compiler that runs"));
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
  return {"env",
          "LC_ALL=C",
          "timeout",
          kSeconds,
          c.name,
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
    flags.insert(flags.end(),
                 {"-fsanitize-coverage=bb,no-prune", "-mllvm", "-tsan-instrument-func-entry-exit=0",
                  "-mllvm", "-tsan-instrument-read-before-write=1"});
  } else {
    flags.insert(flags.end(), {"--param", "tsan-instrument-func-entry-exit=0"});
  }
  flags.push_back("-DKBUILD_MODNAME=\"" + fs::path(file).stem().string() + "\"");
  for (const std::string& macro : defines) flags.push_back("-D" + macro);
  return flags;
}

// ---- What it says ----

// Names that the vocabulary lacks, as gcc and clang complain about them.
std::string UnknownName(const std::string& line) {
  static const std::regex kUnknown(
      R"((?:implicit declaration of function|call to undeclared function|)"
      R"(unknown type name|use of undeclared identifier|'([^']+)' undeclared|)"
      R"(invalid use of undefined type|incomplete definition of type|)"
      R"(has incomplete type|storage size of|has no member named|no member named)(.*))");
  static const std::regex kQuoted(R"('([^']+)')");
  std::smatch m;
  if (!std::regex_search(line, m, kUnknown)) return "";
  if (m[1].matched) return m[1];
  const std::string rest = m[2];
  return std::regex_search(rest, m, kQuoted) ? m[1].str() : "";
}

// The complaints of the compiler in a few words: a line for each unknown name, at its first place.
std::string Explanation(const std::string& file, const std::string& said) {
  static const std::regex kError(R"(^([^:\s]+:[0-9]+):[0-9]+: (?:fatal )?error: (.*))");
  Lines unknown;
  std::set<std::string> seen;
  bool others = false;
  for (const std::string& line : LinesOf(said)) {
    std::smatch m;
    if (!std::regex_search(line, m, kError)) continue;
    const std::string name = UnknownName(m[2]);
    if (name.empty()) others = true;
    if (name.empty() || !seen.insert(name).second) continue;
    unknown.push_back(absl::StrCat(m[1].str(), ": unknown kernel name ", name));
  }
  if (!unknown.empty() && !others) {
    unknown.push_back(absl::StrCat(file, ": docs/your-driver.md says what to do about them"));
    return absl::StrJoin(unknown, "\n");
  }
  Lines lines = LinesOf(std::string(absl::StripSuffix(said, "\n")));
  if (lines.size() > kMaxLines) lines.resize(kMaxLines);
  lines.push_back(absl::StrCat(file, ": does not compile"));
  return absl::StrJoin(lines, "\n");
}

// Runs a step of the build; its complaints, or empty.
absl::StatusOr<std::string> Step(Lines args, const Lines& more, const TemporaryFolder& folder) {
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
  static const std::regex kParams("([A-Za-z0-9_=.+-]+(,[A-Za-z0-9_=.+-]+)*)?");
  if (!std::regex_match(params, kParams)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--param=", params, ": expected NAME=VALUE,..."));
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
  driver.insert(driver.end(), {file, "-o", *folder / "driver.o"});
  absl::StatusOr<std::string> said = Step(common, driver, *folder);
  if (!said.ok()) return said.status();
  if (!said->empty()) return absl::InvalidArgumentError(Explanation(file, *said));

  const std::string values = absl::StrCat("-DHOTPLUG_PARAMS=\"", params, "\"");
  said = Step(common, {values, ShimFolder() + "/module.c", "-o", *folder / "module.o"}, *folder);
  if (said.ok() && said->empty()) {
    said = Step({"env", "LC_ALL=C", compiler->name, "-shared", "-nostdlib",
                 "-Wl,-z,now,-z,relro,--no-undefined,--emit-relocs", *folder / "driver.o",
                 *folder / "module.o", "-o", object},
                {}, *folder);
  }
  if (!said.ok()) return said.status();
  if (said->empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(*said, file, ": does not link"));
}

}  // namespace hotplug::driver
