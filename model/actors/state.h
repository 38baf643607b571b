// SPDX-License-Identifier: GPL-2.0-or-later
//
// The actors' own state in the arena.
#ifndef MODEL_ACTORS_STATE_H_
#define MODEL_ACTORS_STATE_H_

#include <array>

#include "model/actors/actors.h"

namespace hotplug::actors {

// References held by one task, the oldest first.
struct HeldPages {
  std::array<uint32_t, kMaxOps> pfn;
  uint32_t first;
  uint32_t size;
};

struct State {
  std::array<mm::notifier_block, kMaxNotifiers> probes;
  std::array<uint32_t, kMaxAnswers> calls;  // matching calls so far of each rule
  std::array<Result, kMaxOps> results;
  std::array<HeldPages, kMaxThreads> held;
};

inline State& state() { return *sim::machine->Get<State>(kActorRegion); }
inline const Context& context() { return *sim::machine->bound.actors; }

// Entry of every task: runs its part of the scenario and ends it.
void RunProgram(uint32_t task);

}  // namespace hotplug::actors

#endif  // MODEL_ACTORS_STATE_H_
