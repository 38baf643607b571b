// SPDX-License-Identifier: GPL-2.0-or-later
//
// Everything that competes: tasks of user space that do what the scenario says, PFN walkers,
// allocators, signals, and notifiers that answer what they are told to.
#ifndef MODEL_ACTORS_ACTORS_H_
#define MODEL_ACTORS_ACTORS_H_

#include <array>
#include <cstdint>

#include "model/mm/notifier.h"
#include "model/mm/services.h"
#include "model/scenario/scenario.h"

namespace hotplug::actors {

inline constexpr sim::Region kActorRegion = 8;

// What the actors of one run act on. Bound to kActorRegion; outlives the run.
struct Context {
  const scenario::Scenario* scenario = nullptr;
  mm::debugfs_file enable;
  mm::debugfs_fops trace;
};

// What an operation of the scenario answered.
struct Result {
  uint64_t value;  // read from the file
  int32_t rc;      // 0, a count, or a negative errno
  uint8_t done;    // the operation has returned
  uint8_t pad[3];
};

// Carves the room's region; part of the set-up of a machine.
void Setup();
// Before the first task: registers the notifiers that are there from the start, adds the tasks.
void Start();

// The notifier of the scenario's own notifiers.
int32_t ProbeCall(const mm::notifier_block& nb, uint32_t action, const mm::memory_notify_arg& arg);

// Results of the run, by the index of the operation.
const Result& ResultOf(uint32_t op);

enum : sim::Tp {
  kTpWriteEnable = 224,
  kTpReadEnable,
  kTpWriteState,
  kTpWriteOnline,
  kTpGet,
  kTpPut,
  kTpAlloc,
  kTpFree,
  kTpWriteProbe,
  kTpRemove,
  kTpAdd,
  kTpOpenTrace,
  kTpReadTrace,
  kTpMmapTrace,
  kTpWriteAutoOnline,
  kTpRegister,
  kTpUnregister,
  kTpAllocContig,
  kTpFreeContig,
  kTpPoison,
};

// clang-format off
inline constexpr sim::TracePoint kTracePoints[] = {
    {kTpWriteEnable, "write",  "memtrace/enable = %e"},
    {kTpReadEnable,  "read",   "memtrace/enable = %u blocks"},
    {kTpWriteState,  "write",  "%b/state %W = %e"},
    {kTpWriteOnline, "write",  "%b/online %u = %e"},
    {kTpGet,         "get_page_unless_zero", "pfn=%f = %e"},
    {kTpPut,         "put_page", "pfn=%f count=%d"},
    {kTpAlloc,       "alloc",  "node=%u = %e"},
    {kTpFree,        "free",   "= %e"},
    {kTpWriteProbe,  "write",  "memory/probe 0x%A = %e"},
    {kTpRemove,      "acpi_scan_hot_remove",   "%b = %e"},
    {kTpAdd,         "acpi_memory_device_add", "%b = %e"},
    {kTpOpenTrace,   "open",   "trace of node %u = %e"},
    {kTpReadTrace,   "read",   "trace of node %u = %e"},
    {kTpMmapTrace,   "mmap",   "trace of node %u = %e"},
    {kTpWriteAutoOnline, "write", "memory/auto_online_blocks %W = %e"},
    {kTpRegister,    "init_module",   "register %n = %e"},
    {kTpUnregister,  "delete_module", "unregister %n = %e"},
    {kTpAllocContig, "alloc_contig",  "node=%u order=%u = %e"},
    {kTpFreeContig,  "free_contig",   "= %e"},
    {kTpPoison,      "memory_failure", "pfn=%f = %e"},
};
// clang-format on

}  // namespace hotplug::actors

#endif  // MODEL_ACTORS_ACTORS_H_
