// SPDX-License-Identifier: GPL-2.0-or-later
//
// Mutexes and spinlocks of C code. A spinlock lets others run, as they do on other CPUs, and who
// wants it waits for it; whoever holds one must not sleep.
#include "model/mm/services.h"
#include "model/mm/types.h"
#include "model/shim/inside.h"

namespace hotplug::shim {

namespace {

// A millisecond, by the scale of the hotplug lock's 5 ms.
constexpr uint32_t kTicksPerMs = (kHotplugPollTicks + 4) / 5;

// The simulator's lock behind one of C, which gets one when it is first used.
sim::Mutex& LockOf(hotplug_lock* lock, const hotplug_site* at) {
  State& s = state();
  if (lock->number == 0) {
    HOTPLUG_CHECK(s.nr_locks < kMaxLocks);
    sim::InitLock(s.locks[s.nr_locks].lock, mm::kDriverMutex);
    lock->number = ++s.nr_locks;
  }
  if (lock->number > s.nr_locks) {
    Oops(std::string("a lock with garbage in it in ") + at->function, at->function);
  }
  return s.locks[lock->number - 1];
}

uint32_t& Atomic() { return state().atomic[sim::current_task().v]; }

Context ContextOf(int kind) { return kind == HOTPLUG_SPINS ? Context::kAny : Context::kSleeps; }

void Lock(const hotplug_site* at, hotplug_lock* lock, int kind) {
  Enter(at, ContextOf(kind));
  sim::mutex_lock(LockOf(lock, at));
  if (kind == HOTPLUG_SPINS) ++Atomic();
}

int TryLock(const hotplug_site* at, hotplug_lock* lock, int kind) {
  Enter(at, Context::kAny);
  if (!sim::mutex_trylock(LockOf(lock, at))) return 0;
  if (kind == HOTPLUG_SPINS) ++Atomic();
  return 1;
}

void Unlock(const hotplug_site* at, hotplug_lock* lock, int kind) {
  Enter(at, Context::kAny);
  if (kind == HOTPLUG_SPINS && Atomic() != 0) --Atomic();
  sim::mutex_unlock(LockOf(lock, at));
}

int IsLocked(const hotplug_lock* lock) {
  const State& s = state();
  return lock->number - 1 < s.nr_locks && s.locks[lock->number - 1].lock.held() ? 1 : 0;
}

void Resched(const hotplug_site* at) { EnterStep(at, Context::kSleeps); }

void Sleep(const hotplug_site* at, unsigned int milliseconds) {
  Enter(at, Context::kSleeps);
  const uint32_t longest = kMaxSteps;
  const uint32_t ms = milliseconds < longest ? milliseconds : longest;
  sim::sleep_ticks(sim::Ticks{ms * kTicksPerMs + 1}, false);
}

int Pending(int fatal) {
  return (fatal != 0 ? sim::fatal_signal_pending() : sim::signal_pending()) ? 1 : 0;
}

}  // namespace

void FillLocks(hotplug_kernel* k) {
  k->lock = &Lock;
  k->trylock = &TryLock;
  k->unlock = &Unlock;
  k->is_locked = &IsLocked;
  k->resched = &Resched;
  k->sleep = &Sleep;
  k->pending = &Pending;
}

}  // namespace hotplug::shim
