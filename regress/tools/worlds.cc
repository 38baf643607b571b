// SPDX-License-Identifier: GPL-2.0-or-later
//
// worlds WORLD COUNT [FIRST]
// worlds WORLD --digests COUNT [--after=N]
// worlds WORLD --bench
// worlds WORLD --write=FOLDER COUNT
//
// Runs COUNT generated scenarios of one task, from the seed FIRST (1) on, in our model of 6.1 and
// in a WORLD of compile-tree, and compares them operation by operation. Prints each difference with
// its seed and its scenario, once a kind, and how many there were. Exit code 1 if there was any.
//
// With --digests it runs them in the WORLD alone, after N others, and prints for each its seed, its
// verdict, the digest of its trace, and that of all that can be seen at its end.
//
// With --bench it says what a reset takes, and one task that takes a block offline and online
// again, without checks, in the WORLD and in our model: the median of several rounds, in processor
// time.
//
// With --write it puts the scenarios into a folder, as texts.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <map>
#include <string>

#include "fuzz/report/story.h"
#include "model/mm/kernel.h"
#include "model/run/tree_world.h"
#include "model/scenario/generate.h"
#include "model/scenario/print.h"
#include "model/tree/view.h"

namespace hotplug {
namespace {

scenario::GenerateOptions OptionsOf(const world_exports& kernel) {
  scenario::GenerateOptions options;
  options.shape = scenario::Shape{static_cast<uint8_t>(kernel.order_of_block),
                                  static_cast<uint8_t>(kernel.order_of_pageblock),
                                  static_cast<uint8_t>(kernel.largest_order), kernel.debug_vm != 0};
  options.kernel = mm::kNrKernels - 1;
  options.nr_kernels = mm::kNrKernels;
  options.without_driver = true;
  options.sequential = true;
  return options;
}

// What the world does not have: kmemleak, poison, and faults of other functions.
scenario::Scenario Comparable(scenario::Scenario s) {
  s.machine.kmemleak = false;
  for (uint32_t i = s.faults.size; i-- > 0;) {
    if (s.faults[i].site != scenario::FaultSite::kAddMemory) s.faults.erase(i);
  }
  for (uint32_t i = s.ops.size; i-- > 0;) {
    if (s.ops[i].kind == scenario::OpKind::kPoison) s.ops.erase(i);
  }
  return s;
}

// The difference without its numbers: one kind of difference.
std::string KindOf(const std::string& difference) {
  std::string kind;
  for (const char c : difference) {
    if (std::strchr("0123456789", c) == nullptr) kind += c;
  }
  return kind;
}

struct Kind {
  uint64_t seed = 0;
  uint64_t count = 0;
  std::string example;
};

int Compare(uint64_t count, uint64_t first) {
  const scenario::GenerateOptions options = OptionsOf(run::UsedImage().exports());
  run::RunOptions model;
  model.max_steps = kMaxTreeSteps;
  run::RunOptions tree = model;
  tree.world = &run::kTreeWorld;
  tree.driver = &run::kTreeDriver;
  std::map<std::string, Kind> kinds;
  uint64_t same = 0;
  for (uint64_t seed = first; seed < first + count; ++seed) {
    const scenario::Scenario s = Comparable(scenario::Generate(seed, options));
    const std::string difference = report::FirstDifference(s, model, tree);
    if (difference.empty()) {
      ++same;
      continue;
    }
    Kind& kind = kinds[KindOf(difference)];
    if (kind.count++ == 0) {
      kind.seed = seed;
      kind.example = scenario::Print(s, run::Names()) + difference;
    }
  }
  for (const auto& [name, kind] : kinds) {
    std::printf("seed %llu and %llu more:\n%s\n", static_cast<unsigned long long>(kind.seed),
                static_cast<unsigned long long>(kind.count - 1), kind.example.c_str());
  }
  std::printf("%llu of %llu are equal\n", static_cast<unsigned long long>(same),
              static_cast<unsigned long long>(count));
  return kinds.empty() ? 0 : 1;
}

int PrintDigests(uint64_t count, uint64_t after) {
  const scenario::GenerateOptions options = OptionsOf(run::UsedImage().exports());
  run::RunOptions tree;
  tree.max_steps = kMaxTreeSteps;
  tree.world = &run::kTreeWorld;
  tree.driver = &run::kTreeDriver;
  const auto run = [&](uint64_t seed) {
    return run::Run(Comparable(scenario::Generate(seed, options)), tree);
  };
  for (uint64_t seed = count + 1; seed <= count + after; ++seed) run(seed);
  for (uint64_t seed = 1; seed <= count; ++seed) {
    const run::Outcome o = run(seed);
    std::printf("%llu %s 0x%016llx 0x%016llx\n", static_cast<unsigned long long>(seed),
                run::Name(o.verdict), static_cast<unsigned long long>(o.digest),
                static_cast<unsigned long long>(tree::ViewDigest()));
  }
  return 0;
}

// ---- What it takes ----

constexpr uint32_t kRounds = 9;

// Microseconds of processor time that f() takes.
template <class F>
double MicrosecondsOf(uint32_t count, F f) {
  std::array<double, kRounds> rounds{};
  for (double& round : rounds) {
    const std::clock_t start = std::clock();
    for (uint32_t i = 0; i < count; ++i) f();
    round = 1e6 * static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC / count;
  }
  std::sort(rounds.begin(), rounds.end());
  return rounds[kRounds / 2];
}

scenario::Scenario OfflineAndOnline(const world_exports& kernel) {
  scenario::Scenario s;
  s.machine.kernel = mm::kNrKernels - 1;
  s.machine.block_order = static_cast<uint8_t>(kernel.order_of_block);
  s.machine.pageblock_order = static_cast<uint8_t>(kernel.order_of_pageblock);
  s.machine.max_order = static_cast<uint8_t>(kernel.largest_order);
  for (uint32_t i = 0; i < 8; ++i) s.machine.blocks.push({});
  s.tasks.push({scenario::Role::kUser});
  for (const scenario::StateWord word :
       {scenario::StateWord::kOffline, scenario::StateWord::kOnline}) {
    scenario::Op op;
    op.kind = scenario::OpKind::kWriteState;
    op.block = 3;
    op.arg = static_cast<uint8_t>(word);
    s.ops.push(op);
  }
  return s;
}

int Bench() {
  const scenario::Scenario s = OfflineAndOnline(run::UsedImage().exports());
  run::RunOptions model;
  model.disabled = ~invariants::Disabled{0};
  run::RunOptions tree = model;
  tree.world = &run::kTreeWorld;
  tree.driver = &run::kTreeDriver;
  std::printf("| what | tree, us | model, us |\n|---|---|---|\n");
  const double in_model = MicrosecondsOf(2000, [&] { run::Run(s, model); });
  const double in_tree = MicrosecondsOf(2000, [&] { run::Run(s, tree); });
  const double reset = MicrosecondsOf(20000, [] { run::kTreeWorld.reset(); });
  std::printf("| reset | %.2f | |\n", reset);
  std::printf("| reset, offline, online | %.2f | %.2f |\n", in_tree, in_model);
  return 0;
}

// ---- As files ----

int WriteTexts(const std::string& folder, uint64_t count) {
  const scenario::GenerateOptions options = OptionsOf(run::UsedImage().exports());
  for (uint64_t seed = 1; seed <= count; ++seed) {
    const scenario::Scenario s = Comparable(scenario::Generate(seed, options));
    std::ofstream(folder + "/" + std::to_string(seed) + ".scn") << scenario::Print(s, run::Names());
  }
  return 0;
}

constexpr char kAfter[] = "--after=";
constexpr char kWrite[] = "--write=";

int Main(int argc, char** argv) {
  const bool digests = argc > 3 && std::strcmp(argv[2], "--digests") == 0;
  const bool bench = argc == 3 && std::strcmp(argv[2], "--bench") == 0;
  if (argc < 3 || argc > (digests ? 5 : 4)) {
    std::fprintf(
        stderr,
        "usage: worlds WORLD COUNT [FIRST]\n       worlds WORLD --digests COUNT "
        "[--after=N]\n       worlds WORLD --bench\n       worlds WORLD --write=FOLDER COUNT\n");
    return 2;
  }
  std::string error;
  std::unique_ptr<tree::Image> image = tree::Image::Map(argv[1], &error);
  if (image == nullptr) {
    std::fprintf(stderr, "%s\n", error.c_str());
    return 2;
  }
  run::UseImage(std::move(image));
  if (bench) return Bench();
  if (argc == 4 && std::strncmp(argv[2], kWrite, std::strlen(kWrite)) == 0) {
    return WriteTexts(argv[2] + std::strlen(kWrite), std::strtoull(argv[3], nullptr, 10));
  }
  if (digests) {
    const char* after = argc > 4 ? argv[4] + std::strlen(kAfter) : "0";
    return PrintDigests(std::strtoull(argv[3], nullptr, 10), std::strtoull(after, nullptr, 10));
  }
  const uint64_t first = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 1;
  return Compare(std::strtoull(argv[2], nullptr, 10), first);
}

}  // namespace
}  // namespace hotplug

int main(int argc, char** argv) { return hotplug::Main(argc, argv); }
