// SPDX-License-Identifier: GPL-2.0-or-later
//
// The instrument's own state in the arena, and what its files call of each other.
#ifndef FUZZ_FIDELITY_INSTRUMENT_STATE_H_
#define FUZZ_FIDELITY_INSTRUMENT_STATE_H_

#include <array>
#include <cstdint>

#include "fuzz/fidelity/instrument/instrument.h"
#include "model/limits.h"
#include "model/sim/sched.h"

namespace hotplug::instrument {

// What a probe was told to do at an action. action 0: nothing.
struct Rule {
  uint32_t action;
  uint32_t block;  // or kAny
  uint32_t nth;    // only at this one of the matching calls; 0: at each
  uint32_t calls;  // matching calls so far
  int32_t value;   // the answer, or how long to sleep
};

enum class Kind : uint8_t { kUnused, kProbe, kKernel, kInjector };

// A notifier by its name. Rules belong to probes and go when the probe is unregistered.
struct Notifier {
  mm::notifier_block nb;
  Rule answer;
  Rule sleep;
  Kind kind;
  uint8_t registered;
  uint8_t pages_at;  // actions whose events are followed by PAGES: bits are MEM_*
  uint8_t zones_at;
};

// The memtrace notifier of two kinds, RFC and FIX, and the one allocation.
inline constexpr uint32_t kMemtraceKinds = 2;
struct Memtrace {
  std::array<mm::notifier_block, kMemtraceKinds> nb;
  uint32_t base_pfn;
  uint32_t nr_pages;     // 0: there is no allocation
  uint32_t watched_pfn;  // the range that the registered notifier is for
  uint32_t watched_pages;
  std::array<uint64_t, kMemtraceKinds> going_offline;  // static in the callback: never reset
  uint8_t registered;                                  // kind + 1, or 0
  std::array<uint8_t, 7> pad;
};

// A process, by the number of its task.
struct Process {
  Work work;
  Result result;
  Event event;
  uint8_t handled;  // the last signal that its handlers got
  uint8_t deadly;   // the first that kills it
  uint8_t pad[6];
};

using NameText = std::array<char, kMaxNotifierName + 1>;

struct State {
  std::array<Process, kMaxThreads> processes;
  std::array<Notifier, kMaxNotifierNames> notifiers;
  std::array<NameText, kMaxNotifierNames> names;
  Memtrace memtrace;
  std::array<uint32_t, kMaxGrabbed> grabbed;  // pfns, in the order of grabbing
  std::array<int32_t, 2> injected;            // errors of GOING_ONLINE, GOING_OFFLINE
  uint32_t nr_names;
  uint32_t nr_grabbed;
  uint32_t held_pfn;    // or kNoPfn
  uint32_t pinned_pfn;  // or kNoPfn
  uint32_t dimm_index;  // of the first block of the DIMM
  // Blocks that the firmware has added and that no command has added again.
  std::array<uint8_t, kMaxBlocks> firmware;
  std::array<uint8_t, 4> pad;
};

inline State& state() { return *sim::machine->Get<State>(kInstrumentRegion); }

// ---- Notifiers --------------------------------------------------------------------------

int32_t ProbeCall(const mm::notifier_block& nb, uint32_t action, const mm::memory_notify_arg& arg);
int32_t MemtraceCall(const mm::notifier_block& nb, uint32_t action,
                     const mm::memory_notify_arg& arg);
// A notifier was called and will give this answer: the step at which the host looks around.
void ShowEvent(const mm::notifier_block& nb, uint32_t action, const mm::memory_notify_arg& arg,
               int32_t answer, int32_t going_offline);

// ---- Commands: 0, or a negative errno --------------------------------------------------------

int Reg(const Work& work);
int Unreg(const Work& work);
int Unregall(const Work& work);
int Nack(const Work& work);
int Raw(const Work& work);
int Clear(const Work& work);
int Sleep(const Work& work);
int Pagesat(const Work& work);
int Zonesat(const Work& work);

int Mtalloc(const Work& work);
int Mtreg(const Work& work);
int Mtunreg(const Work& work);
int Mtrun(const Work& work);
int Mtfree(const Work& work);
int Mtfreeok(const Work& work);
int Mtforget(const Work& work);

int Oarm(const Work& work);
int Rm(const Work& work);
int Add(const Work& work);
int Addmm(const Work& work);
int Eject(const Work& work);
int Dump(const Work& work);
// add_memory(), after which the blocks are no longer the firmware's.
int AddMemory(mm::BlockId start, uint32_t nr_blocks, bool memmap_on_memory);

int Hold(const Work& work);
int Unhold(const Work& work);
int Pinlru(const Work& work);
int Unpin(const Work& work);
int Grab(const Work& work);
int Ungrab(const Work& work);

}  // namespace hotplug::instrument

#endif  // FUZZ_FIDELITY_INSTRUMENT_STATE_H_
