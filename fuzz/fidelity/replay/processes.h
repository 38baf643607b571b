// SPDX-License-Identifier: GPL-2.0-or-later
//
// The processes of a recording as tasks of the simulated machine. A process runs when it is
// asked for its next line, and no further.
#ifndef FUZZ_FIDELITY_REPLAY_PROCESSES_H_
#define FUZZ_FIDELITY_REPLAY_PROCESSES_H_

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "fuzz/fidelity/instrument/instrument.h"
#include "fuzz/fidelity/recording/recording.h"
#include "fuzz/fidelity/replay/machine.h"
#include "fuzz/fidelity/replay/show.h"

namespace hotplug::replay {

// A line that a process of the model has said, and that the recording may leave out: inner
// functions are shown at their first calls only, some messages are rate limited.
struct Said {
  recording::Line line;
  bool optional = false;
};

struct Process {
  int64_t number = -1;  // pN; -1 for whoever only looks
  sim::TaskId task;
  const recording::Line* work = nullptr;  // its REQ or CALL; null for a kernel worker
  instrument::Op op = instrument::Op::kDump;
  std::deque<Said> said;  // not asked for yet, the oldest first
  bool over = false;      // its task has ended
};

class Processes {
 public:
  // `uevent` gets the UEVENT lines, which no process is asked for.
  Processes(const Machine& machine, std::function<void(const recording::Line&)> uevent)
      : machine_(machine), uevent_(std::move(uevent)) {}

  // A new process, in place of the one of the same number before it. Null if there is no room for
  // it.
  Process* Start(int64_t number, const instrument::Work& work, const recording::Line* line);
  // The process of a number; null if it has never been.
  Process* Find(int64_t number);
  // A kernel worker that has no number yet gets one.
  Process* Adopt(int64_t number);

  // Runs the process until it has said a line that is not `optional`, or one that `wanted`
  // accepts; skips what is optional before it. Null if it does not say one: why() tells.
  const recording::Line* Ask(Process& p, const std::function<bool(const recording::Line&)>& wanted);
  // The same for a line that the process may not say: at most one round of its loop is run.
  const recording::Line* Look(Process& p,
                              const std::function<bool(const recording::Line&)>& wanted);
  // Takes the line that Ask() or Look() returned.
  static void Take(Process& p) { p.said.pop_front(); }
  // Runs the process until it has ended or waits for a lock.
  void Queue(Process& p);
  // A process that nobody asks does the work to its end. False if there is no room for it.
  bool RunAside(const instrument::Work& work);
  // The process whose probe of this name sleeps goes on.
  void Wake(Process& p) { awake_ = &p; }

  // Who says the next line, of this kind, that names nobody: the process that ran last, unless
  // it has ended, waits, or does not say such lines; then the oldest that does.
  Process* Speaker(recording::Kind kind);
  // A worker of the kernel, which has no RET, goes on until it says something.
  void RunWorkers();
  const std::string& why() const { return why_; }
  // The model's last lines.
  std::vector<std::string> Tail() const;
  // Times that a function has returned since the last call of CountFrom().
  uint32_t Returns(const std::string& function) const;
  void CountFromHere() { returns_.clear(); }

 private:
  bool Advance(Process& p);
  bool Step(Process& p);
  bool Unblock(Process& p, int depth);
  bool RunHolder(Process& holder, Process& waiter, int depth);
  Process* HolderOf(const Process& p);
  void Collect();
  void Say(Process& p, const sim::Record& r);

  const Machine& machine_;
  const std::function<void(const recording::Line&)> uevent_;
  std::deque<Process> all_;  // in the order of their start; addresses stay
  std::map<int64_t, Process*> by_number_;
  std::map<uint32_t, Process*> by_task_;  // of the running ones
  Process* last_ = nullptr;
  Process* awake_ = nullptr;
  size_t seen_ = 0;  // records of the trace that have been turned into lines
  int spins_ = 0;    // rounds of loops since the last line
  int polled_ = 0;   // polls of a lock since then
  std::string why_;
  std::deque<std::string> tail_;
  std::map<std::string, uint32_t> returns_;
};

}  // namespace hotplug::replay

#endif  // FUZZ_FIDELITY_REPLAY_PROCESSES_H_
