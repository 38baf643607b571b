// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/report/reduce.h"

#include <algorithm>

#include "model/mm/tracepoints.h"
#include "model/mm/types.h"
#include "model/scenario/ops.h"

namespace hotplug::report {

using scenario::Answer;
using scenario::Field;
using scenario::Op;
using scenario::OpKind;
using scenario::Scenario;

// ---- Which operation an event belongs to ----

namespace {

// An operation that had nothing to do has no event at all.
bool WasSkipped(OpKind kind, sim::Tp tp) {
  const sim::Tp end = scenario::EndOf(kind);
  if (kind == OpKind::kPut) return tp != end && tp != mm::kTpFreeUnrefPage;
  const bool may_be = kind == OpKind::kAfter || kind == OpKind::kSleep;
  return may_be && tp != end;
}

// Follows one task through its operations.
class Progress {
 public:
  void Start(const Scenario& s, uint32_t task) {
    s_ = &s;
    task_ = task;
    Seek(0);
  }

  Anchor Next(sim::Tp tp) {
    while (op_ != kNoOp && WasSkipped(s_->ops[op_].kind, tp)) Seek(op_ + 1);
    const auto same = std::count(events_.begin(), events_.end(), tp);
    events_.push_back(tp);
    // What happens after the last operation belongs to no index of the list.
    const Anchor anchor{op_ == kNoOp ? s_->ops.size : op_, tp, static_cast<uint32_t>(same) + 1,
                        static_cast<uint8_t>(task_)};
    const bool over = op_ != kNoOp && tp == scenario::EndOf(s_->ops[op_].kind);
    if (over) Seek(op_ + 1);
    return anchor;
  }

 private:
  void Seek(uint32_t from) {
    op_ = kNoOp;
    events_.clear();
    for (uint32_t i = from; i < s_->ops.size && op_ == kNoOp; ++i) {
      if (s_->ops[i].task == task_) op_ = i;
    }
  }

  const Scenario* s_ = nullptr;
  uint32_t task_ = 0;
  uint32_t op_ = kNoOp;
  std::vector<sim::Tp> events_;  // of this operation
};

}  // namespace

std::vector<Point> PointsOf(const Records& records, const Scenario& s) {
  std::vector<Progress> progress(s.tasks.size);
  for (uint32_t i = 0; i < s.tasks.size; ++i) progress[i].Start(s, i);
  std::vector<Point> points;
  ForEachRecord(records, [&](const sim::Record& r, uint32_t own) {
    if (own == 0 || r.task >= s.tasks.size) return;
    points.push_back({r.step, own, r.task, progress[r.task].Next(r.tp)});
  });
  return points;
}

Anchor AnchorOf(const std::vector<Point>& points, const scenario::Preemption& p) {
  const auto at = std::find_if(points.begin(), points.end(), [&p](const Point& point) {
    return point.task == p.task && point.own == p.step;
  });
  if (at == points.end()) return {kNoOp, 0, 0, p.task};
  Anchor anchor = at->anchor;
  const auto next = std::find_if(at + 1, points.end(),
                                 [&p](const Point& point) { return point.task != p.other; });
  if (next != points.end()) anchor.next = static_cast<uint8_t>(next->task);
  return anchor;
}

// ---- Leaving out ----

namespace {

void DropPreemptionAt(Candidate& c, uint32_t i) {
  c.s.schedule.erase(i);
  c.anchors.erase(c.anchors.begin() + i);
}

void DropOpAt(Candidate& c, uint32_t op) {
  c.s.ops.erase(op);
  for (uint32_t i = c.s.schedule.size; i-- > 0;) {
    Anchor& a = c.anchors[i];
    if (a.op == op) {
      DropPreemptionAt(c, i);
    } else if (a.op != kNoOp && a.op > op) {
      --a.op;
    }
  }
}

bool DropPreemption(Candidate& c, uint32_t i) {
  if (i >= c.s.schedule.size) return false;
  DropPreemptionAt(c, i);
  return true;
}

bool DropOp(Candidate& c, uint32_t i) {
  if (i >= c.s.ops.size) return false;
  DropOpAt(c, i);
  return true;
}

// Where it was to go on, the one goes on who would without it.
bool DropTask(Candidate& c, uint32_t task) {
  Scenario& s = c.s;
  if (task >= s.tasks.size) return false;
  const auto names_task = [task](const Op& op) {
    return op.task == task || (scenario::Has(op.kind, Field::kTask) && op.target == task);
  };
  for (uint32_t i = s.ops.size; i-- > 0;) {
    if (names_task(s.ops[i])) DropOpAt(c, i);
  }
  for (uint32_t i = s.schedule.size; i-- > 0;) {
    scenario::Preemption& p = s.schedule[i];
    if (p.other == task) p.other = c.anchors[i].next;
    if (p.task == task || p.task == p.other) DropPreemptionAt(c, i);
  }
  s.tasks.erase(task);
  const auto renumber = [task](uint8_t& t) {
    if (t > task && t != kKworker) --t;
  };
  for (Op& op : s.ops) {
    renumber(op.task);
    renumber(op.target);
  }
  for (scenario::Preemption& p : s.schedule) {
    renumber(p.task);
    renumber(p.other);
  }
  return true;
}

bool DropNotifier(Candidate& c, uint32_t notifier) {
  Scenario& s = c.s;
  if (notifier >= s.notifiers.size) return false;
  for (uint32_t i = s.ops.size; i-- > 0;) {
    const Op& op = s.ops[i];
    if (scenario::Has(op.kind, Field::kNotifier) && op.notifier == notifier) DropOpAt(c, i);
  }
  for (Op& op : s.ops) {
    if (op.notifier > notifier) --op.notifier;
  }
  for (uint32_t i = s.answers.size; i-- > 0;) {
    Answer& a = s.answers[i];
    if (a.notifier == notifier) {
      s.answers.erase(i);
    } else if (a.notifier > notifier) {
      --a.notifier;
    }
  }
  s.notifiers.erase(notifier);
  return true;
}

bool DropAnswer(Candidate& c, uint32_t i) {
  if (i >= c.s.answers.size) return false;
  c.s.answers.erase(i);
  return true;
}

// An operation that makes a call which an answer counts, with the answer if there is no other.
bool DropOpWithCall(Candidate& c, uint32_t i) {
  const uint32_t answer = i / kMaxOps;
  const uint32_t op = i % kMaxOps;
  if (answer >= c.s.answers.size) return false;
  uint8_t& nth = c.s.answers[answer].nth;
  if (nth == 0 || op >= c.s.ops.size) return true;
  if (--nth == 0) c.s.answers.erase(answer);
  DropOpAt(c, op);
  return true;
}

bool DropFault(Candidate& c, uint32_t i) {
  if (i >= c.s.faults.size) return false;
  c.s.faults.erase(i);
  return true;
}

// What names the block goes to the one below it; answers about it are about none.
bool DropBlock(Candidate& c, uint32_t block) {
  Scenario& s = c.s;
  if (block >= s.machine.blocks.size) return false;
  const auto renumber = [block](uint8_t& b) {
    if (b >= block && b != 0) --b;
  };
  for (uint32_t i = s.answers.size; i-- > 0;) {
    Answer& a = s.answers[i];
    if (a.block == Answer::kAnyBlock) continue;
    if (a.block == block) {
      s.answers.erase(i);
    } else {
      renumber(a.block);
    }
  }
  for (Op& op : s.ops) renumber(op.block);
  s.machine.blocks.erase(block);
  return true;
}

// ---- Making simpler: each for the i-th item of a list ----

bool AnswerToAnyBlock(Candidate& c, uint32_t i) {
  if (i >= c.s.answers.size) return false;
  c.s.answers[i].block = Answer::kAnyBlock;
  return true;
}

bool FirstCallOfAnswer(Candidate& c, uint32_t i) {
  if (i >= c.s.answers.size) return false;
  if (c.s.answers[i].nth > 1) c.s.answers[i].nth = 1;
  return true;
}

// A plain refusal, where any other answer does no more.
bool PlainAnswer(Candidate& c, uint32_t i) {
  if (i >= c.s.answers.size) return false;
  c.s.answers[i].value = mm::NOTIFY_BAD;
  return true;
}

bool FirstCallOfFault(Candidate& c, uint32_t i) {
  if (i >= c.s.faults.size) return false;
  c.s.faults[i].nth = 1;
  return true;
}

bool PriorityZero(Candidate& c, uint32_t i) {
  if (i >= c.s.notifiers.size) return false;
  c.s.notifiers[i].priority = 0;
  return true;
}

// Another task to go on with, one that comes before in the list.
bool EarlierTarget(Candidate& c, uint32_t i) {
  const uint32_t entry = i / kMaxTasks;
  if (entry >= c.s.schedule.size) return false;
  scenario::Preemption& p = c.s.schedule[entry];
  const auto target = static_cast<uint8_t>(i % kMaxTasks);
  if (target < p.other && target != p.task) p.other = target;
  return true;
}

// What an operand may be simplified to; nothing simplifies the name of a block, a node, a task or a
// notifier.
bool LeastOf(Field field, uint64_t* least) {
  switch (field) {
    case Field::kBytes:
      *least = kBlockBytes;
      return true;
    case Field::kTicks:
      *least = 1;
      return true;
    case Field::kBlock:
    case Field::kAddress:
    case Field::kNode:
    case Field::kTrace:
    case Field::kTask:
    case Field::kNotifier:
      return false;
    default:
      *least = 0;
      return true;
  }
}

// The i-th pair of a type of operand and an operation.
bool LeastOperand(Candidate& c, uint32_t i) {
  const auto field = static_cast<Field>(i / kMaxOps);
  const uint32_t place = i % kMaxOps;
  if (i >= scenario::kFields * kMaxOps) return false;
  if (place >= c.s.ops.size) return true;
  Op& op = c.s.ops[place];
  uint64_t least = 0;
  if (!scenario::Has(op.kind, field) || !LeastOf(field, &least)) return true;
  scenario::Set(&op, field, std::min(least, scenario::Get(op, field)));
  return true;
}

// Of what is a number of something and not a size.
bool HalfOperand(Candidate& c, uint32_t i) {
  if (i >= c.s.ops.size) return false;
  Op& op = c.s.ops[i];
  for (Field field : {Field::kBytes, Field::kTicks}) {
    uint64_t least = 0;
    if (!scenario::Has(op.kind, field) || !LeastOf(field, &least)) continue;
    const uint64_t half = scenario::Get(op, field) / 2;
    if (half >= least) scenario::Set(&op, field, half);
  }
  return true;
}

bool RegisteredAtStart(Candidate& c, uint32_t i) {
  if (i >= c.s.notifiers.size) return false;
  c.s.notifiers[i].unregistered = false;
  return true;
}

template <bool scenario::Block::* kFlag>
bool ClearBlockFlag(Candidate& c, uint32_t i) {
  if (i >= c.s.machine.blocks.size) return false;
  c.s.machine.blocks[i].*kFlag = false;
  return true;
}

bool NormalZone(Candidate& c, uint32_t i) {
  if (i >= c.s.machine.blocks.size) return false;
  c.s.machine.blocks[i].zone = scenario::Zone::kNormal;
  return true;
}

bool OneNode(Candidate& c, uint32_t i) {
  for (scenario::Block& b : c.s.machine.blocks) b.node = 0;
  for (Op& op : c.s.ops) op.node = 0;
  return i == 0;
}

template <auto kField>
bool ClearMachineField(Candidate& c, uint32_t i) {
  c.s.machine.*kField = {};
  return i == 0;
}

bool FewerPages(Candidate& c, uint32_t i) {
  scenario::Machine& m = c.s.machine;
  if (i != 0 || scenario::PagesPerBlock(m) <= kMinPagesPerBlock) return false;
  --m.block_order;
  m.pageblock_order = std::min(m.pageblock_order, m.block_order);
  m.max_order = std::min(m.max_order, m.block_order);
  for (Op& op : c.s.ops) {
    op.page = std::min<uint16_t>(op.page, (1u << m.block_order) - 1);
    if (scenario::Has(op.kind, Field::kContigOrder) && op.order != 0) --op.order;
  }
  return true;
}

// One pageblock and one free chunk a block, so that no size is there for nothing.
bool OrdersOfBlock(Candidate& c, uint32_t i) {
  scenario::Machine& m = c.s.machine;
  m.pageblock_order = m.block_order;
  m.max_order = m.block_order;
  return i == 0;
}

// Where the example of the documentation and the empty byte string have it.
bool UsualFirstBlock(Candidate& c, uint32_t i) {
  c.s.machine.first_block = scenario::Machine{}.first_block;
  return i == 0;
}

}  // namespace

// What leaves out most comes first; preemptions before all, as each costs a run per change. Last
// comes what takes two changes at once.
const Reduction kReductions[] = {
    {"preemption", DropPreemption},
    {"task", DropTask},
    {"notifier", DropNotifier},
    {"operation", DropOp},
    {"answer", DropAnswer},
    {"fault", DropFault},
    {"block", DropBlock},
    {"target", EarlierTarget},
    {"node", OneNode},
    {"pages", FewerPages},
    {"operand", LeastOperand},
    {"half an operand", HalfOperand},
    {"nth answer", FirstCallOfAnswer},
    {"nth fault", FirstCallOfFault},
    {"block of an answer", AnswerToAnyBlock},
    {"value of an answer", PlainAnswer},
    {"priority", PriorityZero},
    {"unregistered", RegisteredAtStart},
    {"zone", NormalZone},
    {"reserved", ClearBlockFlag<&scenario::Block::reserved>},
    {"offline", ClearBlockFlag<&scenario::Block::offline>},
    {"pcp_high", ClearMachineField<&scenario::Machine::pcp_high>},
    {"pagevec", ClearMachineField<&scenario::Machine::pagevec>},
    {"auto_online", ClearMachineField<&scenario::Machine::auto_online>},
    {"debug_vm", ClearMachineField<&scenario::Machine::debug_vm>},
    {"kmemleak", ClearMachineField<&scenario::Machine::kmemleak>},
    {"memmap_on_memory", ClearMachineField<&scenario::Machine::memmap_on_memory>},
    {"orders", OrdersOfBlock},
    {"first block", UsualFirstBlock},
    {"operation with a call", DropOpWithCall},
};
const uint32_t kNrReductions = sizeof(kReductions) / sizeof(kReductions[0]);

}  // namespace hotplug::report
