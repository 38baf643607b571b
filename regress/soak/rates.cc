// SPDX-License-Identifier: GPL-2.0-or-later
//
//   rates COUNT SEED [DRIVER]
//
// Runs COUNT uniformly random byte strings of 0 to 512 bytes and prints how often each
// verdict came out, as a Markdown table: what a fuzzer begins from.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "fuzz/report/token.h"
#include "model/mm/kernel.h"
#include "model/run/run.h"
#include "model/scenario/bytes.h"
#include "model/scenario/random.h"

namespace {

using namespace hotplug;  // NOLINT: a program of one page

std::string Class(const run::Outcome& o, const drivers::Driver& driver) {
  if (o.first() != nullptr) return report::DedupToken(*o.first(), driver);
  return o.stuck_benign ? "ok, stuck(benign)" : run::Name(o.verdict);
}

std::vector<uint8_t> RandomBytes(scenario::Random& random) {
  std::vector<uint8_t> bytes(random.Between(0, 512));
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random.Below(256));
  return bytes;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: rates COUNT SEED [DRIVER]\n");
    return 2;
  }
  const uint64_t count = std::strtoull(argv[1], nullptr, 10);
  uint8_t row = 0;
  while (argc > 3 && row < drivers::kNrDrivers &&
         std::strcmp(drivers::kDrivers[row]->name, argv[3]) != 0) {
    ++row;
  }
  if (count == 0 || row == drivers::kNrDrivers) {
    std::fprintf(stderr, "rates: a count of at least 1 and a known driver are needed\n");
    return 2;
  }
  scenario::Random random(std::strtoull(argv[2], nullptr, 10));
  std::map<std::string, uint64_t> seen;
  run::Outcome outcome;
  for (uint64_t i = 0; i < count; ++i) {
    const std::vector<uint8_t> bytes = RandomBytes(random);
    scenario::Scenario s =
        scenario::Decode(bytes.data(), bytes.size(), drivers::kNrDrivers, mm::kNrKernels);
    s.driver = row;
    run::Run(s, run::RunOptions{}, &outcome);
    ++seen[Class(outcome, *drivers::kDrivers[row])];
  }
  std::printf("| verdict | runs | share |\n|---|---|---|\n");
  for (const auto& [name, runs] : seen) {
    std::printf("| %s | %llu | %.4f %% |\n", name.c_str(), static_cast<unsigned long long>(runs),
                100.0 * static_cast<double>(runs) / static_cast<double>(count));
  }
  return 0;
}
