// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <span>

#include "fuzz/mutate/draft.h"
#include "model/scenario/rules.h"

namespace hotplug::mutate {

using scenario::Answer;
using scenario::Fault;
using scenario::FaultSite;
using scenario::Notifier;
using scenario::Op;
using scenario::OpKind;

namespace {

constexpr uint8_t kUsualActions[] = {
    mm::MEM_GOING_OFFLINE, mm::MEM_GOING_OFFLINE, mm::MEM_GOING_OFFLINE, mm::MEM_GOING_ONLINE,
    mm::MEM_OFFLINE,       mm::MEM_ONLINE,        mm::MEM_CANCEL_ONLINE, mm::MEM_CANCEL_OFFLINE};

constexpr uint8_t kUsualNths[] = {0, 0, 1, 1, 2, 3};

constexpr uint32_t kUsualAnswers[] = {mm::notifier_from_errno(-EBUSY),
                                      mm::notifier_from_errno(-EBUSY),
                                      mm::notifier_from_errno(-ENOMEM),
                                      mm::notifier_from_errno(-EAGAIN),
                                      mm::NOTIFY_BAD,
                                      mm::NOTIFY_BAD,
                                      mm::NOTIFY_STOP,
                                      mm::NOTIFY_OK,
                                      mm::NOTIFY_DONE,
                                      static_cast<uint32_t>(-EBUSY),
                                      static_cast<uint32_t>(-EPERM)};

constexpr int16_t kUsualPriorities[] = {0, 0, 0, 1, -1, 10, -10, 100, -100};

}  // namespace

Answer Draft::AnswerOf(uint32_t notifier) {
  Answer answer;
  answer.notifier = static_cast<uint8_t>(notifier);
  answer.action = Usual(kUsualActions);
  answer.block = random_.OneIn(2) ? AnyBlock() : Answer::kAnyBlock;
  answer.nth = Usual(kUsualNths);
  answer.value = Usual(kUsualAnswers);
  return answer;
}

Fault Draft::AnyFault() {
  Fault fault;
  fault.site = static_cast<FaultSite>(
      random_.Below(limits_.kworker ? mm::kFaultSites : mm::kCommonFaultSites));
  fault.nth = static_cast<uint8_t>(random_.Between(1, 4));
  const std::span<const uint8_t> errnos = mm::FaultErrnos(fault.site);
  fault.error = errnos[random_.Below(mm::kFaultErrnos.size()) % errnos.size()];
  return fault;
}

bool Draft::AddNotifier() {
  if (s_.notifiers.full() || s_.answers.full()) return false;
  s_.notifiers.push(Notifier{Usual(kUsualPriorities)});
  const Answer answer = AnswerOf(s_.notifiers.size - 1);
  return s_.answers.push(answer);
}

bool Draft::RemoveNotifier() {
  if (s_.notifiers.size == 0) return false;
  const uint32_t notifier = Any(s_.notifiers);
  for (uint32_t i = s_.ops.size; i-- > 0;) {
    Op& op = s_.ops[i];
    if (scenario::Has(op.kind, scenario::Field::kNotifier) && op.notifier == notifier) {
      s_.ops.erase(i);
    } else if (op.notifier > notifier) {
      --op.notifier;
    }
  }
  for (uint32_t i = s_.answers.size; i-- > 0;) {
    Answer& answer = s_.answers[i];
    if (answer.notifier == notifier) {
      s_.answers.erase(i);
    } else if (answer.notifier > notifier) {
      --answer.notifier;
    }
  }
  s_.notifiers.erase(notifier);
  return true;
}

bool Draft::ChangePriority() {
  if (s_.notifiers.size == 0) return false;
  Notifier& notifier = s_.notifiers[Any(s_.notifiers)];
  return Assign(notifier.priority, Usual(kUsualPriorities));
}

// At the start, or not until some task does it.
bool Draft::ChangeRegistration() {
  if (s_.notifiers.size == 0) return false;
  const uint32_t i = Any(s_.notifiers);
  const bool later = std::any_of(s_.ops.begin(), s_.ops.end(), [i](const Op& op) {
    return op.kind == OpKind::kRegister && op.notifier == i;
  });
  bool& unregistered = s_.notifiers[i].unregistered;
  return Assign(unregistered, later && !unregistered);
}

// Before others or behind them: the first one that matches counts.
bool Draft::AddAnswer() {
  if (s_.notifiers.size == 0 || s_.answers.full()) return false;
  const uint32_t at = random_.Between(0, s_.answers.size);
  const Answer answer = AnswerOf(Any(s_.notifiers));
  Insert(at, answer, s_.answers);
  return true;
}

bool Draft::RemoveAnswer() { return EraseAny(s_.answers); }

bool Draft::ChangeAnswer() {
  if (s_.answers.size == 0) return false;
  Answer& answer = s_.answers[Any(s_.answers)];
  const Answer drawn = AnswerOf(answer.notifier);
  switch (random_.Below(5)) {
    case 0:
      return Assign(answer.action, drawn.action);
    case 1:
      return Assign(answer.block, drawn.block);
    case 2:
      return Assign(answer.nth, drawn.nth);
    case 3:
      return Assign(answer.value, drawn.value);
    default:
      return Assign(answer.notifier, static_cast<uint8_t>(Any(s_.notifiers)));
  }
}

bool Draft::AddFault() {
  const Fault fault = AnyFault();
  return s_.faults.push(fault);
}

bool Draft::RemoveFault() { return EraseAny(s_.faults); }

bool Draft::ChangeFault() {
  if (s_.faults.size == 0) return false;
  Fault& fault = s_.faults[Any(s_.faults)];
  const Fault drawn = AnyFault();
  return random_.OneIn(2) ? Assign(fault, drawn) : Assign(fault.nth, drawn.nth);
}

}  // namespace hotplug::mutate
