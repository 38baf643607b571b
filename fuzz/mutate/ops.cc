// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/scenario/ops.h"

#include <algorithm>

#include "fuzz/mutate/draft.h"

namespace hotplug::mutate {

using scenario::Field;
using scenario::Mobility;
using scenario::Op;
using scenario::Operation;
using scenario::OpKind;
using scenario::Signal;
using scenario::StateWord;

namespace {

// One operation in so many is one of those that are seldom.
constexpr uint32_t kSeldom = 30;

constexpr StateWord kUsualStates[] = {
    StateWord::kOffline, StateWord::kOffline,       StateWord::kOffline,      StateWord::kOnline,
    StateWord::kOnline,  StateWord::kOnlineMovable, StateWord::kOnlineKernel, StateWord::kGarbage};

constexpr uint8_t kUsualBlocks[] = {0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 3, 4, 4, 8};

constexpr uint8_t kUsualAllocOrders[] = {0, 0, 0, 0, 1, 1, 2, 3};

constexpr Signal kUsualSignals[] = {Signal::kInt, Signal::kInt, Signal::kUsr1, Signal::kKill};

}  // namespace

OpKind Draft::Weighted(uint8_t Operation::* weight) {
  uint32_t all = 0;
  for (const Operation& row : scenario::kOperations) all += row.*weight;
  uint32_t below = random_.Below(all);
  const Operation* row = scenario::kOperations.data();
  for (; below >= row->*weight; ++row) below -= row->*weight;
  return row->kind;
}

OpKind Draft::AnyKind() {
  const OpKind kind = Weighted(random_.OneIn(kSeldom) ? &Operation::seldom : &Operation::usual);
  const bool in_vain = scenario::Has(kind, Field::kNotifier) && s_.notifiers.size == 0;
  return in_vain ? Weighted(&Operation::usual) : kind;
}

// Half of the time one that something is done to already: who competes meets there.
uint8_t Draft::AnyBlock() {
  if (s_.ops.size != 0 && random_.OneIn(2)) return s_.ops[Any(s_.ops)].block;
  return static_cast<uint8_t>(Any(s_.machine.blocks));
}

// Multiples of the size of a block; one in sixteen is not.
uint64_t Draft::AnyEnableValue() {
  const uint64_t value = Usual(kUsualBlocks) * kBlockBytes;
  if (!random_.OneIn(16)) return value;
  return value + (random_.OneIn(2) ? kBlockBytes / 2 : scenario::PageBytes(s_.machine));
}

uint64_t Draft::AnyOperand(Field field) {
  constexpr uint32_t kShortSleep = 128;
  switch (field) {
    case Field::kBytes:
      return AnyEnableValue();
    case Field::kTicks:
      return random_.Between(1, kShortSleep);
    case Field::kOrder:
      return Usual(kUsualAllocOrders);
    case Field::kContigOrder:
      return s_.machine.block_order - 1u + random_.Below(3);
    case Field::kState:
      return static_cast<uint64_t>(Usual(kUsualStates));
    case Field::kMobility:
      return static_cast<uint64_t>(random_.OneIn(4) ? Mobility::kUnmovable : Mobility::kMovable);
    case Field::kSignal:
      return static_cast<uint64_t>(Usual(kUsualSignals));
    case Field::kBlock:
    case Field::kAddress:
      return AnyBlock();
    case Field::kNode:
    case Field::kTrace:
      return s_.machine.blocks[Any(s_.machine.blocks)].node;
    // Within a file of a block or a little behind its end; one in sixteen is no multiple of a page.
    case Field::kOffset:
    case Field::kLength: {
      const uint64_t page = scenario::PageBytes(s_.machine);
      const uint64_t pages = random_.Below(2 * scenario::PagesPerBlock(s_.machine) + 1);
      return pages * page + (random_.OneIn(16) ? page / 2 : 0);
    }
    default: {
      const scenario::Range range = scenario::RangeOf(field, s_);
      return random_.Between(static_cast<uint32_t>(range.low), static_cast<uint32_t>(range.high));
    }
  }
}

Op Draft::OpOf(OpKind kind, uint32_t task) {
  Op op;
  op.kind = kind;
  op.task = static_cast<uint8_t>(task);
  for (Field field : scenario::ShapeOf(kind)) scenario::Set(&op, field, AnyOperand(field));
  return op;
}

// Somewhere among the operations of the task, as an index of the list.
uint32_t Draft::PlaceIn(uint32_t task) {
  uint32_t first = 0;
  while (first < s_.ops.size && s_.ops[first].task < task) ++first;
  uint32_t end = first;
  while (end < s_.ops.size && s_.ops[end].task == task) ++end;
  return random_.Between(first, end);
}

bool Draft::Place(const Op& op) {
  if (s_.ops.full()) return false;
  Insert(PlaceIn(op.task), op, s_.ops);
  return true;
}

bool Draft::InsertOp() {
  const OpKind kind = AnyKind();
  return Place(OpOf(kind, AnyTask()));
}

bool Draft::DuplicateOp() {
  if (s_.ops.size == 0) return false;
  Op op = s_.ops[Any(s_.ops)];
  op.task = AnyTask();
  return Place(op);
}

// The last operation of a task takes it along.
bool Draft::DeleteOp() {
  if (s_.ops.size == 0) return false;
  const uint32_t i = Any(s_.ops);
  const uint32_t task = s_.ops[i].task;
  s_.ops.erase(i);
  const bool more =
      std::any_of(s_.ops.begin(), s_.ops.end(), [task](const Op& op) { return op.task == task; });
  if (!more && s_.tasks.size > 1) EraseTask(task, kGone, s_);
  return true;
}

bool Draft::MoveOp() {
  if (s_.ops.size == 0) return false;
  const uint32_t i = Any(s_.ops);
  Op op = s_.ops[i];
  s_.ops.erase(i);
  if (random_.OneIn(2)) op.task = AnyTask();
  return Place(op);
}

bool Draft::ReplaceOp() {
  if (s_.ops.size == 0) return false;
  Op& op = s_.ops[Any(s_.ops)];
  const OpKind kind = AnyKind();
  return Assign(op, OpOf(kind, op.task));
}

// One of its operands, drawn anew, or all of them.
bool Draft::RetargetOp() {
  if (s_.ops.size == 0) return false;
  Op& op = s_.ops[Any(s_.ops)];
  const scenario::OpShape& shape = scenario::ShapeOf(op.kind);
  if (shape.nr_fields == 0) return false;
  if (random_.OneIn(4)) return Assign(op, OpOf(op.kind, op.task));
  const Field field = shape.fields[random_.Below(shape.nr_fields)];
  Op changed = op;
  scenario::Set(&changed, field, AnyOperand(field));
  return Assign(op, changed);
}

}  // namespace hotplug::mutate
