// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/mutate/draft.h"
#include "model/scenario/rules.h"

namespace hotplug::mutate {

using scenario::Block;
using scenario::List;
using scenario::Machine;
using scenario::Zone;

namespace {

constexpr uint8_t kUsualBlockOrders[] = {2, 2, 2, 3, 3, 4, 5, 6};

}  // namespace

// Beside another one, and like it.
bool Draft::AddBlock() {
  List<Block, kMaxBlocks>& blocks = s_.machine.blocks;
  if (blocks.size >= kFuzzBlocks) return false;
  const uint32_t at = Any(blocks);
  Block block = blocks[at];
  block.reserved = false;
  block.offline = false;
  Insert(at + 1, block, blocks);
  return true;
}

bool Draft::RemoveBlock() { return s_.machine.blocks.size > 1 && EraseAny(s_.machine.blocks); }

bool Draft::ChangeBlock() {
  Block& block = s_.machine.blocks[Any(s_.machine.blocks)];
  Block drawn = block;
  const uint32_t kind = random_.Below(3);
  drawn.offline = kind == 1;
  drawn.reserved = kind == 2;
  return Assign(block, drawn);
}

// From some block on the memory of its node is movable.
bool Draft::ChangeZone() {
  List<Block, kMaxBlocks>& blocks = s_.machine.blocks;
  const List<Block, kMaxBlocks> before = blocks;
  const uint32_t from = Any(blocks);
  const bool any = !random_.OneIn(3);
  for (uint32_t i = 0; i < blocks.size; ++i) {
    if (blocks[i].node != blocks[from].node) continue;
    blocks[i].zone = any && i >= from ? Zone::kMovable : Zone::kNormal;
  }
  return !(before == blocks);
}

// From some block on the memory is that of the second node.
bool Draft::ChangeNodes() {
  List<Block, kMaxBlocks>& blocks = s_.machine.blocks;
  const List<Block, kMaxBlocks> before = blocks;
  const uint32_t from = random_.OneIn(2) ? blocks.size : Any(blocks);
  for (uint32_t i = 0; i < blocks.size; ++i) blocks[i].node = i < from ? 0 : 1;
  return !(before == blocks);
}

bool Draft::ChangePages() {
  Machine& m = s_.machine;
  const uint8_t before = m.block_order;
  m.block_order = Usual(kUsualBlockOrders);
  m.max_order = m.block_order;
  m.pageblock_order = m.block_order;
  return m.block_order != before;
}

// A pageblock is at least two pages and no larger than the largest buddy.
bool Draft::ChangeOrders() {
  Machine& m = s_.machine;
  const Machine before = m;
  m.max_order = static_cast<uint8_t>(m.block_order - random_.Below(2));
  m.pageblock_order = static_cast<uint8_t>(random_.Between(1, m.max_order));
  return !(before == m);
}

// Aligned or not: a contiguous range of several blocks has to be.
bool Draft::ChangeFirstBlock() {
  const bool usual = random_.OneIn(2);
  const uint32_t block = usual ? Machine{}.first_block : random_.Below(16);
  return Assign(s_.machine.first_block, static_cast<uint8_t>(block));
}

// Mostly none: what a CPU keeps back makes every run longer.
bool Draft::ChangeCaches() {
  const bool none = random_.OneIn(2);
  const bool pcp = random_.OneIn(2);
  const uint32_t pages = random_.Between(1, pcp ? kMaxPcpHigh : kMaxPagevec);
  uint8_t& field = pcp ? s_.machine.pcp_high : s_.machine.pagevec;
  return Assign(field, static_cast<uint8_t>(none ? 0 : pages));
}

// Seldom kmemleak: it has every run of some kernels fail that has nothing else to tell.
bool Draft::ChangeSwitch() {
  Machine& m = s_.machine;
  bool& usual = random_.OneIn(2) ? m.debug_vm : m.auto_online;
  bool& other = random_.OneIn(8) ? m.memmap_on_memory : usual;
  bool& field = random_.OneIn(64) ? m.kmemleak : other;
  field = !field;
  return true;
}

bool Draft::ChangeKernel() {
  return Assign(s_.machine.kernel, static_cast<uint8_t>(random_.Below(limits_.nr_kernels)));
}

}  // namespace hotplug::mutate
