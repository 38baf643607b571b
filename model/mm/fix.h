// SPDX-License-Identifier: GPL-2.0-or-later
//
// Corrections that can be made to a driver or to the core, one by one: each is a switch with a
// name, `rfc_v1+mutex`. They show what cures a finding, and that nothing else does.
#ifndef MODEL_MM_FIX_H_
#define MODEL_MM_FIX_H_

#include <bit>
#include <cstddef>
#include <cstdint>

#include "model/sim/check.h"

namespace hotplug::mm {

// A fix is defined once, as a constant of this type; code asks for it by that constant.
struct Fix {
  uint32_t bit;          // of a set of fixes
  const char* name;      // as texts and flags call it, behind a '+'
  const char* sentence;  // what it changes, for `list fixes`
};

// Sets of fixes.
constexpr uint32_t operator|(const Fix& a, const Fix& b) { return a.bit | b.bit; }
constexpr uint32_t operator|(uint32_t set, const Fix& b) { return set | b.bit; }

// A table of fixes, each with a bit of its own.
struct Fixes {
  const Fix* list = nullptr;
  uint32_t size = 0;

  constexpr Fixes() = default;
  // The first `n` of a table, which is all of it unless said otherwise.
  template <size_t kSize>
  consteval explicit Fixes(const Fix (&table)[kSize], uint32_t n = kSize) : list(table), size(n) {
    uint32_t seen = 0;
    for (const Fix& fix : table) {
      HOTPLUG_CHECK((seen & fix.bit) == 0 && std::has_single_bit(fix.bit));
      seen |= fix.bit;
    }
  }

  constexpr uint32_t all() const {
    uint32_t bits = 0;
    for (uint32_t i = 0; i < size; ++i) bits |= list[i].bit;
    return bits;
  }
};

}  // namespace hotplug::mm

#endif  // MODEL_MM_FIX_H_
