// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/run/liveness.h"

#include "model/invariants/judge.h"
#include "model/sim/lock.h"

namespace hotplug::run {

namespace {

constexpr uint8_t kNobody = 255;

uint8_t HolderOf(const sim::Lock& lock) {
  if (lock.owner != 0) return static_cast<uint8_t>(lock.owner - 1);
  return lock.readers != 0 ? static_cast<uint8_t>(__builtin_ctz(lock.readers)) : kNobody;
}

Outcome::Wait WaitOf(uint8_t id) {
  const sim::Task& t = sim::task(sim::TaskId{id});
  Outcome::Wait w{id, t.state, 0, kNobody, 0};
  switch (t.state) {
    case sim::TaskState::kLocked:
    case sim::TaskState::kPolling: {
      const sim::Lock& lock = sim::LockAt(t.waits_for);
      w.lock_class = lock.lock_class;
      w.other = HolderOf(lock);
      break;
    }
    case sim::TaskState::kWaiting:
      w.other = static_cast<uint8_t>(t.waits_for);
      break;
    default:
      w.object = t.waits_for;
      break;
  }
  return w;
}

// A loop may wait for a page as long as somebody may hold that page.
bool MayBeHeld(mm::Pfn pfn) {
  if (!mm::PfnExists(pfn) || !invariants::PageIsLegal(pfn)) return false;
  const mm::PageGhost& g = mm::GhostAt(pfn);
  if (g.transient != 0 || g.owner == mm::kFreeing || g.owner == mm::kBoot) return true;
  if (mm::IsInstance(g.owner)) return mm::Live(mm::InstanceAt(g.owner));
  return mm::IsAllocation(g.owner);
}

// Follows who waits for whom to the end: a loop over a page, or a circle.
bool HasLegalCause(uint8_t id) {
  bool only_user_space = true;
  for (uint32_t hops = 0; hops <= kMaxTasks; ++hops) {
    const Outcome::Wait w = WaitOf(id);
    if (w.state == sim::TaskState::kSpinning) return MayBeHeld(mm::Pfn{w.object});
    if (w.state != sim::TaskState::kWaiting) only_user_space = false;
    if (w.other == kNobody || sim::task(sim::TaskId{w.other}).state == sim::TaskState::kDone) {
      return false;  // held by nobody who could ever let it go
    }
    id = w.other;
  }
  return only_user_space;
}

// The task for which all wait that the wait of `id` leads to; `id` itself if they wait in a circle.
uint8_t EndOfChain(uint8_t id) {
  uint8_t end = id;
  for (uint32_t hops = 0; hops <= kMaxTasks; ++hops) {
    const Outcome::Wait w = WaitOf(end);
    const bool ends = w.state == sim::TaskState::kSpinning || w.other == kNobody ||
                      sim::task(sim::TaskId{w.other}).state == sim::TaskState::kDone;
    if (ends) return end;
    end = w.other;
  }
  return id;
}

}  // namespace

bool JudgeStuck(Outcome* out) {
  out->nr_waits = 0;
  uint32_t culprit = kMaxTasks;
  for (uint8_t id = 0; id < sim::sim().nr_tasks; ++id) {
    if (sim::task(sim::TaskId{id}).state == sim::TaskState::kDone) continue;
    out->waits[out->nr_waits++] = WaitOf(id);
    if (culprit == kMaxTasks && !HasLegalCause(id)) culprit = id;
  }
  if (culprit == kMaxTasks || !invariants::Enabled(invariants::Id::kI13)) return true;
  invariants::AddLiveness(EndOfChain(static_cast<uint8_t>(culprit)));
  return false;
}

}  // namespace hotplug::run
