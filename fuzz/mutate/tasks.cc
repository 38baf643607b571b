// SPDX-License-Identifier: GPL-2.0-or-later
#include <array>
#include <utility>

#include "fuzz/mutate/draft.h"

namespace hotplug::mutate {

using scenario::Answer;
using scenario::Fault;
using scenario::Notifier;
using scenario::Op;
using scenario::OpKind;
using scenario::Preemption;
using scenario::Random;
using scenario::Scenario;
using scenario::Task;

namespace {

// The new number of each task; kGone for one that is left out. Two may become one.
// The kworker's never changes.
using NewTasks = std::array<uint8_t, kMaxThreads>;

// What names a task that is gone goes with it. The list of tasks stays.
void RenumberTasks(const NewTasks& to, Scenario& s) {
  for (uint32_t i = s.ops.size; i-- > 0;) {
    Op& op = s.ops[i];
    const uint8_t target = scenario::Has(op.kind, scenario::Field::kTask) ? to[op.target] : 0;
    if (to[op.task] == kGone || target == kGone) {
      s.ops.erase(i);
      continue;
    }
    op.task = to[op.task];
    op.target = target;
  }
  for (uint32_t i = s.schedule.size; i-- > 0;) {
    Preemption& p = s.schedule[i];
    if (to[p.task] == kGone || to[p.other] == kGone) {
      s.schedule.erase(i);
      continue;
    }
    p.task = to[p.task];
    p.other = to[p.other];
  }
}

}  // namespace

void EraseTask(uint32_t task, uint32_t heir, Scenario& s) {
  NewTasks to{};
  for (uint32_t i = 0; i < kMaxTasks; ++i) to[i] = static_cast<uint8_t>(i > task ? i - 1 : i);
  to[kKworker] = kKworker;
  to[task] = heir == kGone ? kGone : to[heir];
  RenumberTasks(to, s);
  s.tasks.erase(task);
}

bool Draft::AddPreemption() {
  if (s_.tasks.size < 2 && !limits_.kworker) return false;
  Preemption p;
  p.task = AnyThread();
  p.other = AnyThread();
  p.step = AnyStep();
  return p.other != p.task && s_.schedule.push(p);
}

// A preemption and the way back, some steps of the other task later.
bool Draft::AddRoundTrip() {
  if ((s_.tasks.size < 2 && !limits_.kworker) || s_.schedule.size + 2 > kMaxPreemptions)
    return false;
  Preemption p;
  p.task = AnyThread();
  p.other = AnyThread();
  p.step = AnyStep();
  if (p.other == p.task) return false;
  s_.schedule.push(p);
  std::swap(p.task, p.other);
  p.step = AnyStep();
  return s_.schedule.push(p);
}

bool Draft::RemovePreemption() { return EraseAny(s_.schedule); }

// Steps shift with whatever happens before them, so that mostly near by is right.
bool Draft::ShiftPreemption() {
  constexpr uint32_t kNear = 8;
  if (s_.schedule.size == 0) return false;
  Preemption& p = s_.schedule[Any(s_.schedule)];
  const auto by = static_cast<uint16_t>(random_.Between(1, kNear));
  const bool back = random_.OneIn(2);
  if (back ? p.step <= by : p.step > UINT16_MAX - by) return false;
  p.step = static_cast<uint16_t>(back ? p.step - by : p.step + by);
  return true;
}

bool Draft::RetargetPreemption() {
  if (s_.schedule.size == 0) return false;
  Preemption& p = s_.schedule[Any(s_.schedule)];
  switch (random_.Below(3)) {
    case 0:
      return Assign(p.task, AnyThread());
    case 1:
      return Assign(p.other, AnyThread());
    default:
      return Assign(p.step, AnyStep());
  }
}

bool Draft::AddTask() {
  if (s_.tasks.full() || s_.ops.full()) return false;
  const OpKind kind = AnyKind();
  s_.tasks.push(Task{scenario::OperationOf(kind).role});
  const Op op = OpOf(kind, s_.tasks.size - 1);
  s_.ops.push(op);
  return true;
}

bool Draft::RemoveTask() {
  if (s_.tasks.size < 2) return false;
  EraseTask(AnyTask(), kGone, s_);
  return true;
}

bool Draft::MergeTasks() {
  if (s_.tasks.size < 2) return false;
  const uint32_t task = AnyTask();
  const uint32_t heir = AnyTask();
  if (heir == task) return false;
  EraseTask(task, heir, s_);
  return true;
}

// ---- Of two scenarios ----------------------------------------------------------------------

namespace {

// Which tasks of a scenario go on, at least one, and at most `most`, numbered from `first`.
NewTasks Choose(const Scenario& s, uint32_t first, uint32_t most, Random& random) {
  NewTasks to{};
  const uint32_t sure = random.Below(s.tasks.size);
  uint32_t chosen = 0;
  for (uint32_t i = 0; i < kMaxTasks; ++i) {
    const bool there = i < s.tasks.size;
    const bool room = chosen + (i < sure ? 1 : 0) < most;
    const bool go_on = there && room && (i == sure || random.OneIn(2));
    to[i] = static_cast<uint8_t>(go_on ? first + chosen : kGone);
    if (go_on) ++chosen;
  }
  to[kKworker] = kKworker;
  return to;
}

void AppendTasks(const Scenario& from, const NewTasks& to, Scenario& s) {
  Scenario part = from;
  RenumberTasks(to, part);
  for (uint32_t i = 0; i < from.tasks.size; ++i) {
    if (to[i] != kGone) s.tasks.push(from.tasks[i]);
  }
  for (const Op& op : part.ops) s.ops.push(op);
  for (const Preemption& p : part.schedule) s.schedule.push(p);
}

// The notifiers behind those that are there, with their answers.
void AppendNotifiers(const Scenario& from, Scenario& s) {
  const uint32_t first = s.notifiers.size;
  for (const Notifier& notifier : from.notifiers) s.notifiers.push(notifier);
  for (Answer answer : from.answers) {
    answer.notifier = static_cast<uint8_t>(answer.notifier + first);
    if (answer.notifier < s.notifiers.size) s.answers.push(answer);
  }
}

}  // namespace

void Draft::TakeFrom(const Scenario& other) {
  const Scenario own = s_;
  const bool own_machine = random_.OneIn(2);
  s_ = Scenario{};
  s_.machine = own_machine ? own.machine : other.machine;
  s_.driver = own.driver;
  const NewTasks first = Choose(own, 0, kMaxTasks / 2, random_);
  AppendTasks(own, first, s_);
  const NewTasks second = Choose(other, s_.tasks.size, kMaxTasks / 2, random_);
  AppendTasks(other, second, s_);
  for (const Scenario* from : {&own, &other}) {
    if (random_.OneIn(2)) AppendNotifiers(*from, s_);
    if (random_.OneIn(2)) continue;
    for (const Fault& fault : from->faults) s_.faults.push(fault);
  }
}

}  // namespace hotplug::mutate
