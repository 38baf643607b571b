// SPDX-License-Identifier: GPL-2.0-or-later
//
// Entries and returns of the kernel's own functions, as its function tracer shows them. They
// are records without a step of their own, made only on machines that ask for them: who
// compares the order of the inner functions with a recording.
#ifndef MODEL_MM_FUNCTION_H_
#define MODEL_MM_FUNCTION_H_

#include "model/mm/state.h"
#include "model/mm/tracepoints.h"
#include "model/sim/sched.h"

namespace hotplug::mm {

enum class Fn : uint8_t {
  kLockDeviceHotplugSysfs,
  kMemorySubsysOffline,
  kMemorySubsysOnline,
  kOfflinePages,
  kOnlinePages,
  kZonePcpDisable,
  kZonePcpEnable,
  kLruCacheDisable,
  kDrainAllPages,
  kStartIsolatePageRange,
  kUndoIsolatePageRange,
  kMemoryNotify,
  kMigratePages,
  kDissolveFreeHugePages,
  kTestPagesIsolated,
  kOfflineIsolatedPages,
  kAdjustManagedPageCount,
  kAdjustPresentPageCount,
  kInitPerZoneWmarkMin,
  kMovePfnRangeToZone,
  kOnlinePagesRange,
  kRemovePfnRangeFromZone,
  kDeviceOffline,
  kDeviceOnline,
};
inline constexpr uint32_t kNrFunctions = static_cast<uint32_t>(Fn::kDeviceOnline) + 1;

// clang-format off
inline constexpr const char* kFunctionNames[kNrFunctions] = {
    "lock_device_hotplug_sysfs", "memory_subsys_offline", "memory_subsys_online",
    "offline_pages", "online_pages", "zone_pcp_disable", "zone_pcp_enable",
    "lru_cache_disable", "drain_all_pages", "start_isolate_page_range",
    "undo_isolate_page_range", "memory_notify", "migrate_pages",
    "dissolve_free_huge_pages", "test_pages_isolated", "__offline_isolated_pages",
    "adjust_managed_page_count", "adjust_present_page_count", "init_per_zone_wmark_min",
    "move_pfn_range_to_zone", "online_pages_range", "remove_pfn_range_from_zone",
    "device_offline", "device_online",
};
// clang-format on

// A function begins; its operands as the tracer prints them (pfn and pages, or an action).
inline void fn_enter(Fn fn, uint32_t a = 0, uint32_t b = 0) {
  if (mm().trace_functions != 0) sim::record(kTpFnEnter, static_cast<uint32_t>(fn), a, b);
}

// A function returns nothing, or `rc`, which is passed through.
inline void fn_ret(Fn fn) {
  if (mm().trace_functions != 0) sim::record(kTpFnRet, static_cast<uint32_t>(fn), 0, 0);
}
inline int fn_ret(Fn fn, int rc) {
  if (mm().trace_functions != 0) {
    sim::record(kTpFnRet, static_cast<uint32_t>(fn), static_cast<uint32_t>(rc), 1);
  }
  return rc;
}

}  // namespace hotplug::mm

#endif  // MODEL_MM_FUNCTION_H_
