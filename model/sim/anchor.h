// SPDX-License-Identifier: GPL-2.0-or-later
//
// Anchored preemptions: another task runs before or after something that a task does, however many
// steps it took to get there. sim knows its locks; what else can happen, the rooms above say.
//
//   sim::anchor(When::kBefore, DeliveryAnchor(action, block, name));
#ifndef MODEL_SIM_ANCHOR_H_
#define MODEL_SIM_ANCHOR_H_

#include <cstdint>

namespace hotplug {

// Where a preemption is: after a scheduling point of the task, counted from its start, or just
// before or after something that the task does.
enum class When : uint8_t { kStep, kBefore, kAfter };

namespace sim {

// Something that a task does: the kind in the upper 4 bits, what it is done to below. 0 is nothing.
using AnchorId = uint32_t;

enum class AnchorKind : uint8_t {
  kNone,
  kLock,
  kUnlock,
  kDelivery,
  kFunction,
  kTurn,  // the scheduler comes to the task by itself, before its nth step: a ScheduleEntry
};

constexpr AnchorId MakeAnchor(AnchorKind kind, uint32_t what) {
  return static_cast<uint32_t>(kind) << 28 | what;
}
// A lock of the class is taken, shared or not; and given back.
constexpr AnchorId LockAnchor(uint32_t lock_class) {
  return MakeAnchor(AnchorKind::kLock, lock_class);
}
constexpr AnchorId UnlockAnchor(uint32_t lock_class) {
  return MakeAnchor(AnchorKind::kUnlock, lock_class);
}

// The nth time (1 = the first) that `task` does this, `other` runs, if it is ready.
struct AnchoredEntry {
  AnchorId id;
  uint16_t nth;
  uint16_t seen;  // times so far
  When when;
  uint8_t task;
  uint8_t other;
  uint8_t pad;
};

}  // namespace sim
}  // namespace hotplug

#endif  // MODEL_SIM_ANCHOR_H_
