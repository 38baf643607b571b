// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/run/run.h"

#include "model/mm/fault.h"
#include "model/mm/kernel.h"
#include "model/run/liveness.h"
#include "model/run/trace_points.h"
#include "model/scenario/spec.h"

namespace hotplug::run {

// What a thread keeps between runs: the objects bound to its machine, and which machine the
// template in the arena is of.
struct Keep {
  const World* world = nullptr;
  scenario::Machine template_of;
  const drivers::Driver* template_driver = nullptr;
  uint32_t template_fixes = 0;

  mm::NotifierFunctions notifiers;
  mm::FaultPlan faults;
  invariants::Config checks;
  std::vector<uint64_t>* states = nullptr;
  Observer* observer = nullptr;
  std::vector<Reached>* reached = nullptr;
};

namespace {

Keep& KeepOf(sim::Machine& m) {
  if (m.keep == nullptr) m.keep = new Keep;
  return *m.keep;
}

// A machine at the end of its boot, from the template if that is of the same machine.
void Reset(sim::Machine& m, Keep& keep, const World& world, const scenario::Machine& machine,
           const drivers::Driver* driver, uint32_t fixes) {
  if (m.has_template() && keep.world == &world && keep.template_driver == driver &&
      keep.template_fixes == fixes && keep.template_of == machine) {
    m.Restore();
    if (world.reset != nullptr) world.reset();
    return;
  }
  m.Clear();
  m.hooks.state = nullptr;
  m.sim().current = sim::FiberPool::kMain;
  world.boot(machine, *driver, fixes);
  actors::Setup();
  invariants::Setup();
  m.Snapshot();
  keep.world = &world;
  keep.template_of = machine;
  keep.template_driver = driver;
  keep.template_fixes = fixes;
}

mm::FaultPlan FaultPlanOf(const scenario::Scenario& s) {
  mm::FaultPlan plan;
  for (const scenario::Fault& f : s.faults) {
    plan.entries[plan.size++] = {f.site, f.nth, f.error};
  }
  return plan;
}

void CheckAndCollect() {
  const Keep& keep = KeepOf(*sim::machine);
  keep.world->check_step();
  if (keep.states != nullptr) keep.states->push_back(sim::machine->StateDigest());
  if (keep.observer != nullptr) keep.observer->Step();
}

void CollectReached(When when, sim::AnchorId id) {
  const auto task = static_cast<uint8_t>(sim::current_task().v);
  KeepOf(*sim::machine).reached->push_back({task, when, sim::current().steps, id});
}

invariants::Ids NotJudgedBy(const World& world) {
  return world.not_judged | (world.not_told != nullptr ? world.not_told() : 0);
}

void Bind(sim::Machine& m, Keep& keep, const scenario::Scenario& s, const RunOptions& options,
          const drivers::Driver* driver) {
  keep.notifiers.call[mm::kProbeCall] = [](const mm::notifier_block& nb, uint32_t action,
                                           const mm::memory_notify_arg& arg) {
    return actors::Answer(nb.data, action, arg);
  };
  keep.notifiers.call[mm::kDriverCall] = driver->notifier_call;
  keep.notifiers.online_page = driver->online_page;
  keep.faults = FaultPlanOf(s);
  keep.checks = {options.disabled | NotJudgedBy(*keep.world),
                 options.on_violation == OnViolation::kStop, options.full_checks};
  keep.states = options.states;
  keep.observer = options.observer;
  keep.reached = options.reached;
  tree::World* tree = m.bound.tree;
  m.bound = {&keep.notifiers, &keep.faults, driver, &s, &keep.checks, driver->module, tree};
  const bool watched = options.states != nullptr || options.observer != nullptr;
  uint64_t (*state)() = m.hooks.state;
  m.hooks = {watched ? &CheckAndCollect : keep.world->check_step, &invariants::NoteRelease,
             &AnchorOfRecord, options.reached != nullptr ? &CollectReached : nullptr, state};
  m.trace.Reset(options.keep_trace);
}

void SetSchedule(const scenario::Scenario& s) {
  sim::ScheduleEntry entries[kMaxPreemptions];
  sim::AnchoredEntry anchored[kMaxPreemptions];
  uint32_t steps = 0;
  uint32_t anchors = 0;
  for (const scenario::Preemption& p : s.schedule) {
    if (p.event.kind == sim::AnchorKind::kTurn) {
      entries[steps++] = {static_cast<uint16_t>(p.nth - 1), p.task, p.other, 1, 0};
    } else if (p.when == When::kStep) {
      entries[steps++] = {p.step, p.task, p.other, 0, 0};
    } else {
      anchored[anchors++] = {AnchorOf(p.event), p.nth, 0, p.when, p.task, p.other, 0};
    }
  }
  sim::SetSchedule(entries, steps);
  sim::SetAnchors(anchored, anchors);
}

// Runs to the end, through at most one stuck state: what user space holds is let go then,
// loops are killed, and the rest of the run and its checks show what is left.
sim::Stop RunToEnd(const World& world, const RunOptions& options, Outcome* out) {
  sim::Stop stop = sim::RunTasks();
  if (stop != sim::Stop::kStuck) return stop;
  // Whoever blocked last made no step of it: what he did is judged first.
  const uint32_t before = invariants::verdicts().total;
  world.check_step();
  const bool illegal = invariants::verdicts().total != before;
  out->stuck_benign = !illegal && JudgeStuck(world, out);
  if (!out->stuck_benign && options.on_violation == OnViolation::kStop) return stop;
  sim::ReleaseStuck();
  stop = sim::RunTasks();
  if (stop == sim::Stop::kStuck && out->stuck_benign) out->stuck_benign = JudgeStuck(world, out);
  return stop;
}

// Whether the run has come to something that nobody has written for the world.
bool CannotGoOn(const World& world) {
  return world.not_simulated != nullptr && !world.not_simulated().empty();
}

Verdict VerdictOf(const World& world, sim::Stop stop, const Outcome& o) {
  if (o.listed != 0) {
    const bool liveness = o.violations[0].id == invariants::Id::kI13;
    return liveness ? Verdict::kLiveness : Verdict::kViolation;
  }
  if (CannotGoOn(world)) return Verdict::kNotSimulated;
  return stop == sim::Stop::kLimit ? Verdict::kLimit : Verdict::kOk;
}

}  // namespace

const char* Name(Verdict v) {
  constexpr const char* kNames[] = {"ok", "violation", "liveness", "limit", "not-simulated"};
  return kNames[static_cast<uint32_t>(v)];
}

bool Begin(const scenario::Scenario& s, const RunOptions& options, Outcome* out) {
  sim::Machine& m = sim::Machine::ForThread();
  Keep& keep = KeepOf(m);
  const drivers::Driver* driver =
      options.driver != nullptr ? options.driver : drivers::kDrivers[s.driver];
  HOTPLUG_CHECK(driver != nullptr);
  const World& world = *options.world;
  m.bound.module = driver->module;
  Reset(m, keep, world, s.machine, driver, s.fixes);
  if (driver->reset != nullptr) driver->reset();
  Bind(m, keep, s, options, driver);
  sim::sim().max_steps = options.max_steps;
  world.start();
  if (driver->start != nullptr) driver->start();
  SetSchedule(s);
  const bool booted = !CannotGoOn(world);
  if (options.observer != nullptr && booted) options.observer->Begin();

  out->not_judged = NotJudgedBy(world);
  out->stuck_benign = false;
  out->nr_waits = 0;
  return booted;
}

void Run(const scenario::Scenario& s, const RunOptions& options, Outcome* out) {
  const bool booted = Begin(s, options, out);
  End(booted ? RunToEnd(*options.world, options, out) : sim::Stop::kDead, out);
}

void End(sim::Stop stop, Outcome* out) {
  const World& world = *KeepOf(sim::Machine::ForThread()).world;
  if (stop == sim::Stop::kFinished) world.check_end();

  const invariants::Verdicts& v = invariants::verdicts();
  out->steps = sim::sim().step;
  out->digest = sim::sim().digest;
  out->switches = sim::sim().switches;
  out->nr_violations = v.total;
  out->nr_warnings = mm::ledger().nr_warnings;
  out->listed = v.size;
  out->violations = v.list;
  out->lock_order = sim::sim().lock_order;
  out->verdict = VerdictOf(world, stop, *out);
}

const std::vector<sim::Record>& Trace() { return sim::Machine::ForThread().trace.records(); }

WorldState StateAtEnd() { return KeepOf(sim::Machine::ForThread()).world->look(); }

std::string NotSimulated() {
  const World& world = *KeepOf(sim::Machine::ForThread()).world;
  return world.not_simulated == nullptr ? "" : world.not_simulated();
}

world::AllocationState AllocationOf(world::Owner owner) {
  return KeepOf(sim::Machine::ForThread()).world->allocation(owner);
}

std::vector<world::Frame> CallChain(uint32_t task, uint32_t step) {
  const World* world = KeepOf(sim::Machine::ForThread()).world;
  if (world == nullptr || world->call_chain == nullptr) return {};
  return world->call_chain(task, step);
}

std::string KernelOf(const scenario::Scenario& s, const RunOptions& options) {
  if (options.world->kernel != nullptr) {
    const std::string name = options.world->kernel();
    return scenario::PrintSpec(name.c_str(), s.machine.fixes, mm::kCoreFixes);
  }
  return scenario::PrintKernel(s.machine, Names());
}

scenario::Names Names() {
  return {drivers::kDriverNames,
          drivers::kNrDrivers,
          mm::kKernelNames,
          mm::kNrKernels,
          [](uint32_t driver) { return drivers::kDrivers[driver]->fixes; },
          mm::kCoreFixes,
          [](uint32_t driver) -> const char* { return drivers::kDrivers[driver]->callback; },
          FunctionEnds()};
}

}  // namespace hotplug::run
