// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/sim/machine.h"

#include <sys/mman.h>

#include <bit>

#include "model/sim/sched.h"

namespace hotplug::sim {

constinit thread_local Machine* machine = nullptr;

namespace {

std::byte* MapArena() {
  void* map = mmap(nullptr, kArenaBytes, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  HOTPLUG_CHECK(map != MAP_FAILED);
  return static_cast<std::byte*>(map);
}

}  // namespace

Machine::Machine() : arena_(MapArena()), template_(MapArena()) {}

Machine& Machine::ForThread() {
  if (machine == nullptr) machine = new Machine;
  return *machine;
}

void Machine::Clear() {
  std::memset(arena_, 0, used_);
  used_ = 0;
  has_template_ = false;
  regions_ = {};
  Carve<SimState>(kSimRegion, 1, false);
}

void* Machine::CarveBytes(Region region, size_t bytes, bool hashed) {
  HOTPLUG_CHECK(region < kRegions);
  HOTPLUG_CHECK(regions_[region].base == nullptr);
  const size_t rounded = (bytes + 63) & ~size_t{63};
  HOTPLUG_CHECK(used_ + rounded <= kArenaBytes);
  void* base = arena_ + used_;
  used_ += rounded;
  regions_[region] = {base, rounded, hashed};
  return base;
}

void Machine::Snapshot() {
  std::memcpy(template_, arena_, used_);
  has_template_ = true;
}

uint64_t Machine::StateDigest() const {
  uint64_t digest = hooks.state != nullptr ? hooks.state() : 0;
  for (const Extent& e : regions_) {
    if (!e.hashed) continue;
    const auto* p = static_cast<const std::byte*>(e.base);
    for (size_t i = 0; i < e.bytes; i += 8) {
      uint64_t word;
      std::memcpy(&word, p + i, sizeof(word));
      if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
      digest = MixDigest(digest, word);
    }
  }
  return digest;
}

}  // namespace hotplug::sim
