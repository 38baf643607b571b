// SPDX-License-Identifier: GPL-2.0-or-later
//
// The laws of a run, on any bytes: it ends, whatever the scenario breaks; it is the same run
// each time; and the checks of what a step changed find what the checks of everything find, as the
// step says all that it changes.
#include <cstddef>
#include <cstdint>
#include <string>

#include "fuzz/targets/finding.h"
#include "fuzz/targets/marks.h"
#include "model/mm/kernel.h"
#include "model/run/run.h"
#include "model/scenario/bytes.h"
#include "model/sim/lock.h"

namespace {

using hotplug::run::OnViolation;
using hotplug::run::Outcome;
using hotplug::run::RunOptions;
using hotplug::scenario::Scenario;

[[noreturn]] void Broken(const char* law) {
  hotplug::targets::EndWith(std::string("=== BROKEN LAW of a run\nDEDUP_TOKEN: simulator/") + law +
                            "\n");
}

Outcome RunIt(const Scenario& s, OnViolation on_violation, bool full_checks = false,
              hotplug::run::Observer* observer = nullptr) {
  RunOptions options;
  options.on_violation = on_violation;
  options.full_checks = full_checks;
  options.observer = observer;
  return hotplug::run::Run(s, options);
}

// The same first violation, at the same step; or none in both.
bool SameVerdict(const Outcome& a, const Outcome& b) {
  if (a.first() == nullptr || b.first() == nullptr) return a.first() == b.first();
  return a.first()->id == b.first()->id && a.first()->step == b.first()->step &&
         a.first()->pfn == b.first()->pfn;
}

// Adds what one run has shown of the order of locks to what all runs have: no two classes may
// be taken in both orders, be it in different runs. A class within itself is another matter.
bool JoinOrder(const hotplug::sim::LockOrder& order) {
  static hotplug::sim::LockOrder campaign{};
  bool changed = false;
  for (size_t c = 0; c < order.size(); ++c) {
    changed = changed || (order[c] & ~campaign[c]) != 0;
    campaign[c] |= order[c];
  }
  if (!changed) return true;
  for (uint32_t c = 0; c < order.size(); ++c) {
    for (uint32_t inner = 0; inner < order.size(); ++inner) {
      const bool taken = inner != c && (campaign[c] >> inner & 1) != 0;
      if (taken && hotplug::sim::LockOrderReaches(campaign, inner, c)) return false;
    }
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Scenario s =
      hotplug::scenario::Decode(data, size, hotplug::drivers::kNrDrivers, hotplug::mm::kNrKernels);
  const Outcome recorded = RunIt(s, OnViolation::kRecord);
  if (recorded.steps > hotplug::kMaxSteps) Broken("bounded");
  if (!JoinOrder(recorded.lock_order)) Broken("lock-order-of-the-campaign");
  // The other laws cost several runs each: a part of the inputs will do.
  if (size % 8 != 0) return 0;
  const Outcome stopped = RunIt(s, OnViolation::kStop);
  if (!SameVerdict(stopped, recorded)) Broken("recording-changes-nothing");
  hotplug::Marks marks;
  const Outcome again = RunIt(s, OnViolation::kStop, false, &marks);
  if (again.digest != stopped.digest || again.steps != stopped.steps) Broken("same-run");
  if (marks.forgotten()) Broken("changes-are-marked");
  const Outcome full = RunIt(s, OnViolation::kStop, true);
  if (full.digest != stopped.digest || !SameVerdict(full, stopped)) Broken("full-checks");
  return 0;
}
