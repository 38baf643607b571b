// SPDX-License-Identifier: GPL-2.0-or-later
//
// The tables below are the byte form: Decode() looks values up in them, Encode() looks up
// the first place of a value. Changing one changes what every stored byte string means.
#include "model/scenario/bytes.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "model/scenario/rules.h"
#include "model/scenario/scenario.h"
#include "model/scenario/words.h"

namespace hotplug::scenario {
namespace {

using Record = std::array<uint8_t, kRecordBytes>;

template <class T>
struct Weighted {
  T value;
  uint32_t weight;
};

// A table of kSize entries in which each value comes as often as its weight says.
template <size_t kSize, class T, size_t kRows>
constexpr std::array<T, kSize> Spread(const Weighted<T> (&rows)[kRows]) {
  std::array<T, kSize> table{};
  size_t next = 0;
  for (const Weighted<T>& row : rows) {
    for (uint32_t i = 0; i < row.weight; ++i) table[next++] = row.value;
  }
  // Out of bounds, and thus no constant, if the weights do not add up.
  return next == kSize ? table : std::array<T, kSize>{table[kSize + next]};
}

enum class Kind : uint8_t {
  kOp,
  kPreemption,
  kTask,
  kNotifier,
  kAnswer,
  kWideAnswer,
  kFault,
  kBlock
};
constexpr auto kKinds = Spread<64, Kind>({{Kind::kOp, 24},
                                          {Kind::kPreemption, 20},
                                          {Kind::kTask, 6},
                                          {Kind::kNotifier, 3},
                                          {Kind::kAnswer, 4},
                                          {Kind::kWideAnswer, 1},
                                          {Kind::kFault, 3},
                                          {Kind::kBlock, 3}});

// How an operation is written: its kind, and for some kinds the width of its number.
enum class Form : uint8_t {
  kWriteEnable,
  kWriteEnableLow,
  kWriteEnableHigh,
  kReadEnable,
  kWriteState,
  kWriteOnline,
  kAlloc,
  kFree,
  kGet,
  kPut,
  kKill,
  kAfter,
  kSleep,
  kLongSleep,
  kWriteProbe,
  kRemove,
  kAdd,
  kTrace,
  kWriteAutoOnline,
  kRegister,
  kUnregister,
  kAllocContig,
  kFreeContig,
  kPoison
};
// The first half is what Encode() writes of the older forms; the second one makes room for those
// behind them, without making them as frequent, in places of which it writes none else.
constexpr auto kForms = Spread<64, Form>({{Form::kWriteEnable, 7},
                                          {Form::kWriteEnableLow, 1},
                                          {Form::kWriteEnableHigh, 1},
                                          {Form::kReadEnable, 1},
                                          {Form::kWriteState, 6},
                                          {Form::kWriteOnline, 2},
                                          {Form::kAlloc, 2},
                                          {Form::kFree, 2},
                                          {Form::kGet, 2},
                                          {Form::kPut, 2},
                                          {Form::kKill, 2},
                                          {Form::kAfter, 1},
                                          {Form::kSleep, 2},
                                          {Form::kLongSleep, 1},
                                          {Form::kWriteEnable, 5},
                                          {Form::kFreeContig, 1},
                                          {Form::kWriteAutoOnline, 1},
                                          {Form::kReadEnable, 1},
                                          {Form::kWriteState, 6},
                                          {Form::kRegister, 1},
                                          {Form::kUnregister, 1},
                                          {Form::kWriteOnline, 2},
                                          {Form::kAllocContig, 1},
                                          {Form::kAlloc, 2},
                                          {Form::kFree, 2},
                                          {Form::kGet, 1},
                                          {Form::kPoison, 1},
                                          {Form::kPut, 2},
                                          {Form::kKill, 1},
                                          {Form::kTrace, 1},
                                          {Form::kRemove, 1},
                                          {Form::kAdd, 1},
                                          {Form::kWriteProbe, 1}});

// Sizes of per-CPU lists and of pagevecs: mostly there are none.
constexpr std::array<uint8_t, 16> kCacheSizes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4};
constexpr std::array<uint8_t, 8> kBlockOrders = {2, 3, 4, 2, 3, 4, 5, 6};
constexpr std::array<uint8_t, 16> kBelow = {0, 1, 0, 1, 0, 2, 0, 1, 0, 2, 1, 0, 3, 4, 5, 6};
constexpr uint32_t kFirstBlock = 4;
constexpr uint32_t kKmemleakMark = 63;  // of 64

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
constexpr uint32_t kWideValueBytes = 6;  // of kWriteEnableLow and kWriteEnableHigh
constexpr uint32_t kHighShift = 16;

constexpr std::array<StateWord, 8> kStates = {
    StateWord::kOffline, StateWord::kOnline, StateWord::kOnlineMovable, StateWord::kOnlineKernel,
    StateWord::kOffline, StateWord::kOnline, StateWord::kOffline,       StateWord::kGarbage};
constexpr std::array<uint8_t, 8> kAllocOrders = {0, 1, 0, 2, 0, 3, 1, 0};
constexpr std::array<Signal, 4> kSignalTable = {Signal::kInt, Signal::kUsr1, Signal::kKill,
                                                Signal::kInt};
constexpr uint32_t kShortSleep = 128;

constexpr uint32_t kNearSteps = 96;
constexpr uint32_t kFarMark = 15;  // of 16
constexpr uint32_t kFarSteps = 65535;

// The first half again, but for a walker.
constexpr std::array<Role, 16> kRoleTable = {
    Role::kMemtrace, Role::kUser,   Role::kWalker,   Role::kUser,    Role::kAlloc,  Role::kUser,
    Role::kKill,     Role::kWalker, Role::kMemtrace, Role::kUser,    Role::kWalker, Role::kUser,
    Role::kAlloc,    Role::kUser,   Role::kKill,     Role::kFirmware};

// One entry short of 16: the last place stands for a number of its own.
constexpr std::array<int16_t, 15> kPriorities = {0,    1, 10, 100, -1, 0,  1, -10,
                                                 -100, 0, 10, 100, 2,  -2, 0};

constexpr uint8_t kUnregisteredMark = 15;  // of 16

constexpr std::array<Action, 8> kActionTable = {
    Action::kGoingOffline, Action::kCancelOffline, Action::kOffline,      Action::kGoingOnline,
    Action::kCancelOnline, Action::kOnline,        Action::kGoingOffline, Action::kGoingOffline};
constexpr std::array<uint8_t, 8> kAnswerNths = {0, 1, 2, 3, 1, 0, 1, 2};
constexpr uint32_t kEperm = 1, kEintr = 4, kEagain = 11, kEnomem = 12, kEbusy = 16;
constexpr std::array<uint32_t, 16> kAnswerValues = {NotifierFromErrno(kEbusy),
                                                    kNotifyBad,
                                                    kNotifyStop,
                                                    kNotifyOk,
                                                    NotifierFromErrno(kEnomem),
                                                    uint32_t{0} - kEbusy,
                                                    2,
                                                    kNotifyDone,
                                                    NotifierFromErrno(kEbusy),
                                                    kNotifyBad,
                                                    NotifierFromErrno(kEintr),
                                                    NotifierFromErrno(kEagain),
                                                    kNotifyStopMask,
                                                    uint32_t{0} - kEperm,
                                                    NotifierFromErrno(kEbusy),
                                                    kNotifyBad};

// One entry short of 8: the last place stands for a number of its own.
constexpr std::array<uint8_t, 7> kFaultNths = {1, 2, 3, 1, 4, 1, 2};
constexpr uint32_t kLongNths = 255;

enum class BlockFlag : uint8_t { kOffline, kReserved };
constexpr std::array<BlockFlag, 4> kBlockFlags = {BlockFlag::kOffline, BlockFlag::kReserved,
                                                  BlockFlag::kOffline, BlockFlag::kOffline};

template <class T, size_t kSize>
T Pick(const std::array<T, kSize>& table, uint8_t byte) {
  return table[byte % kSize];
}

// The first place of the value in the table; kSize if it is not there.
template <class T, size_t kSize>
uint8_t Place(const std::array<T, kSize>& table, T value) {
  return static_cast<uint8_t>(std::find(table.begin(), table.end(), value) - table.begin());
}

uint64_t Load(const Record& r, uint32_t at, uint32_t bytes) {
  uint64_t value = 0;
  for (uint32_t i = 0; i < bytes; ++i) value |= uint64_t{r[at + i]} << (8 * i);
  return value;
}

void Store(Record* r, uint32_t at, uint32_t bytes, uint64_t value) {
  for (uint32_t i = 0; i < bytes; ++i) (*r)[at + i] = static_cast<uint8_t>(value >> (8 * i));
}

uint64_t EnableBytes(const Machine& m, const Size& size) {
  return size.half_blocks * (kBlockBytes / 2) + size.pages * PageBytes(m);
}

// ---- Decoding ------------------------------------------------------------------------

struct Input {
  const uint8_t* data;
  size_t size;

  size_t records() const { return (size + kRecordBytes - 1) / kRecordBytes; }
  Kind kind(size_t index) const { return Pick(kKinds, data[index * kRecordBytes]); }
  // Zeros behind the end.
  Record record(size_t index) const {
    Record r{};
    const size_t at = index * kRecordBytes;
    if (at < size) std::memcpy(r.data(), data + at, std::min(kRecordBytes, size - at));
    return r;
  }
};

constexpr size_t kMachineRecords = 2;

uint8_t BelowModulo(uint32_t top, uint8_t byte, uint32_t modulus) {
  return static_cast<uint8_t>((top + modulus - Pick(kBelow, byte) % modulus) % modulus);
}

void DecodeMachine0(const Record& r, uint32_t nr_drivers, uint32_t nr_kernels, Scenario* s) {
  Machine& m = s->machine;
  m.kernel = static_cast<uint8_t>(r[0] % nr_kernels);
  s->driver = static_cast<uint8_t>(r[1] % nr_drivers);
  m.debug_vm = (r[2] & 1) != 0;
  m.auto_online = (r[2] & 2) != 0;
  m.kmemleak = r[2] >> 2 == kKmemleakMark;
  m.block_order = Pick(kBlockOrders, r[3]);
  m.max_order = BelowModulo(m.block_order, r[4], m.block_order + 1u);
  m.pageblock_order = BelowModulo(m.max_order, r[5], m.block_order + 1u);
  m.blocks.size = 1 + r[6] % kFuzzBlocks;
  m.first_block = static_cast<uint8_t>(kFirstBlock + r[7]);
}

void DecodeMachine1(const Record& r, Machine* m) {
  const uint32_t blocks = m->blocks.size;
  const uint32_t on_node0 = r[0] % 2 == 0 ? blocks : r[1] % (blocks + 1);
  const uint32_t on_node1 = blocks - on_node0;
  const uint32_t movable0 = (r[2] & 1) != 0 ? r[3] % (on_node0 + 1) : 0;
  const uint32_t movable1 = (r[2] & 2) != 0 ? r[4] % (on_node1 + 1) : 0;
  for (uint32_t i = 0; i < blocks; ++i) {
    Block& block = m->blocks[i];
    block.node = i < on_node0 ? 0 : 1;
    const uint32_t movable_from = i < on_node0 ? on_node0 - movable0 : blocks - movable1;
    block.zone = i < movable_from ? Zone::kNormal : Zone::kMovable;
  }
  m->blocks[0].reserved = m->first_block == 0;
  m->pcp_high = Pick(kCacheSizes, r[5]);
  m->pagevec = Pick(kCacheSizes, r[6]);
}

void DecodeTask(const Record& r, Scenario* s) { s->tasks.push(Task{Pick(kRoleTable, r[1])}); }

void DecodeNotifier(const Record& r, Scenario* s) {
  const uint32_t place = r[1] % (kPriorities.size() + 1);
  const int16_t priority =
      place < kPriorities.size() ? kPriorities[place] : static_cast<int16_t>(Load(r, 2, 2));
  const bool unregistered = r[4] % (kUnregisteredMark + 1) == kUnregisteredMark;
  s->notifiers.push(Notifier{priority, unregistered});
}

bool IsAboutNotifier(const Record& r) {
  const Kind kind = Pick(kKinds, r[0]);
  const Form form = Pick(kForms, r[1]);
  const bool op = kind == Kind::kOp && (form == Form::kRegister || form == Form::kUnregister);
  return op || kind == Kind::kAnswer || kind == Kind::kWideAnswer;
}

// Tasks and notifiers come first: what the other records say is reduced by their number.
void DecodeOwners(const Input& in, Scenario* s) {
  bool named = false;
  for (size_t i = kMachineRecords; i < in.records(); ++i) {
    const Kind kind = in.kind(i);
    if (kind == Kind::kTask) DecodeTask(in.record(i), s);
    if (kind == Kind::kNotifier) DecodeNotifier(in.record(i), s);
    named |= IsAboutNotifier(in.record(i));
  }
  if (s->tasks.size == 0) s->tasks.push(Task{Role::kMemtrace});
  if (s->notifiers.size == 0 && named) s->notifiers.push(Notifier{});
}

void DecodeBlock(const Record& r, Machine* m) {
  Block& block = m->blocks[r[1] % m->blocks.size];
  block.reserved = Pick(kBlockFlags, r[2]) == BlockFlag::kReserved;
  block.offline = !block.reserved;
  if (m->first_block == 0) m->blocks[0] = {m->blocks[0].node, m->blocks[0].zone, true, false};
}

// The node that the byte selects among those with memory, which are 0, 1, or both.
uint8_t DecodeNode(const Machine& m, uint8_t byte) {
  const uint8_t lowest = m.blocks[0].node;
  const uint8_t highest = m.blocks[m.blocks.size - 1].node;
  return static_cast<uint8_t>(lowest + byte % (highest - lowest + 1));
}

void DecodeOp(const Record& r, uint32_t task, Scenario* s) {
  const Machine& m = s->machine;
  const auto block = static_cast<uint8_t>(r[2] % m.blocks.size);
  const auto target = static_cast<uint8_t>(r[2] % s->tasks.size);
  Op op;
  op.task = static_cast<uint8_t>(task);
  switch (Pick(kForms, r[1])) {
    case Form::kWriteEnable:
      op.value = EnableBytes(m, Pick(kEnableSizes, r[2]));
      break;
    case Form::kWriteEnableLow:
      op.value = Load(r, 2, kWideValueBytes);
      break;
    case Form::kWriteEnableHigh:
      op.value = Load(r, 2, kWideValueBytes) << kHighShift;
      break;
    case Form::kReadEnable:
      op.kind = OpKind::kReadEnable;
      break;
    case Form::kWriteState:
      op.kind = OpKind::kWriteState;
      op.block = block;
      op.arg = static_cast<uint8_t>(Pick(kStates, r[3]));
      break;
    case Form::kWriteOnline:
      op.kind = OpKind::kWriteOnline;
      op.block = block;
      op.arg = r[3] % 2;
      break;
    case Form::kAlloc:
      op.kind = OpKind::kAlloc;
      op.arg = r[3] % 2;
      op.order = Pick(kAllocOrders, r[4]);
      op.node = DecodeNode(m, r[5]);
      break;
    case Form::kFree:
      op.kind = OpKind::kFree;
      break;
    case Form::kGet:
      op.kind = OpKind::kGet;
      op.block = block;
      op.page = static_cast<uint16_t>(r[4] % PagesPerBlock(m));
      break;
    case Form::kPut:
      op.kind = OpKind::kPut;
      break;
    case Form::kKill:
      op.kind = OpKind::kKill;
      op.target = target;
      op.arg = static_cast<uint8_t>(Pick(kSignalTable, r[3]));
      break;
    case Form::kAfter:
      op.kind = OpKind::kAfter;
      op.target = target;
      break;
    case Form::kSleep:
      op.kind = OpKind::kSleep;
      op.value = 1 + r[2] % kShortSleep;
      break;
    case Form::kLongSleep:
      op.kind = OpKind::kSleep;
      op.value = 1 + Load(r, 2, 2) % kMaxSleep;
      break;
    case Form::kWriteProbe:
      op.kind = OpKind::kWriteProbe;
      op.block = block;
      break;
    case Form::kRemove:
      op.kind = OpKind::kRemove;
      op.block = block;
      break;
    case Form::kAdd:
      op.kind = OpKind::kAdd;
      op.block = block;
      break;
    case Form::kTrace:
      op.kind = r[3] % 2 == 0 ? OpKind::kReadTrace : OpKind::kMmapTrace;
      op.node = DecodeNode(m, r[2]);
      break;
    case Form::kWriteAutoOnline:
      op.kind = OpKind::kWriteAutoOnline;
      op.arg = static_cast<uint8_t>(Pick(kStates, r[3]));
      break;
    case Form::kRegister:
      op.kind = OpKind::kRegister;
      op.notifier = static_cast<uint8_t>(r[2] % s->notifiers.size);
      break;
    case Form::kUnregister:
      op.kind = OpKind::kUnregister;
      op.notifier = static_cast<uint8_t>(r[2] % s->notifiers.size);
      break;
    case Form::kAllocContig:
      op.kind = OpKind::kAllocContig;
      // The byte 0 is one block.
      op.order = static_cast<uint8_t>((m.block_order + uint32_t{r[4]}) % (MaxContigOrder(m) + 1));
      op.node = DecodeNode(m, r[5]);
      break;
    case Form::kFreeContig:
      op.kind = OpKind::kFreeContig;
      break;
    case Form::kPoison:
      op.kind = OpKind::kPoison;
      op.block = block;
      op.page = static_cast<uint16_t>(r[4] % PagesPerBlock(m));
      break;
  }
  s->ops.push(op);
}

void DecodeAnswer(const Record& r, Kind kind, uint32_t notifier, Scenario* s) {
  const uint32_t blocks = s->machine.blocks.size;
  Answer answer;
  answer.notifier = static_cast<uint8_t>(notifier);
  answer.action = Pick(kActionTable, r[1]);
  answer.block = r[2] % 2 == 0 ? Answer::kAnyBlock : static_cast<uint8_t>(r[2] / 2 % blocks);
  if (kind == Kind::kWideAnswer) {
    answer.nth = r[3];
    answer.value = static_cast<uint32_t>(Load(r, 4, 4));
  } else {
    answer.nth = Pick(kAnswerNths, r[3]);
    answer.value = Pick(kAnswerValues, r[4]);
  }
  s->answers.push(answer);
}

void DecodeFault(const Record& r, Scenario* s) {
  Fault fault;
  fault.site = static_cast<FaultSite>(r[1] % kFaultSites);
  const uint32_t place = r[2] % (kFaultNths.size() + 1);
  fault.nth =
      place < kFaultNths.size() ? kFaultNths[place] : static_cast<uint8_t>(1 + r[3] % kLongNths);
  fault.error = fault.site == FaultSite::kAddMemory ? Pick(kFaultErrnos, r[4]) : kFaultErrnos[0];
  s->faults.push(fault);
}

// In the last byte of a preemption: it is of the kworker, or the kworker goes on. Any other byte:
// of tasks.
constexpr uint32_t kThreadMarks = 32;
constexpr uint8_t kKworkerMark = 1;
constexpr uint8_t kToKworkerMark = 2;

void DecodePreemption(const Record& r, Scenario* s) {
  Preemption p;
  p.task = static_cast<uint8_t>(r[1] % s->tasks.size);
  // Counted from the next task on: a task that preempts itself is the rarest case.
  p.other = static_cast<uint8_t>((p.task + 1u + r[2]) % s->tasks.size);
  if (r[7] % kThreadMarks == kKworkerMark) p.task = kKworker;
  if (r[7] % kThreadMarks == kToKworkerMark) p.other = kKworker;
  const bool far = r[4] % (kFarMark + 1) == kFarMark;
  p.step = static_cast<uint16_t>(1 + (far ? Load(r, 5, 2) % kFarSteps : r[3] % kNearSteps));
  s->schedule.push(p);
}

// Of the owners counted so far, the last one that there was room for; before any, the first.
uint32_t Owner(uint32_t seen, uint32_t size) { return std::max(std::min(seen, size), 1u) - 1; }

void DecodeRest(const Input& in, Scenario* s) {
  uint32_t tasks = 0, notifiers = 0;  // records seen
  for (size_t i = kMachineRecords; i < in.records(); ++i) {
    const Record r = in.record(i);
    const Kind kind = Pick(kKinds, r[0]);
    switch (kind) {
      case Kind::kOp:
        DecodeOp(r, Owner(tasks, s->tasks.size), s);
        break;
      case Kind::kPreemption:
        DecodePreemption(r, s);
        break;
      case Kind::kTask:
        ++tasks;
        break;
      case Kind::kNotifier:
        ++notifiers;
        break;
      case Kind::kAnswer:
      case Kind::kWideAnswer:
        DecodeAnswer(r, kind, Owner(notifiers, s->notifiers.size), s);
        break;
      case Kind::kFault:
        DecodeFault(r, s);
        break;
      case Kind::kBlock:
        DecodeBlock(r, &s->machine);
        break;
    }
  }
  if (tasks == 0 && s->ops.size == 0) {
    Op op;
    op.value = kBlockBytes;
    s->ops.push(op);
  }
}

// ---- Encoding ------------------------------------------------------------------------

constexpr uint8_t kNoPlace = 255;

// The byte that BelowModulo() makes `value` of; kNoPlace if there is none.
uint8_t PlaceBelow(uint32_t top, uint32_t value, uint32_t modulus) {
  for (uint32_t i = 0; i < kBelow.size(); ++i) {
    const auto byte = static_cast<uint8_t>(i);
    if (BelowModulo(top, byte, modulus) == value) return byte;
  }
  return kNoPlace;
}

Record OfKind(Kind kind) { return Record{Place(kKinds, kind)}; }

Record EncodeMachine0(const Scenario& s) {
  const Machine& m = s.machine;
  const uint32_t orders = m.block_order + 1u;
  return Record{m.kernel,
                s.driver,
                static_cast<uint8_t>((m.debug_vm ? 1 : 0) | (m.auto_online ? 2 : 0) |
                                     (m.kmemleak ? kKmemleakMark << 2 : 0)),
                Place(kBlockOrders, m.block_order),
                PlaceBelow(m.block_order, m.max_order, orders),
                PlaceBelow(m.max_order, m.pageblock_order, orders),
                static_cast<uint8_t>(m.blocks.size - 1),
                static_cast<uint8_t>(m.first_block - kFirstBlock)};
}

Record EncodeMachine1(const Machine& m) {
  std::array<uint8_t, kMaxNodes> blocks{}, movable{};
  for (const Block& block : m.blocks) {
    ++blocks[block.node % kMaxNodes];
    if (block.zone == Zone::kMovable) ++movable[block.node % kMaxNodes];
  }
  Record r{};
  r[0] = blocks[1] == 0 ? 0 : 1;
  r[1] = blocks[1] == 0 ? 0 : blocks[0];
  r[2] = static_cast<uint8_t>((movable[0] == 0 ? 0 : 1) | (movable[1] == 0 ? 0 : 2));
  r[3] = movable[0];
  r[4] = movable[1];
  r[5] = Place(kCacheSizes, m.pcp_high);
  r[6] = Place(kCacheSizes, m.pagevec);
  return r;
}

Record EncodeBlock(uint32_t index, const Block& block) {
  Record r = OfKind(Kind::kBlock);
  r[1] = static_cast<uint8_t>(index);
  r[2] = Place(kBlockFlags, block.reserved ? BlockFlag::kReserved : BlockFlag::kOffline);
  return r;
}

Record EncodeNotifier(const Notifier& notifier) {
  Record r = OfKind(Kind::kNotifier);
  r[1] = Place(kPriorities, notifier.priority);
  if (r[1] == kPriorities.size()) Store(&r, 2, 2, static_cast<uint16_t>(notifier.priority));
  r[4] = notifier.unregistered ? kUnregisteredMark : 0;
  return r;
}

Record EncodeAnswer(const Answer& answer) {
  const uint8_t nth = Place(kAnswerNths, answer.nth);
  const uint8_t value = Place(kAnswerValues, answer.value);
  const bool wide = nth == kAnswerNths.size() || value == kAnswerValues.size();
  Record r = OfKind(wide ? Kind::kWideAnswer : Kind::kAnswer);
  r[1] = Place(kActionTable, answer.action);
  r[2] = answer.block == Answer::kAnyBlock ? 0 : static_cast<uint8_t>(2 * answer.block + 1);
  r[3] = wide ? answer.nth : nth;
  Store(&r, 4, 4, wide ? answer.value : value);
  return r;
}

Record EncodeTask(const Task& task) {
  Record r = OfKind(Kind::kTask);
  r[1] = Place(kRoleTable, task.role);
  return r;
}

Record OfForm(Form form) {
  Record r = OfKind(Kind::kOp);
  r[1] = Place(kForms, form);
  return r;
}

Record EncodeEnable(const Machine& m, uint64_t value) {
  for (uint32_t i = 0; i < kEnableSizes.size(); ++i) {
    if (EnableBytes(m, kEnableSizes[i]) != value) continue;
    Record r = OfForm(Form::kWriteEnable);
    r[2] = static_cast<uint8_t>(i);
    return r;
  }
  const bool low = value >> (8 * kWideValueBytes) == 0;
  Record r = OfForm(low ? Form::kWriteEnableLow : Form::kWriteEnableHigh);
  Store(&r, 2, kWideValueBytes, low ? value : value >> kHighShift);
  return r;
}

Record EncodeSleep(uint64_t ticks) {
  const bool is_short = ticks <= kShortSleep;
  Record r = OfForm(is_short ? Form::kSleep : Form::kLongSleep);
  Store(&r, 2, is_short ? 1 : 2, ticks - 1);
  return r;
}

Record EncodeOperands(Form form, uint8_t byte2, uint8_t byte3 = 0, uint8_t byte4 = 0,
                      uint8_t byte5 = 0) {
  Record r = OfForm(form);
  r[2] = byte2;
  r[3] = byte3;
  r[4] = byte4;
  r[5] = byte5;
  return r;
}

Record EncodeOp(const Machine& m, const Op& op) {
  switch (op.kind) {
    case OpKind::kWriteEnable:
      return EncodeEnable(m, op.value);
    case OpKind::kReadEnable:
      return OfForm(Form::kReadEnable);
    case OpKind::kWriteState:
      return EncodeOperands(Form::kWriteState, op.block,
                            Place(kStates, static_cast<StateWord>(op.arg)));
    case OpKind::kWriteOnline:
      return EncodeOperands(Form::kWriteOnline, op.block, op.arg);
    case OpKind::kAlloc:
      return EncodeOperands(Form::kAlloc, 0, op.arg, Place(kAllocOrders, op.order),
                            static_cast<uint8_t>(op.node - m.blocks[0].node));
    case OpKind::kFree:
      return OfForm(Form::kFree);
    case OpKind::kGet:
      return EncodeOperands(Form::kGet, op.block, 0, static_cast<uint8_t>(op.page));
    case OpKind::kPut:
      return OfForm(Form::kPut);
    case OpKind::kKill:
      return EncodeOperands(Form::kKill, op.target,
                            Place(kSignalTable, static_cast<Signal>(op.arg)));
    case OpKind::kAfter:
      return EncodeOperands(Form::kAfter, op.target);
    case OpKind::kSleep:
      return EncodeSleep(op.value);
    case OpKind::kWriteProbe:
      return EncodeOperands(Form::kWriteProbe, op.block);
    case OpKind::kRemove:
      return EncodeOperands(Form::kRemove, op.block);
    case OpKind::kAdd:
      return EncodeOperands(Form::kAdd, op.block);
    case OpKind::kReadTrace:
    case OpKind::kMmapTrace:
      return EncodeOperands(Form::kTrace, static_cast<uint8_t>(op.node - m.blocks[0].node),
                            op.kind == OpKind::kMmapTrace ? 1 : 0);
    case OpKind::kWriteAutoOnline:
      return EncodeOperands(Form::kWriteAutoOnline, 0,
                            Place(kStates, static_cast<StateWord>(op.arg)));
    case OpKind::kRegister:
      return EncodeOperands(Form::kRegister, op.notifier);
    case OpKind::kUnregister:
      return EncodeOperands(Form::kUnregister, op.notifier);
    case OpKind::kAllocContig: {
      const uint32_t orders = MaxContigOrder(m) + 1;
      return EncodeOperands(Form::kAllocContig, 0, 0,
                            static_cast<uint8_t>((op.order + orders - m.block_order) % orders),
                            static_cast<uint8_t>(op.node - m.blocks[0].node));
    }
    case OpKind::kFreeContig:
      return OfForm(Form::kFreeContig);
    case OpKind::kPoison:
      return EncodeOperands(Form::kPoison, op.block, 0, static_cast<uint8_t>(op.page));
  }
  return Record{};
}

Record EncodeFault(const Fault& fault) {
  Record r = OfKind(Kind::kFault);
  r[1] = static_cast<uint8_t>(fault.site);
  r[2] = Place(kFaultNths, fault.nth);
  if (r[2] == kFaultNths.size()) r[3] = static_cast<uint8_t>(fault.nth - 1);
  r[4] = Place(kFaultErrnos, fault.error);
  return r;
}

Record EncodePreemption(const Preemption& p, uint32_t tasks) {
  Record r = OfKind(Kind::kPreemption);
  const uint32_t task = p.task == kKworker ? 0 : p.task;
  const uint32_t other = p.other == kKworker ? 0 : p.other;
  r[1] = static_cast<uint8_t>(task);
  r[2] = static_cast<uint8_t>((other + tasks - 1 - task % tasks) % tasks);
  if (p.task == kKworker) r[7] = kKworkerMark;
  if (p.other == kKworker) r[7] = kToKworkerMark;
  if (p.step <= kNearSteps) {
    r[3] = static_cast<uint8_t>(p.step - 1);
  } else {
    r[4] = kFarMark;
    Store(&r, 5, 2, p.step - 1u);
  }
  return r;
}

const char* BeyondBytes(const Scenario& s) {
  if (s.fixes != 0 || s.machine.fixes != 0) return "the byte form has no fixes";
  if (s.machine.blocks.size > kFuzzBlocks) return "the byte form has at most 16 memory blocks";
  if (s.machine.block_order > 31 || PagesPerBlock(s.machine) > kFuzzPagesPerBlock) {
    return "the byte form has at most 64 pages per block";
  }
  for (const Op& op : s.ops) {
    const bool low = op.value >> (8 * kWideValueBytes) == 0;
    if (!low && op.value % (uint64_t{1} << kHighShift) != 0) {
      return "the byte form writes only numbers below 2^48 and multiples of 2^16 to enable";
    }
  }
  return nullptr;
}

void EncodeAll(const Scenario& s, std::vector<uint8_t>* out) {
  const auto append = [out](const Record& r) { out->insert(out->end(), r.begin(), r.end()); };
  append(EncodeMachine0(s));
  append(EncodeMachine1(s.machine));
  for (uint32_t i = 0; i < s.machine.blocks.size; ++i) {
    const Block& block = s.machine.blocks[i];
    if (block.reserved || block.offline) append(EncodeBlock(i, block));
  }
  for (uint32_t i = 0; i < s.notifiers.size; ++i) {
    append(EncodeNotifier(s.notifiers[i]));
    for (const Answer& answer : s.answers) {
      if (answer.notifier == i) append(EncodeAnswer(answer));
    }
  }
  for (uint32_t i = 0; i < s.tasks.size; ++i) {
    append(EncodeTask(s.tasks[i]));
    for (const Op& op : s.ops) {
      if (op.task == i) append(EncodeOp(s.machine, op));
    }
  }
  for (const Fault& fault : s.faults) append(EncodeFault(fault));
  for (const Preemption& p : s.schedule) append(EncodePreemption(p, std::max(s.tasks.size, 1u)));
}

}  // namespace

Scenario Decode(const uint8_t* data, size_t size, uint32_t nr_drivers, uint32_t nr_kernels) {
  const Input in{data, size};
  Scenario s;
  DecodeMachine0(in.record(0), std::max(nr_drivers, 1u), std::max(nr_kernels, 1u), &s);
  DecodeMachine1(in.record(1), &s.machine);
  DecodeOwners(in, &s);
  DecodeRest(in, &s);
  return s;
}

const char* Encode(const Scenario& s, std::vector<uint8_t>* out) {
  out->clear();
  if (const char* why = BeyondBytes(s)) return why;
  EncodeAll(s, out);
  // Reading it back finds whatever breaks a rule, without a second list of the rules.
  constexpr uint32_t kAnyRow = 256;
  if (Decode(out->data(), out->size(), kAnyRow, kAnyRow) == s) return nullptr;
  out->clear();
  return "the scenario breaks a rule (Invalid() says which)";
}

}  // namespace hotplug::scenario
