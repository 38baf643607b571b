// SPDX-License-Identifier: GPL-2.0-or-later
//
// Entries and returns of the kernel's own functions, as its function tracer shows them. They
// are records without a step of their own, made only on machines that ask for them: who
// compares the order of the inner functions with a recording. Preemptions can be anchored at them.
#ifndef MODEL_MM_FUNCTION_H_
#define MODEL_MM_FUNCTION_H_

#include <cstdint>
#include <iterator>

#include "model/mm/state.h"
#include "model/mm/tracepoints.h"
#include "model/sim/sched.h"

// A row for each function: its constant and its name.
// clang-format off
#define HOTPLUG_FUNCTIONS(FN)                                         \
  FN(kLockDeviceHotplugSysfs,   "lock_device_hotplug_sysfs")          \
  FN(kMemorySubsysOffline,      "memory_subsys_offline")              \
  FN(kMemorySubsysOnline,       "memory_subsys_online")               \
  FN(kOfflinePages,             "offline_pages")                      \
  FN(kOnlinePages,              "online_pages")                       \
  FN(kZonePcpDisable,           "zone_pcp_disable")                   \
  FN(kZonePcpEnable,            "zone_pcp_enable")                    \
  FN(kLruCacheDisable,          "lru_cache_disable")                  \
  FN(kDrainAllPages,            "drain_all_pages")                    \
  FN(kStartIsolatePageRange,    "start_isolate_page_range")           \
  FN(kUndoIsolatePageRange,     "undo_isolate_page_range")            \
  FN(kMemoryNotify,             "memory_notify")                      \
  FN(kMigratePages,             "migrate_pages")                      \
  FN(kDissolveFreeHugePages,    "dissolve_free_huge_pages")           \
  FN(kTestPagesIsolated,        "test_pages_isolated")                \
  FN(kOfflineIsolatedPages,     "__offline_isolated_pages")           \
  FN(kAdjustManagedPageCount,   "adjust_managed_page_count")          \
  FN(kAdjustPresentPageCount,   "adjust_present_page_count")          \
  FN(kInitPerZoneWmarkMin,      "init_per_zone_wmark_min")            \
  FN(kMovePfnRangeToZone,       "move_pfn_range_to_zone")             \
  FN(kOnlinePagesRange,         "online_pages_range")                 \
  FN(kRemovePfnRangeFromZone,   "remove_pfn_range_from_zone")         \
  FN(kDeviceOffline,            "device_offline")                     \
  FN(kDeviceOnline,             "device_online")
// clang-format on

namespace hotplug::mm {

#define HOTPLUG_FN(constant, name) constant,
enum class Fn : uint8_t { HOTPLUG_FUNCTIONS(HOTPLUG_FN) };
#undef HOTPLUG_FN
#define HOTPLUG_FN(constant, name) name,
inline constexpr const char* kFunctionNames[] = {HOTPLUG_FUNCTIONS(HOTPLUG_FN)};
#undef HOTPLUG_FN
inline constexpr uint32_t kNrFunctions = std::size(kFunctionNames);
// As the function tracer calls it.
inline const char* Name(Fn fn) { return kFunctionNames[static_cast<uint32_t>(fn)]; }

// What it is called by anchored preemptions, which may be before and after it.
constexpr sim::AnchorId FunctionAnchor(uint32_t row) {
  return sim::MakeAnchor(sim::AnchorKind::kFunction, row);
}
constexpr sim::AnchorId FunctionAnchor(Fn fn) { return FunctionAnchor(static_cast<uint32_t>(fn)); }

// A function begins.
inline void fn_begin(Fn fn) { sim::anchor(When::kBefore, FunctionAnchor(fn)); }

// The same of one that the tracer shows; its operands as the tracer prints them (pfn and pages, or
// an action).
inline void fn_enter(Fn fn, uint32_t a = 0, uint32_t b = 0) {
  if (mm().trace_functions != 0) sim::record(kTpFnEnter, static_cast<uint32_t>(fn), a, b);
  fn_begin(fn);
}

// A function is over, the step that it ends in included.
inline void fn_end(Fn fn) { sim::anchor(When::kAfter, FunctionAnchor(fn)); }

// What the tracer shows of a function that returns nothing, or `rc`, which is passed through.
inline void fn_trace_ret(Fn fn) {
  if (mm().trace_functions != 0) sim::record(kTpFnRet, static_cast<uint32_t>(fn), 0, 0);
}
inline int fn_trace_ret(Fn fn, int rc) {
  if (mm().trace_functions != 0) {
    sim::record(kTpFnRet, static_cast<uint32_t>(fn), static_cast<uint32_t>(rc), 1);
  }
  return rc;
}

// Both.
inline void fn_ret(Fn fn) {
  fn_trace_ret(fn);
  fn_end(fn);
}
inline int fn_ret(Fn fn, int rc) {
  fn_trace_ret(fn, rc);
  fn_end(fn);
  return rc;
}

}  // namespace hotplug::mm

#endif  // MODEL_MM_FUNCTION_H_
