// SPDX-License-Identifier: GPL-2.0-or-later
//
// The rules of scenario.h, in the order of its fields.
#include <algorithm>
#include <span>

#include "model/mm/boot.h"
#include "model/scenario/ops.h"
#include "model/scenario/rules.h"
#include "model/scenario/scenario.h"

namespace hotplug::scenario {
namespace {

template <class T, uint32_t kCapacity>
bool TailIsZero(const List<T, kCapacity>& list) {
  if (list.size > kCapacity) return false;
  for (uint32_t i = list.size; i < kCapacity; ++i) {
    if (!(list.items[i] == T{})) return false;
  }
  return true;
}

const char* InvalidLists(const Scenario& s) {
  const bool ok = TailIsZero(s.machine.blocks) && TailIsZero(s.notifiers) &&
                  TailIsZero(s.answers) && TailIsZero(s.tasks) && TailIsZero(s.ops) &&
                  TailIsZero(s.faults) && TailIsZero(s.schedule);
  return ok ? nullptr : "a list is longer than its capacity, or not zero behind its end";
}

const char* InvalidBlocks(const Machine& m) {
  if (m.blocks.size == 0) return "there is no memory block";
  for (uint32_t i = 0; i < m.blocks.size; ++i) {
    const Block& b = m.blocks[i];
    if (b.node >= kMaxNodes) return "a block is on a node that cannot exist";
    if (b.zone > Zone::kMovable) return "a block is in an unknown zone";
    if (b.reserved && b.offline) return "a block is both reserved and offline";
    if (i == 0) continue;
    const Block& below = m.blocks[i - 1];
    if (b.node < below.node) return "node numbers decrease";
    if (b.node == below.node && b.zone < below.zone)
      return "a normal block lies above a movable one";
  }
  if (m.first_block == 0 && !m.blocks[0].reserved) return "block 0 is not reserved";
  return nullptr;
}

const char* InvalidNotifiers(const Scenario& s) {
  for (uint32_t i = 0; i < s.answers.size; ++i) {
    const Answer& a = s.answers[i];
    if (a.notifier >= s.notifiers.size) return "an answer is of a notifier that is not there";
    if (i > 0 && a.notifier < s.answers[i - 1].notifier) return "answers are not grouped";
    if (mm::ActionName(a.action) == nullptr) return "an answer is to an unknown action";
    if (a.block != Answer::kAnyBlock && a.block >= s.machine.blocks.size) {
      return "an answer is about a block that is not there";
    }
  }
  return nullptr;
}

// What is wrong with an operand that is out of its range.
const char* OutOfRange(Field field) {
  switch (field) {
    case Field::kBlock:
    case Field::kAddress:
      return "an operation is on a block that is not there";
    case Field::kTask:
      return "an operation is on a task that is not there";
    case Field::kNotifier:
      return "an operation is on a notifier that is not there";
    case Field::kPage:
      return "an operation is on a page outside its block";
    case Field::kOrder:
    case Field::kContigOrder:
      return "an allocation is too large";
    case Field::kNode:
    case Field::kTrace:
      return "an operation is on a node without memory";
    case Field::kBlocks:
      return "an operation is on too few or too many blocks";
    case Field::kTicks:
      return "a sleep is too short or too long";
    default:
      return "an operation has an unknown argument";
  }
}

const char* InvalidOp(const Scenario& s, const Op& op) {
  if (static_cast<uint32_t>(op.kind) >= kOpKinds) return "an operation is of an unknown kind";
  if (!(op == Canonical(op))) return "an operation has a field that its kind does not use";
  if (op.task >= s.tasks.size) return "an operation is of a task that is not there";
  for (Field field : ShapeOf(op.kind)) {
    if (!RangeOf(field, s).contains(Get(op, field))) return OutOfRange(field);
  }
  if (NamesNode(op.kind) && !HasNode(s.machine, op.node)) return OutOfRange(Field::kNode);
  return nullptr;
}

const char* InvalidTasks(const Scenario& s) {
  if (s.tasks.size == 0) return "there is no task";
  for (const Task& task : s.tasks) {
    if (static_cast<uint32_t>(task.role) >= kRoles) return "a task has an unknown role";
  }
  for (uint32_t i = 0; i < s.ops.size; ++i) {
    if (const char* why = InvalidOp(s, s.ops[i])) return why;
    if (i > 0 && s.ops[i].task < s.ops[i - 1].task) return "operations are not grouped";
  }
  return nullptr;
}

const char* InvalidFaults(const Scenario& s) {
  for (const Fault& fault : s.faults) {
    if (static_cast<uint32_t>(fault.site) >= mm::kFaultSites)
      return "a fault is at an unknown site";
    if (fault.nth == 0) return "a fault is at call 0, but calls count from 1";
    const auto has = [&fault](std::span<const uint8_t> errnos) {
      return std::find(errnos.begin(), errnos.end(), fault.error) != errnos.end();
    };
    if (!has(mm::kFaultErrnos)) return "a fault has an unknown errno";
    if (!has(mm::FaultErrnos(fault.site)))
      return "a fault has an errno that its site cannot return";
  }
  return nullptr;
}

const char* InvalidEvent(const Scenario& s, const Names& names, const Preemption& p) {
  const Event& e = p.event;
  Event used;
  used.kind = e.kind;
  switch (e.kind) {
    case sim::AnchorKind::kLock:
    case sim::AnchorKind::kUnlock:
      if (e.row >= mm::kLockClasses) return "a preemption is anchored at an unknown lock";
      used.row = e.row;
      break;
    case sim::AnchorKind::kDelivery:
      if (mm::ActionName(e.action) == nullptr) {
        return "a preemption is anchored at an unknown action";
      }
      if (e.block >= s.machine.blocks.size) {
        return "a preemption is anchored at a block that is not there";
      }
      if (e.notifier != Event::kOfDriver && e.notifier >= s.notifiers.size) {
        return "a preemption is anchored at a notifier that is not there";
      }
      if (e.notifier == Event::kOfDriver && names.callback(s.driver) == nullptr) {
        return "a preemption is anchored at a notifier of a driver that has none";
      }
      used = e;
      used.row = 0;
      break;
    case sim::AnchorKind::kFunction:
      if (e.row >= NrFunctions(names)) return "a preemption is anchored at an unknown function";
      if (p.when == When::kBefore && e.row >= mm::kNrFunctions) {
        return "a preemption is before a function that tells only its end";
      }
      used.row = e.row;
      break;
    case sim::AnchorKind::kTurn:
      if (p.when != When::kBefore) return "a preemption is after a turn, and not before it";
      break;
    default:
      return "a preemption is anchored at nothing";
  }
  return e == used ? nullptr : "an anchor has what its kind does not have";
}

const char* InvalidSchedule(const Scenario& s, const Names& names) {
  const auto there = [&s](uint8_t task) { return task < s.tasks.size || task == kKworker; };
  for (const Preemption& p : s.schedule) {
    if (!there(p.task) || !there(p.other)) {
      return "a preemption is of a task that is not there";
    }
    if (p.when > When::kAfter) return "a preemption is neither at a step nor anchored";
    const bool anchored = p.when != When::kStep;
    if (anchored ? p.nth == 0 : p.step == 0) {
      return "a preemption is at step 0, but steps count from 1";
    }
    if (anchored ? p.step != 0 : p.nth != 0 || !(p.event == Event{})) {
      return "a preemption is both at a step and anchored";
    }
    if (!anchored) continue;
    if (const char* why = InvalidEvent(s, names, p)) return why;
  }
  return nullptr;
}

}  // namespace

const char* Invalid(const Scenario& s, const Names& names) {
  if (s.machine.kernel >= names.nr_kernels) return "there is no such kernel";
  if (s.driver >= names.nr_drivers) return "there is no such driver";
  if ((s.machine.fixes & ~names.kernel_fixes.all()) != 0) return "there is no such fix of the core";
  if ((s.fixes & ~names.driver_fixes(s.driver).all()) != 0)
    return "there is no such fix of the driver";
  if (const char* why = InvalidLists(s)) return why;
  const Machine& m = s.machine;
  if (const char* why = mm::InvalidGeometry(m.block_order, m.pageblock_order, m.max_order))
    return why;
  if (const char* why = InvalidBlocks(s.machine)) return why;
  if (const char* why = InvalidNotifiers(s)) return why;
  if (const char* why = InvalidTasks(s)) return why;
  if (const char* why = InvalidFaults(s)) return why;
  return InvalidSchedule(s, names);
}

}  // namespace hotplug::scenario
