// SPDX-License-Identifier: GPL-2.0-or-later
//
// compile-tree --tree=DIR -o WORLD: the core files of a kernel tree, as a world.
#include <cstdio>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "fuzz/base/files.h"
#include "fuzz/cli/cli.h"
#include "fuzz/tree/source.h"
#include "fuzz/tree/table.h"
#include "fuzz/tree/world.h"
#include "model/scenario/echo.h"

ABSL_FLAG(std::string, tree, "", "");
ABSL_FLAG(std::string, geometry, "16", "");
ABSL_FLAG(std::string, debug_vm, "off", "");
ABSL_FLAG(std::string, memmap, "vmemmap", "");
ABSL_FLAG(std::string, config, "", "");
ABSL_FLAG(bool, show_config, false, "");
ABSL_DECLARE_FLAG(std::string, cc);

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
  return tree::WorldOptions{absl::GetFlag(FLAGS_cc),
                            {*geometry, *debug_vm, *vmemmap, absl::GetFlag(FLAGS_config)}};
}

}  // namespace

ExitCode CompileTree(const Args&) {
  const std::string out = absl::GetFlag(FLAGS_out);
  const bool show = absl::GetFlag(FLAGS_show_config);
  const absl::StatusOr<tree::WorldOptions> options = WorldOptionsOfFlags();
  if (!options.ok()) return Complain(options.status());
  if (absl::GetFlag(FLAGS_tree).empty()) return Complain("--tree=DIR is missing");
  const absl::StatusOr<tree::Source> source = tree::Source::Open(absl::GetFlag(FLAGS_tree));
  if (!source.ok()) return Complain(source.status());
  if (show) {
    const absl::StatusOr<std::string> config = tree::ConfigOfWorld(*source, *options);
    if (!config.ok()) return Complain(config.status());
    std::fputs(config->c_str(), stdout);
    return kAllWell;
  }
  absl::Status status = base::CheckNew(out);
  if (status.ok()) status = source->CheckOutside(out, "-o ");
  if (!status.ok()) return Complain(status);
  const absl::StatusOr<std::string> image = tree::BuildWorld(*source, *options);
  status = image.ok() ? base::WriteNew(out, *image) : image.status();
  return status.ok() ? kAllWell : Complain(status);
}

}  // namespace hotplug::cli
