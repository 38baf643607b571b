// SPDX-License-Identifier: GPL-2.0-or-later
//
// The scheduler: tasks, scheduling points, virtual time, waiting, signals.
//
// A task is straight-line code on a fiber. It calls sched_point() wherever the real kernel
// could be interleaved (kernel-facts section 11); that is one step: a record, the digest,
// the checks, then perhaps another task. Nothing else switches tasks but blocking and ending.
//
//   int rc = notifier_call(...);
//   sched_point(kTpNotifierCall, action, slot, rc);   // another task may run here
#ifndef MODEL_SIM_SCHED_H_
#define MODEL_SIM_SCHED_H_

#include <array>
#include <cstdint>

#include "model/limits.h"
#include "model/sim/anchor.h"
#include "model/sim/machine.h"
#include "model/sim/strong.h"
#include "model/sim/trace.h"

namespace hotplug::sim {

enum class TaskState : uint8_t {
  kUnused,
  kReady,     // running, or able to run
  kLocked,    // in the queue of a lock
  kSleeping,  // until a timer expires (or a signal, if interruptible)
  kPolling,   // sleeping between two attempts to take a lock
  kWaiting,   // until another task ends
  kSpinning,  // in a loop whose state repeated; goes on when the state has changed
  kQueued,    // in a wait queue, until somebody wakes it
  kIdle,      // a kernel thread with nothing to do: no run goes on for it
  kDone,
};

enum class Sig : uint8_t { kInt = 1, kUsr1 = 2, kKill = 4 };  // bits of Task::pending

struct Task {
  uint64_t loop_digest;      // of the state at the head of the last round of its loop
  uint64_t loop_mark;        // the same of the round that was last a power of two
  uint32_t waits_for;        // kLocked, kPolling: the lock's offset; kWaiting: the task;
                             // kSpinning: what the loop told loop_point()
  uint32_t loop_rounds;      // of its loop so far
  uint16_t steps;            // scheduling points so far
  uint16_t next_preemption;  // step of its next entry in the schedule, or kNever
  uint16_t held;             // classes of locks held, a bit each
  uint8_t schedule_pos;      // index of that entry
  uint8_t schedule_end;
  TaskState state;
  uint8_t pending;  // signals
  uint8_t interruptible;
  uint8_t in_kernel;    // depth of calls into the simulated kernel
  Tp last_tp;           // of its last step
  uint16_t call;        // of a driver in C: 1 + number of the call that it is in, 0 outside
  uint8_t lockdep_off;  // depth: the locks that it takes have no order
  uint8_t pad[7];
};

// An entry of the schedule, sorted by task, step and turn: when the task has made so many steps, or
// (turn) when it has made so many and the scheduler comes to it because nobody else says who runs.
struct ScheduleEntry {
  uint16_t step;
  uint8_t task;
  uint8_t other;
  uint8_t turn = 0;
  uint8_t pad = 0;
};

// Why the run stopped.
enum class Stop : uint8_t {
  kNone,
  kFinished,
  kViolation,
  kStuck,
  kLimit,
  kDead,
  kPaused,   // of a driven task: it made a step
  kBlocked,  // of a driven task: it cannot go on
};

// A misuse of a lock or of atomic context, for the checks to find (I14).
enum class LockFault : uint8_t {
  kNone,
  kNotHolder,
  kAtomicSleep,
  kOrder,
  kRecursion,
  kNotReleased
};

// Who says which task runs: the schedule; the host, which drives one task for one step and decides
// about time (StepTask()); or the host, which chooses one whenever another could run (RunChosen()).
enum class Driven : uint8_t { kBySchedule, kByStep, kByChoice };

struct SimState {
  uint64_t digest;
  uint32_t now;   // virtual time, ticks
  uint32_t step;  // steps so far, of all tasks
  uint32_t max_steps;
  uint32_t next_timer;  // time of the earliest timer, UINT32_MAX without one
  uint32_t switches;    // steps after which another task ran
  uint16_t ready;       // a bit for each task that is kReady
  uint16_t next_seq;    // orders timers of one time
  uint8_t current;      // running task, FiberPool::kMain outside of the run
  uint8_t nr_tasks;
  uint8_t nr_done;
  uint8_t nr_spinning;
  uint8_t nr_idle;
  uint8_t nr_in_kernel;  // tasks inside a kernel or driver call
  uint8_t atomic;        // spinlocks that the running task holds, a bit each: it must not sleep
  Stop stop;
  uint8_t released;  // stuck once: user-space waits return at once
  LockFault lock_fault;
  uint8_t lock_fault_class;
  uint8_t nr_timers;
  Driven driven;
  uint8_t debug_locks_off;  // locks that block are no longer asserted (lock.h)
  uint16_t anchored;        // a bit for each task that tells what it does
  uint8_t nr_anchors;
  uint8_t pad[3];
  Record last;                               // the record of the step that is being judged
  std::array<uint16_t, 16> lock_order;       // lock_order[a]: classes taken while a was held
  std::array<uint64_t, kMaxThreads> timers;  // time << 32 | seq << 8 | task, latest first
  std::array<Task, kMaxThreads> tasks;
  std::array<ScheduleEntry, kMaxPreemptions> schedule;
  std::array<AnchoredEntry, kMaxPreemptions> anchors;
};

inline constexpr uint16_t kNever = UINT16_MAX;

inline SimState& sim() { return machine->sim(); }
inline TaskId current_task() { return TaskId{sim().current}; }
inline Task& task(TaskId id) { return sim().tasks[id.v]; }
inline Task& current() { return sim().tasks[sim().current]; }

// ---- Set-up and the run, called from the main stack -------------------------------------

// Adds a task that will call entry(id). Tasks start in the order of their ids.
void AddTask(void (*entry)(uint32_t id));
// Adds the kernel thread that runs work, as task kKworker, behind all others.
void AddKworker(void (*entry)(uint32_t id));
// Sets the schedule: entries for steps that are over or tasks that do not exist have no effect. Of
// two entries behind one step the first counts; of two turns each counts for one. At most
// kMaxPreemptions.
void SetSchedule(const ScheduleEntry* entries, uint32_t n);
// Sets the anchored part of the schedule, at most kMaxPreemptions. Where several entries are for
// one place, steps included, the first anchored one counts.
void SetAnchors(const AnchoredEntry* entries, uint32_t n);
// Runs until nothing can go on, or a check or the step limit stops the run.
Stop RunTasks();
// After Stop::kStuck: lets user-space waits go and kills the loops, so that RunTasks() can
// be called once more.
void ReleaseStuck();

// ---- Tasks that the host drives, one step at a time (in place of RunTasks()) --------------

// Whether there is a place for another task: of kMaxThreads, one that no task has had yet or whose
// task is done.
bool CanSpawnTask();
// A task that will call entry(id), in the place of one that is done if there is one. It runs
// when it is told to. There must be a place.
TaskId SpawnTask(void (*entry)(uint32_t id));
// Runs a task, and nobody else, up to and including its next step. kPaused: it made one;
// kFinished: it has ended; kDead: it died of a BUG or an oops, and what it held stays held;
// kBlocked: it waits for a lock or another task (Task::waits_for), or its loop or its sleep
// has begun. A task that sleeps, polls or spins goes on: the host decides about time.
Stop StepTask(TaskId id);

// ---- Every schedule: the host chooses who runs (in place of RunTasks()) ----------------------

// From now on every step leaves for the main stack, and loops whose state repeats go on: whoever
// explores knows states that come again. Time goes on as in RunTasks().
void BeginChoosing();
// Runs a task that is ready up to and including its next step, or until it blocks or has ended.
// kPaused: it made a step, and is ready or done; kBlocked; kDead or kViolation: the run is over.
Stop RunChosen(TaskId id);
// Nobody is ready: lets the time jump to the next timer. False if nothing is left that could go on.
bool PassTime();

// ---- Called by tasks --------------------------------------------------------------------

// Records an event without giving way. Outside of a task it belongs to no task.
void record(Tp tp, uint32_t a = 0, uint32_t b = 0, uint32_t c = 0);
// Records an event and is a step: checks run, time goes on, another task may run.
void sched_point(Tp tp, uint32_t a = 0, uint32_t b = 0, uint32_t c = 0);
// The last step of a machine that is dead (BUG, oops): records, checks, never returns.
[[noreturn]] void dead(Tp tp, uint32_t a = 0, uint32_t b = 0, uint32_t c = 0);
// Ends the running task.
[[noreturn]] void exit_task();

// The running task is about to do something, or has done it: another one may run here, which is no
// step. Not where it must not sleep. sched_point() tells what its trace point says by itself.
void reach_anchor(When when, AnchorId id);
inline void anchor(When when, AnchorId id) {
  if ((sim().anchored >> sim().current & 1) != 0) [[unlikely]]
    reach_anchor(when, id);
}

// Between enter_kernel() and leave_kernel() a task is inside a kernel or driver call.
void enter_kernel();
void leave_kernel();

// Sleeps; an interruptible sleep ends early at a signal.
void sleep_ticks(Ticks ticks, bool interruptible);
// Sleeps between two attempts to take the lock at arena offset `lock`.
void poll_sleep(Ticks ticks, uint32_t lock);
// Waits until `other` has ended, or a signal.
void wait_for_task(TaskId other);
// Before the first round of a loop that has a loop_point().
void loop_begin();
// Head of a loop that repeats until somebody else changes something. When the state is the
// same as one round before, or as any number of rounds before (which Brent's algorithm finds), the
// task gives way until it is not. `object` says what the loop waits for (a pfn), for the judgement
// of a run that is stuck.
void loop_point(uint32_t object);

// A kernel thread waits for something to do, until wake_up() or at most for so many ticks;
// UINT32_MAX is for ever. True if it was woken.
bool idle(Ticks ticks);
// Waits in a wait queue, until wake_up().
void wait_queued();
// Ends either. No effect on a task that does something else.
void wake_up(TaskId target);

// Marks a signal pending and ends an interruptible wait of its target. No effect on a task
// that is done.
void send_signal(TaskId target, Sig signal);
inline bool signal_pending() { return current().pending != 0; }
// SIGINT has its default action here, so it kills as SIGKILL does.
inline bool fatal_signal_pending() {
  return (current().pending & (uint8_t(Sig::kInt) | uint8_t(Sig::kKill))) != 0;
}

// ---- For locks --------------------------------------------------------------------------

// Suspends the running task in state `why` until make_ready().
void block(TaskState why, uint32_t waits_for);
void make_ready(TaskId id);

}  // namespace hotplug::sim

#endif  // MODEL_SIM_SCHED_H_
