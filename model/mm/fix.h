// SPDX-License-Identifier: GPL-2.0-or-later
//
// Corrections that can be made to a driver or to the core, one by one: each is a switch with a
// name, `rfc_v1+mutex`. They show what cures a finding, and that nothing else does.
#ifndef MODEL_MM_FIX_H_
#define MODEL_MM_FIX_H_

#include <cstdint>

namespace hotplug::mm {

struct Fix {
  const char* name;      // as texts and flags call it, behind a '+'
  const char* sentence;  // what it changes, for `list fixes`
};

// A table of at most 32 fixes. A set of them has the bit of each fix's row.
struct Fixes {
  const Fix* list = nullptr;
  uint32_t size = 0;
};

}  // namespace hotplug::mm

#endif  // MODEL_MM_FIX_H_
