// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/tree/key.h"

#include <bit>
#include <cstdint>
#include <cstring>

#include "absl/strings/str_format.h"

namespace hotplug::tree {

namespace {

struct SipState {
  uint64_t v0 = 0x736f6d6570736575;
  uint64_t v1 = 0x646f72616e646f6d ^ 0xee;  // 128 bits
  uint64_t v2 = 0x6c7967656e657261;
  uint64_t v3 = 0x7465646279746573;

  void Rounds(int n) {
    for (; n > 0; --n) {
      v0 += v1, v2 += v3;
      v1 = std::rotl(v1, 13) ^ v0, v3 = std::rotl(v3, 16) ^ v2;
      v0 = std::rotl(v0, 32);
      v2 += v1, v0 += v3;
      v1 = std::rotl(v1, 17) ^ v2, v3 = std::rotl(v3, 21) ^ v0;
      v2 = std::rotl(v2, 32);
    }
  }
  void Take(uint64_t word) {
    v3 ^= word;
    Rounds(2);
    v0 ^= word;
  }
  uint64_t Half() {
    Rounds(4);
    return v0 ^ v1 ^ v2 ^ v3;
  }
};

}  // namespace

std::string KeyOf(absl::string_view contents) {
  SipState s;
  const uint64_t length = contents.size();
  for (; contents.size() >= 8; contents.remove_prefix(8)) {
    uint64_t word;
    std::memcpy(&word, contents.data(), 8);
    s.Take(word);
  }
  uint64_t last = length << 56;
  for (size_t i = 0; i < contents.size(); ++i) {
    last |= uint64_t{static_cast<uint8_t>(contents[i])} << (8 * i);
  }
  s.Take(last);
  s.v2 ^= 0xee;
  const uint64_t low = s.Half();
  s.v1 ^= 0xdd;
  return absl::StrFormat("%016x%016x", low, s.Half());
}

}  // namespace hotplug::tree
