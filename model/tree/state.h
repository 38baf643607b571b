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

namespace hotplug::tree {

inline constexpr sim::Region kTreeRegion = 12;
inline constexpr uint32_t kMaxLocks = 64;  // held or waited for at one time, and static ones
inline constexpr uint32_t kMaxReports = 16;

// What the kernel says about itself, or is said about it.
enum class ReportKind : uint8_t { kNone, kBug, kFault, kNotSimulated, kWarn, kBadPage, kHeap };
struct Report {
  ReportKind kind;
  uint8_t call;  // kNotSimulated: a function that was called, and no variable
  uint16_t text;
  uint32_t pc;       // of the instruction; 0 where a text says all
  uint64_t address;  // kFault: what it wanted to access
};

struct State {
  std::array<uint32_t, kMaxLocks> lock_address;  // 0: unused
  std::array<sim::Lock, kMaxLocks> locks;
  std::array<Report, kMaxReports> reports;
  uint32_t nr_reports;
  std::array<int32_t, kMaxNotifiers> notifier_priority;  // of the scenario
  std::array<uint8_t, kMaxFaults> fault_calls;           // for whoever binds World::Bound::fault
  uint8_t nr_inside;                                     // tasks in calls of the kernel
  uint8_t booted;
  uint8_t pad[2];
};

inline State& state() { return *sim::machine->Get<State>(kTreeRegion); }

}  // namespace hotplug::tree

#endif  // MODEL_TREE_STATE_H_
