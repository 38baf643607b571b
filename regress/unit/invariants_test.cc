// SPDX-License-Identifier: GPL-2.0-or-later
//
// The invariants find what they are for. Method: a driver that is right does one forbidden
// thing (planted.h). Goal: for each invariant, the verdict names it, at the step where it
// should; without that invariant the defect is missed or something else is told; and the same
// run without the defect is clean. docs/invariants.md has the invariants themselves.
#include "model/invariants/invariants.h"

#include <algorithm>

#include "model/scenario/generate.h"
#include "model/sim/tracepoints.h"
#include "regress/unit/harness.h"
#include "regress/unit/planted.h"

namespace hotplug::invariants {
namespace {

using planted::Defect;
using run::Outcome;
using run::RunOptions;
using run::Verdict;

// Ways of a driver call, on a machine with a block to spare.
enum class Way { kSucceeds, kRefused, kTwice, kThenUser };

std::string Scenario(Way way) {
  std::string text =
      "scenario 1\n"
      "driver rfc_v1\n"
      "machine kernel=rfc pages_per_block=4 pageblock_pages=2 max_order=2\n"
      "memory 4-6 node=0 zone=Normal\n";
  if (way == Way::kRefused) {
    text +=
        "notifier A priority=-1\n"
        "  answer MEM_GOING_OFFLINE NOTIFY_BAD\n";
  }
  text +=
      "task memtrace-1\n"
      "  write memtrace/enable 0x10000000\n";
  if (way == Way::kTwice) text += "  write memtrace/enable 0\n";
  if (way == Way::kThenUser) {
    text +=
        "task user-2\n"
        "  after memtrace-1\n"
        "  write memory6/state offline\n";
  }
  return text;
}

struct Row {
  const char* name;
  Defect defect;
  Way way;
  Id id;       // the verdict
  sim::Tp at;  // the step at which it is given
  Id listed;   // also said by then, or kNone
  Id instead;  // the verdict without that invariant, or kNone if it is missed
};

constexpr Id kMissed = Id::kNone;

// clang-format off
const Row kRows[] = {
    {"a second reference on its own page", Defect::kExtraReference, Way::kSucceeds,
     Id::kI1, mm::kTpPageRefInc, Id::kNone, Id::kI7},
    {"two references taken for one dropped", Defect::kRetakesTwice, Way::kRefused,
     Id::kI1, mm::kTpNotifierCall, Id::kNone, Id::kI9},
    {"a free page becomes PageOffline", Defect::kFreePageOffline, Way::kSucceeds,
     Id::kI2, drivers::kTpCountStore, Id::kI3, Id::kI3},
    {"a free page gets a count", Defect::kFreePageCounted, Way::kSucceeds,
     Id::kI3, drivers::kTpCountStore, Id::kNone, kMissed},
    {"an offline block has a page on the LRU", Defect::kLruInOfflineBlock, Way::kSucceeds,
     Id::kI4, sim::kTpUnlock, Id::kNone, kMissed},
    {"the memmap of a removed block is used", Defect::kTouchesAbsentMemmap, Way::kSucceeds,
     Id::kI5, mm::kTpOops, Id::kK2, Id::kK2},
    {"somebody else's page is changed", Defect::kTouchesForeignPage, Way::kSucceeds,
     Id::kI6, mm::kTpPageRefInc, Id::kI3, Id::kI3},
    {"a page is not freed on failure", Defect::kKeepsPage, Way::kRefused,
     Id::kI7, scenario::EndOf(scenario::OpKind::kWriteEnable), Id::kI15, Id::kI15},
    {"the range is not recorded", Defect::kForgetsToRecord, Way::kSucceeds,
     Id::kI8, scenario::EndOf(scenario::OpKind::kWriteEnable), Id::kI15, Id::kI15},
    {"CANCEL is kept from who heard GOING", Defect::kHidesCancel, Way::kRefused,
     Id::kI9, mm::kTpMemoryNotify, Id::kNone, Id::kI1},
    {"one isolated pageblock too many", Defect::kIsolateCount, Way::kSucceeds,
     Id::kI10, sim::kTpUnlock, Id::kNone, kMissed},
    {"one managed page too many", Defect::kManagedCount, Way::kSucceeds,
     Id::kI11, sim::kTpUnlock, Id::kNone, kMissed},
    {"one free page too few", Defect::kFreeCount, Way::kSucceeds,
     Id::kI11, sim::kTpUnlock, Id::kNone, kMissed},
    {"one present page of the node too many", Defect::kNodePresent, Way::kSucceeds,
     Id::kI11, sim::kTpUnlock, Id::kNone, kMissed},
    {"a zone that ends a page too early", Defect::kZoneSpan, Way::kSucceeds,
     Id::kI11, sim::kTpUnlock, Id::kNone, kMissed},
    {"a node without memory that has some", Defect::kNodeMemory, Way::kSucceeds,
     Id::kI11, sim::kTpUnlock, Id::kNone, kMissed},
    {"a pageblock is isolated for good", Defect::kIsolatesForGood, Way::kSucceeds,
     Id::kI10, scenario::EndOf(scenario::OpKind::kWriteEnable), Id::kNone, kMissed},
    {"a block without a device", Defect::kLosesDevice, Way::kSucceeds,
     Id::kI15, scenario::EndOf(scenario::OpKind::kWriteEnable), Id::kNone, kMissed},
    {"dev.offline of an online block", Defect::kDeviceState, Way::kSucceeds,
     Id::kI12, scenario::EndOf(scenario::OpKind::kWriteEnable), Id::kNone, kMissed},
    {"going-offline without the lock", Defect::kStateUnlocked, Way::kSucceeds,
     Id::kI12, drivers::kTpCountStore, Id::kNone, kMissed},
    {"a loop that waits for a free page", Defect::kLoopsForEver, Way::kSucceeds,
     Id::kI13, 0, Id::kNone, kMissed},
    {"a lock that is never released", Defect::kKeepsLock, Way::kThenUser,
     Id::kI13, 0, Id::kNone, kMissed},
    {"an unlock by a non-holder", Defect::kUnlocksUnheld, Way::kSucceeds,
     Id::kI14, sim::kTpUnlock, Id::kNone, kMissed},
    {"preemption under a spinlock", Defect::kSleepsAtomic, Way::kSucceeds,
     Id::kI14, drivers::kTpCountStore, Id::kNone, kMissed},
    {"locks in the other order", Defect::kLockOrder, Way::kSucceeds,
     Id::kI14, sim::kTpLock, Id::kNone, kMissed},
    {"the record of removed memory is lost", Defect::kLosesRange, Way::kTwice,
     Id::kI15, scenario::EndOf(scenario::OpKind::kWriteEnable), Id::kNone, kMissed},
    {"the record of memory that is there is kept", Defect::kKeepsRange, Way::kTwice,
     Id::kI15, scenario::EndOf(scenario::OpKind::kWriteEnable), Id::kNone, kMissed},
    {"what Linux has left in it is shown", Defect::kShowsOldData, Way::kSucceeds,
     Id::kI16, 0, Id::kNone, kMissed},
    {"memory is given back and still mapped", Defect::kMapsForGood, Way::kTwice,
     Id::kI19, mm::kTpCreateBlocks, Id::kNone, kMissed},
    {"the device of a removed block is kept", Defect::kTellsLeaks, Way::kSucceeds,
     Id::kI17, 0, Id::kNone, kMissed},
    {"CANCEL before the isolation is undone", Defect::kEarlyCancel, Way::kSucceeds,
     Id::kI18, mm::kTpMemoryNotify, Id::kNone, kMissed},
    {"MEM_OFFLINE is kept from a notifier", Defect::kTellsOneLess, Way::kSucceeds,
     Id::kI18, sim::kTpUnlock, Id::kNone, kMissed},
    {"BUG()", Defect::kBug, Way::kSucceeds,
     Id::kK1, mm::kTpBugRemove, Id::kNone, kMissed},
    {"an access behind an object", Defect::kHeapOutOfBounds, Way::kSucceeds,
     Id::kK2, drivers::kTpEntryStore, Id::kNone, kMissed},
    {"an access through NULL", Defect::kNullPointer, Way::kSucceeds,
     Id::kK2, mm::kTpOopsNull, Id::kNone, kMissed},
    {"an object freed twice", Defect::kDoubleFree, Way::kSucceeds,
     Id::kK2, mm::kTpKfree, Id::kNone, kMissed},
    {"WARN() and a page left behind", Defect::kWarn, Way::kSucceeds,
     Id::kI15, scenario::EndOf(scenario::OpKind::kWriteEnable), Id::kK3, kMissed},
    {"bad_page()", Defect::kBadPage, Way::kSucceeds,
     Id::kI15, scenario::EndOf(scenario::OpKind::kWriteEnable), Id::kK4, kMissed},
};
// clang-format on

Outcome RunPlanted(const Row& row, Defect defect, RunOptions options) {
  planted::Plant(defect);
  options.driver = &planted::kDriver;
  const Outcome o = testing::RunText(Scenario(row.way), options);
  planted::Plant(Defect::kNone);
  return o;
}

Id First(const Outcome& o) { return o.first() == nullptr ? Id::kNone : o.first()->id; }

bool Lists(const Outcome& o, Id id) {
  const auto end = o.violations.begin() + o.listed;
  return std::any_of(o.violations.begin(), end, [&](const Violation& v) { return v.id == id; });
}

// The trace point of a step of the last run.
sim::Tp PointOf(uint32_t step) {
  for (const sim::Record& r : run::Trace()) {
    if (r.step == step) return r.tp;
  }
  return 0;
}

TEST_CASE("every planted defect has the verdict of its invariant, at its step") {
  for (const Row& row : kRows) {
    for (const bool full : {false, true}) {
      RunOptions options;
      options.full_checks = full;
      const Outcome o = RunPlanted(row, row.defect, options);
      INFO(row.name << (full ? ", full checks" : ""));
      CHECK(Name(First(o)) == std::string(Name(row.id)));
      if (o.first() == nullptr) continue;
      CHECK(o.verdict == (row.id == Id::kI13 ? Verdict::kLiveness : Verdict::kViolation));
      if (row.at != 0) CHECK(PointOf(o.first()->step) == row.at);
      CHECK(o.first()->step == o.steps);
      CHECK((row.listed == Id::kNone || Lists(o, row.listed)));
    }
  }
}

TEST_CASE("without its invariant a planted defect is missed or told otherwise") {
  for (const Row& row : kRows) {
    RunOptions options;
    options.disabled = invariants::Bits(row.id);
    const Outcome o = RunPlanted(row, row.defect, options);
    INFO(row.name);
    CHECK(Name(First(o)) == std::string(Name(row.instead)));
    CHECK_FALSE(Lists(o, row.id));
  }
}

TEST_CASE("what a world cannot judge is told, and never a verdict") {
  for (const Row& row : kRows) {
    run::World world = run::kModelWorld;
    world.not_judged = invariants::Bits(row.id);
    RunOptions options;
    options.world = &world;
    const Outcome o = RunPlanted(row, row.defect, options);
    INFO(row.name);
    CHECK(Name(First(o)) == std::string(Name(row.instead)));
    CHECK(NamesOf(o.not_judged) == Name(row.id));
  }
}

TEST_CASE("the same runs without a defect are clean") {
  for (const Row& row : kRows) {
    RunOptions options;
    options.full_checks = true;
    const Outcome o = RunPlanted(row, Defect::kNone, options);
    INFO(row.name);
    CHECK(o.verdict == Verdict::kOk);
    CHECK(o.nr_violations == 0);
    CHECK(o.nr_warnings == 0);
    CHECK_FALSE(o.stuck_benign);
  }
}

TEST_CASE("every invariant has a planted defect") {
  for (uint32_t i = 0; i < kNrInvariants; ++i) {
    const Id id = kInvariants[i].id;
    INFO(kInvariants[i].name);
    CHECK(std::any_of(std::begin(kRows), std::end(kRows),
                      [&](const Row& row) { return row.id == id || row.listed == id; }));
  }
}

TEST_CASE("every invariant that a step can break is judged in one order") {
  for (const Invariant& i : std::vector<Invariant>(kInvariants, kInvariants + kNrInvariants)) {
    const bool at_a_step = i.id != Id::kI13 && i.id < Id::kK1;
    INFO(i.name);
    CHECK(std::count(std::begin(kOrder), std::end(kOrder), i.id) == (at_a_step ? 1 : 0));
  }
}

TEST_CASE("the same runs, recorded to their end, begin with the same violation") {
  for (const Row& row : kRows) {
    const Outcome stopped = RunPlanted(row, row.defect, {});
    RunOptions options;
    options.on_violation = run::OnViolation::kRecord;
    const Outcome recorded = RunPlanted(row, row.defect, options);
    INFO(row.name);
    REQUIRE(stopped.first() != nullptr);
    REQUIRE(recorded.first() != nullptr);
    CHECK(recorded.first()->id == stopped.first()->id);
    CHECK(recorded.first()->step == stopped.first()->step);
  }
}

TEST_CASE("who refuses to let its memory go offline may keep its references") {
  const Row row{"", Defect::kRefuses, Way::kSucceeds, Id::kNone, 0, Id::kNone, Id::kNone};
  const Outcome o = RunPlanted(row, Defect::kRefuses, {});
  CHECK(o.verdict == Verdict::kOk);
  CHECK(testing::Rc(0) == -EBUSY);
}

TEST_CASE("a warning alone is counted and is no verdict") {
  const Row row{"", Defect::kWarnOnly, Way::kSucceeds, Id::kNone, 0, Id::kNone, Id::kNone};
  const Outcome o = RunPlanted(row, Defect::kWarnOnly, {});
  CHECK(o.verdict == Verdict::kOk);
  CHECK(o.nr_warnings == 1);
}

TEST_CASE("what only KASAN would print is silent") {
  const auto silent = [](Defect defect) {
    const Row row{"", defect, Way::kSucceeds, Id::kNone, 0, Id::kNone, Id::kNone};
    const Outcome o = RunPlanted(row, defect, {});
    REQUIRE(First(o) == Id::kK2);
    return o.first()->silent != 0;
  };
  CHECK(silent(Defect::kHeapOutOfBounds));
  CHECK(silent(Defect::kDoubleFree));
  CHECK_FALSE(silent(Defect::kNullPointer));
}

TEST_CASE("a loop that is let go ends, and what it waited for was free") {
  const Row row{"", Defect::kLoopsForEver, Way::kSucceeds, Id::kNone, 0, Id::kNone, Id::kNone};
  const Outcome o = RunPlanted(row, Defect::kLoopsForEver, {});
  REQUIRE(o.nr_waits == 1);
  CHECK(o.waits[0].state == sim::TaskState::kSpinning);
  CHECK(o.waits[0].object == 6 * 4);
}

TEST_CASE("random scenarios have the same first violation with full checks") {
  const scenario::GenerateOptions generate;
  uint32_t violations = 0;
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    const scenario::Scenario s = scenario::Generate(seed, generate);
    RunOptions options;
    const Outcome quick = run::Run(s, options);
    options.full_checks = true;
    const Outcome full = run::Run(s, options);
    INFO("seed " << seed);
    CHECK(First(quick) == First(full));
    if (quick.first() == nullptr || full.first() == nullptr) continue;
    CHECK(quick.first()->step == full.first()->step);
    ++violations;
  }
  CHECK(violations > 20);
}

}  // namespace
}  // namespace hotplug::invariants
