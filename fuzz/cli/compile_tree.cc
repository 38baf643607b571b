// SPDX-License-Identifier: GPL-2.0-or-later
//
// The core files of a kernel tree as a world: made by compile-tree, or for --tree=DIR, and run by
// --world=WORLD.
#include <cstdio>
#include <memory>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "fuzz/base/files.h"
#include "fuzz/base/lines.h"
#include "fuzz/base/process.h"
#include "fuzz/cli/cli.h"
#include "fuzz/tree/source.h"
#include "fuzz/tree/table.h"
#include "fuzz/tree/world.h"
#include "model/mm/kernel.h"
#include "model/run/tree_world.h"
#include "model/scenario/echo.h"
#include "model/scenario/spec.h"

ABSL_FLAG(std::string, tree, "", "");
ABSL_FLAG(std::string, world, "", "");
ABSL_FLAG(std::string, geometry, "16", "");
ABSL_FLAG(std::string, debug_vm, "on", "");
ABSL_FLAG(std::string, memmap, "vmemmap", "");
ABSL_FLAG(std::string, config, "", "");
ABSL_FLAG(bool, show_config, false, "");
ABSL_DECLARE_FLAG(std::string, cc);
ABSL_DECLARE_FLAG(std::string, driver);
ABSL_DECLARE_FLAG(std::string, preempt);
ABSL_DECLARE_FLAG(std::vector<std::string>, define);
ABSL_DECLARE_FLAG(std::vector<std::string>, param);

namespace hotplug::cli {

namespace {

// One of two words: whether it is the first.
absl::StatusOr<bool> IsFirst(const char* flag, const std::string& word, const char* first,
                             const char* second) {
  if (word == first || word == second) return word == first;
  return absl::InvalidArgumentError(
      absl::StrCat(flag, EchoName(word), ": there are only ", first, ", ", second));
}

absl::StatusOr<tree::WorldOptions> WorldOptionsOfFlags() {
  const absl::StatusOr<tree::Geometry> geometry = tree::FindGeometry(absl::GetFlag(FLAGS_geometry));
  if (!geometry.ok()) return geometry.status();
  const absl::StatusOr<bool> debug_vm =
      IsFirst("--debug-vm=", absl::GetFlag(FLAGS_debug_vm), "on", "off");
  if (!debug_vm.ok()) return debug_vm.status();
  const absl::StatusOr<bool> vmemmap =
      IsFirst("--memmap=", absl::GetFlag(FLAGS_memmap), "vmemmap", "classic");
  if (!vmemmap.ok()) return vmemmap.status();
  tree::WorldOptions options{
      absl::GetFlag(FLAGS_cc), {*geometry, *debug_vm, *vmemmap, absl::GetFlag(FLAGS_config)}, {}};
  if (IsDriverFile()) options.driver = {absl::GetFlag(FLAGS_driver), absl::GetFlag(FLAGS_define)};
  return options;
}

// What --tree and --world name, with fixes of the core behind it.
scenario::Cured TreeAsked() {
  return scenario::TakeFixes(absl::GetFlag(FLAGS_tree), mm::kCoreFixes);
}
scenario::Cured WorldAsked() {
  return scenario::TakeFixes(absl::GetFlag(FLAGS_world), mm::kCoreFixes);
}

// What the flags ask for.
struct Wanted {
  tree::Source source;
  tree::WorldOptions options;
};

absl::StatusOr<Wanted> WantedOfFlags() {
  const absl::StatusOr<tree::WorldOptions> options = WorldOptionsOfFlags();
  if (!options.ok()) return options.status();
  if (absl::GetFlag(FLAGS_tree).empty()) {
    return absl::InvalidArgumentError("--tree=DIR is missing");
  }
  absl::StatusOr<tree::Source> source = tree::Source::Open(TreeAsked().path);
  if (!source.ok()) return source.status();
  return Wanted{*std::move(source), *options};
}

absl::StatusOr<std::string> ImageOfTree() {
  const absl::StatusOr<Wanted> wanted = WantedOfFlags();
  if (!wanted.ok()) return wanted.status();
  return tree::BuildWorld(wanted->source, wanted->options);
}

// Maps the image of a file, whose bytes these are.
absl::Status MapImage(const std::string& path, const std::string& image) {
  std::string error;
  std::unique_ptr<tree::Image> mapped = tree::Image::Map(path, &error);
  if (mapped == nullptr) return absl::InvalidArgumentError(error);
  const std::string driver = IsDriverFile() ? EchoName(absl::GetFlag(FLAGS_driver)) : "";
  run::UseImage(std::move(mapped), {driver, absl::GetFlag(FLAGS_param)});
  run::UseLines([image](const std::vector<uint32_t>& pcs) { return base::FramesOf(image, pcs); });
  if (driver.empty()) return absl::OkStatus();
  error = run::UnusableDriver();
  if (error.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(driver, ": ", error));
}

// The bytes of the image.
absl::StatusOr<std::string> MapTree() {
  absl::StatusOr<std::string> image = ImageOfTree();
  if (!image.ok()) return image.status();
  const absl::StatusOr<base::TemporaryFolder> folder = base::TemporaryFolder::Make();
  if (!folder.ok()) return folder.status();
  const std::string path = *folder / "world";
  absl::Status status = base::WriteTemporary(path, *image);
  if (status.ok()) status = MapImage(path, *image);
  if (!status.ok()) return status;
  return image;
}

// What --world and --tree say.
absl::Status MapWorld() {
  const std::string world = WorldAsked().path;
  if (world.empty()) return MapTree().status();
  if (absl::GetFlag(FLAGS_tree).empty()) return MapImage(world, base::ReadFile(world));
  return absl::InvalidArgumentError("--world=WORLD and --tree=DIR: there is one world at a time");
}

// What a driver's own file cannot be given in a world.
absl::Status CheckDriver() {
  const std::string driver = absl::GetFlag(FLAGS_driver);
  const auto refuse = [&driver](absl::string_view why) {
    return absl::InvalidArgumentError(absl::StrCat("--driver=", EchoName(driver), ": ", why));
  };
  if (!absl::GetFlag(FLAGS_world).empty()) {
    return refuse("a world has been linked already: --tree=DIR takes a driver's own file");
  }
  if (!absl::EndsWith(driver, ".c")) return refuse("--tree=DIR takes the .c file");
  if (absl::GetFlag(FLAGS_preempt) != "calls") return refuse("--preempt= is not in the tree world");
  return absl::OkStatus();
}

// Whether a world is mapped already. It stays so.
bool& Mapped() {
  static bool mapped = false;
  return mapped;
}

}  // namespace

bool IsWorldAsked() {
  return !absl::GetFlag(FLAGS_world).empty() || !absl::GetFlag(FLAGS_tree).empty();
}

absl::Status UseWorld(const std::string& path, bool is_text, Input* input) {
  if (!IsWorldAsked()) return absl::OkStatus();
  if (!Mapped()) {
    absl::Status status = IsDriverFile() ? CheckDriver() : absl::OkStatus();
    if (status.ok()) status = MapWorld();
    if (!status.ok()) return status;
    Mapped() = true;
  }
  input->scenario.machine.fixes |= TreeAsked().fixes | WorldAsked().fixes;
  if (const char* why = run::NotInTree(input->scenario); why != nullptr) {
    if (is_text) return absl::InvalidArgumentError(absl::StrCat(EchoName(path), ": ", why));
    run::LeaveOut(&input->scenario);
    absl::FPrintF(stderr, "%s: runs without: %s\n", EchoName(path), why);
  }
  const run::Adapted adapted = run::Adapt(input->scenario);
  for (const std::string& change : adapted.changes) {
    absl::FPrintF(stderr, "%s: runs with %s\n", EchoName(path), change);
  }
  input->scenario = adapted.scenario;
  input->world = &run::kTreeWorld;
  input->driver = &run::TreeDriver();
  return absl::OkStatus();
}

absl::StatusOr<std::string> UseCoveredTree() {
  if (absl::Status status = IsDriverFile() ? CheckDriver() : absl::OkStatus(); !status.ok()) {
    return status;
  }
  if (absl::GetFlag(FLAGS_tree).empty() || !absl::GetFlag(FLAGS_world).empty()) {
    return absl::InvalidArgumentError("--driver=FILE.c or --tree=DIR is missing");
  }
  absl::StatusOr<std::string> image = MapTree();
  Mapped() = image.ok();
  return image;
}

ExitCode CompileTree(const Args&) {
  const std::string out = absl::GetFlag(FLAGS_out);
  const bool show = absl::GetFlag(FLAGS_show_config);
  const absl::StatusOr<Wanted> wanted = WantedOfFlags();
  if (!wanted.ok()) return Complain(wanted.status());
  const auto& [source, options] = *wanted;
  if (show) {
    const absl::StatusOr<std::string> config = tree::ConfigOfWorld(source, options);
    if (!config.ok()) return Complain(config.status());
    std::fputs(config->c_str(), stdout);
    return kAllWell;
  }
  absl::Status status = base::CheckNew(out);
  if (status.ok() && !absl::GetFlag(FLAGS_driver).empty()) status = CheckDriver();
  if (status.ok()) status = source.CheckOutside(out, "-o ");
  if (!status.ok()) return Complain(status);
  const absl::StatusOr<std::string> image = tree::BuildWorld(source, options);
  status = image.ok() ? base::WriteNew(out, *image) : image.status();
  return status.ok() ? kAllWell : Complain(status);
}

}  // namespace hotplug::cli
