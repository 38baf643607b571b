// SPDX-License-Identifier: GPL-2.0-or-later
//
// Injected failures: the nth call of a kernel function fails. The plan is bound by the run.
#ifndef MODEL_MM_FAULT_H_
#define MODEL_MM_FAULT_H_

#include <array>
#include <cerrno>
#include <cstdint>
#include <iterator>
#include <span>

#include "model/limits.h"

// clang-format off

// The functions that can be made to fail: constant, name in texts, how many of kFaultErrnos (the
// first ones) it can fail with, and what the call does then. Scenarios number them: new ones go to
// the end.
#define HOTPLUG_FAULT_SITES(SITE)                                                                  \
  SITE(kAddMemory, "add_memory", 3,                                                                \
       "adds no memory; so does creating a linear mapping where a driver does that alone")         \
  SITE(kKmalloc, "kmalloc", 1,                                                                     \
       "returns NULL")                                                                             \
  SITE(kIoremap, "ioremap", 1,                                                                     \
       "returns NULL")                                                                             \
  SITE(kDebugfsCreateDir, "debugfs_create_dir", 1,                                                 \
       "creates no directory")                                                                     \
  SITE(kReleaseMemRegion, "release_mem_region_adjustable", 1,                                      \
       "fails if it has to split an entry of the tree of resources; before 5.10")                  \
  SITE(kVirtioMem, "virtio_mem", 1,                                                                \
       "is a request to that device, and its host answers that it is busy")

// clang-format on

namespace hotplug::mm {

#define HOTPLUG_SITE(constant, name, nr_errnos, meaning) constant,
enum class FaultSite : uint8_t { HOTPLUG_FAULT_SITES(HOTPLUG_SITE) };
#undef HOTPLUG_SITE

struct FaultSiteRow {
  const char* name;
  uint8_t nr_errnos;
  const char* meaning;
};
#define HOTPLUG_SITE(constant, name, nr_errnos, meaning) {name, nr_errnos, meaning},
inline constexpr FaultSiteRow kFaultSiteRows[] = {HOTPLUG_FAULT_SITES(HOTPLUG_SITE)};
#undef HOTPLUG_SITE
inline constexpr uint32_t kFaultSites = std::size(kFaultSiteRows);
// Those that drivers without a device come by: all but the last.
inline constexpr auto kCommonFaultSites = static_cast<uint32_t>(FaultSite::kVirtioMem);

// What an injected failure can be, and what a function may fail with.
inline constexpr std::array<uint8_t, 3> kFaultErrnos = {ENOMEM, EFAULT, EEXIST};
constexpr std::span<const uint8_t> FaultErrnos(FaultSite site) {
  return {kFaultErrnos.data(), kFaultSiteRows[static_cast<uint32_t>(site)].nr_errnos};
}

struct FaultPlan {
  struct Entry {
    FaultSite site;
    uint8_t nth;    // 1 = the first call
    uint8_t error;  // positive errno
  };
  Entry entries[kMaxFaults] = {};
  uint32_t size = 0;
};

// Counts a call: 0, or the negative errno with which the plan wants it to fail.
int InjectedFault(FaultSite site);

}  // namespace hotplug::mm

#endif  // MODEL_MM_FAULT_H_
