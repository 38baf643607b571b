// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>

#include "fuzz/mutate/draft.h"
#include "model/scenario/rules.h"
#include "model/scenario/words.h"

namespace hotplug::mutate {

using scenario::Mobility;
using scenario::Op;
using scenario::OpKind;
using scenario::Signal;
using scenario::StateWord;

namespace {

constexpr OpKind kUsualOps[] = {
    OpKind::kWriteEnable, OpKind::kWriteEnable, OpKind::kWriteEnable, OpKind::kWriteState,
    OpKind::kWriteState,  OpKind::kWriteState,  OpKind::kWriteState,  OpKind::kWriteOnline,
    OpKind::kAlloc,       OpKind::kAlloc,       OpKind::kFree,        OpKind::kGet,
    OpKind::kGet,         OpKind::kPut,         OpKind::kPut,         OpKind::kKill,
    OpKind::kAfter,       OpKind::kSleep,       OpKind::kReadEnable};

// What competes more seldom: one operation in thirty.
constexpr uint32_t kSeldom = 30;
constexpr OpKind kSeldomOps[] = {OpKind::kWriteProbe, OpKind::kRemove,          OpKind::kRemove,
                                 OpKind::kAdd,        OpKind::kWriteAutoOnline, OpKind::kRegister,
                                 OpKind::kUnregister, OpKind::kAllocContig,     OpKind::kFreeContig,
                                 OpKind::kPoison,     OpKind::kReadTrace,       OpKind::kMmapTrace};

constexpr StateWord kUsualStates[] = {
    StateWord::kOffline, StateWord::kOffline,       StateWord::kOffline,      StateWord::kOnline,
    StateWord::kOnline,  StateWord::kOnlineMovable, StateWord::kOnlineKernel, StateWord::kGarbage};

constexpr uint8_t kUsualBlocks[] = {0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 3, 4, 4, 8};

constexpr uint8_t kUsualAllocOrders[] = {0, 0, 0, 0, 1, 1, 2, 3};

constexpr Signal kUsualSignals[] = {Signal::kInt, Signal::kInt, Signal::kUsr1, Signal::kKill};

}  // namespace

OpKind Draft::AnyKind() {
  const OpKind kind = random_.OneIn(kSeldom) ? Usual(kSeldomOps) : Usual(kUsualOps);
  const bool in_vain = scenario::NamesNotifier(kind) && s_.notifiers.size == 0;
  return in_vain ? Usual(kUsualOps) : kind;
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

Op Draft::OpOf(OpKind kind, uint32_t task) {
  constexpr uint32_t kShortSleep = 128;
  Op op;
  op.kind = kind;
  op.task = static_cast<uint8_t>(task);
  switch (kind) {
    case OpKind::kWriteEnable:
      op.value = AnyEnableValue();
      break;
    case OpKind::kWriteState:
      op.block = AnyBlock();
      op.arg = static_cast<uint8_t>(Usual(kUsualStates));
      break;
    case OpKind::kWriteOnline:
      op.block = AnyBlock();
      op.arg = static_cast<uint8_t>(random_.Below(2));
      break;
    case OpKind::kAlloc:
      op.arg = static_cast<uint8_t>(random_.OneIn(4) ? Mobility::kUnmovable : Mobility::kMovable);
      op.order = Usual(kUsualAllocOrders);
      op.node = s_.machine.blocks[Any(s_.machine.blocks)].node;
      break;
    case OpKind::kGet:
    case OpKind::kPoison:
      op.block = AnyBlock();
      op.page = static_cast<uint16_t>(random_.Below(scenario::PagesPerBlock(s_.machine)));
      break;
    case OpKind::kKill:
      op.target = AnyTask();
      op.arg = static_cast<uint8_t>(Usual(kUsualSignals));
      break;
    case OpKind::kAfter:
      op.target = AnyTask();
      break;
    case OpKind::kSleep:
      op.value = random_.Between(1, kShortSleep);
      break;
    case OpKind::kWriteProbe:
    case OpKind::kRemove:
    case OpKind::kAdd:
      op.block = AnyBlock();
      break;
    case OpKind::kReadTrace:
    case OpKind::kMmapTrace:
      op.node = s_.machine.blocks[Any(s_.machine.blocks)].node;
      break;
    case OpKind::kWriteAutoOnline:
      op.arg = static_cast<uint8_t>(random_.Below(scenario::kStateWords));
      break;
    case OpKind::kRegister:
    case OpKind::kUnregister:
      op.notifier = static_cast<uint8_t>(Any(s_.notifiers));
      break;
    case OpKind::kAllocContig:
      op.order = static_cast<uint8_t>(s_.machine.block_order - 1u + random_.Below(3));
      op.node = s_.machine.blocks[Any(s_.machine.blocks)].node;
      break;
    case OpKind::kReadEnable:
    case OpKind::kFree:
    case OpKind::kFreeContig:
    case OpKind::kPut:
      break;
  }
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

// One of its operands, drawn anew.
bool Draft::RetargetOp() {
  if (s_.ops.size == 0) return false;
  Op& op = s_.ops[Any(s_.ops)];
  const Op drawn = OpOf(op.kind, op.task);
  switch (random_.Below(4)) {
    case 0:
      return Assign(op.block, drawn.block) || Assign(op.target, drawn.target) ||
             Assign(op.notifier, drawn.notifier);
    case 1:
      return Assign(op.arg, drawn.arg) || Assign(op.page, drawn.page);
    case 2:
      return Assign(op.value, drawn.value) || Assign(op.order, drawn.order) ||
             Assign(op.node, drawn.node);
    default:
      return Assign(op, drawn);
  }
}

}  // namespace hotplug::mutate
