// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/tree/link.h"

#include <cstdint>
#include <set>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace hotplug::tree {

namespace {

constexpr char kScript[] = "model/tree/glue/world.lds";
constexpr char kWrapped[] = "model/tree/glue/wrapped.txt";
constexpr uint32_t kAbsentBytes = 16384;  // more than any structure whose name may be absent

Words LinkCommand(const Words& objects, const std::string& image, const Workplace& w) {
  Words command = {"ld",
                   "-m",
                   "elf_x86_64",
                   "-static",
                   "-nostdlib",
                   "-T",
                   kScript,
                   "--build-id=none",
                   "-z",
                   "noexecstack",
                   "-z",
                   "max-page-size=4096",
                   "--orphan-handling=error",
                   "-o",
                   image};
  // Which calls are those of basic blocks, a relocation tells.
  command.emplace_back("--emit-relocs");
  for (const std::string& name : w.ReadNames(kWrapped)) command.push_back("--wrap=" + name);
  command.insert(command.end(), objects.begin(), objects.end());
  return command;
}

// The names that nobody defines, the linker's script included: what the linker complains of.
absl::StatusOr<Words> AbsentNames(const Words& objects, const Workplace& w) {
  Words link = LinkCommand(objects, "incomplete", w);
  link.emplace_back("--warn-unresolved-symbols");
  const absl::StatusOr<std::string> complaints = w.Output(kScript, link);
  if (!complaints.ok()) return complaints.status();
  std::set<std::string> names;
  for (const absl::string_view line : absl::StrSplit(*complaints, '\n')) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(line, absl::MaxSplits("undefined reference to `", 1));
    if (!parts.second.empty()) names.emplace(absl::StripSuffix(parts.second, "'"));
  }
  return Words(names.begin(), names.end());
}

// An address for each absent name, their table, and the folder of the tree.
std::string AbsentSource(const Words& names, const std::string& folder) {
  std::string text;
  for (const std::string& name : names) {
    absl::StrAppend(&text, ".section .absent,\"aw\",@nobits\n.globl ", name, "\n", name, ": .skip ",
                    kAbsentBytes, "\n.section .absent.names,\"a\"\n.asciz \"", name, "\"\n");
  }
  absl::StrAppend(&text, ".section .tree,\"\"\n.asciz \"", absl::CEscape(folder), "\"\n",
                  ".section .note.GNU-stack,\"\"\n");
  return text;
}

}  // namespace

absl::StatusOr<std::string> LinkWorld(const Words& objects, const Workplace& workplace) {
  const Workplace& w = workplace;
  const absl::StatusOr<Words> absent = AbsentNames(objects, w);
  if (!absent.ok()) return absent.status();
  absl::Status status = w.Write("absent.s", AbsentSource(*absent, w.source().path()));
  if (status.ok()) status = w.Run("absent.s", {w.cc(), "-c", "-o", "absent.o", "absent.s"});
  Words all = objects;
  all.emplace_back("absent.o");
  if (status.ok()) status = w.Run(kScript, LinkCommand(all, "world", w));
  if (!status.ok()) return status;
  return w.Read("world");
}

}  // namespace hotplug::tree
