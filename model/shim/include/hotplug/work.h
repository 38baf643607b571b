// SPDX-License-Identifier: GPL-2.0-or-later
//
// Work, timers, wait queues, RCU. Of kworkers there is one, and all queues are its.
#ifndef HOTPLUG_WORK_H_
#define HOTPLUG_WORK_H_

#include <hotplug/types.h>

struct workqueue_struct;
#define system_wq ((struct workqueue_struct*)0)
#define system_freezable_wq system_wq
#define system_unbound_wq system_wq

#define INIT_WORK(work, function) ((void)((work)->func = (function)))
#define queue_work(queue, work) \
  ((void)(queue), hotplug_kernel->queue_work(HOTPLUG_AT("queue_work"), work))
#define schedule_work(work) (hotplug_kernel->queue_work)(HOTPLUG_AT("schedule_work"), work)
#define cancel_work_sync(work) hotplug_kernel->cancel_work(HOTPLUG_AT("cancel_work_sync"), work)

typedef s64 ktime_t;
#define CLOCK_MONOTONIC 1
enum hrtimer_mode { HRTIMER_MODE_ABS, HRTIMER_MODE_REL };
#define ms_to_ktime(ms) ((ktime_t)(ms) * 1000000)
#define hrtimer_init(timer, clock, mode) ((void)((timer)->function = NULL))
#define hrtimer_start(t, time, mode) \
  ((void)hotplug_kernel->timer(HOTPLUG_AT("hrtimer_start"), t, time))
#define hrtimer_cancel(t) hotplug_kernel->timer(HOTPLUG_AT("hrtimer_cancel"), t, -1)

typedef struct wait_queue_head wait_queue_head_t;
#define DECLARE_WAIT_QUEUE_HEAD(name) wait_queue_head_t name = {0}
#define init_waitqueue_head(queue) ((void)((queue)->waiting = 0))
#define wait_event(queue, condition)                                               \
  do {                                                                             \
    while (!(condition)) hotplug_kernel->wait(HOTPLUG_AT("wait_event"), &(queue)); \
  } while (0)
#define wake_up(queue) hotplug_kernel->wake(HOTPLUG_AT("wake_up"), queue)
#define wake_up_all wake_up

#define rcu_read_lock() hotplug_kernel->rcu(HOTPLUG_AT("rcu_read_lock"), HOTPLUG_RCU_LOCK)
#define rcu_read_unlock() hotplug_kernel->rcu(HOTPLUG_AT("rcu_read_unlock"), HOTPLUG_RCU_UNLOCK)
#define synchronize_rcu() \
  hotplug_kernel->rcu(HOTPLUG_AT("synchronize_rcu"), HOTPLUG_RCU_SYNCHRONIZE)
#define rcu_dereference(p) READ_ONCE(p)
#define rcu_assign_pointer(p, v) WRITE_ONCE(p, v)

#endif  // HOTPLUG_WORK_H_
