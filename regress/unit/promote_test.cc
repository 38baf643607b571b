// SPDX-License-Identifier: GPL-2.0-or-later
//
// What becomes of a finding: the command `promote`, and the matrix of what every scenario that
// is kept comes to. Method: promote runs in an empty folder, and what it writes is held against
// what the other verbs say about it; the matrix is made anew and compared.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "fuzz/report/matrix.h"
#include "model/run/run.h"
#include "model/scenario/text/parse.h"
#include "regress/unit/cli.h"
#include "regress/unit/files.h"

namespace hotplug {
namespace {

using testing::Contents;

constexpr char kToken[] = "I1/memtrace_memory_notifier_cb@offlining/MEM_CANCEL_OFFLINE";

TEST_CASE("a crash becomes a scenario that the tests accept", "[promote]") {
  const Cli cli;
  REQUIRE(cli("encode fails.scn -o crash").code == 0);
  const Result r = cli("promote crash --name=stale -o . --comment='The flag\nis  stale.'");
  INFO(r.out);
  CHECK(r.code == 0);
  Begins(r.out, std::string("./stale.scn: ") + kToken + " (1 op, 0 preemptions; ");
  const std::string kept = cli.Read("stale.scn");
  Begins(kept,
         "scenario 1\n"
         "# SPDX-License-Identifier: GPL-2.0-or-later\n"
         "# The flag is stale.\n"
         "driver rfc_v1\n");
  Has(kept, std::string("\nexpect\n  verdict violation ") + kToken + "\n");
  // As golden_test does: run to its end, and compare.
  CHECK(cli("run --expect stale.scn").code == 0);
  // The scenario in it is the one that minimize finds.
  CHECK(cli("minimize crash -o least.scn").code == 0);
  CHECK(cli("encode least.scn -o a").code == 0);
  CHECK(cli("encode stale.scn -o b").code == 0);
  CHECK(cli.Read("a") == cli.Read("b"));
}

TEST_CASE("preemptions are anchored, and a finding without one gets a sentence", "[promote]") {
  const Cli cli;
  const std::string twice = Contents("regress/crashes/isolation-undone.scn");
  cli.Write("race.scn", twice);
  CHECK(cli("promote race.scn --name=race-2 -o .").code == 0);
  const std::string kept = cli.Read("race-2.scn");
  Has(kept, "\n# Found by fuzzing and not explained yet. I13 fails: nothing waits for ever ");
  Has(kept, "\nat memtrace-1 after memtrace_init_regions_runtime run user-2\n");
  Has(kept, "\nexpect\n  verdict liveness I13/");
  CHECK(cli("run --expect race-2.scn").code == 0);
  // No line of a long comment is longer than those of the other files.
  std::string words;
  for (int i = 0; i < 100; ++i) words += " reference";
  CHECK(cli("promote race.scn --name=long -o . --comment='" + words + "'").code == 0);
  const std::string text = cli.Read("long.scn");
  const std::string comment = text.substr(0, text.find("\ndriver "));
  for (size_t begin = 0; begin < comment.size();) {
    const size_t end = std::min(comment.find('\n', begin), comment.size());
    CHECK(end - begin <= 100);
    CHECK((begin == 0 || comment[begin] == '#'));
    begin = end + 1;
  }
}

TEST_CASE("what is refused is not written", "[promote]") {
  const Cli cli;
  cli.Write("kept.scn", "mine");
  const std::pair<const char*, const char*> refused[] = {
      {"promote fails.scn --name=kept -o .", "./kept.scn: exists already and is not overwritten\n"},
      {"promote empty --name=x -o .", "empty: does not fail, so it stays\n"},
      {"promote nowhere --name=x -o .", "nowhere: No such file or directory\n"},
      {"promote fails.scn -o .", "--name=: expected at most 64 letters"},
      {"promote fails.scn --name=../x -o .", "--name=../x: expected "},
      {"promote fails.scn --name=-x -o .", "--name=-x: expected "},
      {"promote fails.scn --name=$'x\\ny' -o .", "--name="},
      {"promote fails.scn --name=x", "regress/crashes: No such file or directory\n"},
      {"promote fails.scn --name=x -o no", "no: No such file or directory\n"}};
  for (const auto& [args, message] : refused) {
    INFO(args);
    const Result r = cli(args);
    CHECK(r.code == 2);
    Begins(r.out, message);
    CHECK_FALSE(cli.Exists("x.scn"));
  }
  CHECK(cli.Read("kept.scn") == "mine");
}

TEST_CASE("promote adds one row to the matrix and leaves the others alone", "[promote]") {
  const Cli cli;
  REQUIRE(fs::create_directories(cli.folder() / "regress/crashes"));
  const std::string header = report::MatrixHeader();
  std::string before = "a", behind = "z";
  for (size_t i = 0; i < report::MatrixColumns().size(); ++i) {
    before += "\tsomething";
    behind += "\tanother";
  }
  before += "\n";
  behind += "\n";
  cli.Write("regress/MATRIX.tsv", header + before + behind);
  const Result r = cli("promote fails.scn --name=stale");
  INFO(r.out);
  CHECK(r.code == 0);
  Has(r.out, "\nregress/MATRIX.tsv: has a row for it\n");
  const auto least = scenario::Parse(cli.Read("regress/crashes/stale.scn"), "stale", run::Names());
  REQUIRE(least.ok());
  CHECK(cli.Read("regress/MATRIX.tsv") ==
        header + before + report::MatrixRow("stale", least->scenario) + behind);
  // A row that is left of a scenario that is gone gives way.
  fs::remove(cli.folder() / "regress/crashes/stale.scn");
  const std::string matrix = cli.Read("regress/MATRIX.tsv");
  CHECK(cli("promote fails.scn --name=stale").code == 0);
  CHECK(cli.Read("regress/MATRIX.tsv") == matrix);
  // A broken matrix is left as it is, and then nothing is promoted.
  cli.Write("regress/MATRIX.tsv", "scenario\tof others\n");
  const Result broken = cli("promote fails.scn --name=second");
  CHECK(broken.code == 2);
  Begins(broken.out, "regress/MATRIX.tsv:1:1: expected the columns ");
  CHECK_FALSE(cli.Exists("regress/crashes/second.scn"));
  CHECK(cli.Read("regress/MATRIX.tsv") == "scenario\tof others\n");
}

std::map<std::string, scenario::Scenario> Kept() {
  std::map<std::string, scenario::Scenario> kept;
  for (const fs::directory_entry& e : fs::directory_iterator("regress/crashes")) {
    if (e.path().extension() != ".scn") continue;
    const auto file = scenario::Parse(Contents(e.path()), e.path().string(), run::Names());
    REQUIRE(file.ok());
    kept[e.path().stem().string()] = file->scenario;
  }
  return kept;
}

TEST_CASE("the matrix says what the kept scenarios come to", "[approval]") {
  std::string got = report::MatrixHeader();
  for (const auto& [name, s] : Kept()) got += report::MatrixRow(name, s);
  INFO("to accept, run with HOTPLUG_ACCEPT=1 (docs/known-findings.md)");
  const char kMatrix[] = "regress/MATRIX.tsv";
  if (std::getenv("HOTPLUG_ACCEPT") != nullptr) std::ofstream(kMatrix) << got;
  const std::vector<std::string> nothing;
  CHECK(report::MatrixDifference(Contents(kMatrix), got) == nothing);
  CHECK((got == Contents(kMatrix)));  // without its cells, which are many
}

TEST_CASE("a change of one driver changes its own cells in the matrix", "[promote]") {
  // The change: rfc_v1 clears the flag of its callback on MEM_OFFLINE.
  std::string before = "scenario\trfc_v1@rfc\tlegacy@rfc\n", after = before;
  report::Column changed{"", 0, 0, ""}, other{"", 0, 0, ""};
  for (const report::Column& column : report::MatrixColumns()) {
    if (column.name == "rfc_v1@rfc") changed = column;
    if (column.name == "legacy@rfc") other = column;
  }
  for (const auto& [name, s] : Kept()) {
    changed.fix = "";
    before +=
        name + "\t" + report::MatrixCell(s, changed) + "\t" + report::MatrixCell(s, other) + "\n";
    changed.fix = "clear_flag";
    after +=
        name + "\t" + report::MatrixCell(s, changed) + "\t" + report::MatrixCell(s, other) + "\n";
  }
  const std::string token = "I1/memtrace_memory_notifier_cb@offlining/";
  CHECK(report::MatrixDifference(before, after) ==
        std::vector<std::string>{
            "stale-flag rfc_v1@rfc: " + token + "MEM_CANCEL_OFFLINE -> ok",
            "stale-flag-second-node rfc_v1@rfc: " + token + "lone-MEM_CANCEL_OFFLINE -> ok"});
}

TEST_CASE("a difference of two matrices is told by the cell", "[promote]") {
  const std::string head = "# comment\nscenario\tx\ty\n";
  CHECK(
      report::MatrixDifference(head + "a\tok\tK1\nb\tok\tok\n", head + "a\tok\tok\nc\tI1\tok\n") ==
      std::vector<std::string>{"a y: K1 -> ok", "b x: ok -> -", "b y: ok -> -", "c x: - -> I1",
                               "c y: - -> ok"});
  // A column more, and one less.
  CHECK(report::MatrixDifference("scenario\tx\na\tok\n", "scenario\ty\na\tok\n") ==
        std::vector<std::string>{"a x: ok -> -", "a y: - -> ok"});
  CHECK(report::MatrixDifference(head + "a\tok\tK1\n", head + "a\tok\tK1\n").empty());
}

}  // namespace
}  // namespace hotplug
