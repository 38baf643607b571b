// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/report/anchors.h"

#include <algorithm>
#include <array>

#include "model/run/trace_points.h"

namespace hotplug::report {

namespace {

using run::Reached;
using scenario::Preemption;
using scenario::Scenario;

struct Told {
  uint64_t digest;
  std::vector<Reached> reached;
  std::array<uint16_t, kMaxThreads> steps;  // of each task
};

Told RunTold(const Scenario& s, run::RunOptions options) {
  Told told;
  options.reached = &told.reached;
  told.digest = run::Run(s, options).digest;
  for (uint32_t i = 0; i < kMaxThreads; ++i) told.steps[i] = sim::task(sim::TaskId{i}).steps;
  return told;
}

// Which time it is that a task does this.
uint16_t NthOf(const std::vector<Reached>& reached, size_t at) {
  const Reached& r = reached[at];
  const auto same = std::count_if(
      reached.begin(), reached.begin() + static_cast<std::ptrdiff_t>(at) + 1,
      [&r](const Reached& o) { return o.task == r.task && o.when == r.when && o.id == r.id; });
  return same <= UINT16_MAX ? static_cast<uint16_t>(same) : uint16_t{0};
}

// The places that are called otherwise and lie between the same two steps: what the step itself
// tells comes first.
std::vector<Preemption> CandidatesFor(const Preemption& p, const Scenario& s, const Told& told) {
  std::vector<Preemption> candidates;
  for (size_t i = 0; i < told.reached.size(); ++i) {
    const Reached& r = told.reached[i];
    if (r.task != p.task || r.step != p.step) continue;
    const Preemption c{p.task, p.other, 0, r.when, run::EventOf(r.id, s), NthOf(told.reached, i)};
    if (c.event.kind != sim::AnchorKind::kNone && c.nth != 0) candidates.push_back(c);
  }
  return candidates;
}

uint32_t StepOf(const Preemption& p, const Told& told) {
  if (p.when == When::kStep) return p.step <= told.steps[p.task] ? p.step : kNever;
  const sim::AnchorId id = run::AnchorOf(p.event);
  uint32_t nth = 0;
  for (const Reached& r : told.reached) {
    if (r.task == p.task && r.when == p.when && r.id == id && ++nth == p.nth) return r.step;
  }
  return kNever;
}

}  // namespace

Scenario Anchored(Scenario s, run::RunOptions options) {
  const Told told = RunTold(s, options);
  for (uint32_t i = 0; i < s.schedule.size; ++i) {
    if (s.schedule[i].when != When::kStep) continue;
    Scenario anchored = s;
    for (const Preemption& c : CandidatesFor(s.schedule[i], s, told)) {
      anchored.schedule[i] = c;
      if (scenario::Invalid(anchored, run::Names()) != nullptr) continue;
      if (run::Run(anchored, options).digest != told.digest) continue;
      s = anchored;
      break;
    }
  }
  return s;
}

Scenario Stepped(Scenario s, run::RunOptions options) {
  const Told told = RunTold(s, options);
  for (uint32_t i = 0; i < s.schedule.size; ++i) {
    const Preemption& p = s.schedule[i];
    const uint32_t step = StepOf(p, told);
    if (p.when == When::kStep || step == 0 || step == kNever) continue;
    Scenario stepped = s;
    stepped.schedule[i] = {p.task, p.other, static_cast<uint16_t>(step), When::kStep, {}, 0};
    if (run::Run(stepped, options).digest == told.digest) s = stepped;
  }
  return s;
}

std::vector<uint32_t> StepsOf(const Scenario& s, run::RunOptions options) {
  const Told told = RunTold(s, options);
  std::vector<uint32_t> steps;
  for (const Preemption& p : s.schedule) steps.push_back(StepOf(p, told));
  return steps;
}

}  // namespace hotplug::report
