// SPDX-License-Identifier: GPL-2.0-or-later
//
// Set-up of the instrument, and what a host asks without a process.
#include "fuzz/fidelity/instrument/instrument.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "fuzz/fidelity/instrument/state.h"
#include "model/mm/fault.h"

namespace hotplug::instrument {

namespace {

// No driver and no actors on this machine: the two functions are the instrument's.
constexpr mm::NotifierFunctions kFunctions = {{&ProbeCall, &MemtraceCall}};
static_assert(mm::kProbeCall == 0 && mm::kDriverCall == 1);
constexpr mm::FaultPlan kNoFaults;

// The DIMM is above the hole in the block numbers; on a machine without a hole it is what
// boot has left offline at the top.
uint32_t FirstIndexOfDimm() {
  const world::Geometry& m = world::geometry();
  if (m.gap_pages != 0) return m.gap_pages_index >> m.block_order;
  uint32_t index = m.nr_blocks;
  while (index > 0 && mm::mm().blocks[index - 1].state == mm::MEM_OFFLINE) --index;
  return index;
}

int32_t* InjectedAt(uint32_t action) {
  if (action == mm::MEM_GOING_ONLINE) return &state().injected[0];
  if (action == mm::MEM_GOING_OFFLINE) return &state().injected[1];
  return nullptr;
}

}  // namespace

void Setup() {
  sim::machine->Carve<State>(kInstrumentRegion, 1, false);
  State& s = state();
  s.held_pfn = s.pinned_pfn = mm::kNoPfn;
  s.dimm_index = FirstIndexOfDimm();
  for (uint32_t i = s.dimm_index; i < world::geometry().nr_blocks; ++i) {
    s.firmware[i] = mm::mm().blocks[i].registered;
  }
  Name("RFC");
  Name("FIX");
}

void Bind() {
  sim::machine->bound.notifiers = &kFunctions;
  sim::machine->bound.faults = &kNoFaults;
}

int Name(const char* name) {
  State& s = state();
  for (uint32_t i = 0; i < s.nr_names; ++i) {
    if (std::strcmp(s.names[i].data(), name) == 0) return static_cast<int>(i);
  }
  const size_t size = std::strlen(name);
  if (s.nr_names == kMaxNotifierNames || size >= sizeof(NameText)) return -1;
  std::memcpy(s.names[s.nr_names].data(), name, size);
  return static_cast<int>(s.nr_names++);
}

const char* NameOf(uint32_t index) { return state().names[index].data(); }

void AddKernelNotifier(uint32_t name, int32_t priority, bool injects) {
  HOTPLUG_CHECK(name < state().nr_names);
  Notifier& n = state().notifiers[name];
  if (mm::IsRegistered(n.nb)) return;
  n.kind = injects ? Kind::kInjector : Kind::kKernel;
  n.nb.priority = priority;
  n.nb.notifier_call = mm::kProbeCall;
  n.nb.data = n.nb.name = static_cast<uint16_t>(name);
  mm::register_memory_notifier(n.nb);
}

void SetInjectedError(uint32_t action, int64_t error) {
  constexpr int64_t kMaxErrno = 4095;
  int32_t* injected = InjectedAt(action);
  if (injected != nullptr) {
    *injected = static_cast<int32_t>(std::clamp<int64_t>(error, -kMaxErrno, 0));
  }
}

int32_t InjectedError(uint32_t action) {
  const int32_t* injected = InjectedAt(action);
  return injected != nullptr ? *injected : 0;
}

int WriteAutoOnline(const char* word) {
  constexpr std::string_view kWords[] = {"offline", "online", "online_kernel", "online_movable"};
  static_assert(mm::MMOP_ONLINE == 1 && mm::MMOP_ONLINE_MOVABLE == 3);
  std::string_view text = word;
  if (text.ends_with('\n')) text.remove_suffix(1);
  for (uint8_t type = mm::MMOP_OFFLINE; type <= mm::MMOP_ONLINE_MOVABLE; ++type) {
    if (text != kWords[type]) continue;
    mm::mm().memhp_default_online_type = type;
    return 0;
  }
  return -EINVAL;
}

uint32_t Chain(ChainEntry* out, uint32_t max) {
  const auto* base = reinterpret_cast<const std::byte*>(&sim::sim());
  uint32_t n = 0;
  for (uint32_t offset = mm::mm().chain_head; offset != 0 && n < max;) {
    const auto& nb = *reinterpret_cast<const mm::notifier_block*>(base + offset);
    out[n++] = {nb.name, nb.priority};
    offset = nb.next;
  }
  return n;
}

}  // namespace hotplug::instrument
