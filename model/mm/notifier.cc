// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/mm/notifier.h"

#include "model/mm/kernel.h"
#include "model/mm/ledger.h"
#include "model/mm/tracepoints.h"

namespace hotplug::mm {

namespace {

std::byte* Base() { return reinterpret_cast<std::byte*>(&sim::sim()); }

uint32_t OffsetOf(const notifier_block& nb) {
  return static_cast<uint32_t>(reinterpret_cast<const std::byte*>(&nb) - Base());
}

notifier_block* At(uint32_t offset) {
  return offset == 0 ? nullptr : reinterpret_cast<notifier_block*>(Base() + offset);
}

// Action and block in one operand, as trace points of events print them (%k).
uint32_t EventOperand(uint32_t action, const memory_notify_arg& arg) {
  return action << 16 | BlockOf(arg.start_pfn).v;
}

// 0, or what the kernel says to a block that is in the chain already: it warns, and goes on
// or refuses.
int InsertByPriority(notifier_block& nb) {
  uint32_t* link = &mm().chain_head;
  while (*link != 0 && At(*link)->priority >= nb.priority) {
    if (At(*link) == &nb) {
      sim::record(kTpRegisterTwice, nb.name);
      return kernel().register_twice_eexist ? -EEXIST : 0;
    }
    link = &At(*link)->next;
  }
  nb.untold = 0;
  nb.next = *link;
  *link = OffsetOf(nb);
  return 0;
}

bool IsGoing(uint32_t action) { return action == MEM_GOING_ONLINE || action == MEM_GOING_OFFLINE; }
bool IsCancel(uint32_t action) {
  return action == MEM_CANCEL_ONLINE || action == MEM_CANCEL_OFFLINE;
}

// Whether an answer ends the walk.
bool Stops(uint32_t action, int32_t ret) {
  if ((ret & NOTIFY_STOP_MASK) == 0) return false;
  return IsGoing(action) || !fixed(CoreFix::kNotifyAll);
}

bool IsToldOf(const notifier_block& nb, uint32_t action) {
  return !IsCancel(action) || nb.untold != 0 || !fixed(CoreFix::kPaired);
}

// The chain is stopped behind `nb` by its own answer: nobody owes the others this event.
void Excuse(const notifier_block& nb) {
  for (notifier_block* rest = At(nb.next); rest != nullptr; rest = At(rest->next)) {
    rest->untold = 0;
  }
}

int32_t CallOne(notifier_block& nb, uint32_t action, const memory_notify_arg& arg) {
  lockdep_assert_held_read(mm().memory_chain);
  const notifier_fn call = sim::machine->bound.notifiers->call[nb.notifier_call];
  sim::anchor(When::kBefore, DeliveryAnchor(action, BlockOf(arg.start_pfn), nb.name));
  BeginCallback(nb.owner, action);
  const int32_t ret = call(nb, action, arg);
  EndCallback(nb.owner, action, arg, ret);
  nb.untold = IsGoing(action) ? 1 : 0;
  sim::sched_point(kTpNotifierCall, EventOperand(action, arg), nb.name, static_cast<uint32_t>(ret));
  return ret;
}

// notifier_call_chain_robust() (5.10): those who have agreed to `going` are told that it is off.
void RollBack(notifier_block& refuser, uint32_t going, const memory_notify_arg& arg) {
  const uint32_t cancel = going == MEM_GOING_ONLINE ? MEM_CANCEL_ONLINE : MEM_CANCEL_OFFLINE;
  NoteEvent(cancel, arg);
  for (notifier_block* nb = At(mm().chain_head); nb != &refuser;) {
    notifier_block* next = At(nb->next);
    CallOne(*nb, cancel, arg);
    nb = next;
  }
  refuser.untold = 0;
}

}  // namespace

int register_memory_notifier(notifier_block& nb) {
  // No lock before the first task runs (the kernel's SYSTEM_BOOTING).
  if (sim::sim().current == sim::FiberPool::kMain) {
    return InsertByPriority(nb);
  }
  sim::down_write(mm().memory_chain);
  const uint8_t instance = ledger().instance_of[sim::current_task().v];
  nb.owner = instance == 0 ? kNobody : OwnerOf(InstanceId{instance - 1u});
  const int rc = InsertByPriority(nb);
  sim::sched_point(kTpRegister, nb.name, static_cast<uint32_t>(nb.priority));
  sim::up_write(mm().memory_chain);
  return rc;
}

int unregister_memory_notifier(notifier_block& nb) {
  sim::down_write(mm().memory_chain);
  uint32_t* link = &mm().chain_head;
  while (*link != 0 && At(*link) != &nb) link = &At(*link)->next;
  const int rc = *link == 0 ? -ENOENT : 0;
  if (rc == 0) *link = nb.next;
  sim::sched_point(kTpUnregister, nb.name, static_cast<uint32_t>(rc));
  sim::up_write(mm().memory_chain);
  return rc;
}

bool IsRegistered(const notifier_block& nb) {
  const notifier_block* at = At(mm().chain_head);
  while (at != nullptr && at != &nb) at = At(at->next);
  return at != nullptr;
}

bool IsRolledBack(uint32_t action, int error) {
  return IsGoing(action) && error != 0 && fixed(CoreFix::kRobust);
}

int32_t memory_notify(uint32_t action, const memory_notify_arg& arg) {
  int32_t ret = NOTIFY_DONE;
  if (mm().chain_head == 0) return ret;
  sim::down_read(mm().memory_chain);
  for (notifier_block* nb = At(mm().chain_head); nb != nullptr;) {
    notifier_block* next = At(nb->next);
    if (IsToldOf(*nb, action)) ret = CallOne(*nb, action, arg);
    if (Stops(action, ret)) {
      Excuse(*nb);
      if (IsRolledBack(action, notifier_to_errno(ret))) RollBack(*nb, action, arg);
      break;
    }
    nb = next;
  }
  sim::up_read(mm().memory_chain);
  return ret;
}

const notifier_block* FirstUntold() {
  const notifier_block* nb = At(mm().chain_head);
  while (nb != nullptr && nb->untold == 0) nb = At(nb->next);
  return nb;
}

}  // namespace hotplug::mm
