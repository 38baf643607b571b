// SPDX-License-Identifier: GPL-2.0-or-later
//
// The laws of the byte form, on any bytes: decoding is total and gives a scenario that keeps
// all rules, encoding is its inverse and canonical, printing is a function of the scenario.
// That parsing is the inverse of printing is tested in regress/unit, because the parser
// needs compiled libraries, and a target links none.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "fuzz/targets/finding.h"
#include "model/scenario/bytes.h"
#include "model/scenario/print.h"
#include "model/scenario/scenario.h"

namespace {

using hotplug::scenario::Decode;
using hotplug::scenario::Encode;
using hotplug::scenario::Invalid;
using hotplug::scenario::Names;
using hotplug::scenario::Print;
using hotplug::scenario::Scenario;

// The byte form knows only how many there are.
constexpr const char* kDrivers[] = {"driver0", "driver1", "driver2", "driver3", "driver4"};
constexpr const char* kKernels[] = {"kernel0", "kernel1", "kernel2"};
constexpr Names kNames = {kDrivers, 5, kKernels, 3};

[[noreturn]] void Broken(const char* law, const char* why, const Scenario& s) {
  const std::string text = Invalid(s, kNames) == nullptr ? Print(s, kNames) : std::string();
  hotplug::targets::EndWith(std::string("=== BROKEN LAW ") + law + ": " + why +
                            "\nDEDUP_TOKEN: codec/" + law + "\n" + text);
}

Scenario DecodeBytes(const uint8_t* data, size_t size) {
  return Decode(data, size, kNames.nr_drivers, kNames.nr_kernels);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Scenario s = DecodeBytes(data, size);
  if (const char* why = Invalid(s, kNames)) Broken("valid", why, s);

  std::vector<uint8_t> bytes;
  if (const char* why = Encode(s, &bytes)) Broken("encode", why, s);
  const Scenario again = DecodeBytes(bytes.data(), bytes.size());
  if (!(again == s)) Broken("inverse", "Decode(Encode(s)) is not s", s);
  std::vector<uint8_t> same;
  if (const char* why = Encode(again, &same)) Broken("encode", why, again);
  if (same != bytes) Broken("canonical", "equal scenarios have two encodings", s);

  if (Print(s, kNames) != Print(again, kNames)) {
    Broken("print", "equal scenarios have two texts", s);
  }
  return 0;
}
