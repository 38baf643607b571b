// SPDX-License-Identifier: GPL-2.0-or-later
//
// Which pages and blocks a machine has, present or not: constant during a run.
#ifndef MODEL_WORLD_GEOMETRY_H_
#define MODEL_WORLD_GEOMETRY_H_

#include <cstdint>

#include "model/sim/machine.h"
#include "model/world/types.h"

namespace hotplug::world {

inline constexpr sim::Region kGeometryRegion = 11;

struct Geometry {
  uint32_t first_pfn;
  uint32_t nr_pages;  // of all blocks, present or not
  uint32_t first_block;
  uint32_t nr_blocks;
  // A hole in the block numbers, between boot memory and a DIMM: the first `gap_index` blocks
  // lie below it. Its size is 0 and its place out of reach where there is none.
  uint32_t gap_index;
  uint32_t gap_blocks;
  uint32_t gap_pages_index;  // both in pages
  uint32_t gap_pages;
  uint8_t block_order;
  uint8_t pageblock_order;
  uint8_t max_order;
  uint8_t page_shift;  // log2(bytes of a page)
};

inline Geometry& geometry() { return *sim::machine->Get<Geometry>(kGeometryRegion); }

inline uint32_t PagesPerBlock() { return 1u << geometry().block_order; }
inline uint32_t PagesPerPageblock() { return 1u << geometry().pageblock_order; }
inline uint32_t PageShift() { return geometry().page_shift; }
inline BlockId BlockOf(Pfn pfn) { return BlockId{pfn.v >> geometry().block_order}; }
inline Pfn FirstPfn(BlockId b) { return Pfn{b.v << geometry().block_order}; }
inline uint64_t PFN_PHYS(Pfn pfn) { return uint64_t{pfn.v} << PageShift(); }

// Place of a pfn among those of the machine's blocks, one of which it lies in; the pfn at a place.
inline uint32_t PageIndex(Pfn pfn) {
  const Geometry& m = geometry();
  const uint32_t i = pfn.v - m.first_pfn;
  return i - (i < m.gap_pages_index ? 0 : m.gap_pages);
}
inline Pfn PfnAt(uint32_t index) {
  const Geometry& m = geometry();
  return Pfn{m.first_pfn + index + (index < m.gap_pages_index ? 0 : m.gap_pages)};
}
inline bool PfnExists(Pfn pfn) {
  const Geometry& m = geometry();
  const uint32_t i = pfn.v - m.first_pfn;
  if (i < m.gap_pages_index) return i < m.nr_pages;
  return i - m.gap_pages_index >= m.gap_pages && i - m.gap_pages < m.nr_pages;
}
// The same for blocks, and the block at a place.
inline uint32_t BlockIndex(BlockId b) {
  const Geometry& m = geometry();
  const uint32_t i = b.v - m.first_block;
  return i - (i < m.gap_index ? 0 : m.gap_blocks);
}
inline bool BlockExists(BlockId b) {
  return b.v <= UINT32_MAX >> geometry().block_order && PfnExists(FirstPfn(b));
}
inline BlockId BlockNumber(uint32_t index) {
  const Geometry& m = geometry();
  return BlockId{m.first_block + index + (index < m.gap_index ? 0 : m.gap_blocks)};
}

}  // namespace hotplug::world

#endif  // MODEL_WORLD_GEOMETRY_H_
