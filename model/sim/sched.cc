// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/sim/sched.h"

#include "model/sim/lock.h"
#include "model/sim/tracepoints.h"

namespace hotplug::sim {

namespace {

constexpr uint32_t kNoTimer = UINT32_MAX;

// ---- Timers: a short array sorted by (time, sequence), the earliest last ----

void UpdateNextTimer(SimState& s) {
  s.next_timer =
      s.nr_timers == 0 ? kNoTimer : static_cast<uint32_t>(s.timers[s.nr_timers - 1] >> 32);
}

void AddTimer(SimState& s, uint32_t at, uint32_t id) {
  HOTPLUG_CHECK(s.nr_timers < kMaxThreads);
  const uint64_t key = uint64_t{at} << 32 | uint64_t{s.next_seq++} << 8 | id;
  uint32_t i = s.nr_timers++;
  for (; i > 0 && s.timers[i - 1] < key; --i) s.timers[i] = s.timers[i - 1];
  s.timers[i] = key;
  UpdateNextTimer(s);
}

void RemoveTimer(SimState& s, uint32_t id) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < s.nr_timers; ++i) {
    if ((s.timers[i] & 0xff) != id) s.timers[kept++] = s.timers[i];
  }
  s.nr_timers = static_cast<uint8_t>(kept);
  UpdateNextTimer(s);
}

// An expired timer makes its task ready and never preempts.
void ExpireTimers(SimState& s) {
  while (s.next_timer <= s.now) {
    const uint32_t id = s.timers[s.nr_timers - 1] & 0xff;
    --s.nr_timers;
    UpdateNextTimer(s);
    make_ready(TaskId{id});
  }
}

// ---- What runs next ----

// A poll is hopeless as long as the lock is held: its owner must move first.
bool HopelessPoll(const SimState& s, uint32_t id) {
  const Task& t = s.tasks[id];
  return t.state == TaskState::kPolling && LockAt(t.waits_for).held();
}

// Lets the time jump to the earliest timer that is not a hopeless poll. Nobody is ready.
bool JumpToNextTimer(SimState& s) {
  for (uint32_t i = s.nr_timers; i-- > 0;) {
    if (HopelessPoll(s, s.timers[i] & 0xff)) continue;
    s.now = static_cast<uint32_t>(s.timers[i] >> 32);
    ExpireTimers(s);
    return true;
  }
  return false;
}

// Loops wait for a change of state: those that have got one go on.
bool WakeSpinners(SimState& s) {
  if (s.nr_spinning == 0) return false;
  const uint64_t digest = machine->StateDigest();
  bool any = false;
  for (uint32_t i = 0; i < s.nr_tasks; ++i) {
    const Task& t = s.tasks[i];
    if (t.state != TaskState::kSpinning || t.loop_digest == digest) continue;
    make_ready(TaskId{i});
    any = true;
  }
  return any;
}

// ---- The schedule ----

void NextPreemption(const SimState& s, Task& t) {
  t.next_preemption = t.schedule_pos < t.schedule_end ? s.schedule[t.schedule_pos].step : kNever;
}

// The task that the schedule wants where `t`, which is task `id`, is now: because it has made a
// step, or because it is its turn. Entries for steps behind it are over.
uint32_t Preempted(SimState& s, Task& t, uint32_t id, bool turn) {
  uint32_t next = id;
  bool found = false;
  for (; t.next_preemption <= t.steps; NextPreemption(s, t)) {
    const ScheduleEntry& e = s.schedule[t.schedule_pos];
    const bool is_turn = e.turn != 0;
    if (e.step == t.steps && is_turn && (!turn || found)) break;
    if (e.step == t.steps && is_turn == turn && !found) next = e.other;
    found = found || (e.step == t.steps && is_turn == turn);
    ++t.schedule_pos;
  }
  return next < s.nr_tasks && (s.ready >> next & 1) != 0 ? next : id;
}

// The task to run when the current one cannot go on, or kMain when the run is over.
uint32_t PickNext(SimState& s) {
  if (s.driven != Driven::kBySchedule) {
    s.stop = Stop::kBlocked;
    return FiberPool::kMain;
  }
  for (;;) {
    if (s.ready != 0) {
      const auto id = static_cast<uint32_t>(__builtin_ctz(s.ready));
      Task& t = s.tasks[id];
      return t.steps >= t.next_preemption ? Preempted(s, t, id, true) : id;
    }
    if (s.nr_done + s.nr_idle == s.nr_tasks && s.nr_timers == 0) {
      s.stop = Stop::kFinished;
      return FiberPool::kMain;
    }
    if (WakeSpinners(s) || JumpToNextTimer(s)) continue;
    s.stop = Stop::kStuck;
    return FiberPool::kMain;
  }
}

void SwitchTo(SimState& s, uint32_t next) {
  const uint32_t from = s.current;
  if (next == from) return;
  if (from != FiberPool::kMain && next != FiberPool::kMain) ++s.switches;
  s.current = static_cast<uint8_t>(next);
  machine->fibers.Switch(from, next);
}

// ---- Anchors ----

// What a step is.
AnchorId AnchorOfStep(const Record& r) {
  switch (r.tp) {
    case kTpLock:
    case kTpReadLock:
      return LockAnchor(r.a);
    case kTpUnlock:
    case kTpReadUnlock:
      return UnlockAnchor(r.a);
    default:
      if (r.tp == kTpTrylock && r.b != 0) return LockAnchor(r.a);
      return machine->hooks.anchor_of != nullptr ? machine->hooks.anchor_of(r) : 0;
  }
}

// If the anchored schedule has an entry for this place, *next becomes the task that it wants, or
// the current one if that is not ready.
void TakeAnchored(SimState& s, When when, AnchorId id, uint32_t* next) {
  if (machine->hooks.reached != nullptr) machine->hooks.reached(when, id);
  bool found = false;
  for (uint32_t i = 0; i < s.nr_anchors; ++i) {
    AnchoredEntry& e = s.anchors[i];
    if (e.task != s.current || e.when != when || e.id != id || ++e.seen != e.nth || found) continue;
    const bool ready = e.other < s.nr_tasks && (s.ready >> e.other & 1) != 0;
    *next = ready && s.atomic == 0 ? e.other : s.current;
    found = true;
  }
}

// ---- A step ----

inline void RecordEvent(SimState& s, const Record& r) {
  s.digest = MixRecord(s.digest, r);
  machine->trace.Add(r);
}

// Record, time, checks. Leaves for the main stack when the run is over. Inlined into what ends in
// it, as most of what runs is steps.
[[gnu::always_inline]] inline void Step(SimState& s, Tp tp, uint32_t a, uint32_t b, uint32_t c) {
  Task& t = s.tasks[s.current];
  ++s.step;
  ++s.now;
  ++t.steps;
  t.last_tp = tp;
  s.last = Record{s.step, tp, s.current, a, b, c};
  RecordEvent(s, s.last);
  if (s.atomic != 0 && s.lock_fault == LockFault::kNone) s.lock_fault = LockFault::kAtomicSleep;
  if (s.next_timer <= s.now) ExpireTimers(s);
  if (machine->hooks.step != nullptr) machine->hooks.step();
  if (s.step >= s.max_steps && s.stop == Stop::kNone) {
    s.stop = s.driven != Driven::kBySchedule ? Stop::kPaused : Stop::kLimit;
  }
  if (s.stop != Stop::kNone) SwitchTo(s, FiberPool::kMain);
}

}  // namespace

void AddTask(void (*entry)(uint32_t)) {
  SimState& s = sim();
  HOTPLUG_CHECK(s.nr_tasks < kMaxThreads);
  const uint32_t id = s.nr_tasks++;
  s.tasks[id].next_preemption = kNever;
  machine->fibers.Prepare(id, entry);
  make_ready(TaskId{id});
}

// The numbers between are of tasks that are over.
void AddKworker(void (*entry)(uint32_t)) {
  SimState& s = sim();
  for (; s.nr_tasks < kKworker; ++s.nr_done) s.tasks[s.nr_tasks++].state = TaskState::kDone;
  AddTask(entry);
}

void SetSchedule(const ScheduleEntry* entries, uint32_t n) {
  SimState& s = sim();
  HOTPLUG_CHECK(n <= kMaxPreemptions);
  const auto place = [](const ScheduleEntry& e) { return 2u * e.step + e.turn; };
  // By task, and of a task by step; those for one place as they come. The entries of a task mostly
  // come in the order of their steps.
  uint32_t end = 0;
  for (uint32_t id = 0; id < s.nr_tasks; ++id) {
    Task& t = s.tasks[id];
    const uint32_t begin = end;
    for (const ScheduleEntry* e = entries; e != entries + n; ++e) {
      if (e->task != id || e->step + e->turn == 0) continue;
      uint32_t k = end++;
      for (; k > begin && place(s.schedule[k - 1]) > place(*e); --k)
        s.schedule[k] = s.schedule[k - 1];
      s.schedule[k] = *e;
    }
    t.schedule_pos = static_cast<uint8_t>(begin);
    t.schedule_end = static_cast<uint8_t>(end);
    NextPreemption(s, t);
  }
}

void SetAnchors(const AnchoredEntry* entries, uint32_t n) {
  SimState& s = sim();
  HOTPLUG_CHECK(n <= kMaxPreemptions);
  s.nr_anchors = static_cast<uint8_t>(n);
  s.anchored = machine->hooks.reached != nullptr ? (1u << kMaxThreads) - 1 : 0;
  for (uint32_t i = 0; i < n; ++i) {
    s.anchors[i] = entries[i];
    s.anchored |= static_cast<uint16_t>(1u << entries[i].task);
  }
}

Stop RunTasks() {
  SimState& s = sim();
  HOTPLUG_CHECK(s.current == FiberPool::kMain);
  s.stop = Stop::kNone;
  UpdateNextTimer(s);
  SwitchTo(s, PickNext(s));
  return s.stop;
}

void ReleaseStuck() {
  SimState& s = sim();
  s.released = 1;
  for (uint32_t i = 0; i < s.nr_tasks; ++i) {
    const TaskState state = s.tasks[i].state;
    if (state == TaskState::kSpinning) send_signal(TaskId{i}, Sig::kKill);
    if (state == TaskState::kWaiting) make_ready(TaskId{i});
  }
}

namespace {

// The place of a task that is done; nr_tasks if there is none. Who died keeps the locks that he
// held, and with them his place.
uint32_t DonePlace(const SimState& s) {
  uint32_t id = 0;
  while (id < s.nr_tasks && (s.tasks[id].state != TaskState::kDone || s.tasks[id].held != 0)) ++id;
  return id;
}

}  // namespace

bool CanSpawnTask() { return DonePlace(sim()) < kMaxThreads; }

TaskId SpawnTask(void (*entry)(uint32_t)) {
  SimState& s = sim();
  const uint32_t id = DonePlace(s);
  if (id == s.nr_tasks) {
    AddTask(entry);
    return TaskId{id};
  }
  s.tasks[id] = Task{};
  --s.nr_done;
  machine->fibers.Prepare(id, entry);
  make_ready(TaskId{id});
  return TaskId{id};
}

Stop StepTask(TaskId id) {
  SimState& s = sim();
  Task& t = task(id);
  HOTPLUG_CHECK(s.current == FiberPool::kMain);
  if (t.state == TaskState::kDone) return Stop::kFinished;
  if (t.state == TaskState::kLocked || t.state == TaskState::kWaiting) return Stop::kBlocked;
  make_ready(id);
  t.steps = 0;
  t.next_preemption = kNever;
  s.driven = Driven::kByStep;
  s.max_steps = 0;  // each step leaves for the main stack
  UpdateNextTimer(s);
  s.stop = Stop::kNone;
  SwitchTo(s, id.v);
  if (t.state == TaskState::kDone) return Stop::kFinished;
  if (s.stop == Stop::kDead) {
    t.state = TaskState::kDone;
    ++s.nr_done;
    s.ready &= static_cast<uint16_t>(~(1u << id.v));
  }
  return s.stop;
}

void BeginChoosing() {
  SimState& s = sim();
  HOTPLUG_CHECK(s.current == FiberPool::kMain);
  s.driven = Driven::kByChoice;
  s.max_steps = 0;  // each step leaves for the main stack
  UpdateNextTimer(s);
}

Stop RunChosen(TaskId id) {
  SimState& s = sim();
  HOTPLUG_CHECK(s.current == FiberPool::kMain && (s.ready >> id.v & 1) != 0);
  s.stop = Stop::kNone;
  ++s.switches;  // somebody may have run since it stopped
  SwitchTo(s, id.v);
  return s.stop;
}

bool PassTime() {
  SimState& s = sim();
  HOTPLUG_CHECK(s.ready == 0);
  return JumpToNextTimer(s);
}

void record(Tp tp, uint32_t a, uint32_t b, uint32_t c) {
  SimState& s = sim();
  RecordEvent(s, Record{s.step, tp, s.current, a, b, c});
}

void sched_point(Tp tp, uint32_t a, uint32_t b, uint32_t c) {
  SimState& s = sim();
  Step(s, tp, a, b, c);
  Task& t = s.tasks[s.current];
  if ((s.anchored >> s.current & 1) != 0) [[unlikely]] {
    const AnchorId id = AnchorOfStep({s.step, tp, s.current, a, b, c});
    uint32_t next = t.steps >= t.next_preemption ? Preempted(s, t, s.current, false) : s.current;
    if (id != 0) TakeAnchored(s, When::kAfter, id, &next);
    SwitchTo(s, next);
  } else if (t.steps >= t.next_preemption) {
    SwitchTo(s, Preempted(s, t, s.current, false));
  }
}

void reach_anchor(When when, AnchorId id) {
  SimState& s = sim();
  uint32_t next = s.current;
  TakeAnchored(s, when, id, &next);
  SwitchTo(s, next);
}

void dead(Tp tp, uint32_t a, uint32_t b, uint32_t c) {
  SimState& s = sim();
  s.atomic = 0;  // the section that died is over; its depth is no misuse
  s.stop = Stop::kDead;
  Step(s, tp, a, b, c);
  HOTPLUG_CHECK(!"a dead machine went on");
  __builtin_unreachable();
}

void exit_task() {
  SimState& s = sim();
  const uint32_t id = s.current;
  Task& t = s.tasks[id];
  t.state = TaskState::kDone;
  ++s.nr_done;
  s.ready &= static_cast<uint16_t>(~(1u << id));
  for (uint32_t i = 0; i < s.nr_tasks; ++i) {
    const Task& w = s.tasks[i];
    if (w.state == TaskState::kWaiting && w.waits_for == id) make_ready(TaskId{i});
  }
  Step(s, kTpExit, t.pending, 0, 0);
  SwitchTo(s, PickNext(s));
  HOTPLUG_CHECK(!"a task went on after its end");
  __builtin_unreachable();
}

void enter_kernel() {
  SimState& s = sim();
  if (s.tasks[s.current].in_kernel++ == 0) ++s.nr_in_kernel;
}

void leave_kernel() {
  SimState& s = sim();
  if (--s.tasks[s.current].in_kernel == 0) --s.nr_in_kernel;
}

void sleep_ticks(Ticks ticks, bool interruptible) {
  SimState& s = sim();
  Task& t = current();
  if (interruptible && t.pending != 0) return;
  if (s.driven != Driven::kByStep) AddTimer(s, s.now + ticks.v, s.current);
  t.interruptible = interruptible ? 1 : 0;
  block(TaskState::kSleeping, ticks.v);
  t.interruptible = 0;
  sched_point(kTpSleep, ticks.v);
}

void poll_sleep(Ticks ticks, uint32_t lock) {
  SimState& s = sim();
  if (s.driven != Driven::kByStep) AddTimer(s, s.now + ticks.v, s.current);
  block(TaskState::kPolling, lock);
  sched_point(kTpSleep, ticks.v);
}

void wait_for_task(TaskId other) {
  SimState& s = sim();
  Task& t = current();
  if (s.released != 0 || t.pending != 0 || task(other).state == TaskState::kDone) return;
  t.interruptible = 1;
  block(TaskState::kWaiting, other.v);
  t.interruptible = 0;
  sched_point(kTpWaitTask, other.v);
}

void loop_begin() {
  Task& t = current();
  t.loop_digest = 0;
  t.loop_mark = 0;
  t.loop_rounds = 0;
}

void loop_point(uint32_t object) {
  SimState& s = sim();
  if (s.driven == Driven::kByChoice) return;
  Task& t = current();
  const uint64_t digest = machine->StateDigest();
  const bool repeats = t.loop_digest == digest || t.loop_mark == digest;
  t.loop_digest = digest;
  ++t.loop_rounds;
  if ((t.loop_rounds & (t.loop_rounds - 1)) == 0) t.loop_mark = digest;
  if (!repeats) return;
  ++s.nr_spinning;
  block(TaskState::kSpinning, object);
  --s.nr_spinning;
  sched_point(kTpSpin, object);
}

bool idle(Ticks ticks) {
  SimState& s = sim();
  if (ticks.v != UINT32_MAX) AddTimer(s, s.now + ticks.v, s.current);
  ++s.nr_idle;
  block(TaskState::kIdle, 0);
  --s.nr_idle;
  const bool woken = current().waits_for != 0;
  sched_point(kTpIdle, woken ? 1 : 0);
  return woken;
}

void wait_queued() {
  block(TaskState::kQueued, 0);
  sched_point(kTpQueued);
}

void wake_up(TaskId target) {
  SimState& s = sim();
  Task& t = task(target);
  if (t.state != TaskState::kIdle && t.state != TaskState::kQueued) return;
  if (t.state == TaskState::kIdle) RemoveTimer(s, target.v);
  t.waits_for = 1;
  make_ready(target);
}

void send_signal(TaskId target, Sig signal) {
  SimState& s = sim();
  Task& t = task(target);
  if (t.state == TaskState::kDone) return;
  t.pending |= static_cast<uint8_t>(signal);
  if (t.state == TaskState::kSpinning) make_ready(target);
  if (t.interruptible == 0) return;
  if (t.state == TaskState::kSleeping) RemoveTimer(s, target.v);
  if (t.state == TaskState::kSleeping || t.state == TaskState::kWaiting) make_ready(target);
}

void block(TaskState why, uint32_t waits_for) {
  SimState& s = sim();
  Task& t = current();
  if (s.atomic != 0 && s.lock_fault == LockFault::kNone) s.lock_fault = LockFault::kAtomicSleep;
  t.state = why;
  t.waits_for = waits_for;
  s.ready &= static_cast<uint16_t>(~(1u << s.current));
  SwitchTo(s, PickNext(s));
}

void make_ready(TaskId id) {
  SimState& s = sim();
  s.tasks[id.v].state = TaskState::kReady;
  s.ready |= static_cast<uint16_t>(1u << id.v);
}

}  // namespace hotplug::sim
