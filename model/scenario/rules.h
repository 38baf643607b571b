// SPDX-License-Identifier: GPL-2.0-or-later
//
// Rules of scenario.h that more than one form has to know.
#ifndef MODEL_SCENARIO_RULES_H_
#define MODEL_SCENARIO_RULES_H_

#include <cstdint>

#include "model/scenario/scenario.h"

namespace hotplug::scenario {

inline constexpr uint32_t kMaxAllocOrder = 3;  // largest order of OpKind::kAlloc
// Largest order of OpKind::kAllocContig: four blocks.
inline uint32_t MaxContigOrder(const Machine& m) { return m.block_order + 2u; }
inline constexpr uint32_t kMaxOpBlocks = 4;   // most blocks of OpKind::kOfflineAndRemove
inline constexpr uint32_t kMaxSleep = 65535;  // most ticks of OpKind::kSleep

// Whether a memory block is on the node.
inline bool HasNode(const Machine& m, uint32_t node) {
  for (const Block& block : m.blocks) {
    if (block.node == node) return true;
  }
  return false;
}

}  // namespace hotplug::scenario

#endif  // MODEL_SCENARIO_RULES_H_
