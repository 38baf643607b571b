// SPDX-License-Identifier: GPL-2.0-or-later
//
//   text_laws COUNT SEED
//
// Holds COUNT random byte strings of 0 to 512 bytes to the law of the text form:
// Parse(Print(s)) == s for what they decode to. Silent but for one line, `N inputs`.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "model/run/run.h"
#include "model/scenario/bytes.h"
#include "model/scenario/print.h"
#include "model/scenario/random.h"
#include "model/scenario/text/parse.h"

namespace {

namespace scenario = hotplug::scenario;

bool KeepsTheLaw(const scenario::Scenario& s, const scenario::Names& names) {
  const std::string text = scenario::Print(s, names);
  const auto file = scenario::Parse(text, "printed", names);
  if (file.ok() && file->scenario == s) return true;
  std::fprintf(stderr, "Parse(Print(s)) is not s: %s\n%s",
               std::string(file.status().message()).c_str(), text.c_str());
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: text_laws COUNT SEED\n");
    return 2;
  }
  const uint64_t count = std::strtoull(argv[1], nullptr, 10);
  const scenario::Names names = hotplug::run::Names();
  scenario::Random random(std::strtoull(argv[2], nullptr, 10));
  for (uint64_t i = 0; i < count; ++i) {
    std::vector<uint8_t> bytes(random.Between(0, 512));
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random.Below(256));
    const scenario::Scenario s =
        scenario::Decode(bytes.data(), bytes.size(), names.nr_drivers, names.nr_kernels);
    if (!KeepsTheLaw(s, names)) return 1;
  }
  std::printf("%llu inputs\n", static_cast<unsigned long long>(count));
  return 0;
}
