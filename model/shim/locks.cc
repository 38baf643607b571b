// SPDX-License-Identifier: GPL-2.0-or-later
//
// Mutexes and spinlocks of C code. A spinlock lets others run, as they do on other CPUs, and who
// wants it waits for it; whoever holds one must not sleep.
#include <algorithm>

#include "model/mm/services.h"
#include "model/mm/types.h"
#include "model/shim/inside.h"

namespace hotplug::shim {

namespace {

// A millisecond, by the scale of the hotplug lock's 5 ms.
constexpr uint32_t kTicksPerMs = (kHotplugPollTicks + 4) / 5;

// Classes behind those of mm. Files with more locks share the last one, whose order means nothing.
constexpr uint32_t kClasses = 16 - mm::kLockClasses;

// What a call says that it takes: mutex_lock(&vm->hotplug_mutex) takes hotplug_mutex.
std::string NameOf(const hotplug_site* at) {
  const std::string call = at->name;
  const size_t end = call.rfind(')');
  const size_t start = call.find_last_of("&>.( ", end) + 1;
  return call.substr(start, end - start);
}

// The simulator's lock behind one of C, which gets one when it is first used.
sim::Mutex& LockOf(hotplug_lock* lock, const hotplug_site* at) {
  State& s = state();
  CheckObject(lock, at->function);
  if (lock->number == 0) {
    if (s.nr_locks == kMaxLocks) EndNotSimulated("one more lock", at->function);
    const uint32_t number = std::min(s.nr_locks, kClasses - 1);
    sim::InitLock(s.locks[s.nr_locks].lock, static_cast<uint8_t>(mm::kLockClasses + number));
    Inside::LockName(number) = NameOf(at);
    lock->number = ++s.nr_locks;
  }
  if (lock->number > s.nr_locks) {
    Oops("a lock with garbage in it", at->function);
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

void Lockdep(int on) {
  uint8_t& off = sim::current().lockdep_off;
  off = static_cast<uint8_t>(on != 0 ? off - 1 : off + 1);
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
  k->lockdep = &Lockdep;
}

}  // namespace hotplug::shim
