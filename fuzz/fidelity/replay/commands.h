// SPDX-License-Identifier: GPL-2.0-or-later
//
// Lines that begin the work of a process, send it a signal, or tell how it ended: requests,
// commands of the instrument, processes that fill memory.
#ifndef FUZZ_FIDELITY_REPLAY_COMMANDS_H_
#define FUZZ_FIDELITY_REPLAY_COMMANDS_H_

#include <cstdint>
#include <map>
#include <vector>

#include "fuzz/fidelity/replay/asker.h"
#include "fuzz/fidelity/replay/session.h"

namespace hotplug::replay {

class Commands {
 public:
  Commands(Session& session, Asker& asker) : s_(session), asker_(asker) {}

  // False, and nothing is done, if the line is none of these.
  bool Handle(const recording::Line& line);

 private:
  void Request(const recording::Line& line);
  void FailedOpen(const recording::Line& line);
  void Call(const recording::Line& line);
  bool ComesLate(const recording::Line& line) const;
  void Control(const recording::Line& line);
  void Signal(const recording::Line& line);
  void Died(const recording::Line& line);
  void EatCheck(const recording::Line& line);

  Session& s_;
  Asker& asker_;
  std::vector<Process*> calls_;         // whose CTL line is still to come
  std::map<int64_t, int64_t> signals_;  // last one sent, by process
};

}  // namespace hotplug::replay

#endif  // FUZZ_FIDELITY_REPLAY_COMMANDS_H_
