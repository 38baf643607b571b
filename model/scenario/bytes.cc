// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/scenario/bytes.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

#include "model/scenario/byte_ops.h"
#include "model/scenario/byte_record.h"
#include "model/scenario/rules.h"
#include "model/scenario/scenario.h"
#include "model/scenario/words.h"

namespace hotplug::scenario {
namespace {

// Sizes of per-CPU lists and of pagevecs: mostly there are none.
constexpr std::array<uint8_t, 16> kCacheSizes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4};
constexpr std::array<uint8_t, 8> kBlockOrders = {2, 3, 4, 2, 3, 4, 5, 6};
constexpr std::array<uint8_t, 16> kBelow = {0, 1, 0, 1, 0, 2, 0, 1, 0, 2, 1, 0, 3, 4, 5, 6};
constexpr uint32_t kFirstBlock = 4;
constexpr uint32_t kKmemleakMark = 63;        // of 64
constexpr uint8_t kMemmapOnMemoryMark = 255;  // of 256

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

constexpr std::array<uint8_t, 8> kActionTable = {
    mm::MEM_GOING_OFFLINE, mm::MEM_CANCEL_OFFLINE, mm::MEM_OFFLINE,       mm::MEM_GOING_ONLINE,
    mm::MEM_CANCEL_ONLINE, mm::MEM_ONLINE,         mm::MEM_GOING_OFFLINE, mm::MEM_GOING_OFFLINE};
constexpr std::array<uint8_t, 8> kAnswerNths = {0, 1, 2, 3, 1, 0, 1, 2};
constexpr std::array<uint32_t, 16> kAnswerValues = {mm::notifier_from_errno(-EBUSY),
                                                    mm::NOTIFY_BAD,
                                                    mm::NOTIFY_STOP,
                                                    mm::NOTIFY_OK,
                                                    mm::notifier_from_errno(-ENOMEM),
                                                    static_cast<uint32_t>(-EBUSY),
                                                    2,
                                                    mm::NOTIFY_DONE,
                                                    mm::notifier_from_errno(-EBUSY),
                                                    mm::NOTIFY_BAD,
                                                    mm::notifier_from_errno(-EINTR),
                                                    mm::notifier_from_errno(-EAGAIN),
                                                    mm::NOTIFY_STOP_MASK,
                                                    static_cast<uint32_t>(-EPERM),
                                                    mm::notifier_from_errno(-EBUSY),
                                                    mm::NOTIFY_BAD};

// One entry short of 8: the last place stands for a number of its own.
constexpr std::array<uint8_t, 7> kFaultNths = {1, 2, 3, 1, 4, 1, 2};
constexpr uint32_t kLongNths = 255;

enum class BlockFlag : uint8_t { kOffline, kReserved };
constexpr std::array<BlockFlag, 4> kBlockFlags = {BlockFlag::kOffline, BlockFlag::kReserved,
                                                  BlockFlag::kOffline, BlockFlag::kOffline};

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
  m->memmap_on_memory = r[7] == kMemmapOnMemoryMark;
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
  const bool op = kind == Kind::kOp && NamesNotifier(r);
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
  fault.site = static_cast<FaultSite>(r[1] % mm::kFaultSites);
  const uint32_t place = r[2] % (kFaultNths.size() + 1);
  fault.nth =
      place < kFaultNths.size() ? kFaultNths[place] : static_cast<uint8_t>(1 + r[3] % kLongNths);
  const std::span<const uint8_t> errnos = mm::FaultErrnos(fault.site);
  fault.error = errnos[r[4] % errnos.size()];
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
        s->ops.push(DecodeOp(r, Owner(tasks, s->tasks.size), *s));
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
  r[7] = m.memmap_on_memory ? kMemmapOnMemoryMark : 0;
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

Record EncodeFault(const Fault& fault) {
  Record r = OfKind(Kind::kFault);
  r[1] = static_cast<uint8_t>(fault.site);
  r[2] = Place(kFaultNths, fault.nth);
  if (r[2] == kFaultNths.size()) r[3] = static_cast<uint8_t>(fault.nth - 1);
  r[4] = Place(mm::kFaultErrnos, fault.error);
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
    if (const char* why = BeyondBytes(s.machine, op)) return why;
  }
  for (const Preemption& p : s.schedule) {
    if (p.when != When::kStep) return "the byte form has no anchored preemptions";
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
