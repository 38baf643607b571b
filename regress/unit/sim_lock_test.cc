// SPDX-License-Identifier: GPL-2.0-or-later
//
// Locks. Method: tasks take and release locks under a schedule that makes them meet, and log
// when they are inside. Goal: mutual exclusion, hand-over in the order of arrival, and a fault
// for every misuse, of the kind that it is.
#include "model/sim/tracepoints.h"
#include "regress/unit/harness.h"

namespace hotplug::sim {
namespace {

using testing::kTpTest;
using testing::Rig;
using testing::Strings;

constexpr SpinLock kSpin{3};
const LockFault kNoFault = LockFault::kNone;

// Takes the lock, logs "+x", makes a step inside, logs "-x", releases.
std::function<void()> Writer(Rig& rig, Strings& log, const char* name) {
  return [&rig, &log, name] {
    LockExclusive(rig.lock(0));
    log.push_back(std::string("+") + name);
    sched_point(kTpTest);
    log.push_back(std::string("-") + name);
    UnlockExclusive(rig.lock(0));
  };
}

std::function<void()> Reader(Rig& rig, Strings& log, const char* name) {
  return [&rig, &log, name] {
    LockShared(rig.lock(0));
    log.push_back(std::string("+") + name);
    sched_point(kTpTest);
    log.push_back(std::string("-") + name);
    UnlockShared(rig.lock(0));
  };
}

TEST_CASE("a mutex is handed over in the order of arrival") {
  Rig rig;
  Strings log;
  for (const char* name : {"a", "b", "c"}) rig.Task(Writer(rig, log, name));
  CHECK(rig.Run() == Stop::kFinished);
  CHECK(log == Strings{"+a", "-a", "+b", "-b", "+c", "-c"});

  Rig other;
  log.clear();
  other.Task(Writer(other, log, "a"));
  other.Task([&] {
    sched_point(kTpTest);
    Writer(other, log, "b")();
  });
  other.Task(Writer(other, log, "c"));
  other.At(0, 1, 2);  // c waits, although b has the lower number; back to a
  other.At(0, 2, 1);  // b makes a step ...
  other.At(1, 1, 0);  // ... and arrives when c has been waiting for long
  CHECK(other.Run() == Stop::kFinished);
  CHECK(log == Strings{"+a", "-a", "+c", "-c", "+b", "-b"});
  CHECK(sim().lock_fault == kNoFault);
}

TEST_CASE("a released mutex belongs to the waiter at once") {
  Rig rig;
  bool stolen = true, held = false;
  rig.Task([&] {
    LockExclusive(rig.lock(0));
    sched_point(kTpTest);
    UnlockExclusive(rig.lock(0));
    held = HeldBy(rig.lock(0), TaskId{1});
    stolen = TryLockExclusive(rig.lock(0));
  });
  rig.Task([&] {
    LockExclusive(rig.lock(0));
    UnlockExclusive(rig.lock(0));
  });
  rig.At(0, 2, 1);
  CHECK(rig.Run() == Stop::kFinished);
  CHECK(held);
  CHECK_FALSE(stolen);
}

TEST_CASE("trylock takes what is free and never waits") {
  Rig rig;
  std::vector<bool> got;
  rig.Task([&] {
    got.push_back(TryLockExclusive(rig.lock(0)));
    got.push_back(HeldBy(rig.lock(0), TaskId{0}));
    got.push_back(TryLockExclusive(rig.lock(0)));
    UnlockExclusive(rig.lock(0));
    LockShared(rig.lock(0));
    got.push_back(TryLockExclusive(rig.lock(0)));
    UnlockShared(rig.lock(0));
  });
  CHECK(rig.Run() == Stop::kFinished);
  CHECK(got == std::vector<bool>{true, true, false, false});
  CHECK_FALSE(rig.lock(0).held());
  CHECK(sim().lock_fault == kNoFault);
}

TEST_CASE("readers share, and a waiting writer blocks later readers") {
  Rig rig;
  Strings log;
  rig.Task(Reader(rig, log, "r1"));
  rig.Task(Reader(rig, log, "r2"));
  rig.Task(Writer(rig, log, "w"));
  rig.Task(Reader(rig, log, "r3"));
  rig.Task(Reader(rig, log, "r4"));
  rig.At(0, 2, 1);  // r1 is inside; r2 joins it
  rig.At(1, 2, 2);  // w waits for both; the next is r1
  rig.At(0, 3, 3);  // r1 is out; r3 comes while r2 is inside and w waits
  rig.At(1, 3, 4);
  CHECK(rig.Run() == Stop::kFinished);
  // Both readers behind the writer are let in together.
  CHECK(log == Strings{"+r1", "+r2", "-r1", "-r2", "+w", "-w", "+r3", "-r3", "+r4", "-r4"});
  CHECK(sim().lock_fault == kNoFault);
}

TEST_CASE("readers behind a writer enter together, up to the next writer") {
  Rig rig;
  uint32_t readers = 0;
  rig.Task([&] {
    LockExclusive(rig.lock(0));
    sleep_ticks(Ticks{50}, false);
    UnlockExclusive(rig.lock(0));
    readers = static_cast<uint32_t>(__builtin_popcount(rig.lock(0).readers));
  });
  Strings log;
  rig.Task(Reader(rig, log, "r1"));
  rig.Task(Reader(rig, log, "r2"));
  rig.Task(Writer(rig, log, "w"));
  rig.Task(Reader(rig, log, "r3"));
  CHECK(rig.Run() == Stop::kFinished);
  CHECK(readers == 2);
  CHECK(log[5] == "-w");
  CHECK(log[6] == "+r3");
}

TEST_CASE("the three kinds of locks are these functions") {
  Rig rig;
  std::vector<uint32_t> held;
  rig.Task([&] {
    auto& m = reinterpret_cast<Mutex&>(rig.lock(0));
    auto& s = reinterpret_cast<RwSem&>(rig.lock(1));
    auto& p = reinterpret_cast<PercpuRwSem&>(rig.lock(2));
    mutex_lock(m);
    down_read(s);
    percpu_down_write(p);
    held.push_back(current().held);
    mutex_unlock(m);
    up_read(s);
    percpu_up_write(p);
    percpu_down_read(p);
    down_write(s);
    held.push_back(current().held);
    percpu_up_read(p);
    up_write(s);
    held.push_back(current().held);
  });
  CHECK(rig.Run() == Stop::kFinished);
  CHECK(held == std::vector<uint32_t>{7, 6, 0});
}

// ---- Misuse -----------------------------------------------------------------------------

// The fault that a task alone makes, and the class of the lock.
LockFault FaultOf(const std::function<void(Rig&)>& body, uint8_t lock_class = 0) {
  Rig rig;
  rig.Task([&] { body(rig); });
  rig.Run();
  if (sim().lock_fault != kNoFault) CHECK(sim().lock_fault_class == lock_class);
  return sim().lock_fault;
}

TEST_CASE("releasing what one does not hold is a fault") {
  CHECK(FaultOf([](Rig& r) { UnlockExclusive(r.lock(0)); }) == LockFault::kNotHolder);
  CHECK(FaultOf([](Rig& r) { UnlockShared(r.lock(3)); }, 3) == LockFault::kNotHolder);
  CHECK(FaultOf(
            [](Rig& r) {
              LockShared(r.lock(2));
              UnlockExclusive(r.lock(2));
            },
            2) == LockFault::kNotHolder);
  Rig rig;
  rig.Task([&] {
    LockExclusive(rig.lock(1));
    sched_point(kTpTest);
  });
  rig.Task([&] { UnlockExclusive(rig.lock(1)); });
  rig.At(0, 2, 1);
  rig.Run();
  CHECK(sim().lock_fault == LockFault::kNotHolder);
}

TEST_CASE("a step or a wait under a spinlock is a fault") {
  CHECK(FaultOf([](Rig&) {
          spin_lock(kSpin);
          sched_point(kTpTest);
        }) == LockFault::kAtomicSleep);
  CHECK(FaultOf([](Rig&) {
          spin_lock(kSpin);
          sleep_ticks(Ticks{1}, false);
        }) == LockFault::kAtomicSleep);
  CHECK(FaultOf([](Rig&) {
          spin_lock(kSpin);
          spin_unlock(kSpin);
          sched_point(kTpTest);
        }) == kNoFault);
}

TEST_CASE("taking a lock that one holds is a fault, and stuck") {
  Rig rig;
  rig.Task([&] {
    LockExclusive(rig.lock(4));
    LockExclusive(rig.lock(4));
  });
  CHECK(rig.Run() == Stop::kStuck);
  CHECK(sim().lock_fault == LockFault::kRecursion);
  CHECK(sim().lock_fault_class == 4);
  CHECK(FaultOf(
            [](Rig& r) {
              LockExclusive(r.lock(1));
              LockShared(r.lock(1));
            },
            1) == LockFault::kRecursion);
}

TEST_CASE("a reader that wants to write waits for itself") {
  Rig rig;
  rig.Task([&] {
    LockShared(rig.lock(0));
    LockExclusive(rig.lock(0));
  });
  CHECK(rig.Run() == Stop::kStuck);
}

// Takes the locks of the given classes one inside the other, and releases them.
void Nest(Rig& rig, std::initializer_list<uint32_t> classes) {
  for (const uint32_t c : classes) LockExclusive(rig.lock(c));
  for (const uint32_t c : classes) UnlockExclusive(rig.lock(c));
}

TEST_CASE("an order of locks that was seen the other way round is a fault") {
  CHECK(FaultOf([](Rig& r) {
          Nest(r, {0, 1});
          Nest(r, {0, 1});
          Nest(r, {0, 2});
          Nest(r, {1, 2});
        }) == kNoFault);
  CHECK(FaultOf([](Rig& r) {
          Nest(r, {0, 1});
          Nest(r, {1, 0});
        }) == LockFault::kOrder);
  // In a circle of three, and of readers too.
  CHECK(FaultOf([](Rig& r) {
          Nest(r, {0, 1});
          Nest(r, {1, 2});
          LockShared(r.lock(2));
          LockShared(r.lock(0));
        }) == LockFault::kOrder);
}

TEST_CASE("trylock is outside of the order, what is taken under it is not") {
  CHECK(FaultOf([](Rig& r) {
          Nest(r, {0, 1});
          LockExclusive(r.lock(1));
          TryLockExclusive(r.lock(0));
        }) == kNoFault);
  CHECK(FaultOf([](Rig& r) {
          Nest(r, {0, 1});
          TryLockExclusive(r.lock(1));
          LockExclusive(r.lock(0));
        }) == LockFault::kOrder);
}

TEST_CASE("the release of a lock is announced before it happens") {
  Rig rig;
  static uint32_t released;
  released = 99;
  machine->hooks.release = [](uint32_t lock_class) { released = lock_class; };
  rig.Task([&] { Nest(rig, {5}); });
  CHECK(rig.Run() == Stop::kFinished);
  CHECK(released == 5);
}

}  // namespace
}  // namespace hotplug::sim
