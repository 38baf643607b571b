// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/tree/compile.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "fuzz/tree/table.h"

namespace hotplug::tree {

namespace fs = std::filesystem;

namespace {

constexpr char kGlue[] = "model/tree/glue";
constexpr char kDriverCalls[] = "model/tree/glue/driver-calls.txt";

// Ours before the tree's, so that what a build in the tree has generated is never found.
Words IncludeFlags() {
  return {"-nostdinc",
          "-Iedited/arch/um/include",
          "-Iedited/include",
          absl::StrCat("-I", kGlue, "/include"),
          "-Igenerated/arch/um/include/generated",
          "-Itree/arch/um/include",
          "-Igenerated/include",
          "-Itree/include",
          "-Igenerated/arch/um/include/generated/uapi",
          "-Itree/arch/um/include/uapi",
          "-Igenerated/include/generated/uapi",
          "-Itree/include/uapi",
          "-Itree/arch/x86/um",
          "-Igenerated/arch/x86/include/generated",
          "-Itree/arch/x86/include",
          "-Igenerated/arch/x86/include/generated/uapi",
          "-Itree/arch/x86/include/uapi",
          "-Itree/arch/um/include/shared",
          "-Itree/arch/x86/um/shared",
          "-Itree/arch/um/include/shared/skas",
          "-include",
          "tree/include/linux/compiler-version.h",
          "-include",
          "tree/include/linux/kconfig.h",
          "-include",
          "tree/include/linux/compiler_types.h"};
}

// Kernel C as the kernel's own build has it, at fixed addresses. Frames can be walked, and no call
// takes the place of its caller's frame: reports say who called.
Words CommonFlags(const Variant& v) {
  return {"-D__KERNEL__",
          "-D__arch_um__",
          "-D__DISABLE_EXPORTS",
          "-DDEBUG",  // pr_debug() is printed, as with dynamic debug
          absl::StrCat("-DWORLD_PAGE_SHIFT=", kPageShift),
          absl::StrCat("-DWORLD_SECTION_BITS=", v.geometry.section_bits),
          absl::StrCat("-DWORLD_PHYS_BITS=", v.geometry.section_bits + kMoreBitsThanSection),
          absl::StrCat("-DWORLD_MAX_ORDER=", v.geometry.max_order),
          absl::StrCat("-DWORLD_PAGEBLOCK_ORDER=", v.geometry.pageblock_order),
          "-std=gnu11",
          "-m64",
          "-mno-sse",
          "-O1",
          "-fno-pic",
          "-fno-pie",
          "-fno-omit-frame-pointer",
          "-fno-optimize-sibling-calls",
          "-fpatchable-function-entry=5",  // WORLD_ENTRY_BYTES
          "-fno-builtin",
          "-fno-common",
          "-fno-strict-aliasing",
          "-fno-strict-overflow",
          "-fno-delete-null-pointer-checks",
          "-fno-stack-protector",
          "-fno-asynchronous-unwind-tables",
          "-fcf-protection=none",
          "-fms-extensions",
          "-fshort-wchar",
          "-funsigned-char",
          "-fdiagnostics-color=never",
          "-Werror=implicit-function-declaration",
          "-Werror=implicit-int",
          "-Werror=return-type",
          "-Werror=incompatible-pointer-types",
          "-Werror=undef"};
}

// Names in messages and in the line table are those in the tree.
Words NameFlags(const std::string& file) {
  const std::string stem = fs::path(file).stem().string();
  const std::string name = absl::StrReplaceAll(stem, {{"-", "_"}, {".", "_"}});
  return {"-gdwarf-4",  // what every addr2line reads
          "-ffile-prefix-map=/proc/self/cwd=.",
          "-ffile-prefix-map=tree/=",
          "-ffile-prefix-map=edited/=",
          "-ffile-prefix-map=driver/=",
          absl::StrCat("-DKBUILD_MODFILE=\"", absl::StripSuffix(file, ".c"), "\""),
          absl::StrCat("-DKBUILD_BASENAME=\"", name, "\""),
          absl::StrCat("-DKBUILD_MODNAME=\"", name, "\""),
          "-D__KBUILD_MODNAME=kmod_" + name};
}

// A call in each basic block.
Words CoverageFlags(const Workplace& w) {
  Words flags = {"-fsanitize-coverage=trace-pc"};
  if (w.clang() != 0) flags.emplace_back("-fsanitize-coverage=bb,no-prune");
  return flags;
}

Words KindFlags(Kind kind, const Variant& variant, const Workplace& w) {
  switch (kind) {
    case Kind::kConstants:
      return {"-S"};
    case Kind::kDriver:
    case Kind::kCore: {
      Words flags = CoverageFlags(w);
      flags.emplace_back("-c");
      if (kind == Kind::kDriver) flags.emplace_back("-DWORLD_DRIVER");
      return flags;
    }
    case Kind::kGlue:
      return {"-c", "-Itree/mm", "-Itree/drivers/base", "-Imodel/tree",
              absl::StrCat("-DWORLD_ABOUT=\"version=", w.source().version().Text(), " ",
                           variant.Text(), "\"")};
  }
  return {};
}

// Who wins when two define a name: what is real, but for a few names. What is the driver's has
// sections of its own, and calls the glue where the world wants to know of it.
Words ObjectCommand(Kind kind, const std::string& object, const Workplace& w) {
  Words command = {"objcopy"};
  if (kind == Kind::kGlue) command.emplace_back("--weaken");
  if (kind == Kind::kDriver) {
    command.emplace_back("--prefix-alloc-sections=.driver");
    for (const std::string& name : w.ReadNames(kDriverCalls)) {
      command.push_back(absl::StrCat("--redefine-sym=", name, "=world_driver_", name));
    }
  }
  for (const char* const name : GluedNames()) {
    if (kind == Kind::kCore) command.push_back(absl::StrCat("--weaken-symbol=", name));
  }
  command.push_back(object);
  return command;
}

// A BUILD_BUG() of the file's own is in a function that is never called once others are inlined.
bool CountsOnInlining(const std::string& file, const Workplace& w) {
  return absl::StrContains(w.Read(file), "\tBUILD_BUG();");
}

// What is inlined is what says so: a function that has a name can tell of itself. Variables of the
// stack are zero at first, which older clangs do only for who says this.
Words CompilerFlags(const Workplace& w, bool counts_on_inlining) {
  Words flags = {"-ftrivial-auto-var-init=zero"};
  if (w.clang() == 0) {
    flags.insert(flags.end(), {"-fno-inline-functions-called-once", "-fno-partial-inlining"});
    if (counts_on_inlining) flags.emplace_back("-finline-small-functions");
    return flags;
  }
  flags.emplace_back("-finline-hint-functions");
  if (w.clang() < 16) {
    flags.emplace_back("-enable-trivial-auto-var-init-zero-knowing-it-will-be-removed-from-clang");
  }
  return flags;
}

void Append(const Words& more, Words* words) {
  words->insert(words->end(), more.begin(), more.end());
}

}  // namespace

Step CompileStep(Kind kind, const std::string& file, const std::string& product,
                 const Variant& variant, const Workplace& workplace) {
  Words compile = {workplace.cc()};
  Append(IncludeFlags(), &compile);
  Append(CommonFlags(variant), &compile);
  Append(CompilerFlags(workplace, CountsOnInlining(file, workplace)), &compile);
  Append(KindFlags(kind, variant, workplace), &compile);
  const absl::string_view name = absl::StripPrefix(absl::StripPrefix(file, "tree/"), "driver/");
  Append(NameFlags(std::string(name)), &compile);
  const std::string depfile = product + ".d";
  Append({"-MD", "-MF", depfile, "-o", product, file}, &compile);
  Step step = {file, {compile}, {file}, depfile, {product}};
  if (kind != Kind::kConstants) step.commands.push_back(ObjectCommand(kind, product, workplace));
  return step;
}

std::string DriverFile::Folder() const {
  const std::string folder = fs::path(file).parent_path().string();
  return folder.empty() ? "." : folder;
}
std::string DriverFile::Name() const { return fs::path(file).filename().string(); }

absl::StatusOr<Words> CompileWorld(const Configuration& configuration, const Variant& variant,
                                   const DriverFile& driver, Workplace* workplace) {
  std::vector<Step> steps;
  const auto add = [&](Kind kind, const std::string& file) {
    const std::string name = absl::StrReplaceAll(absl::StripSuffix(file, ".c"), {{"/", "-"}});
    steps.push_back(
        CompileStep(kind, file, absl::StrCat("objects/", name, ".o"), variant, *workplace));
  };
  const absl::StatusOr<Words> glue = workplace->FilesIn(kGlue);
  if (!glue.ok()) return glue.status();
  for (const std::string& file : *glue) {
    if (absl::EndsWith(file, ".c")) add(Kind::kGlue, file);
  }
  for (const std::string& file :
       CoreFiles(workplace->source().version(), configuration.config, !driver.file.empty())) {
    add(Kind::kCore, "tree/" + file);
  }
  if (!driver.file.empty()) {
    add(Kind::kDriver, "driver/" + driver.Name());
    Words& compile = steps.back().commands.front();
    for (const std::string& macro : driver.defines) compile.push_back("-D" + macro);
  }
  const absl::StatusOr<std::vector<Words>> made = workplace->MakeAll(steps);
  if (!made.ok()) return made.status();
  Words objects;
  for (const Words& products : *made) objects.push_back(products.front());
  return objects;
}

}  // namespace hotplug::tree
