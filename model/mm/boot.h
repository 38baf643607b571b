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
  bool of_device = false;  // not there: the memory of a device, which its driver adds
};

struct BootConfig {
  uint32_t first_block;
  uint32_t nr_blocks;
  // Blocks below a hole in the block numbers and the size of the hole; 0 and 0 without one.
  uint32_t gap_index;
  uint32_t gap_blocks;
  uint8_t kernel;       // row of kKernels
  uint16_t core_fixes;  // a bit for each CoreFix
  uint8_t page_shift;   // 0: blocks of kBlockBytes, whatever the number of their pages
  uint8_t block_order;
  uint8_t pageblock_order;
  uint8_t max_order;
  bool debug_vm;
  bool kmemleak;
  bool memmap_on_memory;
  uint8_t pcp_high;  // pages on a per-CPU list, and in a pagevec: 0 for none (pcp.h)
  uint8_t pagevec_size;
  mmop auto_online;  // MMOP_OFFLINE: added memory stays offline
  BootBlock blocks[kMaxBlocks];
};

// Why blocks, pageblocks and buddy chunks of these orders make no machine, in words; null if they
// do.
const char* InvalidGeometry(uint32_t block_order, uint32_t pageblock_order, uint32_t max_order);

// Carves mm's regions of an empty arena and fills them. Runs outside of any task.
void Boot(const BootConfig& config);

// Pages of one zone within a block of boot memory, in this order.
struct BootPart {
  uint32_t nr_pages;
  uint8_t zone;        // index into MmState::zones
  bool hole;           // no memory at all: reserved, neither present nor managed
  uint32_t reserved;   // taken by firmware or the kernel's image
  uint32_t unmovable;  // held by the kernel (background.h)
  uint32_t lru;        // held by the kernel, movable
};
// Makes an offline block one that boot has put online, with these parts, which fill it.
void BootOnline(BlockId block, const BootPart* parts, uint32_t nr_parts);

}  // namespace hotplug::mm

#endif  // MODEL_MM_BOOT_H_
