// SPDX-License-Identifier: GPL-2.0-or-later
//
// Changes of scenarios, for fuzzers: an operation more, a block less, a preemption moved, the
// tasks of two scenarios together. docs/fuzzing.md says what for.
//
//   Limits limits;
//   limits.nr_kernels = mm::kNrKernels;
//   limits.max_size = 4096;
//   std::vector<uint8_t> bytes;
//   if (Mutate(limits, /*seed=*/42, &s, &bytes)) ...  // `s` is another one, `bytes` say it
//
// What is changed and how is drawn from the seed alone: the same scenario and seed give the
// same scenario everywhere. Nothing here knows a driver, an invariant or a defect.
#ifndef FUZZ_MUTATE_MUTATE_H_
#define FUZZ_MUTATE_MUTATE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/scenario/scenario.h"

namespace hotplug::mutate {

struct Limits {
  uint32_t nr_kernels = 1;  // rows of the table of kernel profiles
  size_t max_size = 4096;   // bytes of the result
  bool kworker = false;     // preemptions may be of it
  // Makes a scenario one that can run, before it is settled; null: all can (run::World).
  void (*fit)(scenario::Scenario* s) = nullptr;
};

// Makes another scenario of `s`, which keeps all rules and has a byte form, and so does the
// result; `bytes` are that form. Returns false, and leaves `s` as it is, if no change was found
// whose result fits.
bool Mutate(const Limits& limits, uint32_t seed, scenario::Scenario* s,
            std::vector<uint8_t>* bytes);

// Makes of `s` one that has tasks of both, with what they do and when they are preempted, on
// the machine of one of the two. As Mutate() otherwise.
bool Splice(const Limits& limits, uint32_t seed, const scenario::Scenario& with,
            scenario::Scenario* s, std::vector<uint8_t>* bytes);

// Leaves out what can have no effect, and what makes nothing but runs that are stuck, tasks
// that wait for each other's end; makes a valid scenario of one in which a number is too
// large for what is there.
void Settle(scenario::Scenario* s);

// The kinds of changes, each by itself. Apply() returns false if the scenario has nothing of
// the kind; otherwise the result, once settled, is valid.
uint32_t NrChanges();
const char* ChangeName(uint32_t change);
bool Apply(uint32_t change, const Limits& limits, uint32_t seed, scenario::Scenario* s);

}  // namespace hotplug::mutate

#endif  // FUZZ_MUTATE_MUTATE_H_
