// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/tree/table.h"

#include <algorithm>
#include <iterator>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "model/scenario/echo.h"

namespace hotplug::tree {

namespace {

// Those that the glue knows. Of each any sublevel will do.
constexpr Version kVersions[] = {{6, 1}, {6, 12}};

// What scenarios of 16 pages a block say; pageblocks that are smaller than the largest order, as
// on x86; the machine of the recordings.
constexpr Geometry kGeometries[] = {
    {"16", 16, 2, 2},
    {"64", 18, 4, 2},
    {"recorded", 27, 10, 9},
};

struct CoreFile {
  const char* name;
  Version since;         // before that another file had what is in it
  const char* config{};  // the tree compiles it with this symbol only
};

constexpr CoreFile kCoreFiles[] = {
    {"kernel/notifier.c", {}},    {"mm/page_isolation.c", {}},
    {"mm/memory_hotplug.c", {}},  {"drivers/base/memory.c", {}},
    {"mm/page_alloc.c", {}},      {"mm/mm_init.c", {6, 4}},
    {"mm/sparse.c", {}},          {"mm/sparse-vmemmap.c", {}, "CONFIG_SPARSEMEM_VMEMMAP"},
    {"mm/mmzone.c", {}},          {"mm/compaction.c", {}},
    {"kernel/resource.c", {}},    {"lib/bitmap.c", {}},
    {"lib/ctype.c", {}},          {"lib/find_bit.c", {}},
    {"lib/hexdump.c", {}},        {"lib/hweight.c", {}},
    {"lib/kstrtox.c", {}},        {"lib/string.c", {}},
    {"lib/string_helpers.c", {}}, {"lib/vsprintf.c", {}},
    {"lib/xarray.c", {}},
};

// And those that only drivers call: files of debugfs, module parameters.
constexpr const char* kDriverCore[] = {"fs/debugfs/file.c", "fs/libfs.c", "kernel/params.c",
                                       "lib/kasprintf.c"};

// Threads that the world has none of; the poisoning of pages, which is told of; the ranges of
// boot memory; whether added memory has its memory map, which depends on the size of a block.
constexpr const char* kGluedNames[] = {
    "kcompactd_run",
    "kcompactd_stop",
    "page_init_poison",
    "__next_mem_pfn_range",
    "mhp_supports_memmap_on_memory",
};

}  // namespace

bool IsSupported(const Version& version) {
  return std::any_of(std::begin(kVersions), std::end(kVersions), [&version](const Version& v) {
    return v.version == version.version && v.patchlevel == version.patchlevel;
  });
}

std::string SupportedVersions() {
  return absl::StrJoin(kVersions, " and ", [](std::string* out, const Version& v) {
    absl::StrAppend(out, v.version, ".", v.patchlevel);
  });
}

absl::StatusOr<Geometry> FindGeometry(const std::string& name) {
  std::vector<std::string> names;
  for (const Geometry& g : kGeometries) {
    if (name == g.name) return g;
    names.emplace_back(g.name);
  }
  return absl::InvalidArgumentError(
      absl::StrCat("--geometry=", EchoName(name), ": there are only ", absl::StrJoin(names, ", ")));
}

std::vector<std::string> CoreFiles(const Version& version, absl::string_view config, bool driver) {
  std::vector<std::string> files;
  for (const CoreFile& file : kCoreFiles) {
    if (version < file.since) continue;
    if (file.config != nullptr && !absl::StrContains(config, absl::StrCat(file.config, "=y\n"))) {
      continue;
    }
    files.emplace_back(file.name);
  }
  if (driver) files.insert(files.end(), std::begin(kDriverCore), std::end(kDriverCore));
  return files;
}

std::span<const char* const> GluedNames() { return kGluedNames; }

}  // namespace hotplug::tree
