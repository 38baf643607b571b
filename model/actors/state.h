// SPDX-License-Identifier: GPL-2.0-or-later
//
// The actors' own state in the arena.
#ifndef MODEL_ACTORS_STATE_H_
#define MODEL_ACTORS_STATE_H_

#include <array>

#include "model/actors/actors.h"
#include "model/sim/machine.h"

namespace hotplug::actors {

// References held by one task, the oldest first.
struct HeldPages {
  std::array<uint32_t, kMaxOps> pfn;
  uint32_t first;
  uint32_t size;
};

struct State {
  std::array<uint32_t, kMaxAnswers> calls;  // matching calls so far of each rule
  std::array<Result, kMaxOps> results;
  std::array<HeldPages, kMaxThreads> held;
};

inline State& state() { return *sim::machine->Get<State>(kActorRegion); }
inline const scenario::Scenario& Script() { return *sim::machine->bound.scenario; }

}  // namespace hotplug::actors

#endif  // MODEL_ACTORS_STATE_H_
