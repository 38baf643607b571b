// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/sim/lock.h"

#include <cstdio>

#include "model/sim/tracepoints.h"

namespace hotplug::sim {

namespace {

constexpr uint8_t kReaderBit = 0x80;
constexpr uint32_t kClasses = 16;

void Fault(LockFault fault, uint8_t lock_class) {
  SimState& s = sim();
  s.debug_locks_off = 1;
  if (s.lock_fault != LockFault::kNone) return;
  s.lock_fault = fault;
  s.lock_fault_class = lock_class;
}

// What lockdep does: remembers which class was taken under which, and objects to a cycle.
void NoteOrder(uint8_t lock_class) {
  SimState& s = sim();
  if (current().lockdep_off != 0) return;
  uint32_t held = current().held;
  for (; held != 0; held &= held - 1) {
    const uint32_t outer = static_cast<uint32_t>(__builtin_ctz(held));
    if ((s.lock_order[outer] >> lock_class & 1) != 0) continue;
    if (outer != lock_class && LockOrderReaches(s.lock_order, lock_class, outer))
      Fault(LockFault::kOrder, lock_class);
    s.lock_order[outer] |= static_cast<uint16_t>(1u << lock_class);
  }
}

void Enqueue(Lock& lock, uint8_t entry) {
  uint32_t i = 0;
  while ((lock.queue >> (8 * i) & 0xff) != 0) ++i;
  HOTPLUG_CHECK(i < 8);
  lock.queue |= uint64_t{entry} << (8 * i);
}

// Hands a free lock to the oldest waiter: to it alone if it writes, else to it and all
// readers behind it up to the next writer.
void HandOver(Lock& lock) {
  while (lock.queue != 0 && lock.owner == 0) {
    const uint8_t head = lock.queue & 0xff;
    const uint32_t id = (head & ~kReaderBit) - 1u;
    if ((head & kReaderBit) == 0) {
      if (lock.readers != 0) return;
      lock.owner = static_cast<uint8_t>(id + 1);
    } else {
      lock.readers |= static_cast<uint16_t>(1u << id);
    }
    lock.queue >>= 8;
    make_ready(TaskId{id});
  }
}

uint32_t OwnerOf(const Lock& lock) {
  return lock.owner != 0 ? lock.owner - 1u : static_cast<uint32_t>(__builtin_ctz(lock.readers));
}

// Waits in the queue; on return the lock was handed over.
void Wait(Lock& lock, uint8_t entry) {
  record(kTpContended, lock.lock_class, OwnerOf(lock));
  Enqueue(lock, entry);
  block(TaskState::kLocked, LockOffset(lock));
}

void Took(const Lock& lock, Tp tp) {
  if (current().lockdep_off == 0) current().held |= static_cast<uint16_t>(1u << lock.lock_class);
  sched_point(tp, lock.lock_class);
}

void Released(const Lock& lock, Tp tp) {
  current().held &= static_cast<uint16_t>(~(1u << lock.lock_class));
  sched_point(tp, lock.lock_class);
}

}  // namespace

bool LockOrderReaches(const LockOrder& order, uint32_t from, uint32_t to) {
  uint32_t seen = 1u << from;
  for (uint32_t todo = seen; todo != 0;) {
    const uint32_t c = static_cast<uint32_t>(__builtin_ctz(todo));
    todo &= todo - 1;
    if ((order[c] >> to & 1) != 0) return true;
    const uint32_t next = order[c] & ~seen;
    seen |= next;
    todo |= next;
  }
  return false;
}

void InitLock(Lock& lock, uint8_t lock_class) {
  HOTPLUG_CHECK(lock_class < kClasses);
  lock = Lock{};
  lock.lock_class = lock_class;
}

void LockExclusive(Lock& lock) {
  const uint8_t self = static_cast<uint8_t>(sim().current + 1);
  anchor(When::kBefore, LockAnchor(lock.lock_class));
  NoteOrder(lock.lock_class);
  const bool reads = (lock.readers >> sim().current & 1) != 0;
  if (lock.owner == self || reads) Fault(LockFault::kRecursion, lock.lock_class);
  if (lock.held() || lock.queue != 0) {
    Wait(lock, self);
  } else {
    lock.owner = self;
  }
  Took(lock, kTpLock);
}

bool TryLockExclusive(Lock& lock) {
  anchor(When::kBefore, LockAnchor(lock.lock_class));
  const bool free = !lock.held() && lock.queue == 0;
  if (free) {
    lock.owner = static_cast<uint8_t>(sim().current + 1);
    current().held |= static_cast<uint16_t>(1u << lock.lock_class);
  }
  sched_point(kTpTrylock, lock.lock_class, free ? 1 : 0);
  return free;
}

void UnlockExclusive(Lock& lock) {
  anchor(When::kBefore, UnlockAnchor(lock.lock_class));
  if (!HeldBy(lock, current_task())) Fault(LockFault::kNotHolder, lock.lock_class);
  if (machine->hooks.release != nullptr) machine->hooks.release(lock.lock_class);
  lock.owner = 0;
  HandOver(lock);
  Released(lock, kTpUnlock);
}

void LockShared(Lock& lock) {
  const uint16_t bit = static_cast<uint16_t>(1u << sim().current);
  anchor(When::kBefore, LockAnchor(lock.lock_class));
  NoteOrder(lock.lock_class);
  if (lock.owner == sim().current + 1) Fault(LockFault::kRecursion, lock.lock_class);
  if (lock.owner != 0 || lock.queue != 0) {
    Wait(lock, static_cast<uint8_t>((sim().current + 1) | kReaderBit));
  } else {
    lock.readers |= bit;
  }
  Took(lock, kTpReadLock);
}

void UnlockShared(Lock& lock) {
  anchor(When::kBefore, UnlockAnchor(lock.lock_class));
  const uint16_t bit = static_cast<uint16_t>(1u << sim().current);
  if ((lock.readers & bit) == 0) Fault(LockFault::kNotHolder, lock.lock_class);
  lock.readers &= static_cast<uint16_t>(~bit);
  HandOver(lock);
  Released(lock, kTpReadUnlock);
}

uint32_t LockOffset(const Lock& lock) {
  const auto* base = reinterpret_cast<const std::byte*>(&sim());
  return static_cast<uint32_t>(reinterpret_cast<const std::byte*>(&lock) - base);
}

const Lock& LockAt(uint32_t offset) {
  const auto* base = reinterpret_cast<const std::byte*>(&sim());
  return *reinterpret_cast<const Lock*>(base + offset);
}

void LockdepFailed(const char* file, int line, const char* function, const char* lock) {
  std::array<char, 160> what{};
  std::snprintf(what.data(), what.size(), "%s() without %s", function, lock);
  CheckFailed(file, line, what.data());
}

}  // namespace hotplug::sim
