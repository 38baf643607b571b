// SPDX-License-Identifier: GPL-2.0-or-later
//
// The memory that the driver knows of, found in what it has written down.
#include "model/world/recorded.h"

#include <algorithm>
#include <array>

#include "model/mm/ledger.h"
#include "model/mm/services.h"
#include "model/shim/inside.h"

namespace hotplug::shim {

namespace {

using mm::Pfn;

// Whether a word of the memory has some property.
template <class F>
bool AnyWord(const void* from, size_t bytes, F matches) {
  const auto* words = static_cast<const uint64_t*>(from);
  return std::any_of(words, words + bytes / sizeof(uint64_t), matches);
}

// What the driver can get at: its static data, and the objects of kmalloc that something there, or
// in another one of these, points into. As kmemleak does it: any word may be a pointer.
class Reachable {
 public:
  Reachable() {
    while (Grow()) {
    }
  }

  template <class F>
  bool Any(F matches) const {
    if (AnyStatic(matches)) return true;
    for (uint32_t i = 0; i < mm::mm().nr_heap_objects; ++i) {
      const mm::heap_object& o = mm::mm().heap_objects[i];
      if (reached_[i] && AnyWord(Bytes(o), o.size, matches)) return true;
    }
    return false;
  }

 private:
  // Without what is ours in it: the table, and the places of calls, which have small numbers.
  template <class F>
  static bool AnyStatic(F matches) {
    const Image& image = Inside::image();
    const auto kernel = reinterpret_cast<uintptr_t>(image.module.kernel);
    const auto sites = reinterpret_cast<uintptr_t>(image.module.sites);
    const size_t sites_bytes = image.module.nr_sites * sizeof(hotplug_site);
    return AnyWord(image.data, image.data_bytes, [&](const uint64_t& w) {
      const auto at = reinterpret_cast<uintptr_t>(&w);
      return at - kernel >= sizeof(hotplug_kernel) && at - sites >= sites_bytes && matches(w);
    });
  }

  static const uint8_t* Bytes(const mm::heap_object& o) { return state().heap.data() + o.start; }

  bool Grow() {
    bool grew = false;
    for (uint32_t i = 0; i < mm::mm().nr_heap_objects; ++i) {
      const mm::heap_object& o = mm::mm().heap_objects[i];
      const auto start = reinterpret_cast<uintptr_t>(Bytes(o));
      if (reached_[i] || o.live == 0) continue;
      reached_[i] = Any([start, &o](uint64_t w) { return w - start < o.size; });
      grew = grew || reached_[i];
    }
    return grew;
  }

  std::array<bool, kMaxHeapObjects> reached_{};
};

// A range is known if a word says where it begins, in any of the ways in which the kernel says
// that. A small pfn may be any number: nothing is missed that is there, and a leak may be.
bool Known(const Reachable& memory, Pfn base) {
  const uint64_t physical = mm::PFN_PHYS(base);
  return memory.Any([base, physical](uint64_t w) {
    return w == physical || w == kPageOffset + physical || w == kVmemmap + base.v * kStructPage ||
           w == base.v;
  });
}

}  // namespace

uint32_t Ranges(drivers::Range* out, uint32_t max) {
  if (!world::AnyHolds()) return 0;
  uint32_t n = 0;
  // What its device has it cannot lose.
  if (mm::ledger().device != 0 && max != 0) {
    const mm::InstanceGhost& g = mm::InstanceAt(world::OwnerOfDevice());
    out[n++] = {Pfn{g.base}, g.nr};
  }
  const Reachable memory;
  return n +
         world::RecordedRanges(out + n, max - n, [&memory](Pfn pfn) { return Known(memory, pfn); });
}

bool IsRangeLeft() {
  if (mm::ledger().nr_instances < kMaxInstances) return true;
  SayNotSimulated("taking memory that often in one run");
  return false;
}

}  // namespace hotplug::shim
