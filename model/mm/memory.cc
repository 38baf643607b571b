// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/mm/memory.h"

#include "model/mm/add_remove.h"
#include "model/mm/function.h"
#include "model/mm/hotplug.h"
#include "model/mm/kernel.h"
#include "model/mm/ledger.h"
#include "model/mm/tracepoints.h"

namespace hotplug::mm {

void lock_device_hotplug() { sim::mutex_lock(mm().device_hotplug_lock); }
void unlock_device_hotplug() { sim::mutex_unlock(mm().device_hotplug_lock); }

void SetState(BlockId block, uint32_t state) {
  memory_block& mem = BlockAt(block);
  Ledger& l = ledger();
  if (mem.state == MEM_GOING_OFFLINE) --l.going_offline;
  mem.state = state;
  if (mem.state == MEM_GOING_OFFLINE) ++l.going_offline;
  TouchBlock(block);
}

namespace {

sim::Mutex& DeviceLock(BlockId block) { return mm().device_lock[BlockIndex(block)]; }

// 5.6 memory_block_change_state(): the state is what it was, or what the action made of it.
int change_state(BlockId block, uint32_t to, uint32_t from) {
  memory_block& mem = BlockAt(block);
  if (mem.state != from) return -EINVAL;
  if (to == MEM_OFFLINE) {
    SetState(block, MEM_GOING_OFFLINE);
    sim::sched_point(kTpBlockState, block.v, MEM_GOING_OFFLINE);
  }
  const int rc = to == MEM_OFFLINE ? offline_pages(block)
                                   : online_pages(block, static_cast<mmop>(mem.online_type));
  SetState(block, rc != 0 ? from : to);
  sim::sched_point(kTpBlockState, block.v, BlockAt(block).state);
  return rc;
}

// The type of onlining is asked for beforehand, in memory_block::online_type, and forgotten
// afterwards; who did not ask gets the default.
int memory_subsys_online(BlockId block) {
  fn_enter(Fn::kMemorySubsysOnline);
  memory_block& mem = BlockAt(block);
  if (mem.online_type == MMOP_OFFLINE) mem.online_type = MMOP_ONLINE;
  const int rc = change_state(block, MEM_ONLINE, MEM_OFFLINE);
  mem.online_type = MMOP_OFFLINE;
  return fn_ret(Fn::kMemorySubsysOnline, rc);
}

int memory_subsys_offline(BlockId block) {
  fn_enter(Fn::kMemorySubsysOffline);
  return fn_ret(Fn::kMemorySubsysOffline, change_state(block, MEM_OFFLINE, MEM_ONLINE));
}

// The kernel's own errno for a system call that is to be restarted.
constexpr int kErestartNoIntr = 513;

// 5.6 lock_device_hotplug_sysfs(): the write is restarted from user space until it gets the
// lock, so that the removal of the device is never kept waiting. -EINTR: killed meanwhile.
// -ENODEV: `device`, whose file it is, is gone; null for a file that stays.
int lock_device_hotplug_sysfs(const memory_block* device) {
  fn_begin(Fn::kLockDeviceHotplugSysfs);
  // The device of a block that has been added again is another one.
  const uint32_t removals = device == nullptr ? 0 : device->removals;
  const auto gone = [device, removals] {
    return device != nullptr && (device->registered == 0 || device->removals != removals);
  };
  while (!sim::mutex_trylock(mm().device_hotplug_lock)) {
    sim::poll_sleep(sim::Ticks{kHotplugPollTicks}, sim::LockOffset(mm().device_hotplug_lock.lock));
    fn_ret(Fn::kLockDeviceHotplugSysfs, -kErestartNoIntr);
    if (sim::fatal_signal_pending()) return -EINTR;
    // Before the write is restarted a handler has run: its signal interrupts nothing any more.
    sim::current().pending = 0;
    if (gone()) return -ENODEV;
  }
  if (gone()) {
    // The device went away between open() and the first attempt.
    unlock_device_hotplug();
    return -ENODEV;
  }
  return fn_ret(Fn::kLockDeviceHotplugSysfs, 0);
}

// Whoever added a block last put it on the node that it was on at boot.
NodeId memory_add_physaddr_to_nid(BlockId block) { return NodeId{BlockAt(block).nid}; }

mmop OnlineType(StateFile word) {
  switch (word) {
    case StateFile::kOnlineKernel:
      return MMOP_ONLINE_KERNEL;
    case StateFile::kOnlineMovable:
      return MMOP_ONLINE_MOVABLE;
    case StateFile::kOffline:
    case StateFile::kOnline:
    case StateFile::kGarbage:
      break;
  }
  return MMOP_ONLINE;
}

}  // namespace

int device_online(BlockId block) {
  fn_begin(Fn::kDeviceOnline);
  lockdep_assert_held(mm().device_hotplug_lock);
  sim::mutex_lock(DeviceLock(block));
  memory_block& mem = BlockAt(block);
  int rc = 1;
  if (mem.dev_offline != 0) {
    rc = memory_subsys_online(block);
    if (rc == 0) {
      mem.dev_offline = 0;
      sim::record(kTpUevent, block.v, kUeventOnline);
    }
  }
  sim::mutex_unlock(DeviceLock(block));
  return fn_ret(Fn::kDeviceOnline, rc);
}

int device_offline(BlockId block) {
  fn_begin(Fn::kDeviceOffline);
  lockdep_assert_held(mm().device_hotplug_lock);
  sim::mutex_lock(DeviceLock(block));
  memory_block& mem = BlockAt(block);
  int rc = 1;
  if (mem.dev_offline == 0) {
    rc = memory_subsys_offline(block);
    if (rc == 0) {
      mem.dev_offline = 1;
      sim::record(kTpUevent, block.v, kUeventOffline);
    }
  }
  sim::mutex_unlock(DeviceLock(block));
  return fn_ret(Fn::kDeviceOffline, rc);
}

int state_store(BlockId block, StateFile word) {
  if (BlockAt(block).registered == 0) return -ENOENT;
  const bool garbage = word == StateFile::kGarbage;
  if (garbage && kernel().word_before_lock) return -EINVAL;
  int rc = lock_device_hotplug_sysfs(&BlockAt(block));
  if (rc != 0) return rc;
  if (garbage) {
    rc = -EINVAL;
  } else if (word == StateFile::kOffline) {
    rc = device_offline(block);
  } else {
    // Stays set if the block is online already: the next onlining without a type takes it.
    BlockAt(block).online_type = OnlineType(word);
    rc = device_online(block);
  }
  unlock_device_hotplug();
  return rc > 0 ? -EINVAL : rc;
}

int online_store(BlockId block, bool online) {
  if (BlockAt(block).registered == 0) return -ENOENT;
  int rc = lock_device_hotplug_sysfs(&BlockAt(block));
  if (rc != 0) return rc;
  rc = online ? device_online(block) : device_offline(block);
  unlock_device_hotplug();
  return rc > 0 ? 0 : rc;
}

int probe_store(BlockId block) {
  int rc = lock_device_hotplug_sysfs(nullptr);
  if (rc != 0) return rc;
  rc = __add_memory(memory_add_physaddr_to_nid(block), block, 1);
  unlock_device_hotplug();
  return rc;
}

bool memhp_auto_online() { return mm().memhp_default_online_type != MMOP_OFFLINE; }

int auto_online_blocks_store(StateFile word) {
  const bool typed = word == StateFile::kOnlineKernel || word == StateFile::kOnlineMovable;
  if (word == StateFile::kGarbage || (typed && kernel().auto_online_bool)) return -EINVAL;
  mm().memhp_default_online_type = word == StateFile::kOffline ? MMOP_OFFLINE : OnlineType(word);
  return 0;
}

// A new memmap is not initialised: zero, or poison under CONFIG_DEBUG_VM (5.6 sparse_add_section).
void create_memmap(BlockId block) {
  const bool poison = mm().debug_vm != 0;
  const uint8_t flags = poison ? kFlagPoison : 0;
  const Pfn start = FirstPfn(block);
  for (Pfn pfn = start; pfn < start + PagesPerBlock(); ++pfn) {
    PageAt(pfn) = page{poison ? -1 : 0, 0, flags, 0, 0, kNoPfn, kNoPfn};
    GhostAt(pfn).owner = kNobody;
    GhostAt(pfn).poison = 0;
    GhostAt(pfn).unmanaged = 0;
  }
}

void register_memory(BlockId block, NodeId nid) {
  memory_block& mem = BlockAt(block);
  const memory_block before = mem;
  mem = memory_block{};
  mem.of_device = before.of_device;
  mem.removals = before.removals;
  mem.state = MEM_OFFLINE;
  mem.registered = 1;
  mem.dev_offline = 1;
  mem.nid = static_cast<uint8_t>(nid.v);
  SetPhase(block, Phase::kOffline);
}

void unregister_memory(BlockId block) {
  memory_block& mem = BlockAt(block);
  mem.registered = 0;
  mem.remover = static_cast<uint8_t>(sim::current_task().v + 1);
  ++mem.removals;
  if (mem.device_refs != 0) ++mm().leaked_devices;
  mem.device_refs = 0;
  TouchBlock(block);
}

bool HasMemmap(BlockId block) {
  return BlockExists(block) && PhaseOf(FirstPfn(block)) != Phase::kAbsent;
}

void remove_memmap(BlockId block) { SetPhase(block, Phase::kAbsent); }

}  // namespace hotplug::mm
