// SPDX-License-Identifier: GPL-2.0-or-later
//
// Anchored preemptions: the same run as with step numbers, and the same finding when the simulated
// kernel has got more scheduling points. Method: the schedules of regress/crashes, and of generated
// scenarios, are written in both ways; a point is added behind each kind of point that a run has.
#include "fuzz/report/anchors.h"

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <vector>

#include "fuzz/report/print_trace.h"
#include "fuzz/report/report.h"
#include "fuzz/report/token.h"
#include "model/run/trace_points.h"
#include "model/scenario/bytes.h"
#include "model/scenario/generate.h"
#include "model/scenario/print.h"
#include "model/sim/sched.h"
#include "model/sim/tracepoints.h"
#include "regress/unit/checked.h"
#include "regress/unit/harness.h"

namespace hotplug {
namespace {

using scenario::Scenario;
using testing::Load;

constexpr uint32_t kGenerated = testing::kChecked ? 400 : 2000;

std::string TokenOf(const Scenario& s, const run::RunOptions& options = {}) {
  const run::Outcome o = run::Run(s, options);
  return o.first() == nullptr ? "ok" : report::DedupToken(*o.first(), report::DriverOf(s, options));
}

uint32_t StepEntries(const Scenario& s) {
  return static_cast<uint32_t>(
      std::count_if(s.schedule.begin(), s.schedule.end(),
                    [](const scenario::Preemption& p) { return p.when == When::kStep; }));
}

// Makes another step behind each one of a kind.
class AddedPoints : public run::Observer {
 public:
  explicit AddedPoints(sim::Tp behind) : behind_(behind) {}
  void Begin() override { inside_ = {}; }
  void Step() override {
    const uint32_t task = sim::current_task().v;
    if (inside_[task] || sim::sim().last.tp != behind_) return;
    inside_[task] = true;
    sim::sched_point(sim::kInstrumentPoints.last);
    inside_[task] = false;
  }

 private:
  const sim::Tp behind_;
  std::array<bool, kMaxThreads> inside_{};
};

// Of the steps of the scenario's run but the last of a task and of a machine.
std::set<sim::Tp> KindsOfPoints(const Scenario& s) {
  run::RunOptions options;
  options.keep_trace = true;
  run::Run(s, options);
  std::set<sim::Tp> kinds;
  report::ForEachRecord(run::Trace(), [&kinds](const sim::Record& r, uint32_t own) {
    if (own != 0) kinds.insert(r.tp);
  });
  kinds.erase(sim::kTpExit);
  return kinds;
}

// A task that hangs is told by its last point, and one that has been added has no name.
std::string WithoutPlace(const std::string& token, const std::string& before) {
  const std::string hangs = "I13/";
  const size_t place = token.find('@');
  const bool nameless =
      token.starts_with(hangs) && before.starts_with(hangs) && token.substr(0, place) == "I13/boot";
  return nameless ? before.substr(0, before.find('@')) + token.substr(place) : token;
}

// How many kinds of added points change what the scenario comes to.
uint32_t ChangedBy(const Scenario& s, const std::set<sim::Tp>& kinds) {
  const std::string token = TokenOf(s);
  uint32_t changed = 0;
  for (const sim::Tp kind : kinds) {
    AddedPoints points(kind);
    run::RunOptions options;
    options.observer = &points;
    const std::string now = WithoutPlace(TokenOf(s, options), token);
    if (now == token) continue;
    ++changed;
    UNSCOPED_INFO("behind " << run::FindTracePoint(kind)->function << ": " << now);
  }
  return changed;
}

TEST_CASE("findings are anchored, and keep their tokens when the kernel has more points") {
  uint32_t changed_by_step = 0;
  for (const auto& path : testing::Scenarios("regress/crashes")) {
    const Scenario s = Load(path).scenario;
    INFO(path.string());
    CHECK(StepEntries(s) == 0);
    const std::set<sim::Tp> kinds = KindsOfPoints(s);
    CHECK(ChangedBy(s, kinds) == 0);
    changed_by_step += ChangedBy(report::Stepped(s, {}), kinds);
  }
  CHECK(changed_by_step > 100);
}

TEST_CASE("anchors and steps are the same run") {
  uint32_t anchored = 0;
  uint32_t left = 0;
  for (uint32_t seed = 0; seed < kGenerated; ++seed) {
    scenario::GenerateOptions generate;
    const Scenario s = scenario::Generate(seed, generate);
    const uint64_t digest = run::Run(s).digest;
    const std::vector<uint32_t> steps = report::StepsOf(s, {});
    // A task's last step is its exit, which nothing preempts.
    std::array<uint32_t, kMaxThreads> last{};
    for (uint32_t i = 0; i < kMaxThreads; ++i) last[i] = sim::task(sim::TaskId{i}).steps;
    const Scenario a = report::Anchored(s, {});
    INFO(scenario::Print(a, run::Names()));
    REQUIRE(scenario::Invalid(a, run::Names()) == nullptr);
    REQUIRE(run::Run(a).digest == digest);
    REQUIRE(run::Run(report::Stepped(a, {})).digest == digest);
    for (uint32_t i = 0; i < s.schedule.size; ++i) {
      if (steps[i] == report::kNever || steps[i] == last[s.schedule[i].task]) continue;
      ++(a.schedule[i].when == When::kStep ? left : anchored);
    }
  }
  CHECK(anchored > kGenerated);
  CHECK(left * 100 < anchored);
}

TEST_CASE("an anchor is a lock, a delivery or a function, before and after") {
  const Scenario s = testing::Parsed(
      "scenario 1\n"
      "driver rfc_v1\n"
      "machine kernel=6.1 pages_per_block=4 pageblock_pages=4 max_order=2\n"
      "memory 4-5 node=0 zone=Movable\n"
      "notifier A priority=0\n"
      "task user-1\n"
      "  write memory4/state offline\n"
      "task user-2\n"
      "  write memory/auto_online_blocks online\n");
  const auto records_before = [&s](const char* where) {
    Scenario at =
        testing::Parsed(scenario::Print(s, run::Names()) + "at user-1 " + where + " run user-2\n");
    run::RunOptions options;
    options.keep_trace = true;
    run::Run(at, options);
    // What user-1 did last before user-2 came.
    std::string last = "nothing";
    for (const sim::Record& r : run::Trace()) {
      if (r.task == 1) return last;
      const sim::TracePoint* tp = run::FindTracePoint(r.tp);
      last = std::string(tp->function) + ": " +
             report::FormatMessage(r, at, *drivers::kDrivers[at.driver]);
    }
    return last;
  };
  CHECK(records_before("before device_hotplug_lock") == "nothing");
  CHECK(records_before("after device_hotplug_lock") == "mutex_trylock: device_hotplug_lock = 1");
  CHECK(records_before("before unlock memory_chain.rwsem") ==
        "notifier_call_chain: MEM_GOING_OFFLINE memory4 A = NOTIFY_OK");
  CHECK(records_before("after unlock memory_chain.rwsem nth=2") == "up_read: memory_chain.rwsem");
  CHECK(records_before("before MEM_GOING_OFFLINE memory4 A") == "down_read: memory_chain.rwsem");
  CHECK(records_before("after MEM_OFFLINE memory4 A") ==
        "notifier_call_chain: MEM_OFFLINE memory4 A = NOTIFY_OK");
  CHECK(records_before("before MEM_GOING_OFFLINE memory5 A") == "exit: pending=0x0");
  CHECK(records_before("before offline_pages") == "lock: mem_hotplug_lock");
  CHECK(records_before("after scan_movable_pages") ==
        "scan_movable_pages: memory4 = -ENOENT pfn=none");
  CHECK(records_before("after write") == "write: memory4/state offline = 0");
}

TEST_CASE("the byte form has no anchors") {
  Scenario s = Load("regress/crashes/held-page.scn").scenario;
  std::vector<uint8_t> bytes;
  CHECK(std::string(scenario::Encode(s, &bytes)) == "the byte form has no anchored preemptions");
  s = report::Stepped(s, {});
  CHECK(scenario::Encode(s, &bytes) == nullptr);
}

}  // namespace
}  // namespace hotplug
