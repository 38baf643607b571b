// SPDX-License-Identifier: GPL-2.0-or-later
//
// Method: all schedules of small scenarios on worlds of 6.1 and 6.12, in different orders, and with
// and without going back to kept states. Goal: the search comes to its end, all of its ways find
// the same, what it finds an ordinary run of the schedule finds, and the cured core has nothing to
// find.
#include <set>

#include "fuzz/explore/search.h"
#include "fuzz/report/report.h"
#include "model/scenario/text/parse.h"
#include "model/sim/asan.h"
#include "regress/unit/cli.h"
#include "regress/unit/tree.h"

namespace hotplug {
namespace {

using scenario::Scenario;

// AddressSanitizer does not let stacks be put back.
#ifndef HOTPLUG_ASAN

constexpr char kBlock[] =
    "machine kernel=6.1%s debug_vm=on auto_online=off pages_per_block=16 pageblock_pages=4 "
    "max_order=2\n"
    "memory 4-5 node=0 zone=Normal\n";
constexpr char kOfflineAndContig[] =
    "task user-1\n  write memory4/online 0\n"
    "task walker-2\n  alloc_contig node=0 order=0\n";

Scenario Scn(const std::string& tasks, const std::string& fixes = "") {
  std::string machine = kBlock;
  machine.replace(machine.find("%s"), 2, fixes);
  const auto file =
      scenario::Parse("scenario 1\ndriver rfc_v1\n" + machine + tasks, "", run::Names());
  REQUIRE(file.ok());
  return file->scenario;
}

std::string TokenOfRun(const Scenario& s) {
  const run::Outcome o = run::Run(s, run::InTree());
  const std::string token = report::TokenOf(s, run::InTree(), o);
  return token.empty() ? run::Name(o.verdict) : token;
}

// "token states", so that what differs is told.
std::set<std::string> CountsOf(const std::map<std::string, explore::Kind>& kinds) {
  std::set<std::string> counts;
  for (const auto& [what, kind] : kinds) counts.insert(what + " " + std::to_string(kind.states));
  return counts;
}

void CheckSame(const explore::Result& a, const explore::Result& b) {
  CHECK(a.states == b.states);
  CHECK(a.transitions == b.transitions);
  CHECK(a.nr_endless == b.nr_endless);
  CHECK(CountsOf(a.ends) == CountsOf(b.ends));
  CHECK(CountsOf(a.found) == CountsOf(b.found));
}

TEST_CASE("every schedule of an offlining and a contiguous allocation") {
  for (const char* version : {"6.1", "6.12"}) {
    INFO(version);
    const testing::UsedWorld world(std::string(version) + "-16-debug_vm");
    explore::Search search(Scn(kOfflineAndContig), run::InTree(), {});
    const explore::Result r = search.Run();
    CHECK(r.complete);
    CHECK(r.states > 5000);
    // H-05 in its faces.
    CHECK(r.found.contains("K1/__offline_isolated_pages@offlining/MEM_GOING_OFFLINE"));
    CHECK(r.found.contains("I10/memory_notify@none/none"));
    // What is found, an ordinary run of the schedule finds.
    for (const auto& [token, kind] : r.found)
      CHECK(TokenOfRun(search.ScheduleOf(kind.path)) == token);
    REQUIRE(r.nr_endless != 0);
    CHECK(TokenOfRun(search.ScheduleOf(r.endless)) == "I13/offline_pages@none/none");
    for (const auto& [text, kind] : r.ends) {
      INFO(text);
      CHECK(text.find('?') == std::string::npos);  // nobody is left in the middle of something
      CHECK(TokenOfRun(search.ScheduleOf(kind.path)) == "ok");
    }
  }
}

TEST_CASE("no schedule fails on the core that is cured") {
  for (const char* version : {"6.1", "6.12"}) {
    INFO(version);
    const testing::UsedWorld world(std::string(version) + "-16-debug_vm");
    const explore::Result r =
        explore::Search(Scn(kOfflineAndContig, "+own_isolation"), run::InTree(), {}).Run();
    CHECK(r.complete);
    CHECK(r.found.empty());
    CHECK(r.nr_endless == 0);
    CHECK(r.ends.size() == 3);
  }
}

TEST_CASE("all ways to search come to the same") {
  const testing::UsedWorld world;
  const Scenario s = Scn(kOfflineAndContig);
  const explore::Result r = explore::Search(s, run::InTree(), {}).Run();
  CheckSame(r, explore::Search(s, run::InTree(), {.breadth_first = false}).Run());
  CheckSame(r, explore::Search(s, run::InTree(), {.run_again = true}).Run());
}

// Onliners that poll for a lock, and a turn that the scheduler would not give by itself.
TEST_CASE("schedules in which somebody polls or begins late are said, too") {
  const testing::UsedWorld world;
  const Scenario s =
      Scn("task user-1\n  write memory4/online 0\n"
          "task user-2\n  write memory4/online 1\n");
  explore::Search search(s, run::InTree(), {});
  const explore::Result r = search.Run();
  CHECK(r.complete);
  CHECK(r.found.empty());
  CHECK(r.nr_endless == 0);
  CHECK(r.ends.size() == 2);  // the block is online or offline in the end
  for (const auto& [text, kind] : r.ends) {
    const run::Outcome o = run::Run(search.ScheduleOf(kind.path), run::InTree());
    CHECK(explore::OutcomeText(s, o) == text);
  }
}

TEST_CASE("a search that is bounded says so") {
  const testing::UsedWorld world;
  const explore::Result r =
      explore::Search(Scn(kOfflineAndContig), run::InTree(), {.states = 100}).Run();
  CHECK_FALSE(r.complete);
  CHECK(r.states >= 100);
  CHECK(r.nr_endless == 0);  // what was not looked at may have an end
}

TEST_CASE("of a kernel that does not boot a search says that") {
  const testing::UsedWorld world;
  testing::Break(run::UsedImage(), "insert_resource");
  const explore::Result r = explore::Search(Scn(kOfflineAndContig), run::InTree(), {}).Run();
  CHECK_FALSE(r.complete);
  CHECK(CountsOf(r.found) == std::set<std::string>{"the kernel does not boot 1"});
}

TEST_CASE("explore tells and keeps what it has found") {
  Cli cli;
  cli.Write("s.scn", scenario::Print(Scn(kOfflineAndContig), run::Names()));
  const std::string world =
      " --world='" + fs::absolute(testing::WorldFile("6.1-16-debug_vm")).string();
  fs::create_directories(cli.folder() / "found");
  const auto r = cli("explore s.scn -o found" + world + "'");
  CHECK(r.code == 1);
  Begins(r.out, "s.scn: version=6.1");
  Has(r.out, " transitions; complete\n");
  Has(r.out, "\nfound: K1/__offline_isolated_pages@offlining/MEM_GOING_OFFLINE in ");
  Has(r.out, "\nno way to an end: ");
  const std::string kept = "found/s-I13-offline_pages-none-none.scn";
  CHECK(cli("run " + kept + world + "'").code == 3);
  // It is not overwritten.
  CHECK(cli("explore s.scn -o found" + world + "'").code == 2);
  CHECK(cli("explore s.scn" + world + "+own_isolation'").code == 0);
  CHECK(cli("explore s.scn --states=50" + world + "+own_isolation'").code == 4);
  for (const char* args : {"explore s.scn", "explore s.scn --states=0", "explore s.scn -o none"}) {
    INFO(args);
    CHECK(cli(args).code == 2);
  }
}

#endif

}  // namespace
}  // namespace hotplug
