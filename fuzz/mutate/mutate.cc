// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/mutate/mutate.h"

#include <algorithm>
#include <array>

#include "model/scenario/bytes.h"
#include "model/scenario/random.h"
#include "model/scenario/rules.h"
#include "model/scenario/words.h"

namespace hotplug::mutate {
namespace {

using scenario::Action;
using scenario::Answer;
using scenario::Block;
using scenario::Fault;
using scenario::FaultSite;
using scenario::List;
using scenario::Machine;
using scenario::Mobility;
using scenario::Notifier;
using scenario::Op;
using scenario::OpKind;
using scenario::Preemption;
using scenario::Random;
using scenario::Role;
using scenario::Scenario;
using scenario::Signal;
using scenario::StateWord;
using scenario::Task;
using scenario::Zone;

// ---- What is likely ----------------------------------------------------------------------

constexpr OpKind kUsualOps[] = {
    OpKind::kWriteEnable, OpKind::kWriteEnable, OpKind::kWriteEnable, OpKind::kWriteState,
    OpKind::kWriteState,  OpKind::kWriteState,  OpKind::kWriteState,  OpKind::kWriteOnline,
    OpKind::kAlloc,       OpKind::kAlloc,       OpKind::kFree,        OpKind::kGet,
    OpKind::kGet,         OpKind::kPut,         OpKind::kPut,         OpKind::kKill,
    OpKind::kAfter,       OpKind::kSleep,       OpKind::kReadEnable};
constexpr StateWord kUsualStates[] = {
    StateWord::kOffline, StateWord::kOffline,       StateWord::kOffline,      StateWord::kOnline,
    StateWord::kOnline,  StateWord::kOnlineMovable, StateWord::kOnlineKernel, StateWord::kGarbage};
constexpr uint8_t kUsualBlocks[] = {0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 3, 4, 4, 8};
constexpr uint8_t kUsualAllocOrders[] = {0, 0, 0, 0, 1, 1, 2, 3};
constexpr Signal kUsualSignals[] = {Signal::kInt, Signal::kInt, Signal::kUsr1, Signal::kKill};
constexpr Action kUsualActions[] = {
    Action::kGoingOffline, Action::kGoingOffline, Action::kGoingOffline, Action::kGoingOnline,
    Action::kOffline,      Action::kOnline,       Action::kCancelOnline, Action::kCancelOffline};
constexpr uint8_t kUsualNths[] = {0, 0, 1, 1, 2, 3};
constexpr uint32_t kEperm = 1, kEagain = 11, kEnomem = 12, kEbusy = 16;
constexpr uint32_t kUsualAnswers[] = {scenario::NotifierFromErrno(kEbusy),
                                      scenario::NotifierFromErrno(kEbusy),
                                      scenario::NotifierFromErrno(kEnomem),
                                      scenario::NotifierFromErrno(kEagain),
                                      scenario::kNotifyBad,
                                      scenario::kNotifyBad,
                                      scenario::kNotifyStop,
                                      scenario::kNotifyOk,
                                      scenario::kNotifyDone,
                                      uint32_t{0} - kEbusy,
                                      uint32_t{0} - kEperm};
constexpr int16_t kUsualPriorities[] = {0, 0, 0, 1, -1, 10, -10, 100, -100};
constexpr uint8_t kUsualBlockOrders[] = {2, 2, 2, 3, 3, 4, 5, 6};

// Of a task that does mostly this.
Role RoleOf(OpKind kind) {
  switch (kind) {
    case OpKind::kWriteEnable:
    case OpKind::kReadEnable:
      return Role::kMemtrace;
    case OpKind::kGet:
    case OpKind::kPut:
      return Role::kWalker;
    case OpKind::kAlloc:
    case OpKind::kFree:
      return Role::kAlloc;
    case OpKind::kKill:
      return Role::kKill;
    default:
      return Role::kUser;
  }
}

// ---- Tasks renumbered ----------------------------------------------------------------------

// The new number of each task; kGone for one that is left out. Two may become one.
using NewTasks = std::array<uint8_t, kMaxTasks>;
constexpr uint8_t kGone = 255;

bool HasTarget(const Op& op) { return op.kind == OpKind::kKill || op.kind == OpKind::kAfter; }

// What names a task that is gone goes with it. The list of tasks stays.
void RenumberTasks(const NewTasks& to, Scenario& s) {
  for (uint32_t i = s.ops.size; i-- > 0;) {
    Op& op = s.ops[i];
    const uint8_t target = HasTarget(op) ? to[op.target] : 0;
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

// Leaves out a task; what it does and when it is preempted becomes that of `heir`, if not kGone.
void EraseTask(uint32_t task, uint32_t heir, Scenario& s) {
  NewTasks to{};
  for (uint32_t i = 0; i < kMaxTasks; ++i) to[i] = static_cast<uint8_t>(i > task ? i - 1 : i);
  to[task] = heir == kGone ? kGone : to[heir];
  RenumberTasks(to, s);
  s.tasks.erase(task);
}

template <class T, uint32_t kCapacity>
void Insert(uint32_t index, const T& item, List<T, kCapacity>& list) {
  if (!list.push(item)) return;
  for (uint32_t i = list.size - 1; i > index; --i) list[i] = list[i - 1];
  list[index] = item;
}

// ---- Changes of one scenario ---------------------------------------------------------------

class Draft {
 public:
  Draft(const Limits& limits, uint32_t seed, Scenario* s)
      : limits_(limits), random_(seed), s_(*s) {}

  // A change, or a few of them, which mostly keep the scenario about as long as it is.
  void ChangeSome();
  void TakeFrom(const Scenario& other);

  // The kinds of changes. Each returns false if there is nothing of its kind, or no room.
  bool InsertOp();
  bool DuplicateOp();
  bool DeleteOp();
  bool MoveOp();
  bool ReplaceOp();
  bool RetargetOp();
  bool AddPreemption();
  bool AddRoundTrip();
  bool RemovePreemption();
  bool ShiftPreemption();
  bool RetargetPreemption();
  bool AddTask();
  bool RemoveTask();
  bool MergeTasks();
  bool AddNotifier();
  bool RemoveNotifier();
  bool ChangePriority();
  bool AddAnswer();
  bool RemoveAnswer();
  bool ChangeAnswer();
  bool AddFault();
  bool RemoveFault();
  bool ChangeFault();
  bool AddBlock();
  bool RemoveBlock();
  bool ChangeBlock();
  bool ChangeZone();
  bool ChangeNodes();
  bool ChangePages();
  bool ChangeOrders();
  bool ChangeFirstBlock();
  bool ChangeCaches();
  bool ChangeSwitch();
  bool ChangeKernel();

 private:
  // How many things of the scenario can be left out.
  uint32_t Items() const {
    return s_.machine.blocks.size + s_.notifiers.size + s_.answers.size + s_.tasks.size +
           s_.ops.size + s_.faults.size + s_.schedule.size;
  }
  template <class T, uint32_t kCapacity>
  uint32_t Any(const List<T, kCapacity>& list) {
    return random_.Below(list.size);
  }
  template <class T, uint32_t kCapacity>
  bool EraseAny(List<T, kCapacity>& list) {
    if (list.size == 0) return false;
    list.erase(Any(list));
    return true;
  }
  template <class T, size_t kSize>
  T Usual(const T (&table)[kSize]) {
    return random_.Pick(table);
  }
  template <class T>
  static bool Assign(T& field, T value) {
    const bool changes = !(field == value);
    field = value;
    return changes;
  }

  uint8_t AnyTask() { return static_cast<uint8_t>(Any(s_.tasks)); }
  uint8_t AnyBlock();
  uint16_t AnyStep() {
    return static_cast<uint16_t>(1 + random_.Below(uint32_t{1} << random_.Between(1, 8)));
  }
  uint64_t AnyEnableValue();
  Op OpOf(OpKind kind, uint32_t task);
  Answer AnswerOf(uint32_t notifier);
  Fault AnyFault();
  uint32_t PlaceIn(uint32_t task);
  bool Place(const Op& op);

  const Limits& limits_;
  Random random_;
  Scenario& s_;
};

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
    case OpKind::kReadEnable:
    case OpKind::kFree:
    case OpKind::kPut:
      break;
  }
  return op;
}

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
  fault.site = static_cast<FaultSite>(random_.Below(scenario::kFaultSites));
  fault.nth = static_cast<uint8_t>(random_.Between(1, 4));
  const auto errnos = static_cast<uint32_t>(scenario::kFaultErrnos.size());
  const uint32_t error = random_.Below(errnos);
  fault.error = scenario::kFaultErrnos[fault.site == FaultSite::kAddMemory ? error : 0];
  return fault;
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
  const OpKind kind = Usual(kUsualOps);
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
  const OpKind kind = Usual(kUsualOps);
  return Assign(op, OpOf(kind, op.task));
}

// One of its operands, drawn anew.
bool Draft::RetargetOp() {
  if (s_.ops.size == 0) return false;
  Op& op = s_.ops[Any(s_.ops)];
  const Op drawn = OpOf(op.kind, op.task);
  switch (random_.Below(4)) {
    case 0:
      return Assign(op.block, drawn.block) || Assign(op.target, drawn.target);
    case 1:
      return Assign(op.arg, drawn.arg) || Assign(op.page, drawn.page);
    case 2:
      return Assign(op.value, drawn.value) || Assign(op.order, drawn.order) ||
             Assign(op.node, drawn.node);
    default:
      return Assign(op, drawn);
  }
}

bool Draft::AddPreemption() {
  if (s_.tasks.size < 2) return false;
  Preemption p;
  p.task = AnyTask();
  p.other = AnyTask();
  p.step = AnyStep();
  return p.other != p.task && s_.schedule.push(p);
}

// A preemption and the way back, some steps of the other task later.
bool Draft::AddRoundTrip() {
  if (s_.tasks.size < 2 || s_.schedule.size + 2 > kMaxPreemptions) return false;
  Preemption p;
  p.task = AnyTask();
  p.other = AnyTask();
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
      return Assign(p.task, AnyTask());
    case 1:
      return Assign(p.other, AnyTask());
    default:
      return Assign(p.step, AnyStep());
  }
}

bool Draft::AddTask() {
  if (s_.tasks.full() || s_.ops.full()) return false;
  const OpKind kind = Usual(kUsualOps);
  s_.tasks.push(Task{RoleOf(kind)});
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

bool Draft::AddNotifier() {
  if (s_.notifiers.full() || s_.answers.full()) return false;
  s_.notifiers.push(Notifier{Usual(kUsualPriorities)});
  const Answer answer = AnswerOf(s_.notifiers.size - 1);
  return s_.answers.push(answer);
}

bool Draft::RemoveNotifier() {
  if (s_.notifiers.size == 0) return false;
  const uint32_t notifier = Any(s_.notifiers);
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

// Beside another one, and like it.
bool Draft::AddBlock() {
  List<Block, kMaxBlocks>& blocks = s_.machine.blocks;
  if (blocks.size >= kFuzzBlocks) return false;
  const uint32_t at = Any(blocks);
  Block block = blocks[at];
  block.reserved = false;
  block.offline = false;
  Insert(at + 1, block, blocks);
  return true;
}

bool Draft::RemoveBlock() { return s_.machine.blocks.size > 1 && EraseAny(s_.machine.blocks); }

bool Draft::ChangeBlock() {
  Block& block = s_.machine.blocks[Any(s_.machine.blocks)];
  Block drawn = block;
  const uint32_t kind = random_.Below(3);
  drawn.offline = kind == 1;
  drawn.reserved = kind == 2;
  return Assign(block, drawn);
}

// From some block on the memory of its node is movable.
bool Draft::ChangeZone() {
  List<Block, kMaxBlocks>& blocks = s_.machine.blocks;
  const List<Block, kMaxBlocks> before = blocks;
  const uint32_t from = Any(blocks);
  const bool any = !random_.OneIn(3);
  for (uint32_t i = 0; i < blocks.size; ++i) {
    if (blocks[i].node != blocks[from].node) continue;
    blocks[i].zone = any && i >= from ? Zone::kMovable : Zone::kNormal;
  }
  return !(before == blocks);
}

// From some block on the memory is that of the second node.
bool Draft::ChangeNodes() {
  List<Block, kMaxBlocks>& blocks = s_.machine.blocks;
  const List<Block, kMaxBlocks> before = blocks;
  const uint32_t from = random_.OneIn(2) ? blocks.size : Any(blocks);
  for (uint32_t i = 0; i < blocks.size; ++i) blocks[i].node = i < from ? 0 : 1;
  return !(before == blocks);
}

bool Draft::ChangePages() {
  Machine& m = s_.machine;
  const uint8_t before = m.block_order;
  m.block_order = Usual(kUsualBlockOrders);
  m.max_order = m.block_order;
  m.pageblock_order = m.block_order;
  return m.block_order != before;
}

// A pageblock is at least two pages and no larger than the largest buddy.
bool Draft::ChangeOrders() {
  Machine& m = s_.machine;
  const Machine before = m;
  m.max_order = static_cast<uint8_t>(m.block_order - random_.Below(2));
  m.pageblock_order = static_cast<uint8_t>(random_.Between(1, m.max_order));
  return !(before == m);
}

// Aligned or not: a contiguous range of several blocks has to be.
bool Draft::ChangeFirstBlock() {
  const bool usual = random_.OneIn(2);
  const uint32_t block = usual ? Machine{}.first_block : random_.Below(16);
  return Assign(s_.machine.first_block, static_cast<uint8_t>(block));
}

// Mostly none: what a CPU keeps back makes every run longer.
bool Draft::ChangeCaches() {
  const bool none = random_.OneIn(2);
  const bool pcp = random_.OneIn(2);
  const uint32_t pages = random_.Between(1, pcp ? kMaxPcpHigh : kMaxPagevec);
  uint8_t& field = pcp ? s_.machine.pcp_high : s_.machine.pagevec;
  return Assign(field, static_cast<uint8_t>(none ? 0 : pages));
}

bool Draft::ChangeSwitch() {
  bool& field = random_.OneIn(2) ? s_.machine.debug_vm : s_.machine.auto_online;
  field = !field;
  return true;
}

bool Draft::ChangeKernel() {
  return Assign(s_.machine.kernel, static_cast<uint8_t>(random_.Below(limits_.nr_kernels)));
}

enum class Way : uint8_t { kGrow, kShrink, kOther };

struct Change {
  const char* name;
  Way way;
  uint32_t weight;
  bool (Draft::*apply)();
};

constexpr Change kChanges[] = {
    {"insert operation", Way::kGrow, 8, &Draft::InsertOp},
    {"duplicate operation", Way::kGrow, 2, &Draft::DuplicateOp},
    {"add preemption", Way::kGrow, 6, &Draft::AddPreemption},
    {"add round trip", Way::kGrow, 6, &Draft::AddRoundTrip},
    {"add task", Way::kGrow, 4, &Draft::AddTask},
    {"add notifier", Way::kGrow, 2, &Draft::AddNotifier},
    {"add answer", Way::kGrow, 2, &Draft::AddAnswer},
    {"add fault", Way::kGrow, 1, &Draft::AddFault},
    {"add block", Way::kGrow, 2, &Draft::AddBlock},
    {"delete operation", Way::kShrink, 8, &Draft::DeleteOp},
    {"remove preemption", Way::kShrink, 12, &Draft::RemovePreemption},
    {"remove task", Way::kShrink, 2, &Draft::RemoveTask},
    {"merge tasks", Way::kShrink, 1, &Draft::MergeTasks},
    {"remove notifier", Way::kShrink, 2, &Draft::RemoveNotifier},
    {"remove answer", Way::kShrink, 2, &Draft::RemoveAnswer},
    {"remove fault", Way::kShrink, 1, &Draft::RemoveFault},
    {"remove block", Way::kShrink, 2, &Draft::RemoveBlock},
    {"move operation", Way::kOther, 4, &Draft::MoveOp},
    {"replace operation", Way::kOther, 4, &Draft::ReplaceOp},
    {"retarget operation", Way::kOther, 10, &Draft::RetargetOp},
    {"shift preemption", Way::kOther, 8, &Draft::ShiftPreemption},
    {"retarget preemption", Way::kOther, 6, &Draft::RetargetPreemption},
    {"change priority", Way::kOther, 1, &Draft::ChangePriority},
    {"change answer", Way::kOther, 4, &Draft::ChangeAnswer},
    {"change fault", Way::kOther, 1, &Draft::ChangeFault},
    {"change block", Way::kOther, 1, &Draft::ChangeBlock},
    {"change zone", Way::kOther, 1, &Draft::ChangeZone},
    {"change nodes", Way::kOther, 1, &Draft::ChangeNodes},
    {"change pages", Way::kOther, 1, &Draft::ChangePages},
    {"change orders", Way::kOther, 1, &Draft::ChangeOrders},
    {"change first block", Way::kOther, 1, &Draft::ChangeFirstBlock},
    {"change caches", Way::kOther, 1, &Draft::ChangeCaches},
    {"change switch", Way::kOther, 1, &Draft::ChangeSwitch},
    {"change kernel", Way::kOther, 1, &Draft::ChangeKernel},
};

constexpr uint32_t WeightOf(Way way) {
  uint32_t weight = 0;
  for (const Change& change : kChanges) weight += change.way == way ? change.weight : 0;
  return weight;
}

const Change& AnyChange(Way way, Random& random) {
  uint32_t below = random.Below(WeightOf(way));
  const Change* change = kChanges;
  for (; change->way != way || below >= change->weight; ++change) {
    if (change->way == way) below -= change->weight;
  }
  return *change;
}

void Draft::ChangeSome() {
  // As many things as a scenario has when growing is as likely as shrinking.
  constexpr uint32_t kUsualItems = 20;
  constexpr uint32_t kTries = 8;
  do {
    const bool other = random_.OneIn(2);
    const bool shrink = random_.Below(Items() + kUsualItems) >= kUsualItems;
    const Way way = other ? Way::kOther : shrink ? Way::kShrink : Way::kGrow;
    for (uint32_t i = 0; i < kTries; ++i) {
      if ((this->*AnyChange(way, random_).apply)()) break;
    }
  } while (random_.OneIn(2));
}

// ---- Changes of two scenarios --------------------------------------------------------------

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

// Whether the scenario has a byte form that fits, which is in `bytes` then.
bool Fits(const Limits& limits, const Scenario& s, std::vector<uint8_t>* bytes) {
  return scenario::Encode(s, bytes) == nullptr && bytes->size() <= limits.max_size;
}

}  // namespace

bool Mutate(const Limits& limits, uint32_t seed, Scenario* s, std::vector<uint8_t>* bytes) {
  constexpr uint32_t kTries = 16;
  Random seeds(seed);
  for (uint32_t i = 0; i < kTries; ++i) {
    Scenario changed = *s;
    Draft(limits, static_cast<uint32_t>(seeds.Next()), &changed).ChangeSome();
    Settle(&changed);
    if (changed == *s || !Fits(limits, changed, bytes)) continue;
    *s = changed;
    return true;
  }
  return false;
}

bool Splice(const Limits& limits, uint32_t seed, const Scenario& with, Scenario* s,
            std::vector<uint8_t>* bytes) {
  Scenario changed = *s;
  Draft(limits, seed, &changed).TakeFrom(with);
  Settle(&changed);
  if (changed == *s || !Fits(limits, changed, bytes)) return false;
  *s = changed;
  return true;
}

uint32_t NrChanges() { return sizeof(kChanges) / sizeof(kChanges[0]); }
const char* ChangeName(uint32_t change) { return kChanges[change].name; }
bool Apply(uint32_t change, const Limits& limits, uint32_t seed, Scenario* s) {
  Draft draft(limits, seed, s);
  return (draft.*kChanges[change].apply)();
}

}  // namespace hotplug::mutate
