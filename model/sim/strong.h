// SPDX-License-Identifier: GPL-2.0-or-later
//
// Strong integers: page frame numbers, block numbers, node ids and the like are all small
// unsigned numbers, and none may be passed for another.
//
//   using Pfn = sim::Strong<struct PfnTag>;
//   Pfn pfn{64};
//   for (Pfn p = pfn; p < pfn + 16; ++p) ...
//   uint32_t pages = (pfn + 16) - pfn;
#ifndef MODEL_SIM_STRONG_H_
#define MODEL_SIM_STRONG_H_

#include <compare>
#include <cstdint>

namespace hotplug::sim {

template <class Tag>
struct Strong {
  uint32_t v = 0;

  friend constexpr auto operator<=>(const Strong&, const Strong&) = default;
  friend constexpr Strong operator+(Strong a, uint32_t n) { return Strong{a.v + n}; }
  friend constexpr Strong operator-(Strong a, uint32_t n) { return Strong{a.v - n}; }
  friend constexpr uint32_t operator-(Strong a, Strong b) { return a.v - b.v; }
  constexpr Strong& operator++() {
    ++v;
    return *this;
  }
};

using TaskId = Strong<struct TaskTag>;
// Virtual time in ticks. A step takes one tick.
using Ticks = Strong<struct TicksTag>;

}  // namespace hotplug::sim

#endif  // MODEL_SIM_STRONG_H_
