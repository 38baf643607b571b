// SPDX-License-Identifier: GPL-2.0-or-later
//
// outcomes WORLD[+FIX...] COUNT [FIRST]
//
// COUNT generated scenarios of two and three tasks, from the seed FIRST (1) on, in our model of 6.1
// and in a WORLD of compile-tree: each runs with every schedule of at most one preemption. What may
// come out of it, in answers, states of blocks and verdicts, is a set in each world, and the sets
// are compared. Prints what one world alone has, by the point at which a task is preempted for it,
// with the first seed and its scenario, and how many sets are equal. Exit code 1 if not all are.
#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "fuzz/base/files.h"
#include "fuzz/base/lines.h"
#include "fuzz/explore/search.h"
#include "model/mm/kernel.h"
#include "model/run/run.h"
#include "model/run/trace_points.h"
#include "model/run/tree_world.h"
#include "model/scenario/print.h"
#include "model/scenario/spec.h"
#include "regress/tools/generated.h"

namespace hotplug {
namespace {

// Without preemptions, and without sleeping, as a tick is a step, of which a tree has more.
scenario::Scenario ScenarioOf(uint64_t seed, uint32_t fixes) {
  scenario::GenerateOptions options = OptionsOfWorld();
  options.max_tasks = 3;
  scenario::Scenario s = ComparableScenario(seed, options, fixes);
  s.schedule.size = 0;
  s.machine.pagevec = 0;  // our model has one for each CPU, a world one in all
  for (uint32_t i = s.ops.size; i-- > 0;) {
    if (s.ops[i].kind == scenario::OpKind::kSleep) s.ops.erase(i);
  }
  return s;
}

// By outcome, the first schedule that leads to it; none has step 0.
using Outcomes = std::map<std::string, scenario::Preemption>;

Outcomes OutcomesOf(scenario::Scenario s, const run::RunOptions& options) {
  Outcomes all;
  run::Outcome o;
  run::Run(s, options, &o);
  all.emplace(explore::OutcomeText(s, o), scenario::Preemption{});
  std::vector<uint32_t> steps;
  steps.reserve(s.tasks.size);
  for (uint32_t i = 0; i < s.tasks.size; ++i) steps.push_back(sim::task(sim::TaskId{i}).steps);
  for (uint32_t task = 0; task < s.tasks.size; ++task) {
    for (uint32_t other = 0; other < s.tasks.size; ++other) {
      for (uint32_t step = 1; task != other && step < steps[task]; ++step) {
        s.schedule.size = 0;
        s.schedule.push({.task = static_cast<uint8_t>(task),
                         .other = static_cast<uint8_t>(other),
                         .step = static_cast<uint16_t>(step)});
        run::Run(s, options, &o);
        all.emplace(explore::OutcomeText(s, o), s.schedule[0]);
      }
    }
  }
  return all;
}

// " in FUNCTION" of the kernel's files, whatever its headers have inlined there; empty in the
// model.
std::string FunctionAt(uint32_t task, uint32_t step) {
  for (const world::Frame& frame : run::CallChain(task, step)) {
    if (frame.place.find(".c:") != std::string::npos) return " in " + frame.function;
  }
  return "";
}

// Where a task was when it was preempted: the point behind which others ran.
std::string PointOf(scenario::Scenario s, const scenario::Preemption& p, run::RunOptions options) {
  if (p.step == 0) return "none";
  s.schedule.push(p);
  options.keep_trace = true;
  run::Run(s, options);
  uint32_t steps = 0;
  uint32_t last = 0;
  for (const sim::Record& r : run::Trace()) {
    const bool is_step = r.step != last;
    last = r.step;
    if (is_step && r.task == p.task && ++steps == p.step) {
      return run::FindTracePoint(r.tp)->function + FunctionAt(p.task, r.step);
    }
  }
  return "the end";
}

struct Side {
  std::string who;
  run::RunOptions options;
};

struct Kind {
  uint64_t count = 0;
  std::string example;
};

class Comparison {
 public:
  void Add(uint64_t seed, const scenario::Scenario& s) {
    const Outcomes model = OutcomesOf(s, InModel());
    const Outcomes tree = OutcomesOf(s, run::InTree());
    const bool model_alone = AddMissing(seed, s, {"the model", InModel()}, model, tree);
    const bool tree_alone = AddMissing(seed, s, {"the tree", run::InTree()}, tree, model);
    same_ += model_alone || tree_alone ? 0 : 1;
  }

  int Print(uint64_t count) const {
    for (const auto& [name, kind] : kinds_) {
      std::printf("%s: %llu\n%s\n", name.c_str(), static_cast<unsigned long long>(kind.count),
                  kind.example.c_str());
    }
    std::printf("%llu of %llu sets are equal\n", static_cast<unsigned long long>(same_),
                static_cast<unsigned long long>(count));
    return same_ == count ? 0 : 1;
  }

 private:
  bool AddMissing(uint64_t seed, const scenario::Scenario& s, const Side& side, const Outcomes& has,
                  const Outcomes& lacks) {
    bool missing = false;
    for (const auto& [outcome, schedule] : has) {
      if (lacks.count(outcome) != 0) continue;
      missing = true;
      Kind& kind = kinds_[side.who + " alone has it behind " + PointOf(s, schedule, side.options)];
      if (kind.count++ != 0) continue;
      scenario::Scenario example = s;
      if (schedule.step != 0) example.schedule.push(schedule);
      kind.example = "seed " + std::to_string(seed) + "\n" +
                     scenario::Print(example, run::Names()) + "# " + outcome + "\n";
      for (const auto& [other, where] : lacks) kind.example += "# not " + other + "\n";
    }
    return missing;
  }

  std::map<std::string, Kind> kinds_;
  uint64_t same_ = 0;
};

int Main(int argc, char** argv) {
  const uint64_t count = argc > 2 ? ReadNumber(argv[2]) : 0;
  const uint64_t first = argc > 3 ? ReadNumber(argv[3]) : 1;
  if (count == 0 || first == 0 || argc > 4) {
    std::fputs("usage: outcomes WORLD[+FIX...] COUNT [FIRST]\n", stderr);
    return 2;
  }
  const scenario::Cured world = scenario::TakeFixes(argv[1], mm::kCoreFixes);
  if (!UseWorldOf(world.path)) return 2;
  const std::string contents = base::Contents(world.path).value_or("");
  run::UseLines(
      [&contents](const std::vector<uint32_t>& pcs) { return base::FramesOf(contents, pcs); });
  Comparison comparison;
  for (uint64_t seed = first; seed < first + count; ++seed) {
    comparison.Add(seed, ScenarioOf(seed, world.fixes));
  }
  return comparison.Print(count);
}

}  // namespace
}  // namespace hotplug

int main(int argc, char** argv) { return hotplug::Main(argc, argv); }
