// SPDX-License-Identifier: GPL-2.0-or-later
//
//   records COUNT [SEED]
//
// Records COUNT generated scenarios, reduced to what recordings have words for, and has each
// recording read and replayed. Prints `N scenarios: N recorded, N conform`; what does not, to
// stderr. Fails unless all conform that were recorded, and nearly all were.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "fuzz/fidelity/record/record.h"
#include "fuzz/fidelity/recording/recording.h"
#include "fuzz/fidelity/replay/replay.h"
#include "model/mm/kernel.h"
#include "model/scenario/generate.h"

namespace {

using namespace hotplug;  // NOLINT: a program of one page

bool Conforms(const recording::File& recorded, const std::string& name) {
  const absl::StatusOr<recording::File> file = recording::Parse(recording::Print(recorded), name);
  const absl::StatusOr<replay::Report> report =
      file.ok() ? replay::Replay(*file, name, false) : file.status();
  if (!report.ok()) {
    std::fprintf(stderr, "%s\n", std::string(report.status().message()).c_str());
    return false;
  }
  for (const replay::Difference& d : report->differences) {
    std::fprintf(stderr, "%s:%u: recorded: %s, model: %s\n", name.c_str(), d.line,
                 d.expected.c_str(), d.got.c_str());
  }
  return report->differences.empty();
}

}  // namespace

int main(int argc, char** argv) {
  const uint64_t count = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 0;
  if (count == 0 || argc > 3) {
    std::fprintf(stderr, "usage: records COUNT [SEED]\n");
    return 2;
  }
  uint64_t seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  scenario::GenerateOptions options;
  options.nr_drivers = drivers::kNrDrivers;
  options.nr_kernels = mm::kNrKernels;
  uint64_t done = 0, recorded = 0, conform = 0;
  for (; done < count; ++seed) {
    const scenario::Scenario s = record::Recordable(scenario::Generate(seed, options));
    if (!record::Writes(s)) continue;
    ++done;
    const std::string name = "seed-" + std::to_string(seed);
    run::Outcome outcome;
    const absl::StatusOr<recording::File> file = record::Record(s, name, {}, &outcome);
    if (!file.ok()) {
      std::fprintf(stderr, "%s: %s\n", name.c_str(), std::string(file.status().message()).c_str());
      continue;
    }
    ++recorded;
    if (Conforms(*file, name)) ++conform;
  }
  std::printf("%llu scenarios: %llu recorded, %llu conform\n",
              static_cast<unsigned long long>(done), static_cast<unsigned long long>(recorded),
              static_cast<unsigned long long>(conform));
  return conform == recorded && recorded * 100 > done * 95 ? 0 : 1;
}
