// SPDX-License-Identifier: GPL-2.0-or-later
//
// Tasks that the host drives, one step at a time. Method: small tasks on a machine without mm,
// and operations of mm, of which the test says who makes the next step. Goal: a step is a step of
// that task and of nobody else; what StepTask() answers is what the task has come to, in every
// state that a task can be in; places of tasks that are over are used again.
#include <array>

#include "model/mm/add_remove.h"
#include "model/mm/hotplug.h"
#include "model/mm/page.h"
#include "model/sim/tracepoints.h"
#include "regress/unit/layout.h"

namespace hotplug::sim {
namespace {

using testing::kTpTest;
using testing::Layout;
using testing::Locked;
using testing::Records;
using testing::Rig;
using testing::Stepper;
using testing::Strings;

// Steps a task until it answers anything but kPaused.
Stop RunOn(TaskId id) {
  Stop stop = Stop::kPaused;
  while (stop == Stop::kPaused) stop = StepTask(id);
  return stop;
}

TEST_CASE("a driven task makes one step each time, and nobody else does") {
  Rig rig;
  Strings log;
  const TaskId a = rig.Spawn(Stepper(log, 'a', 2));
  const TaskId b = rig.Spawn(Stepper(log, 'b', 3));
  CHECK(log.empty());  // it runs when it is told to
  CHECK(StepTask(b) == Stop::kPaused);
  CHECK(StepTask(a) == Stop::kPaused);
  CHECK(StepTask(b) == Stop::kPaused);
  CHECK(log == Strings{"b1", "a1", "b2"});
  CHECK(Records().size() == 3);
  CHECK(StepTask(a) == Stop::kPaused);
  CHECK(task(a).state == TaskState::kReady);
  CHECK(StepTask(a) == Stop::kFinished);  // its end is a step
  CHECK(sim().step == 5);
  CHECK(StepTask(a) == Stop::kFinished);
  CHECK(sim().step == 5);
  CHECK(RunOn(b) == Stop::kFinished);
  CHECK(log == Strings{"b1", "a1", "b2", "a2", "b3"});
  CHECK(sim().nr_done == 2);
}

TEST_CASE("a driven task that waits for a lock is blocked until it is handed over") {
  Rig rig;
  std::vector<bool> held;
  const auto body = [&] {
    LockExclusive(rig.lock(1));
    held.push_back(HeldBy(rig.lock(1), current_task()));
    UnlockExclusive(rig.lock(1));
  };
  const TaskId a = rig.Spawn(body);
  const TaskId b = rig.Spawn(body);
  CHECK(StepTask(a) == Stop::kPaused);
  CHECK(StepTask(b) == Stop::kBlocked);
  CHECK(task(b).state == TaskState::kLocked);
  CHECK(&LockAt(task(b).waits_for) == &rig.lock(1));
  const uint32_t step = sim().step;
  CHECK(StepTask(b) == Stop::kBlocked);  // asking changes nothing
  CHECK(sim().step == step);
  CHECK(StepTask(a) == Stop::kPaused);  // the unlock
  CHECK(task(b).state == TaskState::kReady);
  CHECK(RunOn(b) == Stop::kFinished);
  CHECK(RunOn(a) == Stop::kFinished);
  CHECK(held == std::vector<bool>{true, true});
  CHECK_FALSE(rig.lock(1).held());
  CHECK(sim().lock_fault == LockFault::kNone);
}

TEST_CASE("a driven task polls for as long as the host likes") {
  Rig rig;
  const TaskId a = rig.Spawn([&] {
    LockExclusive(rig.lock(1));
    UnlockExclusive(rig.lock(1));
  });
  uint32_t tries = 0;
  const TaskId b = rig.Spawn([&] {
    while (!TryLockExclusive(rig.lock(1))) {
      ++tries;
      poll_sleep(Ticks{64}, LockOffset(rig.lock(1)));
    }
    UnlockExclusive(rig.lock(1));
  });
  CHECK(StepTask(a) == Stop::kPaused);
  for (uint32_t round = 1; round <= 3; ++round) {
    CHECK(StepTask(b) == Stop::kPaused);   // the attempt
    CHECK(StepTask(b) == Stop::kBlocked);  // falls asleep
    CHECK(task(b).state == TaskState::kPolling);
    CHECK(StepTask(b) == Stop::kPaused);  // wakes up, whatever the time is
    CHECK(tries == round);
    CHECK(sim().nr_timers == 0);
  }
  CHECK(StepTask(a) == Stop::kPaused);
  CHECK(StepTask(b) == Stop::kPaused);
  CHECK(HeldBy(rig.lock(1), b));
  CHECK(RunOn(b) == Stop::kFinished);
  CHECK(tries == 3);
}

TEST_CASE("a driven task sleeps until the host goes on with it, whatever the time") {
  Rig rig;
  Strings log;
  const TaskId a = rig.Spawn([&log] {
    sleep_ticks(Ticks{2}, false);
    log.push_back("awake");
  });
  const TaskId b = rig.Spawn(Stepper(log, 'b', 4));
  CHECK(StepTask(a) == Stop::kBlocked);
  for (int i = 0; i < 4; ++i) CHECK(StepTask(b) == Stop::kPaused);
  CHECK(sim().now == 4);
  CHECK(task(a).state == TaskState::kSleeping);
  CHECK(StepTask(a) == Stop::kPaused);
  CHECK(Records().back().tp == kTpSleep);
  CHECK(sim().now == 5);  // no time has passed for that
  CHECK(StepTask(a) == Stop::kFinished);
  CHECK(log == Strings{"b1", "b2", "b3", "b4", "awake"});
}

TEST_CASE("a signal wakes a driven task that sleeps interruptibly, and the host then runs it") {
  for (const bool interruptible : {true, false}) {
    Rig rig;
    uint8_t pending = 0;
    const TaskId a = rig.Spawn([&] {
      sleep_ticks(Ticks{1000}, interruptible);
      pending = current().pending;
    });
    CHECK(StepTask(a) == Stop::kBlocked);
    send_signal(a, Sig::kUsr1);
    CHECK(task(a).state == (interruptible ? TaskState::kReady : TaskState::kSleeping));
    CHECK(pending == 0);
    CHECK(RunOn(a) == Stop::kFinished);
    CHECK(pending == static_cast<uint8_t>(Sig::kUsr1));
    CHECK(sim().nr_timers == 0);
  }
}

TEST_CASE("a driven loop stops where its state repeats, and goes round once more when told to") {
  Rig rig;
  rig.word(1) = 1;  // the digest of nothing but zeros is that of no round at all
  uint32_t rounds = 0;
  const TaskId a = rig.Spawn([&] {
    loop_begin();
    while (rig.word(0) == 0) {
      ++rounds;
      sched_point(kTpTest);
      loop_point(7);
    }
  });
  CHECK(StepTask(a) == Stop::kPaused);
  CHECK(StepTask(a) == Stop::kPaused);
  CHECK(StepTask(a) == Stop::kBlocked);  // the same state as a round before
  CHECK(task(a).state == TaskState::kSpinning);
  CHECK(task(a).waits_for == 7);
  CHECK(sim().nr_spinning == 1);
  CHECK(rounds == 2);
  CHECK(StepTask(a) == Stop::kPaused);
  CHECK(Records().back().tp == kTpSpin);
  CHECK(sim().nr_spinning == 0);
  CHECK(StepTask(a) == Stop::kPaused);
  CHECK(rounds == 3);
  CHECK(StepTask(a) == Stop::kBlocked);
  rig.word(0) = 1;
  CHECK(RunOn(a) == Stop::kFinished);
  CHECK(rounds == 3);
}

TEST_CASE("a driven task waits for another to end") {
  Rig rig;
  Strings log;
  const TaskId a = rig.Spawn(Stepper(log, 'a', 1));
  const TaskId b = rig.Spawn([&] {
    wait_for_task(a);
    log.push_back("b");
  });
  CHECK(StepTask(b) == Stop::kBlocked);
  CHECK(StepTask(b) == Stop::kBlocked);
  CHECK(task(b).state == TaskState::kWaiting);
  CHECK(task(b).waits_for == a.v);
  CHECK(RunOn(a) == Stop::kFinished);
  CHECK(RunOn(b) == Stop::kFinished);
  CHECK(log == Strings{"a1", "b"});
}

TEST_CASE("a place is used again when its task is over, and nothing of it is left") {
  Rig rig;
  Strings log;
  const TaskId a = rig.Spawn(Stepper(log, 'a', 1));
  const TaskId b = rig.Spawn(Stepper(log, 'b', 1));
  send_signal(a, Sig::kUsr1);
  CHECK(RunOn(a) == Stop::kFinished);
  const TaskId again = rig.Spawn([&] { log.push_back(std::to_string(current().pending)); });
  CHECK(again == a);
  CHECK(task(again).state == TaskState::kReady);
  CHECK(sim().nr_done == 0);
  CHECK(RunOn(again) == Stop::kFinished);
  CHECK(RunOn(b) == Stop::kFinished);
  CHECK(log == Strings{"a1", "0", "b1"});
  // As many as one likes, one after the other; at most kMaxTasks at a time.
  for (uint32_t i = 0; i < 3 * kMaxTasks; ++i) CHECK(RunOn(rig.Spawn([] {})) == Stop::kFinished);
  CHECK(sim().nr_tasks == 2);
  std::array<TaskId, kMaxTasks> all;
  for (TaskId& id : all) id = rig.Spawn([] {});
  CHECK(sim().nr_tasks == kMaxTasks);
  for (uint32_t i = kMaxTasks; i-- > 0;) CHECK(RunOn(all[i]) == Stop::kFinished);
  CHECK(sim().nr_done == kMaxTasks);
}

// ---- With mm ----------------------------------------------------------------------------

TEST_CASE("a driven task that dies keeps its locks, and with them its place") {
  Rig rig(Layout("3nn", "6.1"));
  const TaskId a = rig.Spawn([] { mm::BUG(mm::kTpBugRemove, mm::Pfn{20}); });
  CHECK(RunOn(a) == Stop::kDead);
  CHECK(task(a).state == TaskState::kDone);
  CHECK(StepTask(a) == Stop::kFinished);
  REQUIRE(rig.said.size() == 1);
  CHECK(rig.said[0].tp == mm::kTpBugRemove);
  const TaskId b = rig.Spawn([] {
    mm::mem_hotplug_begin();
    mm::BUG(mm::kTpBugRemove, mm::Pfn{20});
  });
  CHECK(b == a);  // who held nothing leaves his place
  CHECK(RunOn(b) == Stop::kDead);
  CHECK(mm::mm().mem_hotplug_lock.lock.held());
  const TaskId c = rig.Spawn([] { mm::mem_hotplug_begin(); });
  CHECK_FALSE(c == b);
  CHECK(RunOn(c) == Stop::kBlocked);
  CHECK(task(c).state == TaskState::kLocked);
  CHECK(sim().lock_fault == LockFault::kNone);  // it is not a lock of its own that it waits for
}

TEST_CASE("the host sees each record before the next step, and others may run in between") {
  Rig rig(Layout("3nn", "6.1"));
  int rc_a = 1, rc_b = 1;
  const TaskId a = rig.Spawn(Locked([&] { rc_a = mm::offline_pages(mm::BlockId{5}); }));
  const TaskId b = rig.Spawn(Locked([&] { rc_b = mm::offline_pages(mm::BlockId{6}); }));
  size_t seen = 0;
  Stop stop = Stop::kPaused;
  bool b_blocked = false;
  while (stop == Stop::kPaused) {
    stop = StepTask(a);
    CHECK(Records().size() > seen);
    seen = Records().size();
    if (!b_blocked && mm::mm().mem_hotplug_lock.lock.held()) {
      b_blocked = RunOn(b) == Stop::kBlocked || b_blocked;
      seen = Records().size();
    }
  }
  CHECK(stop == Stop::kFinished);
  CHECK(b_blocked);
  CHECK(rc_a == 0);
  CHECK(RunOn(b) == Stop::kFinished);
  CHECK(rc_b == 0);
}

TEST_CASE("a driven machine comes to the same state as one that runs by itself") {
  uint64_t digests[2] = {};
  for (const bool driven : {false, true}) {
    Rig rig(Layout("3nnm", "6.1"));
    const auto body = [] {
      mm::offline_and_remove_memory(mm::BlockId{5}, 2);
      mm::add_memory(mm::NodeId{0}, mm::BlockId{5}, 1);
    };
    if (driven) {
      CHECK(RunOn(rig.Spawn(body)) == Stop::kFinished);
    } else {
      rig.Do(body);
    }
    digests[driven] = sim().digest;
  }
  CHECK(digests[0] == digests[1]);
}

}  // namespace
}  // namespace hotplug::sim
