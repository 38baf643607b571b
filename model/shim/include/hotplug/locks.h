// SPDX-License-Identifier: GPL-2.0-or-later
//
// Mutexes and spinlocks, and what else has to do with who runs when.
#ifndef HOTPLUG_LOCKS_H_
#define HOTPLUG_LOCKS_H_

#include <hotplug/types.h>

struct mutex {
  struct hotplug_lock lock;
};
typedef struct {
  struct hotplug_lock lock;
} spinlock_t;

#define HOTPLUG_LOCK(name, l) \
  hotplug_kernel->lock(HOTPLUG_AT(name "(" #l ")"), &(l)->lock, HOTPLUG_SLEEPS)
#define HOTPLUG_UNLOCK(name, l) \
  hotplug_kernel->unlock(HOTPLUG_AT(name "(" #l ")"), &(l)->lock, HOTPLUG_SLEEPS)
#define HOTPLUG_SPIN(name, l) \
  hotplug_kernel->lock(HOTPLUG_AT(name "(" #l ")"), &(l)->lock, HOTPLUG_SPINS)
#define HOTPLUG_UNSPIN(name, l) \
  hotplug_kernel->unlock(HOTPLUG_AT(name "(" #l ")"), &(l)->lock, HOTPLUG_SPINS)

#define __MUTEX_INITIALIZER(name) {{0}}
#define DEFINE_MUTEX(name) struct mutex name = __MUTEX_INITIALIZER(name)
#define mutex_init(m) ((void)((m)->lock.number = 0))
#define mutex_destroy(m) ((void)(m))
#define mutex_lock(m) HOTPLUG_LOCK("mutex_lock", m)
#define mutex_unlock(m) HOTPLUG_UNLOCK("mutex_unlock", m)
#define mutex_trylock(m) \
  hotplug_kernel->trylock(HOTPLUG_AT("mutex_trylock(" #m ")"), &(m)->lock, HOTPLUG_SLEEPS)
#define mutex_is_locked(m) hotplug_kernel->is_locked(&(m)->lock)

#define __SPIN_LOCK_UNLOCKED(name) {{0}}
#define DEFINE_SPINLOCK(name) spinlock_t name = __SPIN_LOCK_UNLOCKED(name)
#define spin_lock_init(l) ((void)((l)->lock.number = 0))
#define spin_lock(l) HOTPLUG_SPIN("spin_lock", l)
#define spin_unlock(l) HOTPLUG_UNSPIN("spin_unlock", l)
#define spin_lock_irq(l) HOTPLUG_SPIN("spin_lock_irq", l)
#define spin_unlock_irq(l) HOTPLUG_UNSPIN("spin_unlock_irq", l)
#define spin_lock_irqsave(l, flags) ((flags) = 0, HOTPLUG_SPIN("spin_lock_irqsave", l))
#define spin_unlock_irqrestore(l, flags) \
  ((void)(flags), HOTPLUG_UNSPIN("spin_unlock_irqrestore", l))

// Between lockdep_off() and lockdep_on() no order of locks is learned.
#define lockdep_off() hotplug_kernel->lockdep(0)
#define lockdep_on() hotplug_kernel->lockdep(1)

#define cond_resched() hotplug_kernel->resched(HOTPLUG_AT("cond_resched"))
#define schedule() hotplug_kernel->resched(HOTPLUG_AT("schedule"))
#define msleep(ms) hotplug_kernel->sleep(HOTPLUG_AT("msleep"), ms)

#define current ((void*)0)
#define signal_pending(task) hotplug_kernel->pending(0)
#define fatal_signal_pending(task) hotplug_kernel->pending(1)

#endif  // HOTPLUG_LOCKS_H_
