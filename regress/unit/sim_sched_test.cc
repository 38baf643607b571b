// SPDX-License-Identifier: GPL-2.0-or-later
//
// The scheduler. Method: tasks append to one log what they do and when; the order in the log is
// the schedule. Goal: the running task goes on until it blocks, ends, or the schedule says
// otherwise; then the ready task with the lowest number runs; time orders what sleeps; what can
// never go on is noticed.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "model/sim/tracepoints.h"
#include "regress/unit/harness.h"

namespace hotplug::sim {
namespace {

using testing::kTpTest;
using testing::Rig;
using testing::Stepper;
using testing::Strings;

TEST_CASE("without a schedule tasks run one after the other") {
  Rig rig;
  Strings log;
  for (const char name : {'a', 'b', 'c'}) rig.Task(Stepper(log, name, 2));
  CHECK(rig.Run() == Stop::kFinished);
  CHECK(log == Strings{"a1", "a2", "b1", "b2", "c1", "c2"});
  CHECK(sim().step == 9);  // the end of a task is a step
  CHECK(sim().now == 9);
}

TEST_CASE("an entry of the schedule is one preemption") {
  Rig rig;
  Strings log;
  for (const char name : {'a', 'b', 'c'}) rig.Task(Stepper(log, name, 3));
  rig.At(1, 1, 0);  // entries need no order
  rig.At(0, 1, 1);
  CHECK(rig.Run() == Stop::kFinished);
  CHECK(log == Strings{"a1", "b1", "a2", "a3", "b2", "b3", "c1", "c2", "c3"});
}

TEST_CASE("when a task ends the ready one with the lowest number runs") {
  Rig rig;
  Strings log;
  for (const char name : {'a', 'b', 'c'}) rig.Task(Stepper(log, name, 2));
  rig.At(0, 1, 2);
  CHECK(rig.Run() == Stop::kFinished);
  CHECK(log == Strings{"a1", "c1", "c2", "a2", "b1", "b2"});
}

TEST_CASE("entries for a task that is not ready, for itself or for no step have no effect") {
  Rig rig;
  Strings log;
  rig.Task(Stepper(log, 'a', 3));
  rig.Task([&] {
    sleep_ticks(Ticks{100}, false);
    log.push_back("b");
  });
  rig.At(0, 1, 1);  // lets it fall asleep
  rig.At(0, 2, 1);  // asleep
  rig.At(0, 3, 0);
  rig.At(0, 0, 1);
  rig.At(0, 60, 1);
  rig.At(7, 1, 0);  // no such task
  CHECK(rig.Run() == Stop::kFinished);
  CHECK(log == Strings{"a1", "a2", "a3", "b"});
  CHECK(sim().switches == 3);
}

TEST_CASE("of two entries for one place the first counts") {
  for (const bool swapped : {false, true}) {
    Rig rig;
    Strings log;
    rig.Task(Stepper(log, 'a', 3));
    for (const char name : {'b', 'c'}) rig.Task(Stepper(log, name, 2));
    rig.At(0, 1, swapped ? 2 : 1);
    rig.At(0, 1, swapped ? 1 : 2);
    rig.At(0, 2, swapped ? 1 : 2);  // a later entry still counts
    CHECK(rig.Run() == Stop::kFinished);
    CHECK(log == (swapped ? Strings{"a1", "c1", "c2", "a2", "b1", "b2", "a3"}
                          : Strings{"a1", "b1", "b2", "a2", "c1", "c2", "a3"}));
  }
  Rig rig;
  Strings log;
  for (const char name : {'a', 'b', 'c'}) rig.Task(Stepper(log, name, 2));
  rig.At(0, 1, 0);  // itself: no preemption, and the duplicate is used up with it
  rig.At(0, 1, 1);
  CHECK(rig.Run() == Stop::kFinished);
  CHECK(log[1] == "a2");
}

TEST_CASE("sleeps end in the order of time, then of falling asleep") {
  Rig rig;
  Strings log;
  std::vector<uint32_t> times;
  const auto sleeper = [&](const char* name, uint32_t ticks) {
    return [&log, &times, name, ticks] {
      sleep_ticks(Ticks{ticks}, false);
      log.push_back(name);
      times.push_back(sim().now);
    };
  };
  rig.Task(sleeper("a", 300));
  rig.Task(sleeper("b", 100));
  rig.Task(sleeper("c", 200));
  rig.Task(sleeper("d", 100));
  CHECK(rig.Run() == Stop::kFinished);
  CHECK(log == Strings{"b", "d", "c", "a"});
  // Time jumps to the next event and not beyond; waking is a step.
  CHECK(times == std::vector<uint32_t>{101, 103, 201, 301});
  CHECK(sim().step == 8);
}

TEST_CASE("an expired timer makes ready and never preempts") {
  Rig rig;
  Strings log;
  rig.Task([&] {
    sleep_ticks(Ticks{2}, false);
    log.push_back("awake");
  });
  rig.Task(Stepper(log, 'b', 4));
  rig.Task(Stepper(log, 'c', 1));
  CHECK(rig.Run() == Stop::kFinished);
  CHECK(log == Strings{"b1", "b2", "b3", "b4", "awake", "c1"});
}

TEST_CASE("a signal ends an interruptible sleep and no other") {
  for (const bool interruptible : {true, false}) {
    Rig rig;
    uint32_t woken = 0;
    bool pending = false, fatal = false;
    rig.Task([&] {
      sleep_ticks(Ticks{50}, interruptible);
      woken = sim().now;
      pending = signal_pending();
      fatal = fatal_signal_pending();
    });
    rig.Task([&] {
      send_signal(TaskId{0}, Sig::kUsr1);
      sched_point(kTpTest);
      sleep_ticks(Ticks{100}, false);
    });
    CHECK(rig.Run() == Stop::kFinished);
    CHECK(pending);
    CHECK_FALSE(fatal);
    CHECK((woken < 50) == interruptible);
    CHECK(sim().nr_timers == 0);
  }
}

TEST_CASE("with a signal pending an interruptible sleep does not begin") {
  Rig rig;
  uint32_t steps = 1;
  rig.Task([&] {
    send_signal(TaskId{0}, Sig::kInt);
    sleep_ticks(Ticks{50}, true);
    steps = current().steps;
  });
  CHECK(rig.Run() == Stop::kFinished);
  CHECK(steps == 0);
}

TEST_CASE("SIGINT and SIGKILL kill, SIGUSR1 interrupts") {
  for (const Sig sig : {Sig::kInt, Sig::kUsr1, Sig::kKill}) {
    Rig rig;
    bool fatal = false;
    rig.Task([&] {
      send_signal(TaskId{0}, sig);
      fatal = fatal_signal_pending();
    });
    CHECK(rig.Run() == Stop::kFinished);
    CHECK(fatal == (sig != Sig::kUsr1));
  }
}

TEST_CASE("waiting for a task ends with it, or with a signal, or does not begin") {
  Rig rig;
  Strings log;
  rig.Task([&] {
    wait_for_task(TaskId{1});
    log.push_back("a after b");
    wait_for_task(TaskId{1});  // is over already
    log.push_back("a again");
    wait_for_task(TaskId{3});
    log.push_back(signal_pending() ? "a interrupted" : "a after d");
  });
  rig.Task(Stepper(log, 'b', 2));
  rig.Task([&] {
    send_signal(TaskId{1}, Sig::kKill);  // a dead task: no effect
    sleep_ticks(Ticks{20}, false);
    send_signal(TaskId{0}, Sig::kUsr1);
    sched_point(kTpTest);
  });
  rig.Task([&] {
    sleep_ticks(Ticks{100}, false);
    log.push_back("d");
  });
  CHECK(rig.Run() == Stop::kFinished);
  CHECK(log == Strings{"b1", "b2", "a after b", "a again", "a interrupted", "d"});
  CHECK(task(TaskId{1}).pending == 0);
}

TEST_CASE("a loop whose state repeats is parked until somebody changes the state") {
  Rig rig;
  uint32_t rounds = 0;
  Strings log;
  rig.word(1) = 1;
  rig.Task([&] {
    loop_begin();
    while (rig.word(0) == 0) {
      ++rounds;
      sched_point(kTpTest);
      loop_point(77);
    }
    log.push_back("changed");
  });
  rig.Task([&] {
    for (uint32_t i = 0; i < 20; ++i) sched_point(kTpTest);
    log.push_back("change");
    rig.word(0) = 1;
    for (uint32_t i = 0; i < 20; ++i) sched_point(kTpTest);
    log.push_back("end");
  });
  CHECK(rig.Run() == Stop::kFinished);
  CHECK(rounds == 2);
  CHECK(log == Strings{"change", "end", "changed"});
  CHECK(sim().nr_spinning == 0);
}

TEST_CASE("a loop that waits for a change that nobody makes is stuck, and can be killed") {
  Rig rig;
  bool killed = false, let_go = false;
  rig.Task([&] {
    loop_begin();
    while (!fatal_signal_pending()) {
      sched_point(kTpTest);
      loop_point(77);
    }
    killed = true;
  });
  rig.Task([&] {
    wait_for_task(TaskId{0});
    let_go = true;
  });
  CHECK(rig.Run() == Stop::kStuck);
  CHECK(task(TaskId{0}).state == TaskState::kSpinning);
  CHECK(task(TaskId{0}).waits_for == 77);
  CHECK_FALSE(killed);
  ReleaseStuck();
  CHECK(rig.Run() == Stop::kFinished);
  CHECK(killed);
  CHECK(let_go);
}

TEST_CASE("a loop that comes back to a state of several rounds ago is stuck, too") {
  Rig rig;
  uint32_t rounds = 0;
  rig.Task([&] {
    loop_begin();
    for (; !fatal_signal_pending(); ++rounds) {
      rig.word(0) = (rig.word(0) + 1) % 5;
      loop_point(77);
    }
  });
  CHECK(rig.Run() == Stop::kStuck);
  CHECK(task(TaskId{0}).state == TaskState::kSpinning);
  // Brent's mark is that of round 8, the first power of two that is not less than the period.
  CHECK(rounds == 12);
}

TEST_CASE("locks taken crosswise are stuck") {
  Rig rig;
  for (uint32_t i = 0; i < 2; ++i) {
    rig.Task([&rig, i] {
      LockExclusive(rig.lock(i));
      LockExclusive(rig.lock(1 - i));
    });
  }
  rig.At(0, 1, 1);
  CHECK(rig.Run() == Stop::kStuck);
  CHECK(task(TaskId{0}).state == TaskState::kLocked);
  CHECK(&LockAt(task(TaskId{0}).waits_for) == &rig.lock(1));
}

TEST_CASE("a poll for a lock waits for the lock's owner, and is stuck with it") {
  for (const bool owner_sleeps : {true, false}) {
    Rig rig;
    bool polled = false;
    rig.Task([&] {
      LockExclusive(rig.lock(0));
      if (owner_sleeps) {
        sleep_ticks(Ticks{1000}, false);
      } else {
        wait_for_task(TaskId{0});  // for itself: never
      }
      UnlockExclusive(rig.lock(0));
    });
    rig.Task([&] {
      while (!TryLockExclusive(rig.lock(0))) poll_sleep(Ticks{5}, LockOffset(rig.lock(0)));
      polled = true;
      UnlockExclusive(rig.lock(0));
    });
    CHECK(rig.Run() == (owner_sleeps ? Stop::kFinished : Stop::kStuck));
    CHECK(polled == owner_sleeps);
    // Polls that cannot succeed do not use up the run's steps.
    CHECK(sim().step < 20);
  }
}

TEST_CASE("the step limit ends a run at that step") {
  Rig rig;
  uint64_t rounds = 0;
  rig.Task([&] {
    for (;;) {
      ++rounds;
      sched_point(kTpTest);
    }
  });
  CHECK(rig.Run(100) == Stop::kLimit);
  CHECK(rounds == 100);
  CHECK(sim().step == 100);
}

TEST_CASE("a dead machine stops where it is") {
  Rig rig;
  Strings log;
  rig.Task([&] {
    spin_lock(SpinLock{0});
    dead(kTpTest, 5);
  });
  rig.Task(Stepper(log, 'b', 1));
  CHECK(rig.Run() == Stop::kDead);
  CHECK(log.empty());
  CHECK(sim().last.a == 5);
  CHECK(sim().lock_fault == LockFault::kNone);
}

TEST_CASE("the digest follows from the records, and so from the schedule") {
  const auto digest = [](uint32_t step) {
    Rig rig;
    Strings log;
    for (const char name : {'a', 'b'}) rig.Task(Stepper(log, name, 3));
    if (step != 0) rig.At(0, step, 1);
    CHECK(rig.Run() == Stop::kFinished);
    uint64_t again = 0;
    for (const Record& r : machine->trace.records()) again = MixRecord(again, r);
    CHECK(again == sim().digest);
    return sim().digest;
  };
  CHECK(digest(0) == digest(0));
  CHECK(digest(1) == digest(1));
  CHECK(digest(0) != digest(1));
  CHECK(digest(1) != digest(2));
}

TEST_CASE("the digest of the state covers hashed regions and nothing else") {
  Rig rig;
  const uint64_t before = machine->StateDigest();
  rig.lock(0).owner = 1;  // not hashed
  CHECK(machine->StateDigest() == before);
  rig.word(3) = 1;
  const uint64_t after = machine->StateDigest();
  CHECK(after != before);
  rig.word(3) = 0;
  rig.word(4) = 1;
  CHECK(machine->StateDigest() != after);
}

// Every byte of a fiber's stack is used again by the next run that leaves it in the middle.
void Bury(uint32_t depth) {
  volatile char frame[512];
  frame[0] = static_cast<char>(depth);
  if (depth != 0) Bury(depth - 1);
  for (uint32_t i = 0; depth == 0 && i < kMaxSteps; ++i) sched_point(kTpTest);
  frame[1] = frame[0];
}

TEST_CASE("fibers that were abandoned can be used again") {
  constexpr uint32_t kRuns = 10'000;
  for (uint32_t run = 0; run < kRuns; ++run) {
    Rig rig;
    for (uint32_t i = 0; i < 3; ++i) {
      rig.Task([depth = run % 31 + i] { Bury(depth); });
    }
    rig.At(0, 2, 1);
    rig.At(1, 2, 2);
    if (rig.Run(8) != Stop::kLimit) FAIL("run " << run);
  }
}

// Goes `bytes` down the stack, in frames that are smaller than a guard page.
__attribute__((noinline)) void Descend(const volatile char* from, size_t bytes) {
  volatile char frame[256];
  frame[0] = 1;
  const auto depth = reinterpret_cast<uintptr_t>(from) - reinterpret_cast<uintptr_t>(&frame[0]);
  if (depth < bytes) Descend(from, bytes);
  frame[1] = frame[0];
}

// True if a task that uses so much of its stack survives. In a process of its own.
bool SurvivesDepth(size_t bytes) {
  const pid_t child = fork();
  if (child == 0) {
    close(STDERR_FILENO);
    for (const int sig : {SIGSEGV, SIGBUS, SIGABRT}) std::signal(sig, SIG_DFL);
    Rig rig;
    rig.Task([] {});
    // The second stack: below its guard lies the first one, which would take the damage.
    rig.Task([bytes] {
      volatile char here = 0;
      Descend(&here, bytes);
    });
    _exit(rig.Run() == Stop::kFinished ? 0 : 1);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST_CASE("a stack that overflows is a fault at once") {
  CHECK(SurvivesDepth(FiberPool::kStackBytes / 2));
  CHECK_FALSE(SurvivesDepth(FiberPool::kStackBytes + FiberPool::kStackBytes / 4));
}

}  // namespace
}  // namespace hotplug::sim
