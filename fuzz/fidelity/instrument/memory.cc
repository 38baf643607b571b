// SPDX-License-Identifier: GPL-2.0-or-later
//
// Commands that remove and add memory, and the firmware that takes its DIMM away.
#include "model/mm/memory.h"

#include "fuzz/fidelity/instrument/state.h"
#include "model/mm/add_remove.h"
#include "model/mm/function.h"

namespace hotplug::instrument {

using mm::BlockId;

int Oarm(const Work& w) { return mm::offline_and_remove_memory(BlockId{w.block}, w.count); }

int Rm(const Work& w) { return mm::remove_memory(BlockId{w.block}, 1); }

// The module adds everything to node 0, wherever the DIMM is.
int AddMemory(BlockId start, uint32_t nr_blocks, bool memmap_on_memory) {
  const int rc = mm::add_memory(mm::NodeId{0}, start, nr_blocks, memmap_on_memory);
  for (uint32_t i = 0; i < nr_blocks && rc == 0; ++i)
    state().firmware[mm::BlockIndex(start + i)] = 0;
  return rc;
}

int Add(const Work& w) { return AddMemory(BlockId{w.block}, 1, false); }
int Addmm(const Work& w) { return AddMemory(BlockId{w.block}, 1, true); }

// ---- Firmware ----

namespace {

constexpr uint32_t kNone = UINT32_MAX;

// Offlines those blocks of the DIMM that are still the firmware's; *offlined grows by those that
// were not offline. A block that refuses is returned: the last one in the first pass, which
// ignores errors; the one at which the second pass ends.
uint32_t OfflinePass(bool second, uint64_t* offlined) {
  uint32_t refused = kNone;
  for (uint32_t i = state().dimm_index; i < world::geometry().nr_blocks; ++i) {
    const BlockId block = mm::BlockNumber(i);
    if (state().firmware[i] == 0 || !mm::Present(block)) continue;
    const int rc = mm::device_offline(block);
    if (rc == 0) *offlined |= uint64_t{1} << i;
    if (rc < 0) refused = block.v;
    if (rc < 0 && second) break;
  }
  return refused;
}

// 0, or -EBUSY: then what was offlined is online again.
int OfflineDimm() {
  uint64_t offlined = 0;
  uint32_t refused = OfflinePass(false, &offlined);
  if (refused != kNone) refused = OfflinePass(true, &offlined);
  if (refused == kNone) return 0;
  sim::record(kTpOfflineFailed, refused);
  for (uint32_t i = 0; i < world::geometry().nr_blocks; ++i) {
    if ((offlined >> i & 1) != 0) mm::device_online(mm::BlockNumber(i));
  }
  return -EBUSY;
}

}  // namespace

int Eject(const Work& w) {
  const uint32_t first = state().dimm_index;
  const uint32_t index = mm::BlockIndex(BlockId{w.block});
  if (index < first || index >= world::geometry().nr_blocks) return -ENODEV;
  mm::lock_device_hotplug();
  const int rc = OfflineDimm();
  // All of the DIMM, also blocks that were not the firmware's to offline: a BUG if such a block
  // is online.
  if (rc == 0) mm::__remove_memory(mm::BlockNumber(first), world::geometry().nr_blocks - first);
  mm::unlock_device_hotplug();
  return rc;
}

// ---- Printing ----

int Dump(const Work&) {
  mm::fn_ret(mm::Fn::kDrainAllPages);
  return 0;
}

}  // namespace hotplug::instrument
