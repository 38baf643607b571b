// SPDX-License-Identifier: GPL-2.0-or-later
//
// Processes: each writes once to the file of a memory block, or gives one command.
#include <iterator>
#include <string_view>

#include "fuzz/fidelity/instrument/state.h"
#include "model/mm/memory.h"

namespace hotplug::instrument {

namespace {

// ---- write(2) ----

mm::StateFile WordOf(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text == "online") return mm::StateFile::kOnline;
  if (text == "online_kernel") return mm::StateFile::kOnlineKernel;
  if (text == "online_movable") return mm::StateFile::kOnlineMovable;
  return text == "offline" ? mm::StateFile::kOffline : mm::StateFile::kGarbage;
}

// What kernels up to 6.1 take for a truth value: 1, 0, or -EINVAL. The rest of the text does
// not matter, so `online` is true and `offline` false.
int TruthOf(std::string_view text) {
  constexpr auto kIn = [](std::string_view all, char c) { return all.find(c) != all.npos; };
  if (kIn("yY1", text[0])) return 1;
  if (kIn("nN0", text[0])) return 0;
  if (!kIn("oO", text[0]) || text.size() < 2) return -EINVAL;
  if (kIn("nN", text[1])) return 1;
  return kIn("fF", text[1]) ? 0 : -EINVAL;
}

int64_t WriteFile(const Work& w) {
  const mm::BlockId block{w.block};
  std::string_view text(w.text.data(), w.text.size());
  text = text.substr(0, text.find('\0'));
  // The file was opened; its device may have gone since.
  if (!mm::Present(block)) return -ENODEV;
  if (text.empty()) return 0;
  int rc = 0;
  if (w.op == Op::kWriteState) {
    rc = mm::state_store(block, WordOf(text));
  } else {
    const int truth = TruthOf(text);
    rc = truth < 0 ? truth : mm::online_store(block, truth != 0);
  }
  return rc == 0 ? static_cast<int64_t>(text.size()) : rc;
}

// ---- Commands ----

struct Command {
  Op op;
  int (*run)(const Work& work);  // null: it is a write
  bool of_block;                 // it makes no sense without the number of a block
};

constexpr Command kCommands[] = {
    {Op::kWriteState, nullptr, true},
    {Op::kWriteOnline, nullptr, true},
    {Op::kReg, &Reg, false},
    {Op::kUnreg, &Unreg, false},
    {Op::kUnregall, &Unregall, false},
    {Op::kNack, &Nack, false},
    {Op::kRaw, &Raw, false},
    {Op::kClear, &Clear, false},
    {Op::kSleep, &Sleep, false},
    {Op::kPagesat, &Pagesat, false},
    {Op::kZonesat, &Zonesat, false},
    {Op::kMtalloc, &Mtalloc, false},
    {Op::kMtreg, &Mtreg, false},
    {Op::kMtunreg, &Mtunreg, false},
    {Op::kMtrun, &Mtrun, false},
    {Op::kMtfree, &Mtfree, false},
    {Op::kMtfreeok, &Mtfreeok, false},
    {Op::kMtforget, &Mtforget, false},
    {Op::kOarm, &Oarm, true},
    {Op::kRm, &Rm, true},
    {Op::kAdd, &Add, true},
    {Op::kAddmm, &Addmm, true},
    {Op::kHold, &Hold, true},
    {Op::kUnhold, &Unhold, false},
    {Op::kPinlru, &Pinlru, true},
    {Op::kUnpin, &Unpin, false},
    {Op::kGrab, &Grab, true},
    {Op::kUngrab, &Ungrab, false},
    {Op::kEject, &Eject, true},
    {Op::kDump, &Dump, false},
};

constexpr bool InOrder() {
  for (uint32_t i = 0; i < std::size(kCommands); ++i) {
    if (static_cast<uint32_t>(kCommands[i].op) != i) return false;
  }
  return std::size(kCommands) == static_cast<uint32_t>(Op::kDump) + 1;
}
static_assert(InOrder());

bool WritesFile(const Work& w) { return w.op == Op::kWriteState || w.op == Op::kWriteOnline; }

int64_t Do(const Work& w) {
  const Command& command = kCommands[static_cast<uint32_t>(w.op)];
  const uint32_t max_block = UINT32_MAX >> world::geometry().block_order;
  if (command.of_block && w.block >= max_block) return -EINVAL;
  return command.run == nullptr ? WriteFile(w) : command.run(w);
}

// ---- The process ----

// Back in user space: a deadly signal ends the process before it sees what its call returned.
void Return(Process& p) {
  const bool died = sim::fatal_signal_pending();
  p.result.died = died ? 1 : 0;
  p.result.signal = died ? p.deadly : p.handled;
  p.result.done = 1;
  if (died) {
    sim::sched_point(kTpDied, p.deadly);
  } else {
    sim::sched_point(kTpReturn, static_cast<uint32_t>(p.result.rc));
  }
}

void RunProcess(uint32_t task) {
  Process& p = state().processes[task];
  p.result.rc = -EINTR;
  if (!sim::fatal_signal_pending()) {
    // A handler that has run by now interrupts nothing any more.
    sim::current().pending = 0;
    sim::enter_kernel();
    p.result.rc = Do(p.work);
    sim::leave_kernel();
  }
  Return(p);
  sim::exit_task();
}

// A write waits for the hotplug lock in user space, so to speak: it is started anew after each
// attempt, and a handler runs in between. Once it has the lock a signal stays pending.
bool HandlerRunsAtOnce(sim::TaskId task, const Process& p) {
  return WritesFile(p.work) && !sim::HeldBy(mm::mm().device_hotplug_lock.lock, task);
}

}  // namespace

bool HasRoom() { return sim::CanSpawnTask(); }

sim::TaskId Start(const Work& work) {
  const sim::TaskId task = sim::SpawnTask(&RunProcess);
  Process& p = state().processes[task.v];
  p = Process{};
  p.work = work;
  return task;
}

void Signal(sim::TaskId task, uint32_t number) {
  Process& p = state().processes[task.v];
  const auto n = static_cast<uint8_t>(number);
  if (number != 10 && number != 14) {
    if (p.deadly == 0) p.deadly = n;
    sim::send_signal(task, sim::Sig::kKill);
    return;
  }
  p.handled = n;
  if (!HandlerRunsAtOnce(task, p)) sim::send_signal(task, sim::Sig::kUsr1);
}

const Result& ResultOf(sim::TaskId task) { return state().processes[task.v].result; }
const Event& EventOf(sim::TaskId task) { return state().processes[task.v].event; }

}  // namespace hotplug::instrument
