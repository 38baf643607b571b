// SPDX-License-Identifier: GPL-2.0-or-later
//
// Notifiers that answer what the scenario says.
#include "model/actors/actors.h"

#include "model/actors/state.h"
#include "model/world/geometry.h"

namespace hotplug::actors {

void Setup() { sim::machine->Carve<State>(kActorRegion, 1, false); }

int32_t Answer(uint32_t notifier, uint32_t action, const world::memory_notify_arg& arg) {
  const scenario::Scenario& s = Script();
  const uint32_t block = world::BlockIndex(world::BlockOf(arg.start_pfn));
  for (uint32_t i = 0; i < s.answers.size; ++i) {
    const scenario::Answer& a = s.answers[i];
    if (a.notifier != notifier || static_cast<uint32_t>(a.action) != action) continue;
    if (a.block != scenario::Answer::kAnyBlock && a.block != block) continue;
    const uint32_t call = ++state().calls[i];
    if (a.nth == 0 || a.nth == call) return static_cast<int32_t>(a.value);
  }
  return world::NOTIFY_OK;
}

const Result& ResultOf(uint32_t op) { return state().results[op]; }

}  // namespace hotplug::actors
