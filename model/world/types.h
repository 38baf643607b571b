// SPDX-License-Identifier: GPL-2.0-or-later
//
// Vocabulary of both worlds: numbers that must not be mixed, and the kernel's constants.
#ifndef MODEL_WORLD_TYPES_H_
#define MODEL_WORLD_TYPES_H_

#include <cerrno>
#include <cstdint>

#include "model/sim/anchor.h"
#include "model/sim/strong.h"
#include "model/sim/trace.h"

namespace hotplug::world {

using Pfn = sim::Strong<struct PfnTag>;          // page frame number
using BlockId = sim::Strong<struct BlockTag>;    // memory block: pfn / pages per block
using NodeId = sim::Strong<struct NodeTag>;      // NUMA node
using InstanceId = sim::Strong<struct InstTag>;  // a driver's contiguous allocation

inline constexpr uint32_t kNoPfn = UINT32_MAX;

// enum zone_type, without ZONE_DEVICE, which never has pages here.
enum zone_type : uint8_t { ZONE_DMA, ZONE_DMA32, ZONE_NORMAL, ZONE_MOVABLE, MAX_NR_ZONES };

// enum migratetype; also the index of a free list.
enum migratetype : uint8_t { MIGRATE_UNMOVABLE, MIGRATE_MOVABLE, MIGRATE_ISOLATE, MIGRATE_TYPES };

// Types of a page. The kernel clears bits of page_type to set a type; here a set bit is the type.
enum : uint8_t { kTypeBuddy = 1, kTypeOffline = 2 };

// A constant of the kernel, and how it is written.
struct NamedValue {
  const char* name;
  uint32_t value;
};
#define HOTPLUG_NAMED(constant) {#constant, constant}

// include/linux/memory.h (5.6): block states and notifier actions share their values.
enum : uint32_t {
  MEM_ONLINE = 1,
  MEM_GOING_OFFLINE = 2,
  MEM_OFFLINE = 4,
  MEM_GOING_ONLINE = 8,
  MEM_CANCEL_ONLINE = 16,
  MEM_CANCEL_OFFLINE = 32,
  // Since 6.8, told around the others; the numbers are ours.
  MEM_PREPARE_ONLINE = 64,
  MEM_FINISH_OFFLINE = 128,
};
// The actions, in the order in which an operation tells them.
inline constexpr NamedValue kMemActions[] = {
    HOTPLUG_NAMED(MEM_GOING_OFFLINE), HOTPLUG_NAMED(MEM_CANCEL_OFFLINE), HOTPLUG_NAMED(MEM_OFFLINE),
    HOTPLUG_NAMED(MEM_GOING_ONLINE),  HOTPLUG_NAMED(MEM_CANCEL_ONLINE),  HOTPLUG_NAMED(MEM_ONLINE),
};
// Those that scenarios do not know.
inline constexpr NamedValue kLaterMemActions[] = {HOTPLUG_NAMED(MEM_PREPARE_ONLINE),
                                                  HOTPLUG_NAMED(MEM_FINISH_OFFLINE)};
// "MEM_GOING_OFFLINE"; null if it is none.
constexpr const char* ActionName(uint32_t action) {
  for (const NamedValue& row : kMemActions) {
    if (row.value == action) return row.name;
  }
  return nullptr;
}

// include/linux/memory_hotplug.h: how to online. MMOP_ONLINE is MMOP_ONLINE_KEEP up to 5.6.
enum mmop : uint8_t { MMOP_OFFLINE, MMOP_ONLINE, MMOP_ONLINE_KERNEL, MMOP_ONLINE_MOVABLE };

// include/linux/notifier.h (5.6): what a callback returns.
enum : int32_t {
  NOTIFY_DONE = 0x0000,
  NOTIFY_OK = 0x0001,
  NOTIFY_STOP_MASK = 0x8000,
  NOTIFY_BAD = NOTIFY_STOP_MASK | 0x0002,
  NOTIFY_STOP = NOTIFY_OK | NOTIFY_STOP_MASK,
};
// Those that texts name.
inline constexpr NamedValue kNotifyAnswers[] = {HOTPLUG_NAMED(NOTIFY_DONE),
                                                HOTPLUG_NAMED(NOTIFY_OK), HOTPLUG_NAMED(NOTIFY_BAD),
                                                HOTPLUG_NAMED(NOTIFY_STOP)};
#undef HOTPLUG_NAMED

// Encapsulates a (negative) errno so that it stops the chain.
constexpr int32_t notifier_from_errno(int err) {
  return err != 0 ? (NOTIFY_STOP_MASK | (NOTIFY_OK - err)) : NOTIFY_OK;
}

// Restores a (negative) errno from a chain's return value.
constexpr int notifier_to_errno(int32_t ret) {
  ret &= ~NOTIFY_STOP_MASK;
  return ret > NOTIFY_OK ? NOTIFY_OK - ret : 0;
}

// Classes of locks, outermost first (kernel-facts section 9).
enum LockClass : uint8_t {
  kDriverMutex,
  kDeviceHotplugLock,
  kDeviceLock,
  kCpuHotplugLock,
  kMemHotplugLock,
  kPcpBatchHighLock,
  kMemoryChain,
  kDebugfsUsers,
  kLockClasses,
};
// Their names in the kernel.
inline constexpr const char* kLockNames[kLockClasses] = {
    "memtrace_mutex",   "device_hotplug_lock", "dev->mutex",         "cpu_hotplug_lock",
    "mem_hotplug_lock", "pcp_batch_high_lock", "memory_chain.rwsem", "fsd->active_users"};

// Words that user space writes to `state` and `auto_online_blocks`.
enum class StateFile : uint8_t { kOffline, kOnline, kOnlineKernel, kOnlineMovable, kGarbage };

// What user space asks for of a file, in bytes; kWholeFile: as much as there is.
inline constexpr uint64_t kWholeFile = UINT64_MAX;
inline constexpr uint64_t kMaxRead = 0x7fff0000;  // as much as a read(2) may ask for (MAX_RW_COUNT)
struct file_range {
  uint64_t offset = 0;
  uint64_t length = kWholeFile;
};

// The record of a delivery, which both worlds make: action << 16 | block, notifier, answer.
inline constexpr sim::Tp kTpNotifierCall = sim::kMmPoints.first + 28;
// The delivery of an event to all of them; in a world of a tree, the call of it.
inline constexpr sim::Tp kTpMemoryNotify = kTpNotifierCall + 1;
// Names of notifiers in records: those of the scenario by their number, the driver's by this.
inline constexpr uint16_t kDriverName = 0x100;

// The call of a notifier with an event about a block, for anchored preemptions.
constexpr sim::AnchorId DeliveryAnchor(uint32_t action, BlockId block, uint32_t name) {
  return sim::MakeAnchor(sim::AnchorKind::kDelivery, action << 20 | block.v << 10 | name);
}

// What a notifier is told: struct memory_notify, which C++ cannot name as the function.
struct memory_notify_arg {
  Pfn start_pfn;
  uint32_t nr_pages;
  int status_change_nid;         // node that gets its first or loses its last memory, or -1
  int status_change_nid_normal;  // the same for memory of zones up to ZONE_NORMAL
};

}  // namespace hotplug::world

#endif  // MODEL_WORLD_TYPES_H_
