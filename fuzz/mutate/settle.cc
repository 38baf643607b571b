// SPDX-License-Identifier: GPL-2.0-or-later
//
// The rules of a scenario, restored after a change, so that a change need not know them all.
#include <algorithm>
#include <array>

#include "fuzz/mutate/mutate.h"
#include "model/scenario/ops.h"
#include "model/scenario/rules.h"

namespace hotplug::mutate {
namespace {

using scenario::Answer;
using scenario::Block;
using scenario::Field;
using scenario::List;
using scenario::Machine;
using scenario::Op;
using scenario::OpKind;
using scenario::Preemption;
using scenario::Scenario;
using scenario::Zone;

void SettleMachine(Machine& m) {
  m.max_order = std::min(m.max_order, m.block_order);
  m.pageblock_order = std::min(m.pageblock_order, m.block_order);
  for (uint32_t i = 1; i < m.blocks.size; ++i) {
    const Block& below = m.blocks[i - 1];
    Block& block = m.blocks[i];
    block.node = std::max(block.node, below.node);
    if (block.node == below.node && below.zone == Zone::kMovable) block.zone = Zone::kMovable;
  }
  if (m.first_block == 0) {
    m.blocks[0].reserved = true;
    m.blocks[0].offline = false;
  }
}

// Sorts by the item's owner and keeps the order within it. The lists are short and all but
// sorted, which is what an insertion sort is good at.
template <auto kOwner, class T, uint32_t kCapacity>
void Group(List<T, kCapacity>& list) {
  for (uint32_t i = 1; i < list.size; ++i) {
    const T item = list[i];
    uint32_t at = i;
    for (; at > 0 && list[at - 1].*kOwner > item.*kOwner; --at) list[at] = list[at - 1];
    list[at] = item;
  }
}

void SettleOps(Scenario& s) {
  scenario::SettleOperands(&s);
  Group<&Op::task>(s.ops);
}

// Without any notifier there is nothing to register.
void SettleNotifiers(Scenario& s) {
  for (uint32_t i = s.ops.size; i-- > 0;) {
    Op& op = s.ops[i];
    if (!scenario::Has(op.kind, Field::kNotifier)) continue;
    if (s.notifiers.size == 0) {
      s.ops.erase(i);
    } else {
      op.notifier = static_cast<uint8_t>(op.notifier % s.notifiers.size);
    }
  }
}

void SettleAnswers(Scenario& s) {
  for (Answer& answer : s.answers) {
    if (answer.block == Answer::kAnyBlock) continue;
    answer.block = static_cast<uint8_t>(answer.block % s.machine.blocks.size);
  }
  Group<&Answer::notifier>(s.answers);
}

// Drops each operation that waits for the end of a task which, by the operations before it in
// the list, waits for the end of its own.
void DropCircularWaits(Scenario& s) {
  std::array<uint32_t, kMaxTasks> awaits{};  // a bit for each task, directly or not
  for (uint32_t i = 0; i < s.ops.size;) {
    const Op& op = s.ops[i];
    if (op.kind != OpKind::kAfter) {
      ++i;
    } else if (op.target == op.task || (awaits[op.target] >> op.task & 1) != 0) {
      s.ops.erase(i);
    } else {
      const uint32_t more = awaits[op.target] | uint32_t{1} << op.target;
      for (uint32_t task = 0; task < s.tasks.size; ++task) {
        if (task == op.task || (awaits[task] >> op.task & 1) != 0) awaits[task] |= more;
      }
      ++i;
    }
  }
}

// Drops the preemptions by the task itself, and of two at one place the second.
void DropVainPreemptions(Scenario& s) {
  const auto is_vain = [&s](uint32_t i) {
    const Preemption& p = s.schedule[i];
    bool vain = p.other == p.task;
    for (uint32_t k = 0; k < i && !vain; ++k) {
      vain = s.schedule[k].task == p.task && s.schedule[k].step == p.step;
    }
    return vain;
  };
  for (uint32_t i = 0; i < s.schedule.size;) {
    if (is_vain(i)) {
      s.schedule.erase(i);
    } else {
      ++i;
    }
  }
}

}  // namespace

void Settle(Scenario* s) {
  SettleMachine(s->machine);
  SettleOps(*s);
  SettleNotifiers(*s);
  SettleAnswers(*s);
  DropCircularWaits(*s);
  DropVainPreemptions(*s);
}

}  // namespace hotplug::mutate
