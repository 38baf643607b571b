// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/scenario/ops.h"

#include <algorithm>
#include <limits>

#include "model/scenario/rules.h"
#include "model/scenario/words.h"
#include "model/sim/check.h"

namespace hotplug::scenario {

namespace {

template <size_t kSize>
Words All(const std::array<std::string_view, kSize>& words) {
  return {words.data(), kSize};
}

// The indexes of a list.
Range Below(uint32_t size) { return size == 0 ? Range{1, 0} : Range{0, size - 1}; }

// What stands for an operand: NUMBER, or its words, 0|1.
std::string Placeholder(Field field) {
  const FieldType& type = kFieldTypes[static_cast<size_t>(field)];
  if (!type.placeholder.empty()) return std::string(type.placeholder);
  const Words words = WordsOf(field);
  std::string all;
  for (uint32_t i = 0; i < words.size(); ++i) {
    if (i != 0) all += '|';
    all += words[i];
  }
  return all;
}

}  // namespace

Words WordsOf(Field field) {
  switch (field) {
    case Field::kState:
      return All(kStateWordWords);
    case Field::kDigit:
      return All(kDigitWords);
    case Field::kMobility:
      return All(kMobilityWords);
    case Field::kSignal:
      return All(kSignalWords);
    case Field::kTrace:
      return All(kTraceFolders);
    default:
      return {};
  }
}

std::string UsageOf(OpKind kind) {
  const OpShape& shape = ShapeOf(kind);
  std::string out;
  for (uint32_t i = 0; i < shape.nr_words; ++i) {
    const OpWord& word = shape.words[i];
    if (i != 0) out += ' ';
    out += word.before;
    if (word.has_field) out += Placeholder(word.field);
    out += word.behind;
  }
  return out;
}

uint64_t Get(const Op& op, Field field) {
  switch (field) {
    case Field::kBytes:
    case Field::kTicks:
    case Field::kOffset:
      return op.value;
    case Field::kLength:
      return op.length;
    case Field::kOrder:
    case Field::kContigOrder:
      return op.order;
    case Field::kState:
    case Field::kDigit:
    case Field::kMobility:
    case Field::kSignal:
      return op.arg;
    case Field::kPage:
      return op.page;
    case Field::kBlock:
    case Field::kAddress:
      return op.block;
    case Field::kBlocks:
      return op.blocks;
    case Field::kNode:
    case Field::kTrace:
      return op.node;
    case Field::kTask:
      return op.target;
    case Field::kNotifier:
      return op.notifier;
  }
  HOTPLUG_CHECK(!"an operand of no type");
  return 0;
}

void Set(Op* op, Field field, uint64_t value) {
  const auto byte = static_cast<uint8_t>(value);
  switch (field) {
    case Field::kBytes:
    case Field::kTicks:
    case Field::kOffset:
      op->value = value;
      return;
    case Field::kLength:
      op->length = value;
      return;
    case Field::kOrder:
    case Field::kContigOrder:
      op->order = byte;
      return;
    case Field::kState:
    case Field::kDigit:
    case Field::kMobility:
    case Field::kSignal:
      op->arg = byte;
      return;
    case Field::kPage:
      op->page = static_cast<uint16_t>(value);
      return;
    case Field::kBlock:
    case Field::kAddress:
      op->block = byte;
      return;
    case Field::kBlocks:
      op->blocks = byte;
      return;
    case Field::kNode:
    case Field::kTrace:
      op->node = byte;
      return;
    case Field::kTask:
      op->target = byte;
      return;
    case Field::kNotifier:
      op->notifier = byte;
      return;
  }
}

Range RangeOf(Field field, const Scenario& s) {
  switch (field) {
    case Field::kBytes:
      return {0, std::numeric_limits<uint64_t>::max()};
    case Field::kTicks:
      return {1, kMaxSleep};
    case Field::kOffset:
    case Field::kLength:
      return {0, std::numeric_limits<int64_t>::max()};
    case Field::kOrder:
      return {0, kMaxAllocOrder};
    case Field::kContigOrder:
      return {0, MaxContigOrder(s.machine)};
    case Field::kPage:
      return {0, PagesPerBlock(s.machine) - 1};
    case Field::kBlock:
    case Field::kAddress:
      return Below(s.machine.blocks.size);
    case Field::kBlocks:
      return {1, kMaxOpBlocks};
    case Field::kTask:
      return Below(s.tasks.size);
    case Field::kNotifier:
      return Below(s.notifiers.size);
    case Field::kNode:
      return {0, kMaxNodes - 1};
    default:
      return Below(WordsOf(field).count);
  }
}

namespace {

uint64_t Settled(const Scenario& s, Field field, uint64_t value) {
  switch (field) {
    case Field::kBlock:
    case Field::kAddress:
      return value % s.machine.blocks.size;
    case Field::kPage:
      return value % PagesPerBlock(s.machine);
    case Field::kNode:
    case Field::kTrace:
      return HasNode(s.machine, static_cast<uint32_t>(value)) ? value : s.machine.blocks[0].node;
    case Field::kContigOrder:
      return std::min<uint64_t>(value, MaxContigOrder(s.machine));
    default:
      return value;
  }
}

}  // namespace

void SettleOperands(Scenario* s) {
  for (Op& op : s->ops) {
    for (const Field field : ShapeOf(op.kind)) Set(&op, field, Settled(*s, field, Get(op, field)));
  }
}

Op Canonical(const Op& op) {
  Op c;
  c.kind = op.kind;
  c.task = op.task;
  for (Field field : ShapeOf(op.kind)) Set(&c, field, Get(op, field));
  return c;
}

}  // namespace hotplug::scenario
