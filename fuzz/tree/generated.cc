// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the kernel's build generates before it compiles anything, without make.
#include <algorithm>
#include <cstdint>
#include <set>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "fuzz/base/files.h"
#include "fuzz/tree/compile.h"
#include "fuzz/tree/headers.h"

namespace hotplug::tree {

namespace {

constexpr char kUm[] = "arch/um/include";
constexpr char kX86[] = "arch/x86/include";
constexpr char kGenerated[] = "generated/include/generated/";

Words WordsOf(absl::string_view line) {
  return absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
}

// ---- Headers that only include the generic one ----

// The headers that a Kbuild file names behind "VARIABLE +=".
absl::Status AddNamed(const std::string& kbuild, const char* variable, const Source& source,
                      std::set<std::string>* names) {
  const absl::StatusOr<std::string> text = source.Read(kbuild);
  if (!text.ok()) return text.status();
  for (const absl::string_view line : absl::StrSplit(*text, '\n')) {
    const Words words = WordsOf(line);
    if (words.size() < 3 || words[0] != variable || words[1] != "+=") continue;
    names->insert(words.begin() + 2, words.end());
  }
  return absl::OkStatus();
}

struct WrapperFolder {
  const char* arch;
  const char* folder;
  const char* mandatory;  // the Kbuild file of those that every architecture has
};

constexpr WrapperFolder kWrapperFolders[] = {
    {kUm, "asm", nullptr},
    {kX86, "asm", "include/asm-generic/Kbuild"},
    {kX86, "uapi/asm", "include/uapi/asm-generic/Kbuild"},
};

absl::Status WriteWrappers(const Workplace& w) {
  for (const WrapperFolder& wrapped : kWrapperFolders) {
    const std::string folder = absl::StrCat(wrapped.arch, "/", wrapped.folder);
    std::set<std::string> names;
    absl::Status status = AddNamed(folder + "/Kbuild", "generic-y", w.source(), &names);
    if (status.ok() && wrapped.mandatory != nullptr) {
      status = AddNamed(wrapped.mandatory, "mandatory-y", w.source(), &names);
    }
    for (const std::string& name : names) {
      if (!status.ok()) break;
      if (w.source().Has(absl::StrCat(folder, "/", name))) continue;
      status = w.Write(
          absl::StrCat("generated/", wrapped.arch, "/generated/", wrapped.folder, "/", name),
          absl::StrCat("#include <asm-generic/", name, ">\n"));
    }
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

// ---- Numbers ----

std::string VersionHeader(const Version& v) {
  const uint32_t sublevel = std::min(v.sublevel, 255u);
  return absl::StrCat(
      "#define LINUX_VERSION_CODE ", v.version * 65536 + v.patchlevel * 256 + sublevel,
      "\n#define KERNEL_VERSION(a, b, c) (((a) << 16) + ((b) << 8) + ((c) > 255 ? "
      "255 : (c)))\n",
      "#define LINUX_VERSION_MAJOR ", v.version, "\n#define LINUX_VERSION_PATCHLEVEL ",
      v.patchlevel, "\n#define LINUX_VERSION_SUBLEVEL ", v.sublevel, "\n");
}

// The numbers of system calls: of lines "NUMBER ABI NAME ENTRY" those of these ABIs.
std::string SyscallHeader(const std::string& table, const std::set<std::string>& abis) {
  std::string header;
  uint32_t count = 0;
  for (const absl::string_view line : absl::StrSplit(table, '\n')) {
    const Words words = WordsOf(line);
    uint32_t number;
    if (words.size() < 3 || !absl::SimpleAtoi(words[0], &number) || !abis.contains(words[1]))
      continue;
    absl::StrAppend(&header, "#define __NR_", words[2], " ", number, "\n");
    count = std::max(count, number + 1);
  }
  return absl::StrCat(header, "#ifdef __KERNEL__\n#define __NR_syscalls ", count, "\n#endif\n");
}

absl::Status WriteNumbers(const Workplace& w) {
  const std::string tables = "arch/x86/entry/syscalls/syscall_";
  const absl::StatusOr<std::string> table64 = w.source().Read(tables + "64.tbl");
  if (!table64.ok()) return table64.status();
  const absl::StatusOr<std::string> table32 = w.source().Read(tables + "32.tbl");
  if (!table32.ok()) return table32.status();
  const Version& v = w.source().version();
  const std::string syscalls = "generated/arch/x86/include/generated/";
  const std::pair<std::string, std::string> headers[] = {
      {syscalls + "uapi/asm/unistd_64.h", SyscallHeader(*table64, {"common", "64"})},
      {syscalls + "uapi/asm/unistd_32.h", SyscallHeader(*table32, {"i386"})},
      {syscalls + "asm/unistd_64_x32.h", ""},
      {syscalls + "asm/unistd_32_ia32.h", ""},
      {absl::StrCat(kGenerated, "uapi/linux/version.h"), VersionHeader(v)},
      {absl::StrCat(kGenerated, "utsrelease.h"),
       absl::StrCat("#define UTS_RELEASE \"", v.Text(), "-world\"\n")},
      {absl::StrCat(kGenerated, "asm-offsets.h"), ""}};
  for (const auto& [name, text] : headers) {
    absl::Status status = w.Write(name, text);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

// The tree's own program for bc, which would read CONFIG_HZ.
absl::Status WriteTimeconst(const Configuration& c, Workplace* w) {
  const absl::StatusOr<std::string> program = w->source().Read("kernel/time/timeconst.bc");
  if (!program.ok()) return program.status();
  const size_t hz = c.config.find("CONFIG_HZ=");
  const std::string value =
      hz == std::string::npos ? "" : c.config.substr(hz + 10, c.config.find('\n', hz) - hz - 10);
  absl::Status status =
      w->Write("timeconst.bc", absl::StrReplaceAll(*program, {{"read()", value}}));
  if (!status.ok()) return status;
  const absl::StatusOr<std::string> text =
      w->Output("tree/kernel/time/timeconst.bc", {"bc", "-q", "timeconst.bc"});
  if (!text.ok()) return text.status();
  return w->Write(absl::StrCat(kGenerated, "timeconst.h"), *text);
}

// ---- Constants that only a compiler knows ----

// Text for an assembler has lines like .ascii "->NAME $VALUE COMMENT".
std::string Constants(const std::string& assembler) {
  std::string header;
  for (const absl::string_view line : absl::StrSplit(assembler, '\n')) {
    const size_t mark = line.find("\"->");
    if (mark == absl::string_view::npos) continue;
    const absl::string_view rest = line.substr(mark + 3);
    const Words words = WordsOf(rest.substr(0, rest.find('"')));
    if (words.size() < 2 || words[0][0] == '#') continue;
    absl::StrAppend(&header, "#define ", words[0], " ",
                    absl::StripPrefix(absl::string_view(words[1]), "$"), "\n");
  }
  return header;
}

absl::Status WriteConstants(const Step& step, const char* header, Workplace* w) {
  const absl::StatusOr<Words> made = w->MakeOne(step);
  if (!made.ok()) return made.status();
  const std::string name(absl::StripSuffix(header, ".h"));
  return w->Write(absl::StrCat(kGenerated, header),
                  absl::StrCat("#ifndef GENERATED_", name, "\n#define GENERATED_", name, "\n",
                               Constants(base::ReadFile(made->front())), "#endif\n"));
}

// Of the machine we run on: the headers are its own, and of the tree there is one.
absl::Status WriteUserConstants(Workplace* w) {
  const absl::StatusOr<std::string> kbuild = w->source().Read("include/linux/kbuild.h");
  if (!kbuild.ok()) return kbuild.status();
  absl::Status status = w->Write("host/linux/kbuild.h", *kbuild);
  if (!status.ok()) return status;
  const std::string file = "tree/arch/x86/um/user-offsets.c";
  return WriteConstants({file,
                         {{w->cc(), "-S", "-O1", "-w", "-Ihost", "-MD", "-MF", "constants/user.d",
                           "-o", "constants/user.s", file}},
                         {file},
                         "constants/user.d",
                         {"constants/user.s"}},
                        "user_constants.h", w);
}

}  // namespace

absl::Status WriteGeneratedHeaders(const Configuration& configuration, const Variant& variant,
                                   Workplace* workplace) {
  Workplace& w = *workplace;
  absl::Status status = w.Write(absl::StrCat(kGenerated, "autoconf.h"), configuration.autoconf);
  if (status.ok()) status = WriteWrappers(w);
  if (status.ok()) status = WriteNumbers(w);
  if (status.ok()) status = WriteTimeconst(configuration, &w);
  if (status.ok()) status = WriteUserConstants(&w);
  if (!status.ok()) return status;
  return WriteConstants(
      CompileStep(Kind::kConstants, "tree/kernel/bounds.c", "constants/bounds.s", variant, w),
      "bounds.h", &w);
}

}  // namespace hotplug::tree
