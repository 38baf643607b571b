// SPDX-License-Identifier: GPL-2.0-or-later
//
// The machine at the end of its boot: blocks online, reserved or offline, everything that
// is not reserved free.
#ifndef MODEL_MM_BOOT_H_
#define MODEL_MM_BOOT_H_

#include "model/mm/state.h"

namespace hotplug::mm {

struct BootBlock {
  uint8_t nid;
  zone_type zone;
  bool reserved;
  bool offline;
};

struct BootConfig {
  uint32_t first_block;
  uint32_t nr_blocks;
  uint8_t block_order;
  uint8_t pageblock_order;
  uint8_t max_order;
  bool debug_vm;
  bool auto_online;
  BootBlock blocks[kMaxBlocks];
};

// Carves mm's regions of an empty arena and fills them. Runs outside of any task.
void Boot(const BootConfig& config);

}  // namespace hotplug::mm

#endif  // MODEL_MM_BOOT_H_
