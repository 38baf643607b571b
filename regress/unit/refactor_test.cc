// SPDX-License-Identifier: GPL-2.0-or-later
//
// Two builds compared, and violations found again. The builds are this one, run in here, with a
// difference planted into its schedules (what a refactor may do) or its summaries (what it may
// not); cli_test.cc compares real ones.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "fuzz/refactor/compare.h"
#include "fuzz/refactor/neighbours.h"
#include "fuzz/refactor/search.h"
#include "fuzz/report/anchors.h"
#include "fuzz/report/expect.h"
#include "model/scenario/text/parse.h"
#include "model/sim/tracepoints.h"
#include "regress/unit/harness.h"

namespace hotplug::refactor {
namespace {

namespace fs = std::filesystem;
using scenario::Scenario;
using testing::Load;

// With step numbers, which is what moves.
scenario::File LoadStepped(const fs::path& path) {
  scenario::File file = Load(path);
  file.scenario = report::Stepped(file.scenario, report::ExpectOptions());
  return file;
}

Schedule ScheduleOf(const std::vector<scenario::Preemption>& entries) {
  Schedule schedule;
  for (const scenario::Preemption& p : entries) schedule.push(p);
  return schedule;
}

// "9 20" for steps 9 and 20.
std::string Steps(const Schedule& schedule) {
  std::string steps;
  for (const scenario::Preemption& p : schedule) {
    steps += (steps.empty() ? "" : " ") + std::to_string(p.step);
  }
  return steps;
}

std::vector<std::string> Members(const Neighbourhood& n) {
  std::vector<std::string> members;
  members.reserve(n.members.size());
  for (const Neighbour& m : n.members) members.push_back(Steps(m.schedule));
  return members;
}

TEST_CASE("the neighbourhood of a schedule", "[refactor]") {
  using Strings = std::vector<std::string>;
  CHECK(Members(NeighboursOf({}, 4, 100)) == Strings{""});
  CHECK(Members(NeighboursOf(ScheduleOf({{0, 1, 9}}), 2, 100)) ==
        Strings{"9", "8", "10", "7", "11"});
  // No step comes before the first.
  CHECK(Members(NeighboursOf(ScheduleOf({{0, 1, 2}}), 2, 100)) == Strings{"2", "1", "3", "4"});
  // Two entries of one task: each alone, both, and the later one by more than the earlier one.
  const Neighbourhood two = NeighboursOf(ScheduleOf({{0, 1, 9}, {0, 1, 20}}), 1, 100);
  const Strings members = Members(two);
  CHECK(members.front() == "9 20");
  CHECK(std::set<std::string>(members.begin(), members.end()).size() == members.size());
  for (const char* m : {"8 20", "10 20", "9 19", "9 21", "10 21", "8 19", "10 19", "10 22"}) {
    INFO(m);
    CHECK(std::count(members.begin(), members.end(), m) == 1);
  }
  // Of two that move one may move less.
  const Strings farther = Members(NeighboursOf(ScheduleOf({{0, 1, 9}, {1, 0, 20}}), 2, 100));
  for (const char* m : {"8 22", "10 18", "7 21", "11 22"}) {
    INFO(m);
    CHECK(std::count(farther.begin(), farther.end(), m) == 1);
  }
  // All later entries of a task move together, and those of another task beside them.
  const Schedule three = ScheduleOf({{0, 1, 9}, {0, 1, 20}, {0, 1, 30}, {1, 0, 5}});
  const Strings of_three = Members(NeighboursOf(three, 3, 100000));
  CHECK(std::count(of_three.begin(), of_three.end(), "12 23 33 8") == 1);
  CHECK(std::count(of_three.begin(), of_three.end(), "12 23 33 9") == 0);
  // The nearest are kept.
  const Neighbourhood cut = NeighboursOf(three, 3, 20);
  CHECK_FALSE(cut.complete);
  CHECK(Members(cut) == Strings(of_three.begin(), of_three.begin() + 20));
  CHECK(two.complete);
  CHECK(NeighboursOf(ScheduleOf({{0, 1, 9}}), 2, 5).complete);
}

TEST_CASE("lines that differ", "[refactor]") {
  CHECK(Masked("event user-2 MEM_OFFLINE memory12 A = -16") ==
        "event user-N MEM_OFFLINE memoryN A = -N");
  CHECK(Masked("log page at 0x00ff, 10 pages") == "log page at N, N pages");
  CHECK(Masked("no number") == "no number");
  const LineDifference d = FirstDifference({"a", "b", "c"}, {"a", "x"});
  CHECK(d.line == 1);
  CHECK(d.old_line == "b");
  CHECK(d.new_line == "x");
  CHECK(FirstDifference({"a"}, {"a", "b"}).old_line == "(nothing more)");
  CHECK(FirstDifference({"a", "b"}, {"a"}).new_line == "(nothing more)");
}

// Outcomes by letter, at the distances given.
Outcomes Sets(const std::string& old_side, const std::string& new_side,
              const std::vector<uint32_t>& distance, bool complete) {
  Outcomes o;
  for (const char c : old_side) o.old_side.push_back({std::string(1, c)});
  for (const char c : new_side) o.new_side.push_back({std::string(1, c)});
  o.distance = distance;
  o.complete = complete;
  return o;
}

TEST_CASE("sets of outcomes", "[refactor]") {
  const std::vector<uint32_t> two = {0, 1, 1, 2, 2};
  CHECK(CompareSets(Sets("aabbc", "bacba", two, true)).relation == Relation::kSameSet);
  CHECK(CompareSets(Sets("aabbc", "bacba", two, false)).relation == Relation::kSameSet);
  // What is missing at the edge may have moved out.
  CHECK(CompareSets(Sets("ababc", "abaad", two, true)).relation == Relation::kSameSet);
  CHECK(CompareSets(Sets("ababc", "abaad", two, false)).relation == Relation::kNotComparable);
  // What is missing further inside has not.
  const SetRelation missing = CompareSets(Sets("abcaa", "ababb", two, true));
  CHECK(missing.relation == Relation::kDifferent);
  CHECK(missing.witness == 2);
  const SetRelation added = CompareSets(Sets("aabab", "axbab", two, true));
  CHECK(added.relation == Relation::kDifferent);
  CHECK(added.witness == 1);
  CHECK(CompareSets(Sets("aaaaa", "xxxxx", two, false)).relation == Relation::kNotComparable);
  CHECK(CompareSets(Sets("a", "b", {0}, true)).relation == Relation::kDifferent);
}

// This build, with a change of what it reads and of what it says.
template <class Read, class Say>
Build InHere(Read read, Say say) {
  return [=](const std::vector<std::string>& texts) -> absl::StatusOr<std::vector<Answer>> {
    std::vector<Answer> answers;
    for (const std::string& text : texts) {
      auto file = scenario::Parse(text, "text", run::Names());
      if (!file.ok()) return file.status();
      Scenario s = file->scenario;
      read(&s);
      Answer answer;
      answer.summary = report::SummaryOf(s);
      say(text, &answer);
      answers.push_back(answer);
    }
    return answers;
  };
}
const auto kReads = [](Scenario*) {};
const auto kSays = [](const std::string&, Answer*) {};

std::vector<Case> Crashes() {
  std::vector<Case> cases;
  for (const fs::directory_entry& e : fs::directory_iterator("regress/crashes")) {
    cases.push_back({e.path().string(), LoadStepped(e.path()).scenario});
  }
  std::sort(cases.begin(), cases.end(),
            [](const Case& a, const Case& b) { return a.name < b.name; });
  return cases;
}

Comparison Compared(Build old_build, Build new_build) {
  Comparison c(std::move(old_build), std::move(new_build));
  const absl::Status status = c.Compare(Crashes(), [] {});
  INFO(status.message());
  REQUIRE(status.ok());
  return c;
}

TEST_CASE("a build is the same as itself", "[refactor]") {
  const Comparison c = Compared(InHere(kReads, kSays), InHere(kReads, kSays));
  CHECK(c.count(Relation::kSame) == Crashes().size());
  CHECK(c.kinds().empty());
}

TEST_CASE("a build with one more scheduling point is the same by the set of outcomes",
          "[refactor]") {
  // What was step 10 of the first task is step 11 now, and so on.
  const auto shifted = [](Scenario* s) {
    for (scenario::Preemption& p : s->schedule) {
      if (p.task == 0 && p.step >= 10) --p.step;
    }
  };
  const Comparison c = Compared(InHere(kReads, kSays), InHere(shifted, kSays));
  CHECK(c.count(Relation::kSameSet) >= 3);
  CHECK(c.count(Relation::kDifferent) == 0);
  CHECK(c.count(Relation::kSame) + c.count(Relation::kSameSet) +
            c.count(Relation::kNotComparable) ==
        Crashes().size());
}

const auto kNoCancel = [](const std::string&, Answer* a) {
  std::erase_if(a->summary, [](const std::string& line) {
    return line.find(" MEM_CANCEL_OFFLINE memory") != std::string::npos;
  });
};

TEST_CASE("a build that hides an event is different", "[refactor]") {
  const Comparison c = Compared(InHere(kReads, kSays), InHere(kReads, kNoCancel));
  CHECK(c.count(Relation::kDifferent) >= 3);
  REQUIRE_FALSE(c.kinds().empty());
  // Each kind is there once, with the first scenario that shows it, and all are counted.
  uint32_t scenarios = 0;
  std::set<std::string> differences;
  for (const Kind& kind : c.kinds()) {
    scenarios += kind.scenarios;
    differences.insert(Name(kind.relation) +
                       Masked(kind.difference.substr(kind.difference.find('\n'))));
    if (kind.relation != Relation::kDifferent) continue;
    CHECK(kind.difference.find("\n  OLD: event ") != std::string::npos);
    CHECK(scenario::IsText(kind.text));
  }
  CHECK(scenarios == Crashes().size() - c.count(Relation::kSame) - c.count(Relation::kSameSet));
  CHECK(differences.size() == c.kinds().size());
}

TEST_CASE("a difference where somebody sleeps is not comparable", "[refactor]") {
  const Scenario s = Load("regress/crashes/stale-flag.scn").scenario;
  Scenario sleeps = s;
  REQUIRE(sleeps.tasks.size == 1);
  sleeps.ops.push({.kind = scenario::OpKind::kSleep, .value = 1});
  Comparison c(InHere(kReads, kSays), InHere(kReads, kNoCancel));
  REQUIRE(c.Compare({{"awake", s}, {"sleeps", sleeps}}, [] {}).ok());
  CHECK(c.count(Relation::kDifferent) == 1);
  REQUIRE(c.count(Relation::kNotComparable) == 1);
  REQUIRE(c.kinds().size() == 2);
  CHECK(c.kinds()[1].first == "sleeps");
}

bool Sleeps(const Scenario& s) {
  run::Run(s, run::RunOptions{.keep_trace = true});
  const auto& trace = run::Trace();
  return std::any_of(trace.begin(), trace.end(),
                     [](const sim::Record& r) { return r.tp == sim::kTpSleep; });
}

TEST_CASE("a difference where somebody polls a step earlier is not comparable", "[refactor]") {
  const auto file = scenario::Parse(
      "scenario 1\n"
      "driver rfc_v1\n"
      "machine kernel=rfc pages_per_block=4 pageblock_pages=4 max_order=2\n"
      "memory 4-5 node=0 zone=Normal\n"
      "notifier A priority=0\n"
      "  answer MEM_GOING_OFFLINE memory4 NOTIFY_BAD\n"
      "task user-1\n"
      "  write memory4/state offline\n"
      "task user-2\n"
      "  write memory5/state offline\n"
      "at user-1 1 run user-2\n",
      "text", run::Names());
  REQUIRE(file.ok());
  Scenario s = file->scenario;
  REQUIRE(Sleeps(s));
  // user-1 has released device_hotplug_lock when user-2 gets to it.
  while (Sleeps(s)) ++s.schedule[0].step;
  Comparison c(InHere(kReads, kSays), InHere(kReads, kNoCancel));
  REQUIRE(c.Compare({{"near", s}, {"far", Load("regress/crashes/stale-flag.scn").scenario}}, [] {
           }).ok());
  CHECK(c.count(Relation::kDifferent) == 1);
  REQUIRE(c.count(Relation::kNotComparable) == 1);
  CHECK(c.kinds()[0].first == "near");
}

TEST_CASE("a text that a build does not know is not comparable", "[refactor]") {
  const auto no_pcp = [](const std::string& text, Answer* a) {
    if (text.find("pcp_high=") == std::string::npos) return;
    a->summary.clear();
    a->refusal = "3:16: expected a setting";
  };
  std::vector<Case> cases = {{"plain", Crashes()[0].scenario}, {"pcp", Crashes()[0].scenario}};
  cases[1].scenario.machine.pcp_high = 2;
  for (const bool old_side : {true, false}) {
    const Build knows = InHere(kReads, kSays);
    const Build does_not = InHere(kReads, no_pcp);
    Comparison c(old_side ? does_not : knows, old_side ? knows : does_not);
    REQUIRE(c.Compare(cases, [] {}).ok());
    CHECK(c.count(Relation::kSame) == 1);
    CHECK(c.count(Relation::kNotComparable) == 1);
    REQUIRE(c.kinds().size() == 1);
    CHECK(c.kinds()[0].first == "pcp");
    CHECK(c.kinds()[0].difference == std::string(old_side ? "OLD" : "NEW") +
                                         " does not know the text: 3:16: expected a setting");
  }
}

TEST_CASE("a comparison tells of each case, and takes more of them", "[refactor]") {
  Comparison c(InHere(kReads, kSays), InHere(kReads, kSays));
  size_t done = 0;
  const auto count = [&done] { ++done; };
  REQUIRE(c.Compare(Crashes(), count).ok());
  CHECK(done == Crashes().size());
  REQUIRE(c.Compare(Crashes(), count).ok());
  CHECK(done == 2 * Crashes().size());
  CHECK(c.count(Relation::kSame) == done);
}

TEST_CASE("the token of an expect block", "[refactor]") {
  CHECK(TokenIn({"verdict violation I1/f@online/none silent", "log x"}) == "I1/f@online/none");
  CHECK(TokenIn({"verdict liveness I13/f@none/none"}) == "I13/f@none/none");
  CHECK(TokenIn({"verdict ok"}).empty());
  CHECK(TokenIn({"verdict ok stuck(benign) after"}).empty());
  CHECK(TokenIn({"verdict limit"}).empty());
  CHECK(TokenIn({}).empty());
}

TEST_CASE("a preemption that was moved is found again", "[refactor]") {
  uint32_t lost = 0;
  uint32_t as_expected = 0;
  for (const fs::directory_entry& e : fs::directory_iterator("regress/crashes")) {
    const scenario::File file = LoadStepped(e.path());
    for (const int move : {-3, 3}) {
      for (uint32_t i = 0; i < file.scenario.schedule.size; ++i) {
        Scenario moved = file.scenario;
        const int step = moved.schedule[i].step + move;
        if (step < 1) continue;
        moved.schedule[i].step = static_cast<uint16_t>(step);
        if (TokenIn(report::SummaryOf(moved)) == TokenIn(file.expect)) continue;
        ++lost;
        INFO(e.path().string() << ", entry " << i << " moved by " << move);
        const Search search = FindAgain(moved, file.expect);
        CHECK(search.result == Search::Result::kAsExpected);
        if (search.result != Search::Result::kAsExpected) continue;
        ++as_expected;
        CHECK(report::SummaryOf(search.scenario) == file.expect);
      }
    }
  }
  CHECK(lost >= 10);
  CHECK(as_expected == lost);
}

TEST_CASE("what cannot be found again is said to be so", "[refactor]") {
  scenario::File file = LoadStepped("regress/crashes/two-writers.scn");
  file.scenario.schedule[0].step = 66;
  const Search nothing = FindAgain(file.scenario, file.expect);
  CHECK(nothing.result == Search::Result::kNothing);
  CHECK(nothing.tried == 17);
  CHECK(nothing.complete);
  // Another violation nearby is none.
  const Search other = FindAgain(Load("regress/crashes/two-writers.scn").scenario,
                                 {"verdict violation I6/put_page@offline/none"});
  CHECK(other.result == Search::Result::kNothing);
  // The violation, and not the rest of the block.
  file.scenario.schedule[0].step = 60;
  const Search token = FindAgain(file.scenario, file.expect);
  CHECK(token.result == Search::Result::kToken);
  CHECK(token.tried == 17);
  CHECK(token.scenario.schedule[0].step == 57);
  CHECK(TokenIn(report::SummaryOf(token.scenario)) == TokenIn(file.expect));
}

TEST_CASE("entries of a schedule without effect", "[refactor]") {
  scenario::File file = Load("regress/crashes/two-writers.scn");
  Scenario& s = file.scenario;
  s.schedule = ScheduleOf({{0, 1, 2}, {0, 0, 2}, {0, 1, 4000}, {1, 1, 1}});
  report::SummaryOf(s);
  CHECK(WithoutEffect(s) ==
        std::vector<std::string>{"at memtrace-1 2 run memtrace-1: memtrace-1 does not run there",
                                 "at memtrace-1 4000 run memtrace-2: never reached"});
  s.schedule = ScheduleOf({{1, 0, 1}});
  report::SummaryOf(s);
  CHECK(WithoutEffect(s) ==
        std::vector<std::string>{"at memtrace-2 1 run memtrace-1: memtrace-1 does not run there"});
}

}  // namespace
}  // namespace hotplug::refactor
