// SPDX-License-Identifier: GPL-2.0-or-later
//
// Lines that show the machine when a script or a probe looks at it: states of blocks, the chain,
// zones, pages.
#ifndef FUZZ_FIDELITY_REPLAY_LOOKS_H_
#define FUZZ_FIDELITY_REPLAY_LOOKS_H_

#include <vector>

#include "fuzz/fidelity/replay/asker.h"
#include "fuzz/fidelity/replay/session.h"

namespace hotplug::replay {

class Looks {
 public:
  Looks(Session& session, Asker& asker) : s_(session), asker_(asker) {}

  // False, and nothing is done, if the line is none of these.
  bool Handle(const recording::Line& line);

 private:
  void State(const recording::Line& line);
  void Chain(const recording::Line& line);
  void DrainFor(const recording::Line& line);
  void Zone(const recording::Line& line);
  bool FollowsInDump(const recording::Line& line);
  bool FreeIsInput(const recording::Line& line, const recording::Line& model) const;
  void Pages(const recording::Line& line);
  bool IsOfEvent(const recording::Line& line) const;

  Session& s_;
  Asker& asker_;
  std::vector<const recording::Line*> zones_;  // a dump, as LAYOUT has it
  size_t dump_at_ = 0;                         // the place of the next line in it
};

}  // namespace hotplug::replay

#endif  // FUZZ_FIDELITY_REPLAY_LOOKS_H_
