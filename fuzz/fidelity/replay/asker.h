// SPDX-License-Identifier: GPL-2.0-or-later
//
// Lines that processes say: each is asked for its next one, which must be what was recorded.
#ifndef FUZZ_FIDELITY_REPLAY_ASKER_H_
#define FUZZ_FIDELITY_REPLAY_ASKER_H_

#include <map>
#include <string>

#include "fuzz/fidelity/replay/session.h"

namespace hotplug::replay {

class Asker {
 public:
  explicit Asker(Session& session) : s_(session) {}

  // False, and nothing is done, if no process says lines of this kind.
  bool Handle(const recording::Line& line);

  // The next line that the process says must be the recorded one.
  void AskFor(Process& p, const recording::Line& line);
  // A line that does not tell who says it.
  void Anonymous(const recording::Line& line);
  // From here on calls of inner functions are counted anew.
  void StopCounting() { counting_ = false; }

 private:
  void ExpectDumps(const Process& p);
  void Named(const recording::Line& line);
  void Wake(const recording::Line& line);
  bool IsOfRepeatedGroup() const;
  void Repeated(Process& p, const recording::Line& line);
  void Function(const recording::Line& line);
  void FnCount(const recording::Line& line);

  Session& s_;
  bool counting_ = false;                     // calls of inner functions
  std::map<std::string, Process*> sleepers_;  // by the name of the probe that sleeps
};

}  // namespace hotplug::replay

#endif  // FUZZ_FIDELITY_REPLAY_ASKER_H_
