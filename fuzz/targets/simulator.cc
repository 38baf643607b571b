// SPDX-License-Identifier: GPL-2.0-or-later
//
// The laws of a run, on any bytes: it ends, whatever the scenario breaks; it is the same run
// each time; and the checks of what a step changed find what the checks of everything find.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "model/run/run.h"
#include "model/scenario/bytes.h"

namespace {

using hotplug::run::OnViolation;
using hotplug::run::Outcome;
using hotplug::run::RunOptions;
using hotplug::scenario::Scenario;

[[noreturn]] void Broken(const char* law) {
  std::fprintf(stderr, "=== BROKEN LAW of a run\nDEDUP_TOKEN: simulator/%s\n", law);
  std::abort();
}

Outcome RunIt(const Scenario& s, OnViolation on_violation, bool full_checks) {
  RunOptions options;
  options.on_violation = on_violation;
  options.full_checks = full_checks;
  return hotplug::run::Run(s, options);
}

// The same first violation, at the same step; or none in both.
bool SameVerdict(const Outcome& a, const Outcome& b) {
  if (a.first() == nullptr || b.first() == nullptr) return a.first() == b.first();
  return a.first()->id == b.first()->id && a.first()->step == b.first()->step &&
         a.first()->pfn == b.first()->pfn;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace run = hotplug::run;
  const Scenario s =
      hotplug::scenario::Decode(data, size, hotplug::drivers::kNrDrivers, run::kNrKernels);
  const Outcome recorded = RunIt(s, OnViolation::kRecord, false);
  if (recorded.steps > hotplug::kMaxSteps) Broken("bounded");
  // The other laws cost several runs each: a part of the inputs will do.
  if (size % 8 != 0) return 0;
  const Outcome stopped = RunIt(s, OnViolation::kStop, false);
  if (!SameVerdict(stopped, recorded)) Broken("recording-changes-nothing");
  const Outcome again = RunIt(s, OnViolation::kStop, false);
  if (again.digest != stopped.digest || again.steps != stopped.steps) Broken("same-run");
  const Outcome full = RunIt(s, OnViolation::kStop, true);
  if (full.digest != stopped.digest || !SameVerdict(full, stopped)) Broken("full-checks");
  return 0;
}
