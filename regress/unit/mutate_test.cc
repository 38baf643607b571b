// SPDX-License-Identifier: GPL-2.0-or-later
//
// Mutation of scenarios: whatever is changed, the result is a scenario that keeps all rules, has
// a byte form that fits, and stays short; each kind of change does what its name says; and the
// feedback from the simulated state changes no run.
#include "fuzz/mutate/mutate.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "fuzz/mutate/feedback.h"
#include "model/mm/kernel.h"
#include "model/run/run.h"
#include "model/scenario/bytes.h"
#include "model/scenario/generate.h"
#include "model/scenario/random.h"
#include "model/scenario/words.h"
#include "regress/unit/catch.h"

namespace {

using namespace hotplug;  // NOLINT: a test

using mutate::Limits;
using scenario::OpKind;
using scenario::Random;
using scenario::Scenario;

using Bytes = std::vector<uint8_t>;

constexpr Limits kRoomy = {mm::kNrKernels, 4096};

Scenario DecodeBytes(const Bytes& bytes) {
  return scenario::Decode(bytes.data(), bytes.size(), drivers::kNrDrivers, mm::kNrKernels);
}

Scenario Generated(uint64_t seed) {
  scenario::GenerateOptions options;
  options.nr_drivers = drivers::kNrDrivers;
  options.nr_kernels = mm::kNrKernels;
  return scenario::Generate(seed, options);
}

// Every other one of random bytes, which say things that no generator does.
Scenario Any(uint32_t seed) {
  if (seed % 2 == 0) return Generated(seed);
  Random random(seed);
  Bytes bytes(random.Between(0, 400));
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random.Below(256));
  return DecodeBytes(bytes);
}

std::string WhyInvalid(const Scenario& s) {
  const char* why = scenario::Invalid(s, run::Names());
  return why == nullptr ? "" : why;
}

// Whether a task waits, through others or not, for its own end.
bool WaitsInCircle(const Scenario& s) {
  for (uint32_t task = 0; task < s.tasks.size; ++task) {
    uint32_t reached = 0;
    for (uint32_t round = 0; round <= s.tasks.size; ++round) {
      for (const scenario::Op& op : s.ops) {
        const bool from = op.task == task || (reached >> op.task & 1) != 0;
        if (op.kind == OpKind::kAfter && from) reached |= uint32_t{1} << op.target;
      }
    }
    if ((reached >> task & 1) != 0) return true;
  }
  return false;
}

bool HasVainPreemption(const Scenario& s) {
  for (uint32_t i = 0; i < s.schedule.size; ++i) {
    if (s.schedule[i].task == s.schedule[i].other) return true;
    for (uint32_t k = 0; k < i; ++k) {
      if (s.schedule[k].task == s.schedule[i].task && s.schedule[k].step == s.schedule[i].step) {
        return true;
      }
    }
  }
  return false;
}

// What every result keeps to, whether of a mutation or of a splice.
void CheckResult(const Limits& limits, const Scenario& s, const Bytes& bytes) {
  REQUIRE(WhyInvalid(s).empty());
  REQUIRE(bytes.size() <= limits.max_size);
  REQUIRE(DecodeBytes(bytes) == s);
  REQUIRE_FALSE(WaitsInCircle(s));
  REQUIRE_FALSE(HasVainPreemption(s));
}

TEST_CASE("a mutation is another valid scenario that fits", "[mutate]") {
  uint32_t made = 0;
  for (uint32_t seed = 0; seed < 20000; ++seed) {
    const Limits limits = {mm::kNrKernels, 32 + seed % 512};
    const Scenario before = Any(seed);
    Scenario s = before;
    Bytes bytes;
    if (!mutate::Mutate(limits, seed, &s, &bytes)) {
      REQUIRE(s == before);
      continue;
    }
    ++made;
    CheckResult(limits, s, bytes);
    REQUIRE_FALSE(s == before);
    REQUIRE(s.driver == before.driver);

    Scenario again = before;
    Bytes same;
    REQUIRE(mutate::Mutate(limits, seed, &again, &same));
    REQUIRE(same == bytes);
  }
  CHECK(made > 10000);
}

TEST_CASE("what is too small for any scenario is left alone", "[mutate]") {
  Scenario s = Generated(1);
  const Scenario before = s;
  Bytes bytes;
  CHECK_FALSE(mutate::Mutate({mm::kNrKernels, 15}, 1, &s, &bytes));
  CHECK_FALSE(mutate::Splice({mm::kNrKernels, 15}, 1, Generated(2), &s, &bytes));
  CHECK(s == before);
}

TEST_CASE("other seeds make other mutations", "[mutate]") {
  std::map<Bytes, uint32_t> seen;
  for (uint32_t seed = 0; seed < 1000; ++seed) {
    Scenario s = Generated(7);
    Bytes bytes;
    if (mutate::Mutate(kRoomy, seed, &s, &bytes)) ++seen[bytes];
  }
  CHECK(seen.size() > 500);
}

// How much longer each list is after a change that is called so.
struct Growth {
  int ops, tasks, notifiers, answers, faults, schedule, blocks;
  bool operator==(const Growth&) const = default;
};

template <class List>
int Longer(const List& after, const List& before) {
  return static_cast<int>(after.size) - static_cast<int>(before.size);
}

Growth GrowthOf(const Scenario& after, const Scenario& before) {
  return {Longer(after.ops, before.ops),
          Longer(after.tasks, before.tasks),
          Longer(after.notifiers, before.notifiers),
          Longer(after.answers, before.answers),
          Longer(after.faults, before.faults),
          Longer(after.schedule, before.schedule),
          Longer(after.machine.blocks, before.machine.blocks)};
}

TEST_CASE("each kind of change does what it is called", "[mutate]") {
  // Of the others each list stays as long as it is.
  const std::map<std::string, Growth> kGrowth = {
      {"insert operation", {1, 0, 0, 0, 0, 0, 0}},   {"duplicate operation", {1, 0, 0, 0, 0, 0, 0}},
      {"add preemption", {0, 0, 0, 0, 0, 1, 0}},     {"add round trip", {0, 0, 0, 0, 0, 2, 0}},
      {"add task", {1, 1, 0, 0, 0, 0, 0}},           {"add notifier", {0, 0, 1, 1, 0, 0, 0}},
      {"add answer", {0, 0, 0, 1, 0, 0, 0}},         {"add fault", {0, 0, 0, 0, 1, 0, 0}},
      {"add block", {0, 0, 0, 0, 0, 0, 1}},          {"delete operation", {-1, 0, 0, 0, 0, 0, 0}},
      {"remove preemption", {0, 0, 0, 0, 0, -1, 0}}, {"merge tasks", {0, -1, 0, 0, 0, 0, 0}},
      {"remove answer", {0, 0, 0, -1, 0, 0, 0}},     {"remove fault", {0, 0, 0, 0, -1, 0, 0}},
      {"remove block", {0, 0, 0, 0, 0, 0, -1}},
  };
  for (uint32_t change = 0; change < mutate::NrChanges(); ++change) {
    const std::string name = mutate::ChangeName(change);
    INFO(name);
    const auto row = kGrowth.find(name);
    const Growth expected = row == kGrowth.end() ? Growth{} : row->second;
    uint32_t as_called = 0;
    for (uint32_t seed = 0; seed < 2000; ++seed) {
      Scenario before = Any(seed);
      mutate::Settle(&before);
      Scenario s = before;
      if (!mutate::Apply(change, kRoomy, seed, &s)) continue;
      const Growth growth = GrowthOf(s, before);
      mutate::Settle(&s);
      REQUIRE(WhyInvalid(s).empty());
      if (!(s == before) && growth == expected) ++as_called;
      if (name == "remove task") as_called += growth.tasks == -1 ? 1 : 0;
      if (name == "remove notifier") as_called += growth.notifiers == -1 ? 1 : 0;
    }
    CHECK(as_called > 20);
  }
}

TEST_CASE("every kind of operation and machine comes out of the smallest scenario", "[mutate]") {
  std::array<uint32_t, scenario::kOpKinds> kinds{};
  uint32_t two_nodes = 0, movable = 0, offline = 0, memmap = 0, kernels = 0;
  for (uint32_t walk = 0; walk < 300; ++walk) {
    Scenario s = DecodeBytes({});
    Bytes bytes;
    for (uint32_t step = 0; step < 500; ++step)
      mutate::Mutate(kRoomy, walk << 16 | step, &s, &bytes);
    for (const scenario::Op& op : s.ops) ++kinds[static_cast<uint32_t>(op.kind)];
    const auto& blocks = s.machine.blocks;
    two_nodes += blocks[blocks.size - 1].node;
    memmap += s.machine.memmap_on_memory ? 1 : 0;
    kernels |= 1u << s.machine.kernel;
    for (const scenario::Block& block : blocks) {
      movable += block.zone == scenario::Zone::kMovable ? 1 : 0;
      offline += block.offline ? 1 : 0;
    }
  }
  for (uint32_t count : kinds) CHECK(count > 0);
  CHECK(two_nodes > 0);
  CHECK(movable > 0);
  CHECK(offline > 0);
  CHECK(memmap > 0);
  CHECK(kernels == (1u << mm::kNrKernels) - 1);
}

TEST_CASE("scenarios stay short however often they are mutated", "[mutate]") {
  uint64_t sum = 0;
  size_t longest = 0;
  constexpr uint32_t kWalks = 5, kSteps = 10000;
  for (uint32_t walk = 0; walk < kWalks; ++walk) {
    Scenario s = walk % 2 == 0 ? DecodeBytes({}) : Generated(walk);
    Bytes bytes;
    for (uint32_t step = 0; step < kSteps; ++step) {
      REQUIRE(mutate::Mutate(kRoomy, walk << 16 | step, &s, &bytes));
      sum += bytes.size();
      longest = std::max(longest, bytes.size());
    }
  }
  const uint64_t mean = sum / (kWalks * kSteps);
  INFO("mean " << mean << ", longest " << longest);
  CHECK(mean > 80);
  CHECK(mean < 320);
  CHECK(longest < 1024);
}

TEST_CASE("a splice has tasks of both", "[mutate]") {
  uint32_t own_machine = 0, made = 0;
  for (uint32_t seed = 0; seed < 5000; ++seed) {
    Scenario a = Any(seed);
    Scenario b = Any(seed + 5000);
    // Told apart by the role: tasks of the one are walkers, of the other killers.
    for (scenario::Task& task : a.tasks) task.role = scenario::Role::kWalker;
    for (scenario::Task& task : b.tasks) task.role = scenario::Role::kKill;
    const Limits limits = {mm::kNrKernels, 64 + seed % 1024};
    Scenario s = a;
    Bytes bytes;
    if (!mutate::Splice(limits, seed, b, &s, &bytes)) continue;
    ++made;
    CheckResult(limits, s, bytes);
    CHECK(s.driver == a.driver);
    const auto count = [&s](scenario::Role role) {
      return std::count(s.tasks.begin(), s.tasks.end(), scenario::Task{role});
    };
    REQUIRE(count(scenario::Role::kWalker) > 0);
    REQUIRE(count(scenario::Role::kKill) > 0);
    REQUIRE(s.ops.size <= a.ops.size + b.ops.size);
    REQUIRE(s.schedule.size <= a.schedule.size + b.schedule.size);
    own_machine += s.machine.kernel == a.machine.kernel ? 1 : 0;

    Scenario again = a;
    Bytes same;
    REQUIRE(mutate::Splice(limits, seed, b, &again, &same));
    REQUIRE(same == bytes);
  }
  CHECK(made > 3000);
  CHECK(own_machine > made / 4);
  CHECK(own_machine < made);
}

// Numbers that are too large for what is there, and lists in no order.
void Scramble(Random& random, Scenario& s) {
  scenario::Machine& m = s.machine;
  m.max_order = static_cast<uint8_t>(random.Between(2, 6));
  m.pageblock_order = static_cast<uint8_t>(random.Between(2, 6));
  for (scenario::Block& block : m.blocks) {
    block.node = static_cast<uint8_t>(random.Below(kMaxNodes));
    block.zone = random.Pick({scenario::Zone::kNormal, scenario::Zone::kMovable});
  }
  for (scenario::Op& op : s.ops) {
    op.task = static_cast<uint8_t>(random.Below(s.tasks.size));
    if (op.block != 0) op.block = static_cast<uint8_t>(op.block + m.blocks.size);
    if (op.page != 0) op.page = static_cast<uint16_t>(op.page + scenario::PagesPerBlock(m));
  }
  for (scenario::Answer& answer : s.answers) {
    answer.notifier = static_cast<uint8_t>(random.Below(s.notifiers.size));
  }
}

TEST_CASE("settling twice is settling once", "[mutate]") {
  for (uint32_t seed = 0; seed < 4000; ++seed) {
    Scenario s = Any(seed);
    Random random(seed);
    if (seed % 4 < 2) Scramble(random, s);
    mutate::Settle(&s);
    CHECK(WhyInvalid(s).empty());
    const Scenario once = s;
    mutate::Settle(&s);
    REQUIRE(s == once);
  }
}

std::array<uint8_t, mutate::kCounters> CountersOf(const Scenario& s,
                                                  mutate::StateFeedback* feedback) {
  run::RunOptions options;
  options.observer = feedback;
  std::fill_n(mutate::StateCounters(), mutate::kCounters, uint8_t{0});
  const run::Outcome watched = run::Run(s, options);
  CHECK(watched.digest == run::Run(s).digest);
  std::array<uint8_t, mutate::kCounters> counters;
  std::copy_n(mutate::StateCounters(), mutate::kCounters, counters.begin());
  return counters;
}

// By an observer that has seen no other run.
std::array<uint8_t, mutate::kCounters> CountersOf(const Scenario& s) {
  mutate::StateFeedback feedback;
  return CountersOf(s, &feedback);
}

TEST_CASE("the feedback says what was reached, and changes no run", "[mutate]") {
  const auto reached = [](const auto& counters) {
    return std::count_if(counters.begin(), counters.end(), [](uint8_t c) { return c != 0; });
  };
  std::array<uint8_t, mutate::kCounters> all{};
  mutate::StateFeedback feedback;
  int64_t most = 0;
  for (uint32_t seed = 0; seed < 400; ++seed) {
    const Scenario s = Generated(seed);
    const auto counters = CountersOf(s, &feedback);
    REQUIRE(reached(counters) > 0);
    REQUIRE(counters == CountersOf(s));
    most = std::max<int64_t>(most, reached(counters));
    for (uint32_t i = 0; i < counters.size(); ++i) all[i] |= counters[i];
  }
  INFO("one run " << most << ", all " << reached(all));
  CHECK(most > 50);
  CHECK(reached(all) > 3 * most);
  // Full tables tell nothing.
  CHECK(reached(all) < static_cast<int64_t>(mutate::kCounters) * 9 / 10);
}

// The same events, but in one run two references on one page, in the other one on each of two.
TEST_CASE("the feedback tells one state of a page from another", "[mutate]") {
  Scenario s = DecodeBytes({});
  s.machine.blocks[0].reserved = true;
  s.ops = {};
  for (uint16_t page = 0; page < 2; ++page) {
    scenario::Op op;
    op.kind = OpKind::kGet;
    op.page = page;
    s.ops.push(op);
  }
  REQUIRE(WhyInvalid(s).empty());
  const auto two_pages = CountersOf(s);
  s.ops[1].page = 0;
  CHECK(CountersOf(s) != two_pages);
}

// The same events with another errno are another thing to have reached.
TEST_CASE("the feedback tells one errno from another", "[mutate]") {
  Scenario s = DecodeBytes({});
  s.ops[0] = scenario::Op{};
  s.ops[0].kind = OpKind::kWriteState;
  s.ops[0].arg = static_cast<uint8_t>(scenario::StateWord::kOffline);
  s.notifiers.push(scenario::Notifier{});
  s.answers.push(scenario::Answer{});
  s.answers[0].value = mm::notifier_from_errno(-EBUSY);
  const auto busy = CountersOf(s);
  s.answers[0].value = mm::notifier_from_errno(-ENOMEM);
  CHECK(CountersOf(s) != busy);
}

}  // namespace
