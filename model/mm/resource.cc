// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/mm/resource.h"

#include "model/mm/kernel.h"

namespace hotplug::mm {

namespace {

// The lowest number that no entry has. There are never more entries than blocks.
uint8_t NewEntry() {
  uint64_t used = 1;
  for (uint32_t i = 0; i < mm().nr_blocks; ++i) used |= uint64_t{1} << mm().blocks[i].resource;
  return static_cast<uint8_t>(__builtin_ctzll(~used));
}

static_assert(kMaxBlocks < 64);

}  // namespace

void request_resource(BlockId start, uint32_t nr_blocks) {
  const uint8_t entry = NewEntry();
  for (uint32_t i = 0; i < nr_blocks; ++i) BlockAt(start + i).resource = entry;
}

bool release_mem_region_adjustable(BlockId start, uint32_t nr_blocks) {
  if (nr_blocks > 1 && fixed(CoreFix::kEveryEntry)) {
    bool released = true;
    for (uint32_t i = 0; i < nr_blocks; ++i) {
      released = release_mem_region_adjustable(start + i, 1) && released;
    }
    return released;
  }
  const uint8_t entry = BlockExists(start) ? BlockAt(start).resource : uint8_t{0};
  for (uint32_t i = 0; i < nr_blocks; ++i) {
    if (entry == 0 || !BlockExists(start + i) || BlockAt(start + i).resource != entry) return false;
  }
  for (uint32_t i = 0; i < nr_blocks; ++i) BlockAt(start + i).resource = 0;
  // What is left of the entry above the hole is an entry of its own.
  const uint8_t above = NewEntry();
  for (uint32_t i = BlockIndex(start) + nr_blocks; i < mm().nr_blocks; ++i) {
    if (mm().blocks[i].resource == entry) mm().blocks[i].resource = above;
  }
  return true;
}

void request_mem_region(BlockId start, uint32_t nr_blocks) {
  for (uint32_t i = 0; i < nr_blocks; ++i) BlockAt(start + i).region = 1;
}

void release_mem_region(BlockId start, uint32_t nr_blocks) {
  for (uint32_t i = 0; i < nr_blocks; ++i) BlockAt(start + i).region = 0;
}

}  // namespace hotplug::mm
