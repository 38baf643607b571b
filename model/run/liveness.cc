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
bool MayBeHeld(const World& world, world::Pfn pfn) {
  if (!world::PfnExists(pfn) || !world.page_is_legal(pfn)) return false;
  const world::PageGhost& g = world::GhostAt(pfn);
  if (world::OthersReferences(g) != 0 || g.owner == world::kFreeing || g.owner == world::kBoot)
    return true;
  if (world::IsInstance(g.owner)) return world::Live(world::InstanceAt(g.owner));
  return world::IsAllocation(g.owner);
}

// Who waits for whom, followed from one task on.
struct Chain {
  uint8_t end;         // the task for which all of them wait; the first one if they are a circle
  Outcome::Wait wait;  // of `end`
  bool circle;
  bool only_user_space;  // every wait on the way is one for another task's end
};

Chain ChainFrom(uint8_t id) {
  Chain c{id, WaitOf(id), false, true};
  for (uint32_t hops = 0; hops <= kMaxThreads; ++hops) {
    if (c.wait.state == sim::TaskState::kSpinning) return c;
    if (c.wait.state != sim::TaskState::kWaiting) c.only_user_space = false;
    const uint8_t next = c.wait.other;
    if (next == kNobody || sim::task(sim::TaskId{next}).state == sim::TaskState::kDone) return c;
    c.end = next;
    c.wait = WaitOf(next);
  }
  return {id, WaitOf(id), true, c.only_user_space};
}

// A loop over a page that may be held, or a circle of user space's own. What is held by nobody who
// could ever let it go is no cause.
bool HasLegalCause(const World& world, const Chain& c) {
  if (c.circle) return c.only_user_space;
  return c.wait.state == sim::TaskState::kSpinning && MayBeHeld(world, world::Pfn{c.wait.object});
}

}  // namespace

bool JudgeStuck(const World& world, Outcome* out) {
  out->nr_waits = 0;
  uint32_t culprit = kMaxThreads;
  for (uint8_t id = 0; id < sim::sim().nr_tasks; ++id) {
    const sim::TaskState state = sim::task(sim::TaskId{id}).state;
    if (state == sim::TaskState::kDone || state == sim::TaskState::kIdle) continue;
    out->waits[out->nr_waits++] = WaitOf(id);
    if (culprit == kMaxThreads && !HasLegalCause(world, ChainFrom(id))) culprit = id;
  }
  if (culprit == kMaxThreads || !invariants::Enabled(invariants::Id::kI13)) return true;
  invariants::AddLiveness(ChainFrom(static_cast<uint8_t>(culprit)).end);
  return false;
}

}  // namespace hotplug::run
