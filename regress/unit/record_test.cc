// SPDX-License-Identifier: GPL-2.0-or-later
//
// Runs of scenarios written down as recordings, which the replay of conform then agrees with.
#include "fuzz/fidelity/record/record.h"

#include <algorithm>
#include <map>
#include <string>

#include "fuzz/fidelity/recording/recording.h"
#include "fuzz/fidelity/replay/replay.h"
#include "model/mm/kernel.h"
#include "model/scenario/generate.h"
#include "regress/unit/catch.h"
#include "regress/unit/harness.h"

namespace hotplug::record {

namespace {

const std::string kNothing;  // compared with, so that a failure shows what there is

using recording::File;
using recording::Kind;
using recording::Line;
using scenario::Scenario;

// "FILE:LINE: recorded ... model ...", or nothing.
std::string FirstDifference(const std::string& text) {
  const absl::StatusOr<File> file = recording::Parse(text, "recorded");
  if (!file.ok()) return std::string(file.status().message());
  const absl::StatusOr<replay::Report> report = replay::Replay(*file, "recorded", false);
  if (!report.ok()) return std::string(report.status().message());
  if (report->differences.empty()) return "";
  const replay::Difference& d = report->differences.front();
  return std::to_string(d.line) + ": recorded: " + d.expected + " model: " + d.got;
}

std::string Why(const Scenario& s) { return std::string(Check(s).message()); }

File Recorded(const Scenario& s, const run::RunOptions& options = {}) {
  run::Outcome outcome;
  absl::StatusOr<File> file = Record(s, "test", options, &outcome);
  INFO(std::string(file.status().message()));
  REQUIRE(file.ok());
  return *std::move(file);
}

// The lines below SCENARIO and above SCENARIO_END, but for the dumps.
testing::Strings Lines(const File& file) {
  testing::Strings lines;
  bool inside = false;
  for (const Line& line : file.lines) {
    if (line.kind == Kind::kScenarioEnd) inside = false;
    if (inside && !line.Has("at") && line.kind != Kind::kState) {
      lines.push_back(recording::Print(line));
    }
    if (line.kind == Kind::kScenario) inside = true;
  }
  return lines;
}

// What many scenarios came to.
struct Tally {
  uint32_t scenarios = 0;
  uint32_t recorded = 0;
  uint32_t complete = 0;
  std::map<Kind, uint32_t> lines;
};

void RecordOne(const Scenario& s, uint64_t seed, Tally* tally) {
  INFO("seed " << seed);
  REQUIRE(scenario::Invalid(s, run::Names()) == nullptr);
  REQUIRE(Why(s) == kNothing);
  ++tally->scenarios;
  run::Outcome outcome;
  const absl::StatusOr<File> file = Record(s, "generated", {}, &outcome);
  if (!file.ok()) return;
  ++tally->recorded;
  tally->complete += file->lines.back().kind == Kind::kEnd ? 1 : 0;
  for (const Line& line : file->lines) ++tally->lines[line.kind];
  const std::string difference = FirstDifference(recording::Print(*file));
  REQUIRE(difference == kNothing);
}

Tally RecordMany(uint32_t count, uint64_t seed, scenario::GenerateOptions options) {
  options.nr_drivers = drivers::kNrDrivers;
  options.nr_kernels = mm::kNrKernels;
  Tally tally;
  for (; tally.scenarios < count; ++seed) {
    const Scenario s = Recordable(scenario::Generate(seed, options));
    if (Writes(s)) RecordOne(s, seed, &tally);
  }
  return tally;
}

}  // namespace

TEST_CASE("recordings of generated scenarios follow the grammar and conform", "[record]") {
  Tally tally = RecordMany(1000, 1, {});
  CHECK(tally.recorded >= 990);
  CHECK(tally.complete == tally.recorded);
  CHECK(tally.lines[Kind::kReq] >= 2500);
  CHECK(tally.lines[Kind::kEv] >= 1000);
  CHECK(tally.lines[Kind::kKern] >= 500);
  CHECK(tally.lines[Kind::kSig] >= 10);
  CHECK(tally.lines[Kind::kDied] >= 5);
}

TEST_CASE("so they do with eight tasks that are often preempted", "[record]") {
  scenario::GenerateOptions options;
  options.min_tasks = options.max_tasks = kMaxTasks;
  options.preemptions = kMaxPreemptions / 2;
  Tally tally = RecordMany(1000, 100000, options);
  CHECK(tally.recorded >= 970);
  CHECK(tally.lines[Kind::kSig] >= 60);
  CHECK(tally.lines[Kind::kFnRet] >= 60);
}

TEST_CASE("a recording shows what a run does, and the same each time", "[record]") {
  const Scenario s =
      testing::Parsed(testing::kSmall +
                      "notifier A priority=3\n"
                      "  answer MEM_GOING_OFFLINE memory5 nth=1 notifier_from_errno(-EBUSY)\n"
                      "task user-1\n"
                      "  write memory5/state offline\n"
                      "  write memory5/online 0\n"
                      "  write memory5/state garbage\n");
  const File file = Recorded(s);
  CHECK(Lines(file) ==
        testing::Strings{
            "CTL reg A 3 => OK",
            "CTL nack A GOING_OFFLINE 16 5 1 => OK",
            "REQ p1 block=5 file=state value='offline'",
            std::string("EV p1 A prio=3 GOING_OFFLINE block=5 pfn=0x14 nr=4") +
                " => 0x8011 (errno -EBUSY, stops the chain)",
            "EV p1 A prio=3 CANCEL_OFFLINE block=5 pfn=0x14 nr=4 => NOTIFY_OK",
            "KERN memory offlining [mem 0x50000000-0x5fffffff] failed due to notifier failure",
            "RET p1 block=5 file=state value='offline' => -EBUSY",
            "REQ p2 block=5 file=online value='0'",
            "EV p2 A prio=3 GOING_OFFLINE block=5 pfn=0x14 nr=4 => NOTIFY_OK",
            "KERN Offlined Pages 4",
            "EV p2 A prio=3 OFFLINE block=5 pfn=0x14 nr=4 => NOTIFY_OK",
            "UEVENT offline@/devices/system/memory/memory5",
            "RET p2 block=5 file=online value='0' => 1",
            "REQ p3 block=5 file=state value='garbage'",
            "RET p3 block=5 file=state value='garbage' => -EINVAL",
        });
  CHECK(FirstDifference(recording::Print(file)) == kNothing);
  CHECK(recording::Print(Recorded(s)) == recording::Print(file));
}

TEST_CASE("recording changes nothing in a run", "[record]") {
  scenario::GenerateOptions options;
  options.nr_kernels = mm::kNrKernels;
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    const Scenario s = Recordable(scenario::Generate(seed, options));
    run::Outcome outcome;
    if (!Record(s, "test", {}, &outcome).ok()) continue;
    CHECK(run::Run(s).digest == outcome.digest);
  }
}

TEST_CASE("a recording that says something else does not conform", "[record]") {
  const Scenario s = testing::Parsed(testing::kSmall +
                                     "notifier A priority=3\n"
                                     "task user-1\n"
                                     "  write memory5/state offline\n");
  const std::string text = recording::Print(Recorded(s));
  const auto changed = [&text](const std::string& from, const std::string& to) {
    const size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    return FirstDifference(std::string(text).replace(at, from.size(), to));
  };
  CHECK(changed("=> 7\n", "=> -EBUSY\n") != kNothing);
  CHECK(changed(" OFFLINE block=5", " CANCEL_OFFLINE block=5") != kNothing);
  CHECK(changed("KERN Offlined Pages 4", "KERN Offlined Pages 8") != kNothing);
  CHECK(changed("SCENARIO_END", "STATE 5=online(Normal)\nSCENARIO_END") != kNothing);
  CHECK(changed("UEVENT offline", "UEVENT online") != kNothing);
}

TEST_CASE("a run that does not end gives a recording that is incomplete", "[record]") {
  const Scenario s = testing::Parsed(testing::kSmall +
                                     "notifier A priority=3\n"
                                     "task user-1\n"
                                     "  write memory5/state offline\n");
  for (uint32_t steps = 1; steps <= 30; ++steps) {
    run::RunOptions options;
    options.max_steps = steps;
    const std::string text = recording::Print(Recorded(s, options));
    CHECK(FirstDifference(text) == kNothing);
    CHECK(text.ends_with("\nEND_INCOMPLETE\n") != text.ends_with("\nEND\n"));
  }
}

TEST_CASE("what recordings have no words for is refused", "[record]") {
  const auto why = [](const std::string& rest) {
    return Why(testing::Parsed(testing::kSmall + rest));
  };
  CHECK(why("task user-1\n  write memory5/state offline\n  sleep 3\n") == kNothing);
  CHECK(why("task memtrace-1\n  write memtrace/enable 0x10000000\n") ==
        "memtrace-1 writes to memtrace/enable, for which recordings have no words");
  CHECK(why("task memtrace-1\n  read memtrace/enable\n") ==
        "memtrace-1 reads memtrace/enable, for which recordings have no words");
  CHECK(why("task alloc-1\n  alloc movable node=0 order=0\n") ==
        "alloc-1 allocates pages, for which recordings have no words");
  CHECK(why("notifier A priority=0\n"
            "  answer MEM_OFFLINE NOTIFY_OK\n"
            "  answer MEM_ONLINE NOTIFY_OK\n"
            "task user-1\n  write memory5/state offline\n") ==
        "notifier A has several answers, and a notifier of a recording has one");
  Scenario keeps =
      testing::Parsed(testing::kSmall + "task user-1\n  write memory5/state offline\n");
  keeps.machine.pagevec = 2;
  CHECK(Why(keeps) ==
        "the CPUs keep pages back (pcp_high, pagevec), and those of recordings are drained");
  CHECK(Why(testing::Parsed(std::string(testing::kHeader) +
                            "memory 4 node=0 zone=Normal\n"
                            "memory 5 node=1 zone=Normal offline\n"
                            "task user-1\n  write memory5/state online\n")) ==
        "memory5 is offline at the edge of its node, so that no zone tells the node");
}

}  // namespace hotplug::record
