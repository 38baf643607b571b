// SPDX-License-Identifier: GPL-2.0-or-later
//
// The byte form of a scenario, which fuzzers mutate; docs/scenario-format.md has every byte.
//
//   Scenario s = Decode(data, size, nr_drivers, nr_kernels);
//   std::vector<uint8_t> bytes;
//   if (const char* why = Encode(s, &bytes)) ...  // `why` is a sentence
#ifndef MODEL_SCENARIO_BYTES_H_
#define MODEL_SCENARIO_BYTES_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/scenario/scenario.h"

namespace hotplug::scenario {

inline constexpr size_t kRecordBytes = 8;

// The scenario that the bytes say. Every byte string says one that keeps all rules, on a
// machine within the kFuzz* limits. `nr_drivers` and `nr_kernels` (1 .. 256) are the numbers
// of rows that there are. Allocates nothing.
Scenario Decode(const uint8_t* data, size_t size, uint32_t nr_drivers, uint32_t nr_kernels);

// Writes the bytes that Decode() makes `s` of, given enough drivers and kernels, and returns
// null. Returns a sentence, and leaves `out` empty, if no bytes say `s`: the machine is
// larger than a fuzzed one, a number is out of reach, or `s` breaks a rule.
const char* Encode(const Scenario& s, std::vector<uint8_t>* out);

}  // namespace hotplug::scenario

#endif  // MODEL_SCENARIO_BYTES_H_
