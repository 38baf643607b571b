// SPDX-License-Identifier: GPL-2.0-or-later
//
// The host's part of a world's state: plain data in the arena of the machine, where addresses of
// the kernel side are numbers. What is the host's own (the image, templates, texts) is in World.
#ifndef MODEL_TREE_STATE_H_
#define MODEL_TREE_STATE_H_

#include <array>
#include <cstdint>

#include "model/limits.h"
#include "model/sim/lock.h"
#include "model/sim/machine.h"
#include "model/tree/abi.h"
#include "model/world/types.h"
#include "model/world/view.h"

namespace hotplug::tree {

inline constexpr sim::Region kTreeRegion = 12;
inline constexpr uint32_t kMaxLocks = 64;  // held or waited for at one time, and static ones
inline constexpr uint32_t kMaxReports = 16;
inline constexpr uint32_t kMaxFreeing = 256;  // chunks

// What the kernel says about itself, or is said about it.
enum class ReportKind : uint8_t { kNone, kBug, kFault, kNotSimulated, kWarn, kBadPage, kHeap };
struct Report {
  ReportKind kind;
  uint8_t call;  // kNotSimulated: a function that was called, and no variable
  uint16_t text;
  uint32_t pc;       // of the instruction; 0 where a text says all
  uint64_t address;  // kFault: what it wanted to access
};

struct Pages {
  uint32_t pfn;
  uint32_t nr;
};

struct State {
  std::array<uint32_t, kMaxLocks> lock_address;
  std::array<sim::Lock, kMaxLocks> locks;
  std::array<Report, kMaxReports> reports;
  std::array<uint64_t, kMaxThreads> user_mapped;  // by each task: a bit for each block
  uint64_t adding;                                // blocks that somebody adds just now, a bit each
  uint32_t nr_reports;
  std::array<int32_t, kMaxNotifiers> notifier_priority;  // of the scenario
  std::array<uint8_t, kMaxFaults> fault_calls;           // for whoever binds World::Bound::fault
  std::array<uint32_t, kMaxThreads> waits_for;           // of each task: the object, or 0
  // Of each task inside of the kernel: its frame pointer when it called the host last; 0 outside.
  std::array<uint32_t, kMaxThreads> entered;
  std::array<world::AllocationState, kMaxAllocations> allocations;  // by the glue's numbers
  // That have left their owner, and have not come to the allocator's lists yet.
  std::array<Pages, kMaxFreeing> freeing;
  uint32_t nr_freeing;
  uint32_t tested;        // pfn up to which test_pages_isolated() has found its range free
  uint32_t nr_moved;      // pages of allocations that have been migrated,
  uint32_t moved_before;  // and how many had at the last round of a loop
  uint32_t round;         // code that each round of offlining comes to, once it has
  Pages about;            // that go online or offline
  uint16_t offlining;     // tasks in offline_pages(), a bit each
  // Notifiers of the scenario, a bit each, in the operation that goes on: asked by MEM_GOING_*;
  // not, and somebody's answer or a late registration is the reason; asked, and not told how it
  // ended; told that, and not asked without a reason, or told what is not so.
  uint16_t asked;
  uint16_t excused;
  uint16_t untold;
  uint16_t unasked;
  uint16_t told;      // how it ended,
  uint16_t refused;   // and who has refused it
  uint8_t nr_inside;  // tasks in calls of the kernel
  uint8_t booted;
  std::array<uint8_t, kMaxThreads> changing;  // the notifier + 1 that a task (un)registers
  uint8_t nr_locks;
  uint8_t ended_as;  // the last event that says how it ended; 0: none yet
  uint8_t pad[5];
};

inline State& state() { return *sim::machine->Get<State>(kTreeRegion); }

}  // namespace hotplug::tree

#endif  // MODEL_TREE_STATE_H_
