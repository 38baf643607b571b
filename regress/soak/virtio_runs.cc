// SPDX-License-Identifier: GPL-2.0-or-later
//
// virtio_runs FILE.so NAME FIRST COUNT SEED FOLDER
//
// Lawful generated scenarios (lawful.h) with a driver's own file, as compile has made it. A
// scenario is a function of the seed and its number. Prints tab-separated lines: "verdict NAME
// RUNS" and "violation TOKEN RUNS". FOLDER gets the first scenario of each violation, and one for
// each basic block that runs.
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#include "fuzz/driver/load.h"
#include "fuzz/report/token.h"
#include "model/run/run.h"
#include "regress/soak/lawful.h"
#include "regress/soak/reached.h"

namespace hotplug {
namespace {

std::string VerdictOf(const run::Outcome& o) {
  return std::string(run::Name(o.verdict)) + (o.stuck_benign ? ", stuck(benign)" : "");
}

void Run(const shim::Module& module, uint64_t first, uint64_t count, uint64_t seed,
         const std::string& folder) {
  Reached reached(module, folder);
  std::map<std::string, uint64_t> verdicts;
  std::map<std::string, uint64_t> violations;
  run::RunOptions options;
  options.driver = &module.driver();
  run::Outcome o;
  for (uint64_t number = first; number < first + count; ++number) {
    const scenario::Scenario s = LawfulScenario((seed << 32) + number);
    run::Run(s, options, &o);
    ++verdicts[VerdictOf(o)];
    reached.Look(s);
    if (o.first() == nullptr) continue;
    const std::string token = report::DedupToken(*o.first(), module.driver());
    if (violations[token]++ == 0) Keep(s, folder + "/violation." + std::to_string(number) + ".scn");
  }
  for (const auto& [name, runs] : verdicts) {
    std::printf("verdict\t%s\t%" PRIu64 "\n", name.c_str(), runs);
  }
  for (const auto& [token, runs] : violations) {
    std::printf("violation\t%s\t%" PRIu64 "\n", token.c_str(), runs);
  }
}

int Main(int argc, char** argv) {
  if (argc != 7) {
    std::fprintf(stderr, "usage: virtio_runs FILE.so NAME FIRST COUNT SEED FOLDER\n");
    return 2;
  }
  const driver::Loaded loaded = driver::Load(argv[1], argv[2]);
  if (!loaded.error.empty()) {
    std::fprintf(stderr, "%s\n", loaded.error.c_str());
    return 2;
  }
  const auto number = [argv](int i) { return std::strtoull(argv[i], nullptr, 10); };
  Run(*loaded.module, number(3), number(4), number(5), argv[6]);
  return 0;
}

}  // namespace
}  // namespace hotplug

int main(int argc, char** argv) { return hotplug::Main(argc, argv); }
