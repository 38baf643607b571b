// SPDX-License-Identifier: GPL-2.0-or-later
//
// The machine that a thread simulates: one flat arena without pointers, mapped once, in
// which each room carves its state, and what stays with the host (fibers, trace, hooks).
// A run starts from a copy of the arena's template, so reset is one memcpy of the bytes in
// use. `machine` is the only writable global of the library.
#ifndef MODEL_SIM_MACHINE_H_
#define MODEL_SIM_MACHINE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "model/limits.h"
#include "model/sim/anchor.h"
#include "model/sim/check.h"
#include "model/sim/fiber.h"
#include "model/sim/trace.h"

// What the rooms above bind to a machine. sim knows these names and nothing of what they mean.
namespace hotplug {
namespace mm {
struct NotifierFunctions;
struct FaultPlan;
}  // namespace mm
namespace scenario {
struct Scenario;
}
namespace drivers {
struct Driver;
}
namespace invariants {
struct Config;
}
namespace shim {
class Module;
}
namespace tree {
class World;
}
namespace run {
struct Keep;
}
}  // namespace hotplug

namespace hotplug::sim {

// Regions of the arena, in the order in which they are carved. sim owns the first; the
// others are named by the rooms that carve them.
inline constexpr uint32_t kRegions = 13;
using Region = uint32_t;
inline constexpr Region kSimRegion = 0;

struct SimState;

// What sim calls in the rooms above it. Null hooks are not called.
struct Hooks {
  // After every step, with the step's record made: checks invariants. Runs on the task's
  // stack; ends the run by setting SimState::stop.
  void (*step)() = nullptr;
  // Before a lock that was held exclusively is released.
  void (*release)(uint32_t lock_class) = nullptr;
  // What a step of the rooms above is, for anchored preemptions; 0: nothing that has an anchor.
  AnchorId (*anchor_of)(const Record& record) = nullptr;
  // Is told all that tasks do that has an anchor.
  void (*reached)(When when, AnchorId id) = nullptr;
  // The digest of such state as lies outside of the arena.
  uint64_t (*state)() = nullptr;
};

// Objects of the host that a run lends to the rooms: the arena holds no pointers. Each outlives the
// run; null where the machine is used without that room.
struct Bound {
  const mm::NotifierFunctions* notifiers = nullptr;
  const mm::FaultPlan* faults = nullptr;
  const drivers::Driver* driver = nullptr;
  const scenario::Scenario* scenario = nullptr;
  const invariants::Config* checks = nullptr;
  shim::Module* module = nullptr;  // of a driver in C
  tree::World* tree = nullptr;     // the kernel that is not in the arena
};

class Machine {
 public:
  // The calling thread's machine, made at the first call and kept.
  static Machine& ForThread();

  // Empties the arena and zeroes the bytes that the machine before used.
  void Clear();

  // Reserves `count` objects of T for a region, zeroed, 64-byte aligned. Objects have no
  // padding, so that the bytes of a hashed region are a function of the state alone.
  template <class T>
  T* Carve(Region region, size_t count, bool hashed) {
    static_assert(std::is_trivially_copyable_v<T>);
    static_assert(std::has_unique_object_representations_v<T>);
    return static_cast<T*>(CarveBytes(region, sizeof(T) * count, hashed));
  }
  template <class T>
  T* Get(Region region) const {
    return static_cast<T*>(regions_[region].base);
  }

  // Keeps the arena as it is now as the template for Restore().
  void Snapshot();
  void Restore() { std::memcpy(arena_, template_, used_); }
  // False again once the machine has been emptied for somebody else.
  bool has_template() const { return has_template_; }

  // Digest of all hashed regions, and of what else there is: equal states, equal digests, on every
  // build.
  uint64_t StateDigest() const;

  SimState& sim() const { return *static_cast<SimState*>(regions_[kSimRegion].base); }
  size_t used() const { return used_; }

  FiberPool fibers;
  TraceBuffer trace;
  Hooks hooks;
  Bound bound;
  // What run keeps from one run to the next; made once, with the machine.
  run::Keep* keep = nullptr;

 private:
  struct Extent {
    void* base = nullptr;
    size_t bytes = 0;
    bool hashed = false;
  };

  Machine();
  void* CarveBytes(Region region, size_t bytes, bool hashed);

  std::byte* arena_ = nullptr;
  std::byte* template_ = nullptr;
  size_t used_ = 0;
  bool has_template_ = false;
  std::array<Extent, kRegions> regions_{};
};

extern constinit thread_local Machine* machine;

}  // namespace hotplug::sim

#endif  // MODEL_SIM_MACHINE_H_
