// SPDX-License-Identifier: GPL-2.0-or-later
//
// The generator. Method: options are kept on every scenario, and over many seeds everything
// that a scenario can contain comes up, often enough to be worth the run.
#include <algorithm>
#include <array>
#include <cstdint>
#include <set>
#include <utility>

#include "model/scenario/generate.h"
#include "model/scenario/random.h"
#include "model/scenario/scenario.h"
#include "regress/unit/catch.h"

namespace hotplug::scenario {
namespace {

constexpr uint32_t kSeeds = 5000;

GenerateOptions Options() {
  GenerateOptions options;
  options.nr_drivers = 3;
  options.nr_kernels = 2;
  return options;
}

TEST_CASE("random numbers are those of splitmix64") {
  Random random(0);
  CHECK(random.Next() == 0xe220a8397b1dcdaf);
  CHECK(random.Next() == 0x6e789e6aa1b965f4);
}

TEST_CASE("a seed makes one scenario, other seeds make others") {
  const Scenario s = Generate(7, Options());
  CHECK(Generate(7, Options()) == s);
  CHECK_FALSE(Generate(8, Options()) == s);
}

TEST_CASE("options are kept") {
  GenerateOptions options = Options();
  options.driver = 2;
  options.kernel = 1;
  options.min_tasks = 3;
  options.max_tasks = 5;
  uint64_t preemptions = 0;
  for (uint32_t seed = 0; seed < kSeeds; ++seed) {
    const Scenario s = Generate(seed, options);
    REQUIRE(s.driver == 2);
    REQUIRE(s.machine.kernel == 1);
    REQUIRE(s.tasks.size >= 3);
    REQUIRE(s.tasks.size <= 5);
    preemptions += s.schedule.size;
  }
  CHECK(preemptions > uint64_t{kSeeds} * (options.preemptions - 1));
  CHECK(preemptions < uint64_t{kSeeds} * (options.preemptions + 1));
  options.preemptions = 0;
  CHECK(Generate(1, options).schedule.size == 0);
}

TEST_CASE("no list runs full") {
  GenerateOptions options = Options();
  options.min_tasks = options.max_tasks = 6;
  uint32_t most = 0;
  for (uint32_t seed = 0; seed < kSeeds; ++seed) {
    const Scenario s = Generate(seed, options);
    for (const Task& task : s.tasks) REQUIRE(static_cast<uint32_t>(task.role) < kRoles);
    most = std::max(most, s.ops.size);
    REQUIRE(s.answers.size < kMaxAnswers);
  }
  CHECK(most < kMaxOps);
}

TEST_CASE("a task that is alone takes DIMMs and small contiguous ranges") {
  GenerateOptions options = Options();
  options.without_driver = options.sequential = true;
  options.shape = Shape{4, 2, 2, false};
  uint32_t dimms = 0, small = 0, memmap = 0;
  std::set<uint32_t> blocks;
  for (uint32_t seed = 0; seed < kSeeds; ++seed) {
    const Scenario s = Generate(seed, options);
    REQUIRE(s.tasks.size == 1);
    memmap += s.machine.memmap_on_memory;
    for (const Op& op : s.ops) {
      if (op.kind == OpKind::kOfflineAndRemove) {
        ++dimms;
        blocks.insert(op.blocks);
      }
      if (op.kind == OpKind::kAllocContig && op.order < 3) ++small;
    }
  }
  CHECK(dimms > kSeeds / 2);
  CHECK(blocks == std::set<uint32_t>{1, 2, 3});
  CHECK(small > kSeeds / 4);
  CHECK(memmap > kSeeds / 4);
}

TEST_CASE("everything comes up") {
  std::set<uint32_t> drivers, kernels, tasks, block_orders, actions, states, signals, sites;
  std::set<uint64_t> enabled;  // sizes
  std::array<uint32_t, kOpKinds> ops{};
  uint32_t memtrace = 0, whole_pageblocks = 0, two_nodes = 0, movable = 0, offline = 0;
  uint32_t reserved = 0, notifiers = 0;
  for (uint32_t seed = 0; seed < kSeeds; ++seed) {
    const Scenario s = Generate(seed, Options());
    const Machine& m = s.machine;
    REQUIRE_FALSE(m.blocks[0].offline);
    drivers.insert(s.driver);
    kernels.insert(m.kernel);
    tasks.insert(s.tasks.size);
    block_orders.insert(m.block_order);
    for (const Answer& answer : s.answers) actions.insert(static_cast<uint32_t>(answer.action));
    for (const Fault& fault : s.faults) sites.insert(static_cast<uint32_t>(fault.site));
    for (const Op& op : s.ops) {
      ++ops[static_cast<uint32_t>(op.kind)];
      if (op.kind == OpKind::kWriteEnable) enabled.insert(op.value);
      if (op.kind == OpKind::kWriteState) states.insert(op.arg);
      if (op.kind == OpKind::kKill) signals.insert(op.arg);
    }
    memtrace += s.tasks[0].role == Role::kMemtrace;
    whole_pageblocks += m.pageblock_order == m.max_order;
    two_nodes += m.blocks[m.blocks.size - 1].node == 1;
    movable += m.blocks[m.blocks.size - 1].zone == Zone::kMovable;
    for (const Block& block : m.blocks) {
      offline += block.offline;
      reserved += block.reserved;
    }
    notifiers += s.notifiers.size;
  }
  CHECK(drivers.size() == 3);
  CHECK(kernels.size() == 2);
  CHECK(tasks == std::set<uint32_t>{2, 3, 4, 5, 6});
  CHECK(block_orders == std::set<uint32_t>{2, 3, 4});
  CHECK(actions.size() == std::size(mm::kMemActions));
  CHECK(enabled ==
        std::set<uint64_t>{0, kBlockBytes / 2, kBlockBytes, 2 * kBlockBytes, 4 * kBlockBytes});
  CHECK(states.size() == kStateWords);
  CHECK(signals.size() == kSignals);
  CHECK(sites.size() == mm::kCommonFaultSites);
  // What only a task that is alone does.
  CHECK(std::exchange(ops[static_cast<uint32_t>(OpKind::kOfflineAndRemove)], kSeeds) == 0);
  for (uint32_t count : ops) CHECK(count > kSeeds / 80);
  CHECK(memtrace > kSeeds * 3 / 4);
  CHECK(whole_pageblocks > kSeeds / 4);
  CHECK(whole_pageblocks < kSeeds * 4 / 5);
  CHECK(two_nodes > kSeeds / 10);
  CHECK(movable > kSeeds / 10);
  CHECK(offline > kSeeds / 10);
  CHECK(reserved > kSeeds / 10);
  CHECK(notifiers > kSeeds / 2);
}

}  // namespace
}  // namespace hotplug::scenario
