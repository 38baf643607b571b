// SPDX-License-Identifier: GPL-2.0-or-later
//
// driver_runs against FILE.so NAME DRIVER FIRST COUNT SEED [FOLDER]
// driver_runs digests FILE.so NAME FIRST COUNT SEED EVERY
// driver_runs time FILE.so NAME DRIVER COUNT SEED ROUNDS
//
// Generated scenarios with a driver's own file, as compile has made it. A scenario is a function of
// the seed and its number. Prints tab-separated lines:
//
//   against  "runs N", how many were compared; "left N", how many cannot be; and of the first that
//            our DRIVER does differently, where it ends, "differs NUMBER". FOLDER gets that one as
//            differs.NUMBER.scn, and a scenario for each basic block that runs.
//   digests  "NUMBER STEPS DIGEST" of each EVERYth
//   time     "NANOSECONDS NANOSECONDS" of a run with the file and of one with DRIVER, each round
#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include "fuzz/driver/against.h"
#include "fuzz/driver/load.h"
#include "model/run/run.h"
#include "model/scenario/generate.h"
#include "model/scenario/spec.h"
#include "regress/soak/reached.h"

namespace hotplug {
namespace {

scenario::Scenario ScenarioOf(uint64_t seed, uint64_t number) {
  scenario::GenerateOptions options;
  options.nr_kernels = run::Names().nr_kernels;
  return scenario::Generate((seed << 32) + number, options);
}

// memtrace loses its memory where ioremap() or add_memory() fails. Nobody sees that of a file if
// the size that was written last happens to be where the memory begins: it might be a pointer.
bool MayHideALeak(const scenario::Scenario& s) {
  const auto& faults = s.faults;
  const auto& ops = s.ops;
  return std::any_of(faults.begin(), faults.end(),
                     [](const scenario::Fault& f) {
                       return f.site == scenario::FaultSite::kIoremap ||
                              f.site == scenario::FaultSite::kAddMemory;
                     }) &&
         std::any_of(ops.begin(), ops.end(), [&s](const scenario::Op& op) {
           return op.kind == scenario::OpKind::kWriteEnable &&
                  op.value / kBlockBytes >= s.machine.first_block;
         });
}

// That somebody else adds what a file has removed, and still has written down, goes unseen, too:
// the words may be left over.
bool MayAddWhatIsRemoved(const scenario::Scenario& s, const drivers::Driver& file) {
  return !file.keeps_blocks && std::any_of(s.ops.begin(), s.ops.end(), [](const scenario::Op& op) {
    return op.kind == scenario::OpKind::kWriteProbe;
  });
}

const drivers::Driver& DriverNamed(const std::string& name) {
  for (uint32_t row = 0; row < drivers::kNrDrivers; ++row) {
    if (name == drivers::kDriverNames[row]) return *drivers::kDrivers[row];
  }
  std::fprintf(stderr, "driver_runs: no driver is called %s\n", name.c_str());
  std::exit(2);
}

void Against(const shim::Module& module, const drivers::Driver& ours, uint64_t first,
             uint64_t count, uint64_t seed, const std::string& folder) {
  Reached reached(module, folder);
  uint64_t runs = 0;
  uint64_t number = first;
  for (; number < first + count; ++number) {
    const scenario::Scenario s = driver::Comparable(ScenarioOf(seed, number));
    if (MayHideALeak(s) || MayAddWhatIsRemoved(s, module.driver())) continue;
    ++runs;
    const std::string difference = driver::FirstDifference(s, module.driver(), ours);
    reached.Look(s);
    if (difference.empty()) continue;
    std::printf("differs\t%" PRIu64 "\n", number);
    std::fputs(difference.c_str(), stderr);
    if (!folder.empty()) Keep(s, folder + "/differs." + std::to_string(number) + ".scn");
    ++number;
    break;
  }
  std::printf("runs\t%" PRIu64 "\nleft\t%" PRIu64 "\n", runs, number - first - runs);
}

void Digests(const shim::Module& module, uint64_t first, uint64_t count, uint64_t seed,
             uint64_t every) {
  run::RunOptions options;
  options.driver = &module.driver();
  for (uint64_t number = first; number < first + count; ++number) {
    const run::Outcome o = run::Run(ScenarioOf(seed, number), options);
    if ((number - first) % every != 0) continue;
    std::printf("%" PRIu64 "\t%u\t0x%016" PRIx64 "\n", number, o.steps, o.digest);
  }
}

// Of the processor, whoever else is on the machine.
double Nanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

double NanosecondsOfARun(const std::vector<scenario::Scenario>& scenarios,
                         const drivers::Driver& driver) {
  run::RunOptions options;
  options.driver = &driver;
  run::Outcome outcome;
  const double begin = Nanoseconds();
  for (const scenario::Scenario& s : scenarios) run::Run(s, options, &outcome);
  return (Nanoseconds() - begin) / static_cast<double>(scenarios.size());
}

void Time(const shim::Module& module, const drivers::Driver& ours, uint64_t count, uint64_t seed,
          uint64_t rounds) {
  std::vector<scenario::Scenario> scenarios;
  scenarios.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    scenarios.push_back(driver::Comparable(ScenarioOf(seed, i)));
  }
  for (uint64_t i = 0; i < rounds; ++i) {
    const double file = NanosecondsOfARun(scenarios, module.driver());
    std::printf("%.0f\t%.0f\n", file, NanosecondsOfARun(scenarios, ours));
  }
}

int Main(int argc, char** argv) {
  const std::string what = argc > 7 ? argv[1] : "";
  if (what != "against" && what != "digests" && what != "time") {
    std::fprintf(stderr, "usage: driver_runs against|digests|time FILE.so NAME ...\n");
    return 2;
  }
  const driver::Loaded loaded = driver::Load(argv[2], argv[3]);
  if (!loaded.error.empty()) {
    std::fprintf(stderr, "%s\n", loaded.error.c_str());
    return 2;
  }
  const shim::Module& module = *loaded.module;
  const auto number = [argv](int i) { return std::strtoull(argv[i], nullptr, 10); };
  if (what == "against") {
    Against(module, DriverNamed(argv[4]), number(5), number(6), number(7), argc > 8 ? argv[8] : "");
  } else if (what == "digests") {
    Digests(module, number(4), number(5), number(6), number(7));
  } else {
    Time(module, DriverNamed(argv[4]), number(5), number(6), number(7));
  }
  return 0;
}

}  // namespace
}  // namespace hotplug

int main(int argc, char** argv) { return hotplug::Main(argc, argv); }
