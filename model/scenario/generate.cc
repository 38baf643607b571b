// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/scenario/generate.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "model/scenario/ops.h"
#include "model/scenario/random.h"
#include "model/scenario/rules.h"
#include "model/scenario/words.h"

namespace hotplug::scenario {
namespace {

constexpr uint32_t kMostSteps = 80;  // of a task: later ones are seldom reached

class Generator {
 public:
  Generator(uint64_t seed, const GenerateOptions& options) : random_(seed), options_(options) {}

  Scenario Make() {
    MakeMachine();
    MakeTasks();
    MakeNotifiers();
    MakeFaults();
    MakeSchedule();
    MakeCaches();
    MakeSeldom();
    MakeReader();
    s_.machine.kmemleak = random_.OneIn(64);
    MakeParts();
    if (options_.sequential) MakeDimms();
    return s_;
  }

 private:
  void MakeMachine();
  void MakeBlocks(uint32_t blocks);
  void MakeTasks();
  Role AnyRole(bool first);
  void MakeOps(Role role, uint32_t task);
  void MakeNotifiers();
  void MakeFaults();
  void MakeSchedule();
  void MakeCaches();
  void MakeSeldom();
  void MakeReader();
  void MakeParts();
  void MakeDimms();

  // Programs, one for each role.
  void Memtrace(uint32_t task);
  void User(uint32_t task);
  void Walker(uint32_t task);
  void Allocator(uint32_t task);
  void Killer(uint32_t task);
  void Prober(uint32_t task);
  void Firmware(uint32_t task);
  void DimmDriver(uint32_t task);
  void AutoOnliner(uint32_t task);
  void Registrar(uint32_t task);
  void ContigUser(uint32_t task);
  void SmallContigUser(uint32_t task);
  void Poisoner(uint32_t task);
  uint8_t AnyNode();

  void Push(uint32_t task, OpKind kind) { Push(task, kind, Op{}); }
  void Push(uint32_t task, OpKind kind, Op op) {
    op.kind = kind;
    op.task = static_cast<uint8_t>(task);
    s_.ops.push(op);
  }
  void WriteEnable(uint32_t task, uint64_t value) {
    Op op;
    op.value = value;
    Push(task, OpKind::kWriteEnable, op);
  }
  void WriteState(uint32_t task, uint8_t block, StateWord word) {
    Op op;
    op.block = block;
    op.arg = static_cast<uint8_t>(word);
    Push(task, OpKind::kWriteState, op);
  }
  void WriteOnline(uint32_t task, uint8_t block, uint8_t digit) {
    Op op;
    op.block = block;
    op.arg = digit;
    Push(task, OpKind::kWriteOnline, op);
  }
  void Sleep(uint32_t task, uint32_t most) {
    Op op;
    op.value = random_.Between(1, most);
    Push(task, OpKind::kSleep, op);
  }
  uint8_t AnyBlock() { return static_cast<uint8_t>(random_.Below(s_.machine.blocks.size)); }
  uint8_t AnyTask() { return static_cast<uint8_t>(random_.Below(s_.tasks.size)); }
  uint8_t AnyRow(int32_t fixed, uint32_t rows) {
    return static_cast<uint8_t>(fixed >= 0 ? static_cast<uint32_t>(fixed) : random_.Below(rows));
  }

  Random random_;
  const GenerateOptions& options_;
  Scenario s_;
};

void Generator::MakeMachine() {
  constexpr uint8_t kOrders[] = {2, 3, 3, 4, 4, 4};
  Machine& m = s_.machine;
  s_.driver = AnyRow(options_.driver, options_.nr_drivers);
  m.kernel = AnyRow(options_.kernel, options_.nr_kernels);
  m.debug_vm = random_.OneIn(4);
  m.auto_online = random_.OneIn(4);
  m.block_order = random_.Pick(kOrders);
  // A pageblock is at least two pages and no larger than the largest buddy.
  m.max_order = static_cast<uint8_t>(m.block_order - random_.Below(m.block_order > 2 ? 3 : 2));
  m.pageblock_order = static_cast<uint8_t>(random_.Between(1, m.max_order));
  if (random_.OneIn(2)) m.pageblock_order = m.max_order;
  if (options_.shape.has_value()) {
    m.block_order = options_.shape->block_order;
    m.pageblock_order = options_.shape->pageblock_order;
    m.max_order = options_.shape->max_order;
    m.debug_vm = options_.shape->debug_vm;
  }
  // Aligned or not: a contiguous range of several blocks has to be.
  m.first_block = static_cast<uint8_t>(random_.OneIn(3) ? random_.Between(1, 9) : 4);
  const bool other_size = random_.OneIn(6);
  MakeBlocks(other_size ? random_.Between(2, 12) : random_.Between(4, 8));
}

// Behind the rest, so that this is the same with and without.
void Generator::MakeCaches() {
  if (random_.OneIn(6)) s_.machine.pcp_high = static_cast<uint8_t>(random_.Between(1, kMaxPcpHigh));
  if (random_.OneIn(6)) s_.machine.pagevec = static_cast<uint8_t>(random_.Between(1, kMaxPagevec));
}

// What competes seldom, at the end of the last task's program.
void Generator::MakeSeldom() {
  constexpr void (Generator::* kPrograms[])(uint32_t) = {
      &Generator::Prober,    &Generator::Firmware,   &Generator::AutoOnliner,
      &Generator::Registrar, &Generator::ContigUser, &Generator::Poisoner};
  constexpr uint32_t kMostOps = 4;
  if ((!options_.sequential && !random_.OneIn(4)) || s_.ops.size + kMostOps >= kMaxOps) return;
  const uint32_t task = s_.tasks.size - 1;
  if (random_.OneIn(2)) Sleep(task, 64);
  (this->*random_.Pick(kPrograms))(task);
}

// One more task, if there may be one, sees the memory that a driver has.
void Generator::MakeReader() {
  constexpr uint32_t kMostOps = 4;
  if (options_.without_driver) return;
  if (!random_.OneIn(8) || s_.ops.size + kMostOps >= kMaxOps) return;
  if (s_.tasks.size < std::min(options_.max_tasks, kMaxTasks)) s_.tasks.push(Task{Role::kUser});
  const uint32_t task = s_.tasks.size - 1;
  Op op;
  op.node = s_.machine.blocks[AnyBlock()].node;
  Sleep(task, 128);
  Push(task, random_.OneIn(2) ? OpKind::kReadTrace : OpKind::kMmapTrace, op);
  if (random_.OneIn(2)) Sleep(task, 64);
  const auto step = static_cast<uint16_t>(random_.Between(1, 12));
  s_.schedule.push(Preemption{static_cast<uint8_t>(task), AnyTask(), step});
}

// Some read and map a part of a file: within it, up to its end, or beyond.
void Generator::MakeParts() {
  const uint64_t page = PageBytes(s_.machine);
  for (Op& op : s_.ops) {
    const bool reads = op.kind == OpKind::kReadTrace;
    if (!(reads || op.kind == OpKind::kMmapTrace) || !random_.OneIn(3)) continue;
    op.kind = reads ? OpKind::kReadTraceAt : OpKind::kMmapTraceAt;
    op.value = random_.Below(2 * PagesPerBlock(s_.machine)) * page;
    op.length = random_.Between(1, 2 * PagesPerBlock(s_.machine)) * page;
  }
}

// DIMMs that come and go, perhaps with their memmap in them, and small contiguous ranges. Behind
// the rest, so that this is the same with and without.
void Generator::MakeDimms() {
  constexpr uint32_t kMostOps = 14;
  const uint32_t task = s_.tasks.size - 1;
  s_.machine.memmap_on_memory = random_.OneIn(2);
  for (uint32_t rounds = random_.Between(1, 2); rounds > 0; --rounds) {
    if (s_.ops.size + kMostOps >= kMaxOps) return;
    if (random_.OneIn(2)) SmallContigUser(task);
    if (random_.OneIn(2)) DimmDriver(task);
  }
}

void Generator::MakeBlocks(uint32_t blocks) {
  Machine& m = s_.machine;
  const uint32_t on_node0 = random_.OneIn(3) ? random_.Between(1, blocks) : blocks;
  const uint32_t movable0 = random_.OneIn(3) ? random_.Below(on_node0) : 0;
  const uint32_t movable1 = random_.OneIn(2) ? random_.Below(blocks - on_node0 + 1) : 0;
  for (uint32_t i = 0; i < blocks; ++i) {
    Block block;
    block.node = i < on_node0 ? 0 : 1;
    const uint32_t movable_from = i < on_node0 ? on_node0 - movable0 : blocks - movable1;
    block.zone = i < movable_from ? Zone::kNormal : Zone::kMovable;
    block.offline = random_.OneIn(10);
    block.reserved = !block.offline && random_.OneIn(16);
    m.blocks.push(block);
  }
  m.blocks[0].offline = false;  // a machine has some memory that is online
}

Role Generator::AnyRole(bool first) {
  constexpr Role kOthers[] = {Role::kUser,   Role::kUser,  Role::kUser, Role::kMemtrace,
                              Role::kWalker, Role::kAlloc, Role::kKill};
  constexpr Role kSequential[] = {Role::kUser,   Role::kUser,  Role::kUser,
                                  Role::kWalker, Role::kAlloc, Role::kFirmware};
  if (options_.sequential) return random_.Pick(kSequential);
  if (first && !options_.without_driver && !random_.OneIn(8)) return Role::kMemtrace;
  const Role role = random_.Pick(kOthers);
  return options_.without_driver && role == Role::kMemtrace ? Role::kUser : role;
}

void Generator::MakeTasks() {
  const uint32_t most = std::clamp(options_.max_tasks, 1u, kMaxTasks);
  const uint32_t least = std::clamp(options_.min_tasks, 1u, most);
  const uint32_t tasks = random_.Between(least, most);
  std::array<Role, kMaxTasks> roles{};
  for (uint32_t i = 0; i < tasks; ++i) roles[i] = AnyRole(i == 0);
  if (options_.sequential) {
    s_.tasks.push(Task{Role::kUser});
    for (uint32_t i = 0; i < tasks; ++i) {
      MakeOps(roles[i], 0);
      if (random_.OneIn(3)) MakeSeldom();
    }
    return;
  }
  for (uint32_t i = 0; i < tasks; ++i) s_.tasks.push(Task{roles[i]});
  for (uint32_t i = 0; i < tasks; ++i) MakeOps(roles[i], i);
}

void Generator::MakeOps(Role role, uint32_t task) {
  // Only tasks before this one, so that no two wait for each other.
  if (task > 0 && random_.OneIn(12)) {
    Op op;
    op.target = static_cast<uint8_t>(random_.Below(task));
    Push(task, OpKind::kAfter, op);
  }
  switch (role) {
    case Role::kMemtrace:
      return Memtrace(task);
    case Role::kUser:
      return User(task);
    case Role::kWalker:
      return Walker(task);
    case Role::kAlloc:
      return Allocator(task);
    case Role::kKill:
      return Killer(task);
    case Role::kFirmware:
      return Firmware(task);
  }
}

void Generator::Memtrace(uint32_t task) {
  constexpr uint32_t kBlocks[] = {1, 1, 2, 2, 2, 4};
  if (random_.OneIn(4)) Sleep(task, 16);
  const uint32_t rounds = random_.Between(1, 2);
  for (uint32_t i = 0; i < rounds; ++i) {
    const uint32_t blocks = random_.Pick(kBlocks);
    WriteEnable(task, random_.OneIn(16) ? blocks * kBlockBytes / 2 : blocks * kBlockBytes);
    if (random_.OneIn(4)) Push(task, OpKind::kReadEnable);
    if (!random_.OneIn(3)) WriteEnable(task, 0);
  }
}

void Generator::User(uint32_t task) {
  constexpr StateWord kOnlines[] = {StateWord::kOnline, StateWord::kOnline,
                                    StateWord::kOnlineKernel, StateWord::kOnlineMovable};
  const uint32_t rounds = random_.Between(1, 3);
  uint8_t block = AnyBlock();
  for (uint32_t i = 0; i < rounds; ++i) {
    if (random_.OneIn(3)) block = AnyBlock();
    if (random_.OneIn(6)) Sleep(task, 64);
    if (random_.OneIn(4)) {
      WriteOnline(task, block, 0);
      WriteOnline(task, block, 1);
      continue;
    }
    if (!random_.OneIn(5)) WriteState(task, block, StateWord::kOffline);
    if (random_.OneIn(24)) WriteState(task, block, StateWord::kGarbage);
    const StateWord online = random_.Pick(kOnlines);
    if (!random_.OneIn(4)) WriteState(task, block, online);
  }
}

void Generator::Walker(uint32_t task) {
  const uint32_t rounds = random_.Between(1, 3);
  for (uint32_t i = 0; i < rounds; ++i) {
    Op op;
    op.block = AnyBlock();
    op.page = static_cast<uint16_t>(random_.Below(PagesPerBlock(s_.machine)));
    if (random_.OneIn(2)) Sleep(task, 32);
    Push(task, OpKind::kGet, op);
    if (random_.OneIn(2)) Sleep(task, 64);
    Push(task, OpKind::kPut);
  }
}

uint8_t Generator::AnyNode() {
  const Machine& m = s_.machine;
  return static_cast<uint8_t>(random_.Between(m.blocks[0].node, m.blocks[m.blocks.size - 1].node));
}

void Generator::Allocator(uint32_t task) {
  constexpr uint8_t kOrders[] = {0, 0, 0, 1, 2, 3};
  const uint32_t allocations = random_.Between(1, 4);
  for (uint32_t i = 0; i < allocations; ++i) {
    Op op;
    op.arg = static_cast<uint8_t>(random_.OneIn(4) ? Mobility::kUnmovable : Mobility::kMovable);
    op.order = random_.Pick(kOrders);
    op.node = AnyNode();
    Push(task, OpKind::kAlloc, op);
    if (random_.OneIn(3)) Sleep(task, 48);
    if (random_.OneIn(3)) Push(task, OpKind::kFree);
  }
  for (uint32_t i = random_.Below(allocations + 1); i > 0; --i) Push(task, OpKind::kFree);
}

void Generator::Killer(uint32_t task) {
  constexpr Signal kSignalsSent[] = {Signal::kInt, Signal::kUsr1, Signal::kKill};
  Sleep(task, 100);
  const uint32_t times = random_.Between(1, 2);
  for (uint32_t i = 0; i < times; ++i) {
    Op op;
    op.target = random_.OneIn(2) ? 0 : AnyTask();
    op.arg = static_cast<uint8_t>(random_.Pick(kSignalsSent));
    Push(task, OpKind::kKill, op);
  }
}

// Adds memory that may be there, or a driver's.
void Generator::Prober(uint32_t task) {
  Op op;
  op.block = AnyBlock();
  Push(task, OpKind::kWriteProbe, op);
}

// A DIMM that goes, and perhaps comes back.
void Generator::Firmware(uint32_t task) {
  Op op;
  op.block = AnyBlock();
  Push(task, OpKind::kRemove, op);
  if (random_.OneIn(3)) Sleep(task, 48);
  if (!random_.OneIn(4)) Push(task, OpKind::kAdd, op);
}

// A driver takes the DIMMs of a few blocks away; firmware has it see some of them again, which it
// takes away with their neighbours.
void Generator::DimmDriver(uint32_t task) {
  Op dimms;
  dimms.block = AnyBlock();
  dimms.blocks = static_cast<uint8_t>(random_.Between(1, 3));
  Push(task, OpKind::kOfflineAndRemove, dimms);
  const uint32_t end = std::min<uint32_t>(dimms.block + dimms.blocks, s_.machine.blocks.size);
  for (uint32_t block = dimms.block; block < end; ++block) {
    Op op;
    op.block = static_cast<uint8_t>(block);
    if (random_.OneIn(3)) Push(task, OpKind::kRemove, op);
    if (!random_.OneIn(4)) Push(task, OpKind::kAdd, op);
    if (random_.OneIn(2)) WriteOnline(task, op.block, 1);
  }
  Push(task, OpKind::kOfflineAndRemove, dimms);
}

// What is to become of added memory from now on.
void Generator::AutoOnliner(uint32_t task) {
  Op op;
  op.arg = static_cast<uint8_t>(random_.Below(kStateWords));
  Push(task, OpKind::kWriteAutoOnline, op);
}

// A module with a notifier of its own comes late, or goes.
void Generator::Registrar(uint32_t task) {
  if (s_.notifiers.size == 0) return;
  Op op;
  op.notifier = static_cast<uint8_t>(random_.Below(s_.notifiers.size));
  s_.notifiers[op.notifier].unregistered = !random_.OneIn(3);
  if (s_.notifiers[op.notifier].unregistered) Push(task, OpKind::kRegister, op);
  if (random_.OneIn(2)) Sleep(task, 64);
  Push(task, OpKind::kUnregister, op);
}

// Another user of contiguous memory: half a block, one or two.
void Generator::ContigUser(uint32_t task) {
  Op op;
  op.order = static_cast<uint8_t>(s_.machine.block_order - 1u + random_.Below(3));
  op.node = AnyNode();
  Push(task, OpKind::kAllocContig, op);
  if (random_.OneIn(2)) Sleep(task, 64);
  Push(task, OpKind::kFreeContig);
}

// One of less than half a block, perhaps beside a compound page of the kernel.
void Generator::SmallContigUser(uint32_t task) {
  Op op;
  op.node = AnyNode();
  op.order = static_cast<uint8_t>(random_.Below(kMaxAllocOrder + 1));
  if (random_.OneIn(2)) Push(task, OpKind::kAlloc, op);
  op.order = static_cast<uint8_t>(random_.Below(s_.machine.block_order - 1u));
  Push(task, OpKind::kAllocContig, op);
  if (random_.OneIn(2)) Push(task, OpKind::kFreeContig);
}

// A page that cannot be used any more.
void Generator::Poisoner(uint32_t task) {
  Op op;
  op.block = AnyBlock();
  op.page = static_cast<uint16_t>(random_.Below(PagesPerBlock(s_.machine)));
  Push(task, OpKind::kPoison, op);
}

void Generator::MakeNotifiers() {
  constexpr uint32_t kCounts[] = {0, 0, 1, 1, 2, 3};
  constexpr int16_t kUsual[] = {0, 0, 1, 10, 100, -1, -10};
  constexpr uint32_t kValues[] = {mm::notifier_from_errno(-EBUSY),
                                  mm::notifier_from_errno(-EBUSY),
                                  mm::notifier_from_errno(-ENOMEM),
                                  mm::NOTIFY_BAD,
                                  mm::NOTIFY_STOP,
                                  mm::NOTIFY_DONE,
                                  static_cast<uint32_t>(-EBUSY)};
  constexpr uint8_t kAsked[] = {mm::MEM_GOING_OFFLINE, mm::MEM_GOING_OFFLINE, mm::MEM_GOING_OFFLINE,
                                mm::MEM_GOING_ONLINE};
  constexpr uint8_t kNths[] = {0, 1, 1, 2, 3};
  const uint32_t notifiers = random_.Pick(kCounts);
  for (uint32_t i = 0; i < notifiers; ++i) {
    s_.notifiers.push(Notifier{random_.Pick(kUsual)});
    const uint32_t answers = random_.Between(1, 2);
    for (uint32_t k = 0; k < answers; ++k) {
      Answer answer;
      answer.notifier = static_cast<uint8_t>(i);
      answer.action = random_.OneIn(5) ? static_cast<uint8_t>(random_.Pick(mm::kMemActions).value)
                                       : random_.Pick(kAsked);
      answer.block = random_.OneIn(2) ? AnyBlock() : Answer::kAnyBlock;
      answer.nth = random_.Pick(kNths);
      answer.value = random_.Pick(kValues);
      s_.answers.push(answer);
    }
  }
}

void Generator::MakeFaults() {
  if (!random_.OneIn(5)) return;
  Fault fault;
  fault.site = static_cast<FaultSite>(
      random_.Below(options_.kworker ? mm::kFaultSites : mm::kCommonFaultSites));
  fault.nth = static_cast<uint8_t>(random_.Between(1, 3));
  const std::span<const uint8_t> errnos = mm::FaultErrnos(fault.site);
  fault.error = errnos[random_.Below(mm::kFaultErrnos.size()) % errnos.size()];
  s_.faults.push(fault);
}

void Generator::MakeSchedule() {
  const uint32_t expected = std::min(options_.preemptions, kMaxPreemptions / 2);
  const uint32_t preemptions = s_.tasks.size > 1 ? random_.Below(2 * expected + 1) : 0;
  std::array<uint32_t, kMaxTasks> steps{};
  for (const Op& op : s_.ops) steps[op.task] += OperationOf(op.kind).steps;
  for (uint32_t i = 0; i < preemptions; ++i) {
    Preemption p;
    p.task = AnyTask();
    p.other = static_cast<uint8_t>(random_.Below(s_.tasks.size - 1));
    if (p.other >= p.task) ++p.other;
    p.step = static_cast<uint16_t>(random_.Between(1, std::clamp(steps[p.task], 1u, kMostSteps)));
    if (options_.kworker && random_.OneIn(2)) (random_.OneIn(2) ? p.task : p.other) = kKworker;
    s_.schedule.push(p);
  }
}

}  // namespace

Scenario Generate(uint64_t seed, const GenerateOptions& options) {
  return Generator(seed, options).Make();
}

}  // namespace hotplug::scenario
