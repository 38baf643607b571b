// SPDX-License-Identifier: GPL-2.0-or-later
//
// Work queues, timers, wait queues and RCU of C code. One kernel thread runs all work, in the order
// in which it was queued, and lets timers expire: a task behind those of the scenario.
#include <algorithm>

#include "model/mm/tracepoints.h"
#include "model/shim/inside.h"

namespace hotplug::shim {

namespace {

constexpr long long kNsPerTick = 1'000'000'000;  // a second: retries fall among what users do
// Timers that expire in a run: one that is always started again would never let it end.
constexpr uint32_t kMaxExpirations = 4;

Queue& queue() { return state().queue; }

bool Take(Queue& q, const work_struct* work) {
  const auto end = q.work.begin() + q.nr_work;
  const auto at = std::find(q.work.begin(), end, work);
  if (at == end) return false;
  std::copy(at + 1, end, at);
  --q.nr_work;
  return true;
}

void WakeKworker() {
  if (queue().started != 0) sim::wake_up(sim::TaskId{kKworker});
}

int QueueWork(const hotplug_site* at, work_struct* work) {
  Enter(at, Context::kAny);
  CheckObject(work, at->function);
  Queue& q = queue();
  const bool queued =
      std::find(q.work.begin(), q.work.begin() + q.nr_work, work) != q.work.begin() + q.nr_work;
  if (!queued) {
    if (q.nr_work == kMaxWork) EndNotSimulated("one more work", at->function);
    q.work[q.nr_work++] = work;
    WakeKworker();
  }
  sim::sched_point(kTpQueueWork, queued ? 0 : 1);
  return queued ? 0 : 1;
}

int CancelWork(const hotplug_site* at, work_struct* work) {
  Enter(at, Context::kSleeps);
  Queue& q = queue();
  const bool pending = Take(q, work);
  while (q.running == work) {
    q.flushers |= 1u << sim::current_task().v;
    sim::wait_queued();
  }
  sim::sched_point(kTpCancelWork, pending ? 1 : 0);
  return pending ? 1 : 0;
}

void WakeAll(uint32_t* waiting) {
  for (; *waiting != 0; *waiting &= *waiting - 1) {
    sim::wake_up(sim::TaskId{static_cast<uint32_t>(__builtin_ctz(*waiting))});
  }
}

// ---- Timers ----

int StartOrCancel(const hotplug_site* at, hrtimer* timer, long long nanoseconds) {
  Enter(at, Context::kAny);
  CheckObject(timer, at->function);
  Queue& q = queue();
  const bool active = q.timer == timer;
  if (nanoseconds < 0) {
    if (active) q.timer = nullptr;
  } else {
    if (!active && q.timer != nullptr) EndNotSimulated("a second timer", at->function);
    q.timer = timer;
    const long long ticks = std::min<long long>(nanoseconds / kNsPerTick, kMaxSteps);
    q.expires = sim::sim().now + static_cast<uint32_t>(ticks) + 1;
    WakeKworker();
  }
  sim::sched_point(kTpTimer, nanoseconds < 0 ? 0 : 1, active ? 1 : 0);
  return active ? 1 : 0;
}

void Expire() {
  hrtimer* timer = queue().timer;
  queue().timer = nullptr;
  ++queue().expirations;
  Interrupt([timer] { timer->function(timer); });
}

// ---- The kernel thread ----

void RunWork() {
  Queue& q = queue();
  work_struct* work = q.work[0];
  Take(q, work);
  q.running = work;
  sim::enter_kernel();
  work->func(work);
  sim::leave_kernel();
  sim::current().call = 0;
  q.running = nullptr;
  WakeAll(&q.flushers);
  sim::sched_point(kTpWorkDone);
}

[[noreturn]] void Kworker(uint32_t) {
  const Queue& q = queue();
  for (;;) {
    if (q.nr_work != 0) {
      RunWork();
    } else if (q.timer == nullptr || q.expirations == kMaxExpirations) {
      sim::idle(sim::Ticks{UINT32_MAX});
    } else if (q.expires <= sim::sim().now) {
      Expire();
    } else {
      sim::idle(sim::Ticks{q.expires - sim::sim().now});
    }
  }
}

// ---- Waiting ----

void Wait(const hotplug_site* at, wait_queue_head* queue) {
  Enter(at, Context::kSleeps);
  if (Inside::HostAnswers()) return;
  queue->waiting |= 1u << sim::current_task().v;
  sim::wait_queued();
}

void Wake(const hotplug_site* at, wait_queue_head* queue) {
  Enter(at, Context::kAny);
  WakeAll(&queue->waiting);
}

void Rcu(const hotplug_site* at, hotplug_rcu_op op) {
  State& s = state();
  switch (op) {
    case HOTPLUG_RCU_LOCK:
      Enter(at, Context::kAny);
      ++s.atomic[sim::current_task().v];
      ++s.rcu_readers;
      break;
    case HOTPLUG_RCU_UNLOCK:
      Enter(at, Context::kAny);
      --s.atomic[sim::current_task().v];
      if (--s.rcu_readers == 0) WakeAll(&s.queue.rcu_waiters);
      break;
    case HOTPLUG_RCU_SYNCHRONIZE:
      EnterStep(at, Context::kSleeps);
      while (s.rcu_readers != 0) {
        s.queue.rcu_waiters |= 1u << sim::current_task().v;
        sim::wait_queued();
      }
      break;
  }
}

}  // namespace

void Inside::Start() {
  sim::AddKworker([](uint32_t id) { Kworker(id); });
  queue().started = 1;
}

void FillWork(hotplug_kernel* k) {
  k->queue_work = &QueueWork;
  k->cancel_work = &CancelWork;
  k->timer = &StartOrCancel;
  k->wait = &Wait;
  k->wake = &Wake;
  k->rcu = &Rcu;
}

}  // namespace hotplug::shim
