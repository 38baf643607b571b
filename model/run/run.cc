// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/run/run.h"

#include "model/mm/boot.h"
#include "model/mm/fault.h"
#include "model/mm/kernel.h"
#include "model/mm/page.h"
#include "model/run/liveness.h"
#include "model/run/trace_points.h"

namespace hotplug::run {

// What a thread keeps between runs: the objects bound to its machine, and which machine the
// template in the arena is of.
struct Keep {
  scenario::Machine template_of;
  const drivers::Driver* template_driver = nullptr;
  uint32_t template_fixes = 0;

  mm::NotifierFunctions notifiers;
  mm::FaultPlan faults;
  actors::Context actors;
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

mm::BootConfig BootConfigOf(const scenario::Machine& machine, bool has_device) {
  mm::BootConfig c{};
  c.first_block = machine.first_block;
  c.nr_blocks = machine.blocks.size;
  c.block_order = machine.block_order;
  c.pageblock_order = machine.pageblock_order;
  c.max_order = machine.max_order;
  c.debug_vm = machine.debug_vm;
  c.kmemleak = machine.kmemleak;
  c.kernel = machine.kernel;
  c.core_fixes = static_cast<uint16_t>(machine.fixes);
  c.pcp_high = machine.pcp_high;
  c.pagevec_size = machine.pagevec;
  c.auto_online = machine.auto_online ? mm::MMOP_ONLINE : mm::MMOP_OFFLINE;
  for (uint32_t i = 0; i < c.nr_blocks; ++i) {
    const scenario::Block& b = machine.blocks[i];
    const bool movable = b.zone == scenario::Zone::kMovable;
    const bool of_device = has_device && i >= c.nr_blocks - c.nr_blocks / 2;
    c.blocks[i] = {b.node, movable ? mm::ZONE_MOVABLE : mm::ZONE_NORMAL, b.reserved, b.offline,
                   of_device};
  }
  return c;
}

// A machine at the end of its boot, from the template if that is of the same machine.
void Reset(sim::Machine& m, Keep& keep, const scenario::Machine& machine,
           const drivers::Driver* driver, uint32_t fixes) {
  if (m.has_template() && keep.template_driver == driver && keep.template_fixes == fixes &&
      keep.template_of == machine) {
    m.Restore();
    return;
  }
  m.Clear();
  m.sim().current = sim::FiberPool::kMain;
  mm::Boot(BootConfigOf(machine, driver->has_device));
  driver->init(fixes);
  actors::Setup();
  invariants::Setup();
  m.Snapshot();
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
  invariants::CheckStep();
  const Keep& keep = KeepOf(*sim::machine);
  if (keep.states != nullptr) keep.states->push_back(sim::machine->StateDigest());
  if (keep.observer != nullptr) keep.observer->Step();
}

void CollectReached(When when, sim::AnchorId id) {
  const auto task = static_cast<uint8_t>(sim::current_task().v);
  KeepOf(*sim::machine).reached->push_back({task, when, sim::current().steps, id});
}

void Bind(sim::Machine& m, Keep& keep, const scenario::Scenario& s, const RunOptions& options,
          const drivers::Driver* driver) {
  keep.notifiers.call[mm::kProbeCall] = &actors::ProbeCall;
  keep.notifiers.call[mm::kDriverCall] = driver->notifier_call;
  keep.notifiers.online_page = driver->online_page;
  keep.faults = FaultPlanOf(s);
  keep.actors = {&s, driver->enable, driver->trace};
  keep.checks = {options.disabled, options.on_violation == OnViolation::kStop, options.full_checks,
                 driver};
  keep.states = options.states;
  keep.observer = options.observer;
  keep.reached = options.reached;
  m.bound = {&keep.notifiers, &keep.faults, &keep.actors, &keep.checks, driver->module};
  const bool watched = options.states != nullptr || options.observer != nullptr;
  m.hooks = {watched ? &CheckAndCollect : &invariants::CheckStep, &invariants::NoteRelease,
             &AnchorOfRecord, options.reached != nullptr ? &CollectReached : nullptr};
  m.trace.Reset(options.keep_trace);
}

void SetSchedule(const scenario::Scenario& s) {
  sim::ScheduleEntry entries[kMaxPreemptions];
  sim::AnchoredEntry anchored[kMaxPreemptions];
  uint32_t steps = 0;
  uint32_t anchors = 0;
  for (const scenario::Preemption& p : s.schedule) {
    if (p.when == When::kStep) {
      entries[steps++] = {p.step, p.task, p.other};
    } else {
      anchored[anchors++] = {AnchorOf(p.event), p.nth, 0, p.when, p.task, p.other, 0};
    }
  }
  sim::SetSchedule(entries, steps);
  sim::SetAnchors(anchored, anchors);
}

// Runs to the end, through at most one stuck state: what user space holds is let go then,
// loops are killed, and the rest of the run and its checks show what is left.
sim::Stop RunToEnd(const RunOptions& options, Outcome* out) {
  sim::Stop stop = sim::RunTasks();
  if (stop != sim::Stop::kStuck) return stop;
  // Whoever blocked last made no step of it: what he did is judged first.
  const uint32_t before = invariants::verdicts().total;
  invariants::CheckStep();
  const bool illegal = invariants::verdicts().total != before;
  out->stuck_benign = !illegal && JudgeStuck(out);
  if (!out->stuck_benign && options.on_violation == OnViolation::kStop) return stop;
  sim::ReleaseStuck();
  stop = sim::RunTasks();
  if (stop == sim::Stop::kStuck && out->stuck_benign) out->stuck_benign = JudgeStuck(out);
  return stop;
}

Verdict VerdictOf(sim::Stop stop, const Outcome& o) {
  if (o.listed != 0) {
    const bool liveness = o.violations[0].id == invariants::Id::kI13;
    return liveness ? Verdict::kLiveness : Verdict::kViolation;
  }
  return stop == sim::Stop::kLimit ? Verdict::kLimit : Verdict::kOk;
}

}  // namespace

const char* Name(Verdict v) {
  constexpr const char* kNames[] = {"ok", "violation", "liveness", "limit"};
  return kNames[static_cast<uint32_t>(v)];
}

void Run(const scenario::Scenario& s, const RunOptions& options, Outcome* out) {
  sim::Machine& m = sim::Machine::ForThread();
  Keep& keep = KeepOf(m);
  const drivers::Driver* driver =
      options.driver != nullptr ? options.driver : drivers::kDrivers[s.driver];
  HOTPLUG_CHECK(driver != nullptr);
  m.bound.module = driver->module;
  Reset(m, keep, s.machine, driver, s.fixes);
  if (driver->reset != nullptr) driver->reset();
  Bind(m, keep, s, options, driver);
  sim::sim().max_steps = options.max_steps;
  actors::Start();
  if (driver->start != nullptr) driver->start();
  SetSchedule(s);
  if (options.observer != nullptr) options.observer->Begin();

  out->stuck_benign = false;
  out->nr_waits = 0;
  const sim::Stop stop = RunToEnd(options, out);
  if (stop == sim::Stop::kFinished) invariants::CheckEnd();

  const invariants::Verdicts& v = invariants::verdicts();
  out->steps = sim::sim().step;
  out->digest = sim::sim().digest;
  out->switches = sim::sim().switches;
  out->nr_violations = v.total;
  out->nr_warnings = mm::ledger().nr_warnings;
  out->listed = v.size;
  out->violations = v.list;
  out->lock_order = sim::sim().lock_order;
  out->verdict = VerdictOf(stop, *out);
}

const std::vector<sim::Record>& Trace() { return sim::Machine::ForThread().trace.records(); }

std::vector<BlockEnd> BlocksAtEnd() {
  std::vector<BlockEnd> blocks;
  for (uint32_t i = 0; i < world::geometry().nr_blocks; ++i) {
    const mm::BlockId b = mm::BlockNumber(i);
    BlockEnd end{};
    end.number = b.v;
    if (mm::BlockAt(b).registered != 0) {
      end.state = mm::BlockAt(b).state;
      const mm::Pfn start = mm::FirstPfn(b);
      for (mm::Pfn pfn = start; pfn < start + mm::PagesPerBlock(); ++pfn) {
        const mm::page& p = mm::PageAt(pfn);
        if (mm::PageBuddy(p)) end.free += 1u << p.order;
        if (mm::PageOffline(p)) ++end.page_offline;
        const int32_t class_of = p.refcount < 0 ? -1 : p.refcount > 2 ? 3 : p.refcount;
        ++end.counts[static_cast<uint32_t>(class_of + 1)];
      }
    }
    blocks.push_back(end);
  }
  return blocks;
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
