// SPDX-License-Identifier: GPL-2.0-or-later
//
// The byte form: records, their kinds, and how a table of weights is written. Decoding looks values
// up in tables, encoding looks up the first place of a value. Changing a table changes what every
// stored byte string means.
#ifndef MODEL_SCENARIO_BYTE_RECORD_H_
#define MODEL_SCENARIO_BYTE_RECORD_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "model/scenario/bytes.h"

namespace hotplug::scenario {

using Record = std::array<uint8_t, kRecordBytes>;

template <class T>
struct Weighted {
  T value;
  uint32_t weight;
};

// A table of kSize entries in which each value comes as often as its weight says.
template <size_t kSize, class T, size_t kRows>
constexpr std::array<T, kSize> Spread(const Weighted<T> (&rows)[kRows]) {
  std::array<T, kSize> table{};
  size_t next = 0;
  for (const Weighted<T>& row : rows) {
    for (uint32_t i = 0; i < row.weight; ++i) table[next++] = row.value;
  }
  // Out of bounds, and thus no constant, if the weights do not add up.
  return next == kSize ? table : std::array<T, kSize>{table[kSize + next]};
}

enum class Kind : uint8_t {
  kOp,
  kPreemption,
  kTask,
  kNotifier,
  kAnswer,
  kWideAnswer,
  kFault,
  kBlock
};
inline constexpr auto kKinds = Spread<64, Kind>({{Kind::kOp, 24},
                                                 {Kind::kPreemption, 20},
                                                 {Kind::kTask, 6},
                                                 {Kind::kNotifier, 3},
                                                 {Kind::kAnswer, 4},
                                                 {Kind::kWideAnswer, 1},
                                                 {Kind::kFault, 3},
                                                 {Kind::kBlock, 3}});

template <class T, size_t kSize>
T Pick(const std::array<T, kSize>& table, uint8_t byte) {
  return table[byte % kSize];
}

// The first place of the value in the table; kSize if it is not there.
template <class T, size_t kSize>
uint8_t Place(const std::array<T, kSize>& table, T value) {
  return static_cast<uint8_t>(std::find(table.begin(), table.end(), value) - table.begin());
}

inline uint64_t Load(const Record& r, uint32_t at, uint32_t bytes) {
  uint64_t value = 0;
  for (uint32_t i = 0; i < bytes; ++i) value |= uint64_t{r[at + i]} << (8 * i);
  return value;
}

inline void Store(Record* r, uint32_t at, uint32_t bytes, uint64_t value) {
  for (uint32_t i = 0; i < bytes; ++i) (*r)[at + i] = static_cast<uint8_t>(value >> (8 * i));
}

}  // namespace hotplug::scenario

#endif  // MODEL_SCENARIO_BYTE_RECORD_H_
