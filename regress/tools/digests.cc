// SPDX-License-Identifier: GPL-2.0-or-later
//
// digests COUNT [FIRST] [--shuffled]
//
// Runs COUNT generated scenarios, of all drivers and kernels, from the seed FIRST (1) on, and
// prints a line for each, in the order of the seeds: `SEED verdict steps 0xdigest`. Two builds that
// print different lines do not simulate the same machine. With --shuffled the scenarios run in
// another, fixed order: what is printed must be the same, or something is left behind from run to
// run.
#include <algorithm>
#include <cerrno>
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

constexpr uint64_t kMaxCount = 10'000'000;
constexpr uint64_t kMaxFirst = uint64_t{1} << 60;

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

void PrintDigests(uint32_t count, uint64_t first, bool shuffled) {
  const scenario::GenerateOptions options = Options();
  std::vector<Line> lines(count);
  run::Outcome outcome;
  for (const uint32_t i : Order(count, shuffled)) {
    run::Run(scenario::Generate(first + i, options), run::RunOptions{}, &outcome);
    lines[i] = {outcome.verdict, outcome.steps, outcome.digest};
  }
  for (uint32_t i = 0; i < count; ++i) {
    std::printf("%" PRIu64 " %s %" PRIu32 " 0x%016" PRIx64 "\n", first + i, Name(lines[i].verdict),
                lines[i].steps, lines[i].digest);
  }
}

// A decimal number of 1 .. max; 0 if it is none.
uint64_t ReadNumber(const char* word, uint64_t max) {
  char* end = nullptr;
  errno = 0;
  const unsigned long long number = std::strtoull(word, &end, 10);
  const bool good = word[0] >= '0' && word[0] <= '9' && *end == '\0' && errno == 0;
  return good && number <= max ? number : 0;
}

int Main(int argc, char** argv) {
  std::vector<const char*> numbers;
  bool shuffled = false;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--shuffled") == 0) {
      shuffled = true;
    } else {
      numbers.push_back(argv[i]);
    }
  }
  numbers.resize(std::max<size_t>(numbers.size(), 1), "");
  const uint64_t count = ReadNumber(numbers[0], kMaxCount);
  const uint64_t first = numbers.size() > 1 ? ReadNumber(numbers[1], kMaxFirst) : 1;
  if (count == 0 || first == 0 || numbers.size() > 2) {
    std::fputs("usage: digests COUNT [FIRST] [--shuffled]\n", stderr);
    return 2;
  }
  PrintDigests(static_cast<uint32_t>(count), first, shuffled);
  return std::fflush(stdout) == 0 ? 0 : 2;
}

}  // namespace
}  // namespace hotplug

int main(int argc, char** argv) { return hotplug::Main(argc, argv); }
