// SPDX-License-Identifier: GPL-2.0-or-later
//
// Notifiers that answer what the scenario says, and the start of a run.
#include "model/actors/actors.h"
#include "model/actors/state.h"

namespace hotplug::actors {

void Setup() { sim::machine->Carve<State>(kActorRegion, 1, false); }

void Start() {
  const scenario::Scenario& s = *context().scenario;
  for (uint32_t i = 0; i < s.notifiers.size; ++i) {
    mm::notifier_block& nb = state().probes[i];
    nb.priority = s.notifiers[i].priority;
    nb.notifier_call = mm::kProbeCall;
    nb.data = static_cast<uint16_t>(i);
    nb.name = static_cast<uint16_t>(i);
    if (!s.notifiers[i].unregistered) mm::register_memory_notifier(nb);
  }
  for (uint32_t i = 0; i < s.tasks.size; ++i) sim::AddTask(&RunProgram);
}

int32_t ProbeCall(const mm::notifier_block& nb, uint32_t action, const mm::memory_notify_arg& arg) {
  const scenario::Scenario& s = *context().scenario;
  const uint32_t block = mm::BlockIndex(mm::BlockOf(arg.start_pfn));
  for (uint32_t i = 0; i < s.answers.size; ++i) {
    const scenario::Answer& a = s.answers[i];
    if (a.notifier != nb.data || static_cast<uint32_t>(a.action) != action) continue;
    if (a.block != scenario::Answer::kAnyBlock && a.block != block) continue;
    const uint32_t call = ++state().calls[i];
    if (a.nth == 0 || a.nth == call) return static_cast<int32_t>(a.value);
  }
  return mm::NOTIFY_OK;
}

const Result& ResultOf(uint32_t op) { return state().results[op]; }

}  // namespace hotplug::actors
