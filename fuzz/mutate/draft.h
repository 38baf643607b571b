// SPDX-License-Identifier: GPL-2.0-or-later
//
// A scenario that is being changed: what mutate.cc chooses from, in files by what is changed
// (ops.cc, tasks.cc, answers.cc, machine.cc).
#ifndef FUZZ_MUTATE_DRAFT_H_
#define FUZZ_MUTATE_DRAFT_H_

#include <cstdint>

#include "fuzz/mutate/mutate.h"
#include "model/scenario/ops.h"
#include "model/scenario/random.h"
#include "model/scenario/scenario.h"

namespace hotplug::mutate {

// In place of a task's number: nobody's.
inline constexpr uint8_t kGone = 255;

// Leaves out a task; what it does and when it is preempted becomes that of `heir`, if not kGone.
void EraseTask(uint32_t task, uint32_t heir, scenario::Scenario& s);

template <class T, uint32_t kCapacity>
void Insert(uint32_t index, const T& item, scenario::List<T, kCapacity>& list) {
  if (!list.push(item)) return;
  for (uint32_t i = list.size - 1; i > index; --i) list[i] = list[i - 1];
  list[index] = item;
}

class Draft {
 public:
  Draft(const Limits& limits, uint32_t seed, scenario::Scenario* s)
      : limits_(limits), random_(seed), s_(*s) {}

  // A change, or a few of them, which mostly keep the scenario about as long as it is.
  void ChangeSome();
  void TakeFrom(const scenario::Scenario& other);

  // The kinds of changes. Each returns false if there is nothing of its kind, or no room.
  bool InsertOp();
  bool DuplicateOp();
  bool DeleteOp();
  bool MoveOp();
  bool ReplaceOp();
  bool RetargetOp();
  bool AddPreemption();
  bool AddRoundTrip();
  bool RemovePreemption();
  bool ShiftPreemption();
  bool RetargetPreemption();
  bool AddTask();
  bool RemoveTask();
  bool MergeTasks();
  bool AddNotifier();
  bool RemoveNotifier();
  bool ChangePriority();
  bool ChangeRegistration();
  bool AddAnswer();
  bool RemoveAnswer();
  bool ChangeAnswer();
  bool AddFault();
  bool RemoveFault();
  bool ChangeFault();
  bool AddBlock();
  bool RemoveBlock();
  bool ChangeBlock();
  bool ChangeZone();
  bool ChangeNodes();
  bool ChangePages();
  bool ChangeOrders();
  bool ChangeFirstBlock();
  bool ChangeCaches();
  bool ChangeSwitch();
  bool ChangeKernel();

 private:
  // How many things of the scenario can be left out.
  uint32_t Items() const {
    return s_.machine.blocks.size + s_.notifiers.size + s_.answers.size + s_.tasks.size +
           s_.ops.size + s_.faults.size + s_.schedule.size;
  }
  template <class T, uint32_t kCapacity>
  uint32_t Any(const scenario::List<T, kCapacity>& list) {
    return random_.Below(list.size);
  }
  template <class T, uint32_t kCapacity>
  bool EraseAny(scenario::List<T, kCapacity>& list) {
    if (list.size == 0) return false;
    list.erase(Any(list));
    return true;
  }
  template <class T, size_t kSize>
  T Usual(const T (&table)[kSize]) {
    return random_.Pick(table);
  }
  template <class T>
  static bool Assign(T& field, T value) {
    const bool changes = !(field == value);
    field = value;
    return changes;
  }

  // A kind of operation, each as often as its weight says.
  scenario::OpKind Weighted(uint8_t scenario::Operation::* weight);
  scenario::OpKind AnyKind();
  uint8_t AnyTask() { return static_cast<uint8_t>(Any(s_.tasks)); }
  // Of a preemption.
  uint8_t AnyThread() {
    return limits_.kworker && random_.OneIn(3) ? static_cast<uint8_t>(kKworker) : AnyTask();
  }
  uint8_t AnyBlock();
  uint16_t AnyStep() {
    return static_cast<uint16_t>(1 + random_.Below(uint32_t{1} << random_.Between(1, 8)));
  }
  uint64_t AnyEnableValue();
  uint64_t AnyOperand(scenario::Field field);
  scenario::Op OpOf(scenario::OpKind kind, uint32_t task);
  scenario::Answer AnswerOf(uint32_t notifier);
  scenario::Fault AnyFault();
  uint32_t PlaceIn(uint32_t task);
  bool Place(const scenario::Op& op);

  const Limits& limits_;
  scenario::Random random_;
  scenario::Scenario& s_;
};

}  // namespace hotplug::mutate

#endif  // FUZZ_MUTATE_DRAFT_H_
