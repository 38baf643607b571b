// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/tree/config.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "fuzz/base/files.h"
#include "model/scenario/echo.h"

namespace hotplug::tree {

namespace {

constexpr char kOurs[] = "model/tree/glue/world.config";
constexpr char kConf[] = "kconfig/conf";

// ---- Wishes ----

struct Wish {
  std::string place;  // FILE:LINE
  std::string line;   // CONFIG_NAME=VALUE
};
using Wishes = std::vector<Wish>;

// CONFIG_NAME, and = behind it.
size_t NameLength(absl::string_view line) {
  if (!absl::StartsWith(line, "CONFIG_")) return 0;
  const auto end = std::find_if(line.begin(), line.end(), [](char c) {
    return !absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '_';
  });
  return static_cast<size_t>(end - line.begin());
}

absl::Status AddWishes(const std::string& file, const std::string& text, Wishes* wishes) {
  size_t number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    line = absl::StripTrailingAsciiWhitespace(line);
    if (line.empty() || line[0] == '#') continue;
    const size_t length = NameLength(line);
    if (length == 0 || length + 1 >= line.size() || line[length] != '=') {
      return absl::InvalidArgumentError(absl::StrCat(EchoName(file), ":", number, ":", length + 1,
                                                     ": expected CONFIG_NAME=VALUE"));
    }
    wishes->push_back({absl::StrCat(EchoName(file), ":", number), std::string(line)});
  }
  return absl::OkStatus();
}

// The largest order: before 6.4 a number of orders.
uint32_t ForcedMaxOrder(const Version& version, const Geometry& geometry) {
  return geometry.max_order + (version < Version{6, 4} ? 1 : 0);
}

absl::StatusOr<Wishes> WishesOf(const Variant& v, const Workplace& w) {
  Wishes wishes;
  absl::Status status = AddWishes(kOurs, w.Read(kOurs), &wishes);
  if (!status.ok()) return status;
  wishes.push_back({"--debug-vm", absl::StrCat("CONFIG_DEBUG_VM=", v.debug_vm ? "y" : "n")});
  wishes.push_back({"--memmap", absl::StrCat("CONFIG_SPARSEMEM_VMEMMAP=", v.vmemmap ? "y" : "n")});
  wishes.push_back({"--geometry", absl::StrCat("CONFIG_ARCH_FORCE_MAX_ORDER=",
                                               ForcedMaxOrder(w.source().version(), v.geometry))});
  if (v.fragment.empty()) return wishes;
  const absl::StatusOr<std::string> fragment = base::Contents(v.fragment);
  if (!fragment.ok()) return fragment.status();
  status = AddWishes(v.fragment, *fragment, &wishes);
  if (!status.ok()) return status;
  return wishes;
}

absl::Status CheckGranted(const Wishes& wishes, const std::string& config) {
  const std::string lines = absl::StrCat("\n", config);
  for (const Wish& wish : wishes) {
    const std::string name = wish.line.substr(0, NameLength(wish.line));
    const size_t at = lines.find(absl::StrCat("\n", name, "="));
    const std::string got = at == std::string::npos
                                ? name + "=n"
                                : lines.substr(at + 1, lines.find('\n', at + 1) - at - 1);
    if (got == wish.line) continue;
    return absl::InvalidArgumentError(absl::StrCat(wish.place, ": ", EchoName(wish.line),
                                                   " is not granted: the tree's Kconfig makes it ",
                                                   got.substr(name.size() + 1)));
  }
  return absl::OkStatus();
}

// ---- The program ----

// What somebody's build in the tree has left is not read: our folder comes first.
bool IsSource(const std::string& name) {
  return !absl::StrContains(name, ".tab.") && !absl::StrContains(name, ".lex.") &&
         (absl::EndsWith(name, ".c") || absl::EndsWith(name, ".h") || absl::EndsWith(name, ".l") ||
          absl::EndsWith(name, ".y"));
}

absl::StatusOr<std::string> MakeConf(Workplace* w) {
  const std::string kconfig = "tree/scripts/kconfig";
  Step step = {kconfig + "/conf.c",
               {{"flex", "-o", "kconfig/lexer.lex.c", "-L", kconfig + "/lexer.l"},
                {"bison", "-o", "kconfig/parser.tab.c", "--defines=kconfig/parser.tab.h", "-t",
                 "-l", kconfig + "/parser.y"},
                {w->cc(), "-O1", "-w", "-Ikconfig", "-I" + kconfig, "-Itree/scripts/include", "-o",
                 kConf, "kconfig/lexer.lex.c", "kconfig/parser.tab.c"}},
               {},
               "",
               {kConf}};
  for (const char* const part :
       {"conf", "confdata", "expr", "menu", "preprocess", "symbol", "util"}) {
    step.commands.back().push_back(absl::StrCat(kconfig, "/", part, ".c"));
  }
  for (const std::string& folder : {kconfig, std::string("tree/scripts/include")}) {
    const absl::StatusOr<Words> files = w->FilesIn(folder);
    if (!files.ok()) return files.status();
    std::copy_if(files->begin(), files->end(), std::back_inserter(step.inputs), IsSource);
  }
  const absl::StatusOr<Words> made = w->MakeOne(step);
  if (!made.ok()) return made.status();
  return made->front();
}

// Ours comes first: the first visible range and default of a symbol win.
std::string TopKconfig(const std::string& trees) {
  std::string menu, rest;
  for (const absl::string_view line : absl::StrSplit(trees, '\n')) {
    absl::StrAppend(absl::StartsWith(line, "mainmenu") ? &menu : &rest, line, "\n");
  }
  return absl::StrCat(menu, "source \"model/tree/glue/world.Kconfig\"\n", rest);
}

// The variables that the top Makefile would set, beside the compiler's.
Words Environment(const Workplace& w) {
  return {"env",
          "srctree=tree",
          "ARCH=um",
          "SRCARCH=um",
          "SUBARCH=x86_64",
          "HEADER_ARCH=x86",
          "KERNELVERSION=" + w.source().version().Text(),
          "CC_VERSION_TEXT=" + w.cc_version(),
          w.clang() != 0 ? "CLANG_FLAGS=-fintegrated-as" : "CLANG_FLAGS=",
          "LD=ld",
          "AR=ar",
          "NM=nm",
          "OBJCOPY=objcopy",
          "RUSTC=false",
          "RUSTC_VERSION_TEXT=",
          "BINDGEN=false",
          "PAHOLE=false",
          "KCONFIG_CONFIG=.config",
          "KCONFIG_AUTOHEADER=autoconf.h",
          "KCONFIG_AUTOCONFIG=include/config/auto.conf",
          "KCONFIG_RUSTCCFG=rustc_cfg",
          "KCONFIG_TRISTATE=",
          "KCONFIG_ALLCONFIG=wishes.config"};
}

absl::StatusOr<Step> ConfStep(const std::string& conf, const Wishes& wishes, Workplace* w) {
  const absl::StatusOr<std::string> top = w->source().Read("Kconfig");
  if (!top.ok()) return top.status();
  absl::Status status = w->Write("Kconfig.world", TopKconfig(*top));
  if (status.ok()) {
    const auto line = [](std::string* out, const Wish& wish) { absl::StrAppend(out, wish.line); };
    status = w->Write("wishes.config", absl::StrJoin(wishes, "\n", line) + "\n");
  }
  if (!status.ok()) return status;
  Words run = Environment(*w);
  const char* const program = "kconfig/program";
  run.insert(run.end(), {program, "-s", "--allnoconfig", "Kconfig.world"});
  Step step = {"tree/Kconfig",
               {{"install", "-D", "-m", "700", conf, program}, run},
               {"wishes.config", "Kconfig.world"},
               "include/config/auto.conf.cmd",
               {".config", "autoconf.h"}};
  // Kconfig asks them what the compiler can do.
  const absl::StatusOr<Words> scripts = w->FilesIn("tree/scripts");
  if (!scripts.ok()) return scripts.status();
  std::copy_if(scripts->begin(), scripts->end(), std::back_inserter(step.inputs),
               [](const std::string& name) { return absl::EndsWith(name, ".sh"); });
  return step;
}

}  // namespace

std::string Variant::Text() const {
  return absl::StrCat("geometry=", geometry.name, " debug_vm=", debug_vm ? "on" : "off",
                      " memmap=", vmemmap ? "vmemmap" : "classic");
}

absl::StatusOr<Configuration> Configure(const Variant& variant, Workplace* workplace) {
  const absl::StatusOr<Wishes> wishes = WishesOf(variant, *workplace);
  if (!wishes.ok()) return wishes.status();
  const absl::StatusOr<std::string> conf = MakeConf(workplace);
  if (!conf.ok()) return conf.status();
  const absl::StatusOr<Step> step = ConfStep(*conf, *wishes, workplace);
  if (!step.ok()) return step.status();
  const absl::StatusOr<Words> made = workplace->MakeOne(*step);
  if (!made.ok()) return made.status();
  Configuration c = {base::ReadFile(made->at(0)), base::ReadFile(made->at(1))};
  absl::Status granted = CheckGranted(*wishes, c.config);
  if (!granted.ok()) return granted;
  return c;
}

}  // namespace hotplug::tree
