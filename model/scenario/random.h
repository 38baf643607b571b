// SPDX-License-Identifier: GPL-2.0-or-later
//
// Random numbers that are the same everywhere: splitmix64, and no distribution of the
// standard library. One draw per full expression, or compilers order the draws differently.
#ifndef MODEL_SCENARIO_RANDOM_H_
#define MODEL_SCENARIO_RANDOM_H_

#include <cstddef>
#include <cstdint>

namespace hotplug::scenario {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t Next() {
    state_ += 0x9e3779b97f4a7c15;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  // 0 .. n-1; n is not 0.
  uint32_t Below(uint32_t n) { return static_cast<uint32_t>(((Next() >> 32) * n) >> 32); }
  // low .. high, both included.
  uint32_t Between(uint32_t low, uint32_t high) { return low + Below(high - low + 1); }
  bool OneIn(uint32_t n) { return Below(n) == 0; }
  template <class T, size_t kSize>
  T Pick(const T (&table)[kSize]) {
    return table[Below(kSize)];
  }

 private:
  uint64_t state_;
};

}  // namespace hotplug::scenario

#endif  // MODEL_SCENARIO_RANDOM_H_
