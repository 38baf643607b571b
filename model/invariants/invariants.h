// SPDX-License-Identifier: GPL-2.0-or-later
//
// The invariants (kernel-facts 6.6; docs/invariants.md has each with its formula). They read
// the machine and the ledger after every step and never change either.
//
// At a step all invariants of its scopes are evaluated, in the order of kOrder; the first
// that fails gives the verdict, the others are listed with it. What the kernel itself
// reports at the same step (K1 to K4) comes behind.
#ifndef MODEL_INVARIANTS_INVARIANTS_H_
#define MODEL_INVARIANTS_INVARIANTS_H_

#include <array>
#include <concepts>
#include <cstdint>
#include <string>

#include "model/world/ledger.h"

namespace hotplug::invariants {

inline constexpr sim::Region kVerdictRegion = 9;

enum class Id : uint8_t {
  kNone,
  kI1,
  kI2,
  kI3,
  kI4,
  kI5,
  kI6,
  kI7,
  kI8,
  kI9,
  kI10,
  kI11,
  kI12,
  kI13,
  kI14,
  kI15,  // NOLINT
  kI16,
  kI17,
  kI18,
  kI19,
  kK1,
  kK2,
  kK3,
  kK4,
};
inline constexpr uint32_t kIds = 24;

struct Invariant {
  Id id;
  const char* name;
  const char* scope;
  const char* sentence;
};
extern const Invariant kInvariants[];
extern const uint32_t kNrInvariants;
const char* Name(Id id);

// The order in which the invariants of one step are judged.
inline constexpr Id kOrder[] = {Id::kI14, Id::kI5, Id::kI6,  Id::kI19, Id::kI2,  Id::kI3,
                                Id::kI1,  Id::kI9, Id::kI18, Id::kI4,  Id::kI10, Id::kI11,
                                Id::kI12, Id::kI8, Id::kI7,  Id::kI15, Id::kI16, Id::kI17};

// A set of invariants.
using Ids = uint32_t;
template <std::same_as<Id>... Each>
constexpr Ids Bits(Each... ids) {
  return (... | (1u << static_cast<uint32_t>(ids)));
}
// Their names, with commas: "I5,I16".
std::string NamesOf(Ids ids);

// One violation, with what its report and its token need.
struct Violation {
  uint32_t step;
  uint32_t pfn;      // kNoPfn if it is not about a page
  uint32_t block;    // block number, or kNoBlock
  int32_t expected;  // what they mean depends on the invariant (docs/invariants.md)
  int32_t found;
  uint16_t function;   // trace point of the step that made the state illegal
  uint16_t callback;   // 1 + name of the notifier, if that step was its delivery
  uint16_t call;       // Task::call in that step, if it is the one of the violation
  world::Owner owner;  // of the page
  Id id;
  world::Phase phase;  // of the block
  uint8_t last_event;  // notifier action last delivered in the block's last operation
  uint8_t silent;      // a real kernel of this configuration would not print it
  uint8_t transient;   // references of walkers on the page
  uint8_t page_type;
  uint8_t unasked;  // that step was the callback of the page's owner, never told GOING_OFFLINE
  uint8_t pad;
};
inline constexpr uint32_t kNoBlock = UINT32_MAX;

struct Config {
  Ids disabled = 0;   // not evaluated
  bool stop = true;   // end the run at the first violation
  bool full = false;  // look at every page at every step, not at what changed
};

struct Verdicts {
  uint32_t total;       // violations found, also those beyond the list
  uint32_t pending_at;  // step of the first WARN or bad_page since the last rest, or 0
  uint8_t size;
  Id pending;  // K3 or K4, waiting for an invariant that confirms it
  uint16_t pending_function;
  uint8_t pad[4];
  std::array<Violation, kMaxViolations> list;
};

inline Verdicts& verdicts() { return *sim::machine->Get<Verdicts>(kVerdictRegion); }

// Carves the room's region; part of the set-up of a machine.
void Setup();
// For sim::Hooks::release.
void NoteRelease(uint32_t lock_class);

// The checks of a world, given what can be seen of it (model/world/view.h). A Config is bound to
// the machine for the run. checks.h has them; model/run/checks.cc those of each world.
template <class V>
struct Checks {
  // After a step: for sim::Hooks::step.
  static void Step();
  // The checks of rest, whatever the tasks are doing: for the end of a run.
  static void End();
  // Whether a page keeps I1, I2 and I3.
  static bool PageIsLegal(world::Pfn pfn);
};

// The run is stuck: adds the verdict I13 about a task that cannot go on.
void AddLiveness(uint32_t task);

}  // namespace hotplug::invariants

#endif  // MODEL_INVARIANTS_INVARIANTS_H_
