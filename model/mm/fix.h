// SPDX-License-Identifier: GPL-2.0-or-later
//
// Corrections that can be made to a driver or to the core, one by one: each is a switch with a
// name, `rfc_v1+mutex`. They show what cures a finding, and that nothing else does.
#ifndef MODEL_MM_FIX_H_
#define MODEL_MM_FIX_H_

#include <cstdint>

namespace hotplug::mm {

struct Fix {
  uint32_t bit;          // of a set of fixes
  const char* name;      // as texts and flags call it, behind a '+'
  const char* sentence;  // what it changes, for `list fixes`
};

// A table of fixes.
struct Fixes {
  const Fix* list = nullptr;
  uint32_t size = 0;

  uint32_t all() const {
    uint32_t bits = 0;
    for (uint32_t i = 0; i < size; ++i) bits |= list[i].bit;
    return bits;
  }
};

}  // namespace hotplug::mm

#endif  // MODEL_MM_FIX_H_
