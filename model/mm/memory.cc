// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/mm/memory.h"

#include "model/mm/hotplug.h"
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

sim::Mutex& DeviceLock(BlockId block) { return mm().device_lock[block.v - mm().first_block]; }

// 5.6 memory_block_change_state(): the state is what it was, or what the action made of it.
int change_state(BlockId block, uint32_t to, uint32_t from, mmop online_type) {
  memory_block& mem = BlockAt(block);
  if (mem.state != from) return -EINVAL;
  if (to == MEM_OFFLINE) {
    SetState(block, MEM_GOING_OFFLINE);
    sim::sched_point(kTpBlockState, block.v, MEM_GOING_OFFLINE);
  }
  const int rc = to == MEM_OFFLINE ? offline_pages(block) : online_pages(block, online_type);
  SetState(block, rc != 0 ? from : to);
  sim::sched_point(kTpBlockState, block.v, BlockAt(block).state);
  return rc;
}

// 5.6 lock_device_hotplug_sysfs(): the write is restarted from user space until it gets the
// lock, so that the removal of the device is never kept waiting. -EINTR: killed meanwhile.
int lock_device_hotplug_sysfs(BlockId block) {
  while (!sim::mutex_trylock(mm().device_hotplug_lock)) {
    sim::poll_sleep(sim::Ticks{kHotplugPollTicks}, sim::LockOffset(mm().device_hotplug_lock.lock));
    if (sim::fatal_signal_pending()) return -EINTR;
    if (BlockAt(block).registered == 0) return -ENODEV;
  }
  if (BlockAt(block).registered == 0) {
    // The device went away between open() and the first attempt.
    unlock_device_hotplug();
    return -ENODEV;
  }
  return 0;
}

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
  return MMOP_ONLINE_KEEP;
}

}  // namespace

int device_online(BlockId block, mmop online_type) {
  sim::mutex_lock(DeviceLock(block));
  memory_block& mem = BlockAt(block);
  int rc = 1;
  if (mem.dev_offline != 0) {
    rc = change_state(block, MEM_ONLINE, MEM_OFFLINE, online_type);
    if (rc == 0) {
      mem.dev_offline = 0;
      sim::record(kTpUevent, block.v, 1);
    }
  }
  sim::mutex_unlock(DeviceLock(block));
  return rc;
}

int device_offline(BlockId block) {
  sim::mutex_lock(DeviceLock(block));
  memory_block& mem = BlockAt(block);
  int rc = 1;
  if (mem.dev_offline == 0) {
    rc = change_state(block, MEM_OFFLINE, MEM_ONLINE, MMOP_OFFLINE);
    if (rc == 0) {
      mem.dev_offline = 1;
      sim::record(kTpUevent, block.v, 0);
    }
  }
  sim::mutex_unlock(DeviceLock(block));
  return rc;
}

int state_store(BlockId block, StateFile word) {
  if (BlockAt(block).registered == 0) return -ENOENT;
  int rc = lock_device_hotplug_sysfs(block);
  if (rc != 0) return rc;
  // 5.6 takes the lock first and parses then.
  if (word == StateFile::kGarbage) {
    rc = -EINVAL;
  } else if (word == StateFile::kOffline) {
    rc = device_offline(block);
  } else {
    rc = device_online(block, OnlineType(word));
  }
  unlock_device_hotplug();
  return rc > 0 ? -EINVAL : rc;
}

int online_store(BlockId block, bool online) {
  if (BlockAt(block).registered == 0) return -ENOENT;
  int rc = lock_device_hotplug_sysfs(block);
  if (rc != 0) return rc;
  rc = online ? device_online(block, MMOP_ONLINE_KEEP) : device_offline(block);
  unlock_device_hotplug();
  return rc > 0 ? 0 : rc;
}

void register_memory(BlockId block, NodeId nid) {
  memory_block& mem = BlockAt(block);
  mem = memory_block{};
  mem.state = MEM_OFFLINE;
  mem.registered = 1;
  mem.dev_offline = 1;
  mem.nid = static_cast<uint8_t>(nid.v);
  SetPhase(block, Phase::kOffline);
}

void unregister_memory(BlockId block) {
  BlockAt(block).registered = 0;
  SetPhase(block, Phase::kAbsent);
}

}  // namespace hotplug::mm
