// SPDX-License-Identifier: GPL-2.0-or-later
//
// worlds WORLD COUNT [FIRST]
// worlds WORLD --digests COUNT [--after=N]
// worlds WORLD --bench
// worlds WORLD --write=FOLDER COUNT
// worlds WORLD[+FIX...] --judge COUNT [FIRST]
// worlds WORLD[+FIX...] --first COUNT [FIRST]
//
// Runs COUNT generated scenarios of one task, from the seed FIRST (1) on, in our model of 6.1 and
// in a WORLD of compile-tree, and compares them operation by operation. Prints each difference with
// its seed and its scenario, once a kind, and how many there were. Exit code 1 if there was any.
//
// With --digests it runs them in the WORLD alone, after N others, and prints for each its seed, its
// verdict, the digest of its trace, and that of all that can be seen at its end.
//
// With --bench it says what a reset takes, one task that takes a block offline and online again,
// and two of them with and without ledger and invariants: the median of several rounds, in
// processor time.
//
// With --write it puts the scenarios into a folder, as texts.
//
// With --judge it runs scenarios of several tasks in the WORLD alone, judged by the invariants, and
// prints each token that they break with its first seed and its scenario, and how many there were;
// with fixes of the core behind the name of the WORLD. With --first it ends at the first of them.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fuzz/report/story.h"
#include "fuzz/report/token.h"
#include "model/mm/kernel.h"
#include "model/run/tree_world.h"
#include "model/scenario/generate.h"
#include "model/scenario/print.h"
#include "model/scenario/spec.h"
#include "model/tree/view.h"
#include "regress/tools/generated.h"

namespace hotplug {
namespace {

uint32_t fixes = 0;  // of the core

// The scenario of a seed, of one task or of several.
scenario::Scenario ScenarioOf(uint64_t seed, bool sequential = true) {
  scenario::GenerateOptions options = OptionsOfWorld();
  options.sequential = sequential;
  return ComparableScenario(seed, options, fixes);
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
  std::map<std::string, Kind> kinds;
  uint64_t same = 0;
  for (uint64_t seed = first; seed < first + count; ++seed) {
    const scenario::Scenario s = ScenarioOf(seed);
    const std::string difference = report::FirstDifference(s, InModel(), run::InTree());
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
  const auto run = [](uint64_t seed) { return run::Run(ScenarioOf(seed), run::InTree()); };
  for (uint64_t seed = count + 1; seed <= count + after; ++seed) run(seed);
  for (uint64_t seed = 1; seed <= count; ++seed) {
    const run::Outcome o = run(seed);
    std::printf("%llu %s 0x%016llx 0x%016llx\n", static_cast<unsigned long long>(seed),
                run::Name(o.verdict), static_cast<unsigned long long>(o.digest),
                static_cast<unsigned long long>(tree::ViewDigest()));
  }
  return 0;
}

// ---- Invariants ----

std::string TokenOf(const run::Outcome& o) {
  if (o.first() != nullptr) return report::DedupToken(*o.first(), run::TreeDriver());
  return o.verdict == run::Verdict::kOk ? "" : run::Name(o.verdict);
}

int Judge(uint64_t count, uint64_t first, bool all) {
  std::map<std::string, Kind> tokens;
  for (uint64_t seed = first; seed < first + count && (all || tokens.empty()); ++seed) {
    const scenario::Scenario s = ScenarioOf(seed, false);
    const std::string token = TokenOf(run::Run(s, run::InTree()));
    if (token.empty()) continue;
    Kind& kind = tokens[token];
    if (kind.count++ == 0) {
      kind.seed = seed;
      kind.example = scenario::Print(s, run::Names());
    }
  }
  for (const auto& [token, kind] : tokens) {
    std::printf("%s: seed %llu and %llu more:\n%s\n", token.c_str(),
                static_cast<unsigned long long>(kind.seed),
                static_cast<unsigned long long>(kind.count - 1), kind.example.c_str());
  }
  return tokens.empty() ? 0 : 1;
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

scenario::Scenario OfflineAndOnline() {
  scenario::Scenario s;
  s.machine.kernel = mm::kNrKernels - 1;
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
  return run::Adapt(s).scenario;
}

// A block goes offline and online again in two tasks that are preempted by one another.
scenario::Scenario TwoTasks() {
  scenario::Scenario s = OfflineAndOnline();
  s.tasks.push({scenario::Role::kUser});
  for (uint32_t i = 0; i < 2; ++i) {
    scenario::Op op = s.ops[i];
    op.task = 1;
    op.block = 4;
    s.ops.push(op);
  }
  for (const uint16_t step : {5, 20, 35}) {
    s.schedule.push({.task = 0, .other = 1, .step = step});
    s.schedule.push({.task = 1, .other = 0, .step = step});
  }
  return s;
}

// A reference that is in the same process as what is compared with it.
int Bench(const std::string& path) {
  const scenario::Scenario one = OfflineAndOnline();
  const scenario::Scenario two = TwoTasks();
  run::RunOptions judged = run::InTree();
  run::RunOptions bare = judged;
  bare.world = &run::kBareTreeWorld;
  run::RunOptions model = InModel();
  const double two_judged = MicrosecondsOf(2000, [&] { run::Run(two, judged); });
  std::string error;
  run::UseImage(nullptr);
  run::UseBareImage(tree::Image::Map(path, &error));
  const double two_bare = MicrosecondsOf(2000, [&] { run::Run(two, bare); });
  const double one_bare = MicrosecondsOf(2000, [&] { run::Run(one, bare); });
  const double reset = MicrosecondsOf(20000, [] { run::kTreeWorld.reset(); });
  const double two_model = MicrosecondsOf(2000, [&] { run::Run(two, model); });
  std::printf("| what | us | |\n|---|---|---|\n");
  std::printf("| reset | %.2f | |\n", reset);
  std::printf("| one task: reset, offline, online, not judged | %.2f | |\n", one_bare);
  std::printf("| two tasks, not judged | %.2f | |\n", two_bare);
  std::printf("| two tasks, ledger and invariants | %.2f | %.2f times that |\n", two_judged,
              two_judged / two_bare);
  std::printf("| two tasks in our model, ledger and invariants | %.2f | |\n", two_model);
  return 0;
}

// ---- As files ----

int WriteTexts(const std::string& folder, uint64_t count) {
  for (uint64_t seed = 1; seed <= count; ++seed) {
    std::ofstream(folder + "/" + std::to_string(seed) + ".scn")
        << scenario::Print(ScenarioOf(seed), run::Names());
  }
  return 0;
}

// ---- The command line ----

int Usage() {
  std::fputs(
      "usage: worlds WORLD COUNT [FIRST]\n"
      "       worlds WORLD --digests COUNT [--after=N]\n"
      "       worlds WORLD --bench\n"
      "       worlds WORLD --write=FOLDER COUNT\n"
      "       worlds WORLD[+FIX...] --judge COUNT [FIRST]\n"
      "       worlds WORLD[+FIX...] --first COUNT [FIRST]\n",
      stderr);
  return 2;
}

// What begins with the prefix, without it; or nothing.
std::string_view Behind(std::string_view prefix, std::string_view word) {
  return word.substr(0, prefix.size()) == prefix ? word.substr(prefix.size()) : "";
}

int Do(const std::string& world, const std::vector<std::string_view>& args) {
  if (args[0] == "--bench" && args.size() == 1) return Bench(world);
  const std::string_view folder = Behind("--write=", args[0]);
  const bool all = args[0] == "--judge";
  const bool judged = all || args[0] == "--first";
  const bool named = args[0] == "--digests" || judged || !folder.empty();
  const std::vector<std::string_view> numbers(args.begin() + (named ? 1 : 0), args.end());
  const uint64_t count = numbers.empty() ? 0 : ReadNumber(numbers[0]);
  if (count == 0 || numbers.size() > 2) return Usage();
  if (numbers.size() == 1) {
    if (!folder.empty()) return WriteTexts(std::string(folder), count);
    if (judged) return Judge(count, 1, all);
    return named ? PrintDigests(count, 0) : Compare(count, 1);
  }
  const bool after = named && !judged;
  const uint64_t second = ReadNumber(after ? Behind("--after=", numbers[1]) : numbers[1]);
  if (second == 0 || !folder.empty()) return Usage();
  if (judged) return Judge(count, second, all);
  return named ? PrintDigests(count, second) : Compare(count, second);
}

int Main(int argc, char** argv) {
  if (argc < 3) return Usage();
  const scenario::Cured world = scenario::TakeFixes(argv[1], mm::kCoreFixes);
  fixes = world.fixes;
  return UseWorldOf(world.path) ? Do(world.path, {argv + 2, argv + argc}) : 2;
}

}  // namespace
}  // namespace hotplug

int main(int argc, char** argv) { return hotplug::Main(argc, argv); }
