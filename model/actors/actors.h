// SPDX-License-Identifier: GPL-2.0-or-later
//
// Everything that competes: tasks of user space that do what the scenario says, PFN walkers,
// allocators, signals, and notifiers that answer what they are told to.
#ifndef MODEL_ACTORS_ACTORS_H_
#define MODEL_ACTORS_ACTORS_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "model/scenario/ops.h"
#include "model/scenario/scenario.h"
#include "model/world/types.h"

namespace hotplug::actors {

inline constexpr sim::Region kActorRegion = 8;

// What an operation of the scenario answered.
struct Result {
  uint64_t value;  // read from the file
  int32_t rc;      // 0, a count, or a negative errno
  uint8_t done;    // the operation has returned
  uint8_t pad[3];
};

// Carves the room's region; part of the set-up of a machine.
void Setup();

// The actors of a world, given what can be done to it (model/world/ops.h). They do what the
// scenario says that is bound to the machine. program.h has them; model/run/program.cc those of
// each world.
template <class O>
struct Actors {
  // Before the first task: makes the notifiers, registers those that are there from the start, adds
  // the tasks.
  static void Start();
};

// What one of the scenario's notifiers answers to an event, which counts as a call of it.
int32_t Answer(uint32_t notifier, uint32_t action, const world::memory_notify_arg& arg);

// Results of the run, by the index of the operation.
const Result& ResultOf(uint32_t op);

// The one step of an operation that is not its end.
inline constexpr sim::TracePoint kOpenTrace = {235, "open", "trace of node %u = %e"};

namespace internal {

constexpr bool IsOurs(const scenario::Operation& row) { return row.end.function != nullptr; }
inline constexpr size_t kNrEnds = static_cast<size_t>(
    std::count_if(scenario::kOperations.begin(), scenario::kOperations.end(), IsOurs));

constexpr std::array<sim::TracePoint, kNrEnds + 1> AllTracePoints() {
  std::array<sim::TracePoint, kNrEnds + 1> all{};
  size_t next = 0;
  for (const scenario::Operation& row : scenario::kOperations) {
    if (IsOurs(row)) all[next++] = row.end;
  }
  all[next] = kOpenTrace;
  return all;
}

}  // namespace internal

inline constexpr auto kTracePoints = internal::AllTracePoints();

}  // namespace hotplug::actors

#endif  // MODEL_ACTORS_ACTORS_H_
