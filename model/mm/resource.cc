// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/mm/resource.h"

#include <algorithm>

#include "model/mm/fault.h"
#include "model/mm/kernel.h"

namespace hotplug::mm {

namespace {

// The lowest number that no entry has. There are never more entries than blocks.
uint8_t NewEntry() {
  uint64_t used = 1;
  for (uint32_t i = 0; i < geometry().nr_blocks; ++i)
    used |= uint64_t{1} << mm().blocks[i].resource;
  return static_cast<uint8_t>(__builtin_ctzll(~used));
}

static_assert(kMaxBlocks < 64);

// Whether a block of [from, to) belongs to the entry.
bool Reaches(uint8_t entry, uint32_t from, uint32_t to) {
  const auto begin = mm().blocks.begin();
  return std::any_of(begin + from, begin + to,
                     [entry](const memory_block& mem) { return mem.resource == entry; });
}

}  // namespace

void request_resource(BlockId start, uint32_t nr_blocks) {
  const uint8_t entry = NewEntry();
  for (uint32_t i = 0; i < nr_blocks; ++i) BlockAt(start + i).resource = entry;
}

bool SplitAllocates() { return kernel().split_allocates && !fixed(CoreFix::kSplitFirst); }

int release_mem_region_adjustable(BlockId start, uint32_t nr_blocks) {
  if (nr_blocks > 1 && fixed(CoreFix::kEveryEntry)) {
    int rc = 0;
    for (uint32_t i = 0; i < nr_blocks; ++i) {
      const int one = release_mem_region_adjustable(start + i, 1);
      if (rc == 0) rc = one;
    }
    return rc;
  }
  // The second entry is allocated beforehand, whether it is needed or not.
  const int no_memory = SplitAllocates() ? InjectedFault(FaultSite::kReleaseMemRegion) : 0;
  const uint8_t entry = BlockExists(start) ? BlockAt(start).resource : uint8_t{0};
  for (uint32_t i = 0; i < nr_blocks; ++i) {
    if (entry == 0 || !BlockExists(start + i) || BlockAt(start + i).resource != entry) {
      return -EINVAL;
    }
  }
  const uint32_t end = BlockIndex(start) + nr_blocks;
  const bool split =
      Reaches(entry, 0, BlockIndex(start)) && Reaches(entry, end, geometry().nr_blocks);
  if (split && no_memory != 0) return no_memory;
  for (uint32_t i = 0; i < nr_blocks; ++i) BlockAt(start + i).resource = 0;
  // What is left of the entry above the hole is an entry of its own.
  const uint8_t above = NewEntry();
  for (uint32_t i = end; i < geometry().nr_blocks; ++i) {
    if (mm().blocks[i].resource == entry) mm().blocks[i].resource = above;
  }
  return 0;
}

namespace {

// Of the blocks that the machine could have.
void SetRegion(BlockId start, uint32_t nr_blocks, uint8_t region) {
  for (uint32_t i = 0; i < nr_blocks; ++i) {
    if (BlockExists(start + i)) BlockAt(start + i).region = region;
  }
}

}  // namespace

void request_mem_region(BlockId start, uint32_t nr_blocks) { SetRegion(start, nr_blocks, 1); }
void release_mem_region(BlockId start, uint32_t nr_blocks) { SetRegion(start, nr_blocks, 0); }

}  // namespace hotplug::mm
