// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/fidelity/replay/processes.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "fuzz/fidelity/replay/compare.h"
#include "model/mm/tracepoints.h"
#include "model/sim/lock.h"
#include "model/sim/sched.h"

namespace hotplug::replay {

namespace {

using recording::Kind;
using recording::Line;

constexpr size_t kTail = 24;
// Rounds of a loop that nothing changes, between two lines of the recording, before the
// process is said to loop for ever.
constexpr int kMaxSpins = 4;
constexpr int kMaxDepth = 8;

bool IsOptional(const sim::Record& r) {
  switch (r.tp) {
    case mm::kTpFnEnter:
    case mm::kTpFnRet:
    case mm::kTpDumpMigration:
    case mm::kTpDumpIsolation:
    case mm::kTpMigrationFailed:
    case mm::kTpIsolateFailed:
      return true;
    default:
      return false;
  }
}

bool Ends(Kind kind) { return kind == Kind::kRet || kind == Kind::kCtl || kind == Kind::kDied; }

bool WillDie(const sim::Task& t) {
  return (t.pending & (uint8_t(sim::Sig::kKill) | uint8_t(sim::Sig::kInt))) != 0;
}

}  // namespace

Process* Processes::Start(int64_t number, const instrument::Work& work, const Line* line) {
  if (!instrument::HasRoom()) return nullptr;
  Process& p = all_.emplace_back();
  p.number = number;
  p.task = instrument::Start(work);
  p.work = line;
  p.op = work.op;
  by_task_[p.task.v] = &p;
  if (number >= 0) by_number_[number] = &p;
  return &p;
}

Process* Processes::Find(int64_t number) {
  const auto found = by_number_.find(number);
  return found == by_number_.end() ? nullptr : found->second;
}

Process* Processes::Adopt(int64_t number) {
  for (Process& p : all_) {
    if (p.number >= 0 || p.over || p.op != instrument::Op::kEject) continue;
    p.number = number;
    by_number_[number] = &p;
    return &p;
  }
  return nullptr;
}

const Line* Processes::Ask(Process& p, const std::function<bool(const Line&)>& wanted) {
  why_.clear();
  spins_ = 0;
  polled_ = 0;
  last_ = &p;
  for (;;) {
    while (!p.said.empty()) {
      const Said& head = p.said.front();
      if (!head.optional || wanted(head.line)) return &head.line;
      p.said.pop_front();
    }
    if (!Advance(p)) return nullptr;
  }
}

const Line* Processes::Look(Process& p, const std::function<bool(const Line&)>& wanted) {
  last_ = &p;
  spins_ = kMaxSpins - 1;
  while (p.said.empty() && !p.over && sim::task(p.task).state != sim::TaskState::kSleeping) {
    const bool spins = sim::task(p.task).state == sim::TaskState::kSpinning;
    if (!Step(p)) break;
    if (!spins && sim::task(p.task).state == sim::TaskState::kSpinning) break;
  }
  for (size_t i = 0; i < p.said.size() && p.said[i].optional; ++i) {
    if (!wanted(p.said[i].line)) continue;
    p.said.erase(p.said.begin(), p.said.begin() + static_cast<std::ptrdiff_t>(i));
    return &p.said.front().line;
  }
  return nullptr;
}

void Processes::Queue(Process& p) {
  const auto waits = [&] {
    const sim::TaskState state = sim::task(p.task).state;
    return state == sim::TaskState::kLocked || state == sim::TaskState::kPolling;
  };
  while (!p.over && !waits() && Step(p)) {
  }
}

bool Processes::RunAside(const instrument::Work& work) {
  Process* const last = last_;
  Process* const p = Start(-1, work, nullptr);
  if (p == nullptr) return false;
  while (!p->over && Step(*p)) {
  }
  p->said.clear();
  last_ = last;
  return true;
}

namespace {

// Which commands print which lines; everybody's kernel code prints messages.
bool Prints(instrument::Op op, Kind kind) {
  using instrument::Op;
  switch (kind) {
    case Kind::kGrab:
      return op == Op::kGrab;
    case Kind::kUngrab:
      return op == Op::kUngrab;
    case Kind::kHold:
      return op == Op::kHold;
    case Kind::kPin:
      return op == Op::kPinlru;
    case Kind::kMtAlloc:
      return op == Op::kMtalloc;
    case Kind::kMtFree:
      return op == Op::kMtrun || op == Op::kMtfree || op == Op::kMtfreeok;
    case Kind::kMtForgotten:
      return op == Op::kMtfreeok;
    case Kind::kMtOffline:
    case Kind::kMtDone:
    case Kind::kMtAdd:
    case Kind::kMtOnline:
    case Kind::kPages:
    case Kind::kPagesPoisoned:
      return op == Op::kMtrun;
    default:
      return true;
  }
}

}  // namespace

void Processes::RunWorkers() {
  for (Process& p : all_) {
    if (p.op != instrument::Op::kEject) continue;
    const auto speaks = [&p] {
      return std::any_of(p.said.begin(), p.said.end(), [](const Said& s) { return !s.optional; });
    };
    while (!p.over && !speaks() && Step(p)) {
    }
  }
}

Process* Processes::Speaker(Kind kind) {
  const auto speaks = [kind](const Process& p) {
    if (!Prints(p.op, kind)) return false;
    if (!p.said.empty()) return true;
    const sim::TaskState state = sim::task(p.task).state;
    return !p.over && (state == sim::TaskState::kReady || state == sim::TaskState::kSpinning);
  };
  if (last_ != nullptr && speaks(*last_)) return last_;
  for (Process& p : all_) {
    if (speaks(p)) return &p;
  }
  return nullptr;
}

std::vector<std::string> Processes::Tail() const { return {tail_.begin(), tail_.end()}; }

uint32_t Processes::Returns(const std::string& function) const {
  const auto found = returns_.find(function);
  return found == returns_.end() ? 0 : found->second;
}

// Runs the process until it has said something. False if it does not.
bool Processes::Advance(Process& p) {
  while (p.said.empty()) {
    if (p.over) {
      why_ = "has ended";
      return false;
    }
    if (!Step(p) && p.said.empty()) return false;
  }
  return true;
}

// One step of the process, or of whoever it waits for. False if it cannot go on.
bool Processes::Step(Process& p) {
  const sim::Task& t = sim::task(p.task);
  if (t.state == sim::TaskState::kSleeping && awake_ != &p) {
    why_ = "sleeps in a notifier";
    return false;
  }
  // A poll in vain shows in the log of functions; after it the holder of the lock goes on.
  const bool in_vain = t.state == sim::TaskState::kPolling && sim::LockAt(t.waits_for).held() &&
                       !WillDie(t) && polled_++ != 0;
  if (t.state == sim::TaskState::kLocked || in_vain) return Unblock(p, 0);
  if (t.state == sim::TaskState::kSpinning && ++spins_ > kMaxSpins) {
    why_ = "loops until somebody changes something";
    return false;
  }
  if (t.state == sim::TaskState::kSleeping) awake_ = nullptr;
  sim::Stop stop = sim::StepTask(p.task);
  Collect();
  // Back in user space it has nothing more to say and makes room for the next.
  if (instrument::ResultOf(p.task).done != 0) stop = sim::StepTask(p.task);
  if (stop == sim::Stop::kFinished || stop == sim::Stop::kDead) {
    p.over = true;
    by_task_.erase(p.task.v);
  }
  return true;
}

// Lets whoever holds what `p` waits for go on until `p` can.
bool Processes::Unblock(Process& p, int depth) {
  Process* holder = HolderOf(p);
  if (holder == nullptr || depth == kMaxDepth) {
    why_ = "waits for a lock that nobody will release";
    return false;
  }
  return RunHolder(*holder, p, depth);
}

bool Processes::RunHolder(Process& holder, Process& waiter, int depth) {
  const uint32_t lock = sim::task(waiter.task).waits_for;
  const auto waits = [&] {
    const sim::Task& t = sim::task(waiter.task);
    if (t.state == sim::TaskState::kPolling) return sim::LockAt(lock).held();
    return t.state == sim::TaskState::kLocked;
  };
  const auto held_up = [&] { why_ = absl::StrCat("waits for a lock of p", holder.number); };
  while (waits()) {
    // What it says on its way must be the end of its work: all else would have been recorded
    // before the line that is asked for.
    for (const Said& s : holder.said) {
      if (s.optional || Ends(s.line.kind)) continue;
      held_up();
      return false;
    }
    const sim::Task& t = sim::task(holder.task);
    const bool sleeps = t.state == sim::TaskState::kSleeping && awake_ != &holder;
    if (holder.over || sleeps) {
      held_up();
      return false;
    }
    if (t.state == sim::TaskState::kLocked) {
      if (!Unblock(holder, depth + 1)) return false;
    } else if (!Step(holder)) {
      held_up();
      return false;
    }
    if (HolderOf(waiter) != nullptr && HolderOf(waiter) != &holder) {
      return RunHolder(*HolderOf(waiter), waiter, depth + 1);
    }
  }
  return true;
}

Process* Processes::HolderOf(const Process& p) {
  const sim::Task& t = sim::task(p.task);
  if (t.state != sim::TaskState::kLocked && t.state != sim::TaskState::kPolling) return nullptr;
  const sim::Lock& lock = sim::LockAt(t.waits_for);
  uint32_t id = UINT32_MAX;
  if (lock.owner != 0) {
    id = lock.owner - 1u;
  } else if (lock.readers != 0) {
    id = static_cast<uint32_t>(__builtin_ctz(lock.readers));
  } else if (lock.queue != 0) {
    id = static_cast<uint32_t>(lock.queue & 0x7f) - 1u;
  }
  const auto found = by_task_.find(id);
  return found == by_task_.end() ? nullptr : found->second;
}

void Processes::Collect() {
  const std::vector<sim::Record>& records = sim::machine->trace.records();
  for (; seen_ < records.size(); ++seen_) {
    const auto found = by_task_.find(records[seen_].task);
    if (found != by_task_.end()) Say(*found->second, records[seen_]);
  }
}

void Processes::Say(Process& p, const sim::Record& r) {
  for (Line& line : LinesOf(r, {p.number, p.work}, machine_)) {
    tail_.push_back(recording::Print(line));
    if (tail_.size() > kTail) tail_.pop_front();
    if (line.kind == Kind::kFnRet) ++returns_[std::string(line.Text("function"))];
    if (line.kind == Kind::kUevent) {
      uevent_(line);
    } else {
      p.said.push_back({std::move(line), IsOptional(r)});
    }
  }
}

}  // namespace hotplug::replay
