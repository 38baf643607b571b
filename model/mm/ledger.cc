// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/mm/ledger.h"

#include <algorithm>

#include "model/mm/kernel.h"

namespace hotplug::mm {

void BeginOperation(BlockId start, uint32_t nr_blocks) {
  lockdep_assert_held_write(mm().mem_hotplug_lock);
  world::BeginOperation(start, nr_blocks);
}

void EndOperation(bool succeeded) {
  lockdep_assert_held_write(mm().mem_hotplug_lock);
  world::EndOperation(succeeded);
}

void BeginCallback(Owner owner, uint32_t action) {
  world::BeginCallback(owner, action, fixed(CoreFix::kRobust));
}

void Release(BlockId b) {
  const uint32_t index = BlockIndex(b);
  world::Release(b, std::any_of(mm().user_mapped.begin(), mm().user_mapped.end(),
                                [index](uint64_t mapped) { return (mapped >> index & 1) != 0; }));
}

}  // namespace hotplug::mm
