// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/scenario/byte_ops.h"

#include <array>

#include "model/scenario/ops.h"
#include "model/scenario/rules.h"

namespace hotplug::scenario {
namespace {

// How the number of an operation is written, where there is more than one way.
enum class Width : uint8_t {
  kUsual,  // a place in a table of usual numbers, or a byte
  kLow,    // kBytes: the low 48 bits
  kHigh,   // kBytes: the bits above the low 16
  kLong,   // kTicks: two bytes
};

struct Form {
  OpKind kind;
  Width width = Width::kUsual;
  bool operator==(const Form&) const = default;
};

// Encode() uses only the first 32 places for the older kinds. Newer kinds sit in the second half,
// one place each, so that they stay rare and old encodings keep their meaning.
constexpr auto kForms = Spread<64, Form>({
    {{OpKind::kWriteEnable}, 7},
    {{OpKind::kWriteEnable, Width::kLow}, 1},
    {{OpKind::kWriteEnable, Width::kHigh}, 1},
    {{OpKind::kReadEnable}, 1},
    {{OpKind::kWriteState}, 6},
    {{OpKind::kWriteOnline}, 2},
    {{OpKind::kAlloc}, 2},
    {{OpKind::kFree}, 2},
    {{OpKind::kGet}, 2},
    {{OpKind::kPut}, 2},
    {{OpKind::kKill}, 2},
    {{OpKind::kAfter}, 1},
    {{OpKind::kSleep}, 2},
    {{OpKind::kSleep, Width::kLong}, 1},
    {{OpKind::kWriteEnable}, 5},
    {{OpKind::kFreeContig}, 1},
    {{OpKind::kWriteAutoOnline}, 1},
    {{OpKind::kReadEnable}, 1},
    {{OpKind::kWriteState}, 6},
    {{OpKind::kRegister}, 1},
    {{OpKind::kUnregister}, 1},
    {{OpKind::kWriteOnline}, 2},
    {{OpKind::kAllocContig}, 1},
    {{OpKind::kAlloc}, 2},
    {{OpKind::kFree}, 2},
    {{OpKind::kGet}, 1},
    {{OpKind::kPoison}, 1},
    {{OpKind::kPut}, 2},
    {{OpKind::kKill}, 1},
    {{OpKind::kReadTrace}, 1},
    {{OpKind::kRemove}, 1},
    {{OpKind::kAdd}, 1},
    {{OpKind::kWriteProbe}, 1},
});
// The operations on a trace file share a place.
constexpr std::array<OpKind, 4> kTraceOps = {OpKind::kReadTrace, OpKind::kMmapTrace,
                                             OpKind::kReadTraceAt, OpKind::kMmapTraceAt};

// Firmware and a driver that remove memory share a place, too: one byte in 256 is the driver's.
constexpr uint8_t kOfflineAndRemoveMark = 255;

// Blocks and pages that a write to `enable` asks for, in halves of a block.
struct Size {
  uint8_t half_blocks;
  uint8_t pages;
};
constexpr std::array<Size, 16> kEnableSizes = {{{2, 0},
                                                {4, 0},
                                                {8, 0},
                                                {0, 0},
                                                {2, 0},
                                                {4, 0},
                                                {0, 0},
                                                {2, 0},
                                                {4, 0},
                                                {0, 0},
                                                {6, 0},
                                                {1, 0},
                                                {16, 0},
                                                {32, 0},
                                                {0, 1},
                                                {2, 1}}};
constexpr uint32_t kWideValueBytes = 6;  // of kLow and kHigh
constexpr uint32_t kHighShift = 16;

constexpr std::array<StateWord, 8> kStates = {
    StateWord::kOffline, StateWord::kOnline, StateWord::kOnlineMovable, StateWord::kOnlineKernel,
    StateWord::kOffline, StateWord::kOnline, StateWord::kOffline,       StateWord::kGarbage};
constexpr std::array<uint8_t, 8> kAllocOrders = {0, 1, 0, 2, 0, 3, 1, 0};
constexpr std::array<Signal, 4> kSignalTable = {Signal::kInt, Signal::kUsr1, Signal::kKill,
                                                Signal::kInt};
constexpr uint32_t kShortSleep = 128;

// What offsets and lengths in files are multiples of, as bytes say them: half a page, so that some
// are no multiple of a page.
uint64_t FileUnit(const Machine& m) { return PageBytes(m) / 2; }

uint64_t EnableBytes(const Machine& m, const Size& size) {
  return size.half_blocks * (kBlockBytes / 2) + size.pages * PageBytes(m);
}

// ---- Decoding ----

// The node that the byte selects among those with memory, which are 0, 1, or both.
uint8_t DecodeNode(const Machine& m, uint8_t byte) {
  const uint8_t lowest = m.blocks[0].node;
  const uint8_t highest = m.blocks[m.blocks.size - 1].node;
  return static_cast<uint8_t>(lowest + byte % (highest - lowest + 1));
}

OpKind KindOf(const Form& form, const Record& r) {
  if (form.kind == kTraceOps[0]) return Pick(kTraceOps, r[3]);
  const bool marked = form.kind == OpKind::kRemove && r[3] == kOfflineAndRemoveMark;
  return marked ? OpKind::kOfflineAndRemove : form.kind;
}

uint64_t DecodeBytes(const Machine& m, Width width, const Record& r) {
  if (width == Width::kUsual) return EnableBytes(m, Pick(kEnableSizes, r[2]));
  return Load(r, 2, kWideValueBytes) << (width == Width::kHigh ? kHighShift : 0);
}

uint64_t DecodeField(const Scenario& s, Field field, Width width, const Record& r) {
  const Machine& m = s.machine;
  switch (field) {
    case Field::kBytes:
      return DecodeBytes(m, width, r);
    case Field::kTicks:
      return 1 + (width == Width::kLong ? Load(r, 2, 2) % kMaxSleep : r[2] % kShortSleep);
    case Field::kBlock:
    case Field::kAddress:
      return r[2] % m.blocks.size;
    case Field::kBlocks:
      return 1 + r[4] % kMaxOpBlocks;
    case Field::kTask:
      return r[2] % s.tasks.size;
    case Field::kNotifier:
      return r[2] % s.notifiers.size;
    case Field::kTrace:
      return DecodeNode(m, r[2]);
    case Field::kState:
      return static_cast<uint64_t>(Pick(kStates, r[3]));
    case Field::kDigit:
    case Field::kMobility:
      return r[3] % 2;
    case Field::kSignal:
      return static_cast<uint64_t>(Pick(kSignalTable, r[3]));
    case Field::kPage:
      return r[4] % PagesPerBlock(m);
    case Field::kOrder:
      return Pick(kAllocOrders, r[4]);
    case Field::kContigOrder:
      // The byte 0 is one block.
      return (m.block_order + uint32_t{r[4]}) % (MaxContigOrder(m) + 1);
    case Field::kNode:
      return DecodeNode(m, r[5]);
    case Field::kOffset:
      return Load(r, 4, 2) * FileUnit(m);
    case Field::kLength:
      return Load(r, 6, 2) * FileUnit(m);
  }
  return 0;
}

// ---- Encoding ----

bool IsLow(uint64_t value) { return value >> (8 * kWideValueBytes) == 0; }

// The place of a number of bytes among the usual ones; their number if it is none of them.
uint32_t PlaceOfSize(const Machine& m, uint64_t bytes) {
  uint32_t place = 0;
  while (place < kEnableSizes.size() && EnableBytes(m, kEnableSizes[place]) != bytes) ++place;
  return place;
}

Form FormOf(const Machine& m, const Op& op) {
  for (OpKind kind : kTraceOps) {
    if (op.kind == kind) return {kTraceOps[0]};
  }
  if (op.kind == OpKind::kOfflineAndRemove) return {OpKind::kRemove};
  if (Has(op.kind, Field::kBytes) && PlaceOfSize(m, op.value) == kEnableSizes.size()) {
    return {op.kind, IsLow(op.value) ? Width::kLow : Width::kHigh};
  }
  const bool is_long = Has(op.kind, Field::kTicks) && op.value > kShortSleep;
  return {op.kind, is_long ? Width::kLong : Width::kUsual};
}

void EncodeField(const Machine& m, Field field, Width width, const Op& op, Record* r) {
  const uint64_t value = Get(op, field);
  const auto byte = static_cast<uint8_t>(value);
  switch (field) {
    case Field::kBytes:
      if (width == Width::kUsual) return Store(r, 2, 1, PlaceOfSize(m, value));
      return Store(r, 2, kWideValueBytes, width == Width::kHigh ? value >> kHighShift : value);
    case Field::kTicks:
      return Store(r, 2, width == Width::kLong ? 2 : 1, value - 1);
    case Field::kBlock:
    case Field::kAddress:
    case Field::kTask:
    case Field::kNotifier:
      return Store(r, 2, 1, value);
    case Field::kBlocks:
      return Store(r, 4, 1, value - 1);
    case Field::kTrace:
      return Store(r, 2, 1, value - m.blocks[0].node);
    case Field::kState:
      return Store(r, 3, 1, Place(kStates, static_cast<StateWord>(byte)));
    case Field::kDigit:
    case Field::kMobility:
      return Store(r, 3, 1, value);
    case Field::kSignal:
      return Store(r, 3, 1, Place(kSignalTable, static_cast<Signal>(byte)));
    case Field::kPage:
      return Store(r, 4, 1, value);
    case Field::kOrder:
      return Store(r, 4, 1, Place(kAllocOrders, byte));
    case Field::kContigOrder: {
      const uint32_t orders = MaxContigOrder(m) + 1;
      return Store(r, 4, 1, (value + orders - m.block_order) % orders);
    }
    case Field::kNode:
      return Store(r, 5, 1, value - m.blocks[0].node);
    case Field::kOffset:
      return Store(r, 4, 2, value / FileUnit(m));
    case Field::kLength:
      return Store(r, 6, 2, value / FileUnit(m));
  }
}

}  // namespace

bool NamesNotifier(const Record& r) { return Has(Pick(kForms, r[1]).kind, Field::kNotifier); }

Op DecodeOp(const Record& r, uint32_t task, const Scenario& s) {
  const Form form = Pick(kForms, r[1]);
  Op op;
  op.kind = KindOf(form, r);
  op.task = static_cast<uint8_t>(task);
  for (Field field : ShapeOf(op.kind)) Set(&op, field, DecodeField(s, field, form.width, r));
  return op;
}

const char* BeyondBytes(const Machine& m, const Op& op) {
  const uint64_t unit = FileUnit(m);
  for (Field field : ShapeOf(op.kind)) {
    const uint64_t value = Get(op, field);
    if (field == Field::kBytes && !IsLow(value) && value % (uint64_t{1} << kHighShift) != 0) {
      return "the byte form writes only numbers below 2^48 and multiples of 2^16 to enable";
    }
    const bool of_file = field == Field::kOffset || field == Field::kLength;
    if (of_file && (value % unit != 0 || value / unit > UINT16_MAX)) {
      return "the byte form has offsets and lengths in files up to 65535 half pages";
    }
  }
  return nullptr;
}

Record EncodeOp(const Machine& m, const Op& op) {
  const Form form = FormOf(m, op);
  Record r{Place(kKinds, Kind::kOp), Place(kForms, form)};
  if (form.kind == kTraceOps[0]) r[3] = Place(kTraceOps, op.kind);
  if (op.kind == OpKind::kOfflineAndRemove) r[3] = kOfflineAndRemoveMark;
  for (Field field : ShapeOf(op.kind)) EncodeField(m, field, form.width, op, &r);
  return r;
}

}  // namespace hotplug::scenario
