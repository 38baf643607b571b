// SPDX-License-Identifier: GPL-2.0-or-later
//
// How texts and flags call a driver or a kernel with fixes: NAME, or NAME+FIX+FIX.
#ifndef MODEL_SCENARIO_SPEC_H_
#define MODEL_SCENARIO_SPEC_H_

#include <string>
#include <string_view>

#include "model/scenario/scenario.h"

namespace hotplug::scenario {

std::string PrintSpec(const char* name, uint32_t fixes, const mm::Fixes& known);
std::string PrintDriver(const Scenario& s, const Names& names);
std::string PrintKernel(const Machine& m, const Names& names);

// What is wrong with a word: the part that is not known, and what is known in its place.
struct SpecError {
  std::string_view part;
  std::string expected;  // "a driver (rfc_v1, ...)"; empty if nothing is wrong
};

// Sets driver and fixes, or kernel and fixes, to those of a word.
SpecError ReadDriver(std::string_view word, const Names& names, Scenario* s);
SpecError ReadKernel(std::string_view word, const Names& names, Machine* m);

// A file or a folder, with the fixes that its name ends in: what else a '+' stands before is of the
// name.
struct Cured {
  std::string path;
  uint32_t fixes = 0;
};
Cured TakeFixes(std::string_view word, const mm::Fixes& known);

}  // namespace hotplug::scenario

#endif  // MODEL_SCENARIO_SPEC_H_
