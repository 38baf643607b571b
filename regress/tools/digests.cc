// SPDX-License-Identifier: GPL-2.0-or-later
//
// digests COUNT [--shuffled]
//
// Runs the generated scenarios of the seeds 1 .. COUNT and prints a line for each, in the order
// of the seeds: `SEED verdict steps 0xdigest`. Two builds that print different lines do not
// simulate the same machine. With --shuffled the scenarios run in another, fixed order: what is
// printed must be the same, or something is left behind from run to run.
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include "model/run/run.h"
#include "model/scenario/generate.h"
#include "model/scenario/random.h"

namespace hotplug {
namespace {

constexpr uint32_t kMaxCount = 10'000'000;

struct Line {
  run::Verdict verdict = run::Verdict::kOk;
  uint32_t steps = 0;
  uint64_t digest = 0;
};

scenario::GenerateOptions Options() {
  const scenario::Names names = run::Names();
  scenario::GenerateOptions options;
  options.nr_drivers = names.nr_drivers;
  options.nr_kernels = names.nr_kernels;
  options.driver = 0;
  return options;
}

// The numbers 0 .. count-1 in the order in which the scenarios run.
std::vector<uint32_t> Order(uint32_t count, bool shuffled) {
  std::vector<uint32_t> order(count);
  for (uint32_t i = 0; i < count; ++i) order[i] = i;
  if (!shuffled) return order;
  scenario::Random random(1);
  for (uint32_t i = count; i > 1; --i) std::swap(order[i - 1], order[random.Below(i)]);
  return order;
}

void PrintDigests(uint32_t count, bool shuffled) {
  const scenario::GenerateOptions options = Options();
  std::vector<Line> lines(count);
  run::Outcome outcome;
  for (const uint32_t i : Order(count, shuffled)) {
    run::Run(scenario::Generate(uint64_t{i} + 1, options), run::RunOptions{}, &outcome);
    lines[i] = {outcome.verdict, outcome.steps, outcome.digest};
  }
  for (uint32_t i = 0; i < count; ++i) {
    std::printf("%" PRIu32 " %s %" PRIu32 " 0x%016" PRIx64 "\n", i + 1, Name(lines[i].verdict),
                lines[i].steps, lines[i].digest);
  }
}

int Usage() {
  std::fputs("usage: digests COUNT [--shuffled]\n", stderr);
  return 2;
}

}  // namespace
}  // namespace hotplug

int main(int argc, char** argv) {
  uint32_t count = 0;
  bool shuffled = false;
  for (int i = 1; i < argc; ++i) {
    char* end = nullptr;
    const unsigned long long number = std::strtoull(argv[i], &end, 10);
    if (std::strcmp(argv[i], "--shuffled") == 0) {
      shuffled = true;
    } else if (count == 0 && *end == '\0' && number >= 1 && number <= hotplug::kMaxCount) {
      count = static_cast<uint32_t>(number);
    } else {
      return hotplug::Usage();
    }
  }
  if (count == 0) return hotplug::Usage();
  hotplug::PrintDigests(count, shuffled);
  return std::fflush(stdout) == 0 ? 0 : 2;
}
