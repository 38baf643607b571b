// SPDX-License-Identifier: GPL-2.0-or-later
//
// Determinism. Method: the same scenarios again, in another order, after a run of another size,
// with records kept or all pages checked, on another thread's machine. Goal: the same outcome
// each time, as the only writable thing that lives on between runs is the machine. (Different
// compilers are compared by regress/tools/digests.cc; that there is no other writable global is
// for a script of regress/lint to say.)
#include <algorithm>
#include <tuple>

#include "model/mm/page.h"
#include "model/scenario/generate.h"
#include "regress/unit/harness.h"

namespace hotplug::run {
namespace {

using scenario::Scenario;
using testing::Parsed;

constexpr uint32_t kSeeds = 300;

Scenario Seed(uint64_t seed, uint32_t preemptions = 16) {
  scenario::GenerateOptions options;
  options.nr_drivers = Names().nr_drivers;
  options.nr_kernels = Names().nr_kernels;
  options.driver = 0;
  options.preemptions = preemptions;
  return scenario::Generate(seed, options);
}

struct Short {
  Verdict verdict;
  uint32_t steps, switches, violations;
  uint64_t digest;
  invariants::Id id;
  uint32_t step, pfn;
  uint16_t function;

  auto Tie() const {
    return std::tie(verdict, steps, switches, violations, digest, id, step, pfn, function);
  }
  bool operator==(const Short& o) const { return Tie() == o.Tie(); }
};

Short ShortOf(const Scenario& s, const RunOptions& options = {}) {
  const Outcome o = Run(s, options);
  Short r{o.verdict, o.steps, o.switches, o.nr_violations, o.digest, {}, 0, 0, 0};
  if (o.first() != nullptr) {
    r.id = o.first()->id;
    r.step = o.first()->step;
    r.pfn = o.first()->pfn;
    r.function = o.first()->function;
  }
  return r;
}

std::vector<Short> AllSeeds(const RunOptions& options = {}) {
  std::vector<Short> all;
  for (uint32_t seed = 1; seed <= kSeeds; ++seed) all.push_back(ShortOf(Seed(seed), options));
  return all;
}

// A machine near the limits: 16 blocks of 32768 pages.
const char kLarge[] =
    "scenario 1\ndriver rfc_v1\n"
    "machine kernel=rfc debug_vm=on pages_per_block=32768 pageblock_pages=512 max_order=10\n"
    "memory 8-23 node=0 zone=Normal\n"
    "task memtrace-1\n  write memtrace/enable 0x20000000\n"
    "task user-2\n  write memory20/state offline\n";

TEST_CASE("a scenario has one outcome, again and in any order") {
  const std::vector<Short> first = AllSeeds();
  std::vector<Short> backwards(kSeeds);
  for (uint32_t seed = kSeeds; seed >= 1; --seed) backwards[seed - 1] = ShortOf(Seed(seed));
  CHECK(backwards == first);
  // Every other one, twice in a row: from the template, and after another machine.
  bool same = true;
  for (uint32_t seed = 1; seed <= kSeeds; seed += 2) {
    for (int i = 0; i < 2; ++i) same = same && ShortOf(Seed(seed)) == first[seed - 1];
  }
  CHECK(same);
  CHECK(std::count_if(first.begin(), first.end(),
                      [](const Short& s) { return s.verdict == Verdict::kViolation; }) > 10);
}

TEST_CASE("a run on a large machine leaves nothing behind") {
  const std::vector<Short> before = AllSeeds();
  const Scenario large = Parsed(kLarge);
  const Short once = ShortOf(large);
  CHECK(once.verdict == Verdict::kOk);
  CHECK(AllSeeds() == before);
  CHECK(ShortOf(large) == once);
}

TEST_CASE("a run that ends early leaves nothing behind") {
  const std::vector<Short> before = AllSeeds();
  bool same = true;
  for (uint32_t seed = 1; seed <= kSeeds; ++seed) {
    RunOptions early;
    early.max_steps = 1 + seed % 97;
    CHECK(ShortOf(Seed(seed), early).steps <= early.max_steps);
    same = same && ShortOf(Seed(seed)) == before[seed - 1];
  }
  CHECK(same);
}

TEST_CASE("looking does not change what is seen") {
  const std::vector<Short> plain = AllSeeds();
  RunOptions trace;
  trace.keep_trace = true;
  CHECK(AllSeeds(trace) == plain);
  std::vector<uint64_t> states;
  RunOptions collect;
  collect.states = &states;
  CHECK(AllSeeds(collect) == plain);
  uint64_t steps = 0;
  for (const Short& s : plain) steps += s.steps;
  CHECK(states.size() == steps);
}

TEST_CASE("states are equal where runs are") {
  std::vector<uint64_t> first, second;
  RunOptions collect;
  collect.states = &first;
  Run(Seed(3), collect);
  Run(Seed(4));
  collect.states = &second;
  Run(Seed(3), collect);
  CHECK(first == second);
  CHECK(std::adjacent_find(first.begin(), first.end(), std::not_equal_to<>()) != first.end());
}

TEST_CASE("looking at every page finds what looking at the changed ones finds") {
  RunOptions full;
  full.full_checks = true;
  for (uint32_t seed = 1; seed <= kSeeds; ++seed) {
    INFO("seed " << seed);
    const Short few = ShortOf(Seed(seed));
    const Short all = ShortOf(Seed(seed), full);
    CHECK(few.verdict == all.verdict);
    CHECK(few.digest == all.digest);
    CHECK(few.id == all.id);
  }
}

TEST_CASE("a run that goes on after a violation begins as the one that stops") {
  RunOptions on;
  on.on_violation = OnViolation::kRecord;
  on.keep_trace = true;
  RunOptions stop;
  stop.keep_trace = true;
  for (uint32_t seed = 1; seed <= kSeeds; ++seed) {
    const Outcome short_run = Run(Seed(seed), stop);
    // A copy: the next run begins a trace of its own.
    const std::vector<sim::Record> begin(Trace().begin(), Trace().end());
    const Outcome long_run = Run(Seed(seed), on);
    CHECK(long_run.verdict == short_run.verdict);
    REQUIRE(Trace().size() >= begin.size());
    uint64_t digest = 0;
    for (uint32_t i = 0; i < begin.size(); ++i) digest = sim::MixRecord(digest, Trace()[i]);
    CHECK(digest == short_run.digest);
  }
}

TEST_CASE("invariants do not decide anything") {
  RunOptions blind;
  blind.disabled = ~invariants::Ids{0};
  RunOptions on;
  on.on_violation = OnViolation::kRecord;
  for (uint32_t seed = 1; seed <= kSeeds; ++seed) {
    const Outcome seeing = Run(Seed(seed), on);
    const Outcome unseeing = Run(Seed(seed), blind);
    CHECK(unseeing.digest == seeing.digest);
    CHECK(unseeing.listed == 0);
  }
}

// Whatever user space, walkers, allocators, notifiers and signals do, without a driver the
// simulated kernel keeps its own rules, but for what is wrong with it (H-16): a violation here is a
// bug of the simulator.
TEST_CASE("nothing is violated without a driver") {
  constexpr uint32_t kMany = 4000;
  for (uint32_t seed = 1; seed <= kMany; ++seed) {
    Scenario s = Seed(seed, 24);
    s.machine.fixes = mm::CoreFix::kSplitChunks.bit;
    for (scenario::Op& op : s.ops) {
      if (op.kind != scenario::OpKind::kWriteEnable) continue;
      op.kind = scenario::OpKind::kReadEnable;
      op.value = 0;
    }
    const Outcome o = Run(s);
    INFO("seed " << seed << " "
                 << invariants::Name(o.listed != 0 ? o.first()->id : invariants::Id::kNone));
    CHECK(o.verdict == Verdict::kOk);
    CHECK(o.nr_warnings == 0);
  }
}

}  // namespace
}  // namespace hotplug::run
