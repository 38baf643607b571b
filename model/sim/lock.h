// SPDX-License-Identifier: GPL-2.0-or-later
//
// Locks that block and know their owner: mutex, rw_semaphore and percpu_rw_semaphore. The
// three differ in what may be done with them, not in how they block: waiters queue in the
// order of their arrival and a release hands the lock over, so a waiting writer also blocks
// later readers (kernel-facts 3.1). Taking and releasing are scheduling points.
//
// A spinlock is held for less than a step, so nobody ever waits for one: spin_lock() only makes
// sure that nothing within its section is a scheduling point, and notes which lock it is.
//
// What a function needs is asserted at its top, and declared, as in the kernel:
//
//   void del_page_from_free_list(Pfn pfn) __must_hold(zone::lock);
//
//   void del_page_from_free_list(Pfn pfn) {
//     lockdep_assert_held(zone::lock);
#ifndef MODEL_SIM_LOCK_H_
#define MODEL_SIM_LOCK_H_

#include <cstdint>

#include "model/sim/sched.h"

namespace hotplug::sim {

struct Lock {
  uint64_t queue;  // one byte for each waiter: task + 1, kReaderBit; oldest lowest
  uint8_t lock_class;
  uint8_t owner;     // task + 1 of the writer, 0 without one
  uint16_t readers;  // a bit for each task that holds it for reading
  uint8_t pad[4];

  bool held() const { return owner != 0 || readers != 0; }
};

struct Mutex {
  Lock lock;
};
struct RwSem {
  Lock lock;
};
struct PercpuRwSem {
  Lock lock;
};
// A class of spinlocks: two of one class are never held at once, and so are not told apart.
struct SpinLock {
  uint8_t number;  // 0 .. 7, given by the rooms above
};

// Lock classes are small numbers given by the rooms above, 0 .. 15. They name a lock in
// records and in the order of locks.
void InitLock(Lock& lock, uint8_t lock_class);

void LockExclusive(Lock& lock);
bool TryLockExclusive(Lock& lock);
void UnlockExclusive(Lock& lock);
void LockShared(Lock& lock);
void UnlockShared(Lock& lock);

inline void mutex_lock(Mutex& m) { LockExclusive(m.lock); }
inline bool mutex_trylock(Mutex& m) { return TryLockExclusive(m.lock); }
inline void mutex_unlock(Mutex& m) { UnlockExclusive(m.lock); }
inline void down_read(RwSem& s) { LockShared(s.lock); }
inline void up_read(RwSem& s) { UnlockShared(s.lock); }
inline void down_write(RwSem& s) { LockExclusive(s.lock); }
inline void up_write(RwSem& s) { UnlockExclusive(s.lock); }
inline void percpu_down_read(PercpuRwSem& s) { LockShared(s.lock); }
inline void percpu_up_read(PercpuRwSem& s) { UnlockShared(s.lock); }
inline void percpu_down_write(PercpuRwSem& s) { LockExclusive(s.lock); }
inline void percpu_up_write(PercpuRwSem& s) { UnlockExclusive(s.lock); }

// The order in which locks were taken: bit b of order[a] says that class b was taken while a
// was held. True if `to` can be reached from `from`; two classes that reach each other could
// deadlock. Orders of several runs may be joined, bit by bit.
using LockOrder = std::array<uint16_t, 16>;
bool LockOrderReaches(const LockOrder& order, uint32_t from, uint32_t to);

inline bool lockdep_is_held(SpinLock lock) { return (sim().atomic >> lock.number & 1) != 0; }
inline void spin_lock(SpinLock lock) {
  HOTPLUG_CHECK(!lockdep_is_held(lock));
  sim().atomic |= static_cast<uint8_t>(1u << lock.number);
}
inline void spin_unlock(SpinLock lock) {
  HOTPLUG_CHECK(lockdep_is_held(lock));
  sim().atomic &= static_cast<uint8_t>(~(1u << lock.number));
}

// Where a lock is in the arena, and back: how a task says what it waits for.
uint32_t LockOffset(const Lock& lock);
const Lock& LockAt(uint32_t offset);
inline bool HeldBy(const Lock& lock, TaskId id) { return lock.owner == id.v + 1; }

// ---- Assertions ---------------------------------------------------------------------------

// A failed assertion is a defect of the simulator. So nothing is asserted of locks that block when
// a driver may be to blame: once a lock has been misused (as debug_locks_off() of the kernel has
// it), and with a driver in C, which calls with what locks it likes: the kernel does not look,
// either.

// Whether the running task holds a lock that blocks: for writing, for reading, or either way.
template <class L>
bool lockdep_is_held_write(const L& l) {
  return HeldBy(l.lock, current_task()) || sim().debug_locks_off != 0;
}
template <class L>
bool lockdep_is_held_read(const L& l) {
  return (l.lock.readers >> sim().current & 1) != 0 || sim().debug_locks_off != 0;
}
template <class L>
bool lockdep_is_held(const L& l) {
  return HeldBy(l.lock, current_task()) || lockdep_is_held_read(l);
}

// Prints place, function and lock to stderr and aborts: the simulator is broken.
[[noreturn]] void LockdepFailed(const char* file, int line, const char* function, const char* lock);

}  // namespace hotplug::sim

#define HOTPLUG_LOCKDEP_ASSERT(is_held, lock, how)      \
  (__builtin_expect(::hotplug::sim::is_held((lock)), 1) \
       ? (void)0                                        \
       : ::hotplug::sim::LockdepFailed(__FILE__, __LINE__, __func__, #lock how))

#define lockdep_assert_held(lock) HOTPLUG_LOCKDEP_ASSERT(lockdep_is_held, lock, "")
#define lockdep_assert_held_write(lock) \
  HOTPLUG_LOCKDEP_ASSERT(lockdep_is_held_write, lock, " for writing")
#define lockdep_assert_held_read(lock) \
  HOTPLUG_LOCKDEP_ASSERT(lockdep_is_held_read, lock, " for reading")

// For declarations in headers; regress/lint/locks looks for the assertion.
#define __must_hold(lock)

#endif  // MODEL_SIM_LOCK_H_
