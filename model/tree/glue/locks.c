// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Locks, RCU, and where a task may give way. Who waits for whom is the host's to know: a lock of
 * the kernel is an address here. Spinlocks nobody waits for, as no task gives way within one.
 */
#include <linux/completion.h>
#include <linux/mutex.h>
#include <linux/percpu-rwsem.h>
#include <linux/rcupdate.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/srcu.h>

#include "glue.h"

/* ---- Locks that are waited for ----------------------------------------------------------- */

/* `owner` is the host's business; a lock that was initialised at run time has its name there. */
static const char* mutex_name(struct mutex* lock) {
  return (const char*)atomic_long_read(&lock->owner);
}

void __mutex_init(struct mutex* lock, const char* name, struct lock_class_key* key) {
  atomic_long_set(&lock->owner, (long)name);
}

void mutex_lock(struct mutex* lock) { world_host.lock(lock, mutex_name(lock), 0); }
int mutex_trylock(struct mutex* lock) { return world_host.trylock(lock, mutex_name(lock)); }
void mutex_unlock(struct mutex* lock) { world_host.unlock(lock, 0); }
int mutex_lock_interruptible(struct mutex* lock) {
  mutex_lock(lock);
  return 0;
}
int mutex_lock_killable(struct mutex* lock) { return mutex_lock_interruptible(lock); }

void down_read(struct rw_semaphore* sem) { world_host.lock(sem, NULL, 1); }
void up_read(struct rw_semaphore* sem) { world_host.unlock(sem, 1); }
void down_write(struct rw_semaphore* sem) { world_host.lock(sem, NULL, 0); }
void up_write(struct rw_semaphore* sem) { world_host.unlock(sem, 0); }

/* Readers come here always (linux/rcu_sync.h). */
bool __percpu_down_read(struct percpu_rw_semaphore* sem, bool try) {
  BUG_ON(try);
  this_cpu_inc(*sem->read_count);
  world_host.lock(sem, NULL, 1);
  return true;
}

/* The last that a reader does. */
int rcuwait_wake_up(struct rcuwait* writer) {
  world_host.unlock(container_of(writer, struct percpu_rw_semaphore, writer), 1);
  return 0;
}

void percpu_down_write(struct percpu_rw_semaphore* sem) { world_host.lock(sem, NULL, 0); }
void percpu_up_write(struct percpu_rw_semaphore* sem) { world_host.unlock(sem, 0); }

/* ---- What nobody comes between: spinlocks, no interrupts ---------------------------------- */

static unsigned int atomic_depth;

void world_atomic_begin(void) {
  if (atomic_depth == 0) world_host.spin(0);
  if (atomic_depth++ == 0) world_host.spin(1);
}

void world_atomic_end(void) {
  if (atomic_depth != 0 && --atomic_depth == 0) world_host.spin(0);
}

static void spin_enter(void** owner, const void* lock) {
  world_atomic_begin();
  if (*owner != SPINLOCK_OWNER_INIT) world_host.misuse("a spinlock that is held is taken", lock);
  *owner = current;
}

static void spin_leave(void** owner, const void* lock) {
  if (*owner != current) world_host.misuse("a spinlock is released that is not held", lock);
  *owner = SPINLOCK_OWNER_INIT;
  world_atomic_end();
}

int signals_enabled = 1;
int um_set_signals(int enable) {
  const int was = signals_enabled;

  if (was == enable) return was;
  if (!enable) world_atomic_begin();
  signals_enabled = enable;
  if (enable) world_atomic_end();
  return was;
}
void block_signals(void) { um_set_signals(0); }
void unblock_signals(void) { um_set_signals(1); }

void __raw_spin_lock_init(raw_spinlock_t* lock, const char* name, struct lock_class_key* key,
                          short inner) {
  *lock = (raw_spinlock_t)__RAW_SPIN_LOCK_INITIALIZER(*lock);
}

void __lockfunc _raw_spin_lock(raw_spinlock_t* lock) { spin_enter(&lock->owner, lock); }
void __lockfunc _raw_spin_lock_irq(raw_spinlock_t* lock) { _raw_spin_lock(lock); }
void __lockfunc _raw_spin_lock_bh(raw_spinlock_t* lock) { _raw_spin_lock(lock); }
unsigned long __lockfunc _raw_spin_lock_irqsave(raw_spinlock_t* lock) {
  _raw_spin_lock(lock);
  return 0;
}

/* On one CPU it could fail in an interrupt only. */
int __lockfunc _raw_spin_trylock(raw_spinlock_t* lock) {
  _raw_spin_lock(lock);
  return 1;
}

void __lockfunc _raw_spin_unlock(raw_spinlock_t* lock) { spin_leave(&lock->owner, lock); }
void __lockfunc _raw_spin_unlock_irq(raw_spinlock_t* lock) { _raw_spin_unlock(lock); }
void __lockfunc _raw_spin_unlock_bh(raw_spinlock_t* lock) { _raw_spin_unlock(lock); }
void __lockfunc _raw_spin_unlock_irqrestore(raw_spinlock_t* lock, unsigned long flags) {
  _raw_spin_unlock(lock);
}

void __lockfunc _raw_read_lock(rwlock_t* lock) { spin_enter(&lock->owner, lock); }
void __lockfunc _raw_read_unlock(rwlock_t* lock) { spin_leave(&lock->owner, lock); }
void __lockfunc _raw_write_lock(rwlock_t* lock) { spin_enter(&lock->owner, lock); }
void __lockfunc _raw_write_unlock(rwlock_t* lock) { spin_leave(&lock->owner, lock); }

/* ---- Completions ------------------------------------------------------------------------- */

void __init_swait_queue_head(struct swait_queue_head* q, const char* name,
                             struct lock_class_key* key) {
  raw_spin_lock_init(&q->lock);
  INIT_LIST_HEAD(&q->task_list);
}

void wait_for_completion(struct completion* x) {
  might_sleep();
  while (x->done == 0) world_host.wait(x);
  if (x->done != UINT_MAX) --x->done;
}

void complete(struct completion* x) {
  if (x->done != UINT_MAX) ++x->done;
  world_host.wake(x);
}

void complete_all(struct completion* x) {
  x->done = UINT_MAX;
  world_host.wake(x);
}

/* ---- Giving way -------------------------------------------------------------------------- */

/* PREEMPT_NONE: might_sleep() gives way by way of this. */
int __cond_resched(void) {
  world_host.resched(__builtin_return_address(0));
  return 0;
}

signed long schedule_timeout_uninterruptible(signed long timeout) {
  world_host.sleep();
  return 0;
}

/* ---- RCU --------------------------------------------------------------------------------- */

/* What waits for the readers of now. A task is a reader as long as it is in the kernel. */
static struct rcu_head* rcu_first;
static struct rcu_head** rcu_last = &rcu_first;

void call_rcu(struct rcu_head* head, rcu_callback_t function) {
  head->func = function;
  head->next = NULL;
  *rcu_last = head;
  rcu_last = &head->next;
}

/* A function that can be none is the offset of the head in an object of kmalloc (kvfree_rcu). */
static void run_one(struct rcu_head* head) {
  const unsigned long offset = (unsigned long)head->func;

  if (offset < PAGE_SIZE) {
    kvfree((char*)head - offset);
  } else {
    head->func(head);
  }
}

void world_run_rcu(void) {
  while (rcu_first != NULL) {
    struct rcu_head* head = rcu_first;

    rcu_first = head->next;
    if (rcu_first == NULL) rcu_last = &rcu_first;
    run_one(head);
  }
}

void synchronize_rcu(void) { world_host.point(); }
