// SPDX-License-Identifier: GPL-2.0-or-later
//
// What is done to scenarios, done to those of a kernel tree. Method: the worlds that have been
// compiled before, and the commands as people type them, in an empty folder; the mutator
// in this process. Goal: a finding of the tree world is minimized, kept and told as one of
// the model is, and no scenario leaves the machine that the world is.
#include <algorithm>
#include <filesystem>
#include <set>
#include <vector>

#include "fuzz/mutate/mutate.h"
#include "fuzz/refactor/search.h"
#include "fuzz/report/expect.h"
#include "fuzz/report/suppressions.h"
#include "model/mm/kernel.h"
#include "model/run/tree_world.h"
#include "model/scenario/bytes.h"
#include "model/scenario/generate.h"
#include "regress/unit/cli.h"
#include "regress/unit/files.h"
#include "regress/unit/harness.h"
#include "regress/unit/tree.h"

namespace hotplug {
namespace {

using scenario::Scenario;
using testing::WorldFile;

constexpr char kTokenOfTree[] = "K1/__offline_isolated_pages@";

// With operations, a block and a task that it can do without.
constexpr char kUndone[] =
    "scenario 1\n"
    "driver hardened\n"
    "machine kernel=6.1 debug_vm=on auto_online=off pages_per_block=16 pageblock_pages=4 "
    "max_order=2\n"
    "memory 4-5 node=0 zone=Normal\n"
    "task user-1\n"
    "  write memory4/online 0\n"
    "  write memory4/online 1\n"
    "task walker-2\n"
    "  alloc_contig node=0 order=0\n"
    "  put\n"
    "task user-3\n"
    "  sleep 4000\n"
    "at user-1 after test_pages_isolated run walker-2\n";

class TreeCli : public Cli {
 public:
  explicit TreeCli(const std::string& name)
      : world_(" --world='" + fs::absolute(WorldFile(name)).string() + "'") {
    Write("undone.scn", kUndone);
  }
  Result In(const std::string& args) const { return (*this)(args + world_); }

 private:
  std::string world_;
};

TEST_CASE("a finding of a tree is minimized, kept and told") {
  const TreeCli cli("6.1-16-debug_vm");
  const Result m = cli.In("minimize undone.scn -o least.scn");
  CHECK(m.code == 0);
  Begins(m.out, std::string("least.scn: ") + kTokenOfTree);
  Has(m.out, " (2 ops, 1 preemption; ");
  Has(cli.Read("least.scn"), "pages_per_block=16 pageblock_pages=4 max_order=2\nmemory 4 ");
  // What it has written it would not make smaller again, as bytes and as text.
  CHECK(cli.In("encode least.scn -o least").code == 0);
  CHECK(cli.In("minimize least -o again.scn").code == 0);
  CHECK(cli.Read("again.scn") == cli.Read("least.scn"));
  Has(cli.In("show least").out, "\nat user-1 ");

  const Result kept = cli.In("promote undone.scn --name=kept -o .");
  CHECK(kept.code == 0);
  Has(cli.Read("kept.scn"), std::string("\nexpect\n  verdict violation ") + kTokenOfTree);
  CHECK(cli.In("run --expect kept.scn").code == 0);
}

TEST_CASE("the report of a tree names its lines and who was where") {
  const TreeCli cli("6.1-16-debug_vm");
  const Result r = cli.In("explain undone.scn");
  CHECK(r.code == 1);
  Has(r.out, "\ncall chains:\n  user-1:\n    __offline_isolated_pages (mm/page_alloc.c:");
  Has(r.out, "    offline_pages (mm/memory_hotplug.c:");
  Has(r.out, ": spin_lock:   unset_migratetype_isolate (mm/page_isolation.c:");
  Has(r.out, "\nkernel log:\n  BUG: failure at mm/page_alloc.c:");
  CHECK(r.out.find("model/tree/glue") == std::string::npos);
  // Whoever is not in the kernel has no place there.
  CHECK(r.out.find("  walker-2:\n") == std::string::npos);
}

// Its messages have lines of the kernel's files, which are another package's tomorrow.
TEST_CASE("what is kept of trees fails as it says, and is known") {
  report::Suppressions known;
  REQUIRE(known.Load("regress/known-tree-findings.supp"));
  for (const fs::directory_entry& version : fs::directory_iterator("regress/tree-crashes")) {
    const TreeCli cli(version.path().filename().string() + "-16-debug_vm");
    for (const fs::directory_entry& file : fs::directory_iterator(version)) {
      INFO(file.path());
      const std::string path = fs::absolute(file.path()).string();
      const std::string text = testing::Contents(path);
      const size_t begin = text.find("  verdict ");
      REQUIRE(begin != std::string::npos);
      const std::string verdict = text.substr(begin, text.find('\n', begin) - begin);
      Has(cli.In("run --print-expect '" + path + "'").out, "expect\n" + verdict + "\n");
      CHECK(known.Match(verdict.substr(verdict.rfind(' ') + 1)));
    }
  }
  CHECK(known.UnusedReport().empty());
}

bool NeedsDriver(const Scenario& s) {
  return std::any_of(s.ops.begin(), s.ops.end(), [](const scenario::Op& op) {
    return scenario::OperationOf(op.kind).of_driver;
  });
}

// Those that need no driver and are of 6.1. H-17 is another one there: the glue has two nodes
// alone, and a memmap that is gone can be read.
TEST_CASE("crashes of the model that need no driver are the same in a tree") {
  const std::set<std::string> others = {"range-offline-debug_vm.scn", "range-removed.scn"};
  uint32_t same = 0;
  for (const fs::path& path : testing::Scenarios("regress/crashes")) {
    const scenario::File file = testing::Load(path);
    Scenario s = file.scenario;
    if (run::KernelOf(s, {}).substr(0, 3) != "6.1" || NeedsDriver(s)) continue;
    INFO(path);
    // Those that are about chunks of several pageblocks need such.
    const bool large = s.machine.max_order > s.machine.pageblock_order;
    const testing::UsedWorld world(large ? "6.1-64-debug_vm" : "6.1-16-debug_vm");
    run::kTreeWorld.fit(&s);
    const std::string token = refactor::TokenIn(report::SummaryOf(s, run::InTree()));
    const bool alike = token == refactor::TokenIn(file.expect);
    CAPTURE(token);
    CHECK(alike != others.contains(path.filename().string()));
    if (alike) ++same;
  }
  CHECK(same == 4);
}

TEST_CASE("what a tree cannot do is refused, and what its machine is not is told") {
  const TreeCli cli("6.1-16-debug_vm");
  cli.Write("driver.scn", kFails);
  const std::pair<const char*, const char*> refused[] = {
      {"run driver.scn",
       "driver.scn: without --driver=FILE.c there are no files of a driver in the tree world\n"},
      {"encode driver.scn -o x",
       "driver.scn: without --driver=FILE.c there are no files of a driver in the tree world\n"},
      {"minimize driver.scn -o x",
       "driver.scn: without --driver=FILE.c there are no files of a driver in the tree world\n"},
      {"cures undone.scn", "hotplug-fuzz cures: unknown flag --world="},
      {"conform undone.scn", "hotplug-fuzz conform: unknown flag --world="},
  };
  for (const auto& [args, why] : refused) {
    INFO(args);
    const Result r = cli.In(args);
    CHECK(r.code == 2);
    Begins(r.out, why);
  }
  fs::create_directories(cli.folder() / "regress/crashes");
  cli.Write("regress/MATRIX.tsv", "mine");
  const Result matrix = cli.In("promote undone.scn --name=undone");
  CHECK(matrix.code == 2);
  Begins(matrix.out, "regress/crashes: has scenarios of the model, by regress/MATRIX.tsv; ");
  CHECK(cli.Read("regress/MATRIX.tsv") == "mine");
  CHECK_FALSE(cli.Exists("x"));
  // Bytes go without it.
  REQUIRE(cli("encode driver.scn -o driver").code == 0);
  const Result bytes = cli.In("run driver");
  CHECK(bytes.code == 0);
  Begins(bytes.out,
         "driver: runs without: without --driver=FILE.c there are no files of a driver in the tree "
         "world\n");
}

TEST_CASE("what came out of a tree is a report for continuous integration") {
  const TreeCli cli("6.1-16-debug_vm");
  const Result r = cli.In("report --format=junit undone.scn");
  CHECK(r.code == 1);
  Has(r.out, "<testcase classname=\"none\" name=\"undone.scn\">");
  Has(r.out, std::string("<failure type=\"") + kTokenOfTree);
  Has(r.out, "offline_pages (mm/memory_hotplug.c:");
}

// ---- Scenarios stay on the machine that the world is ----

bool Fits(const Scenario& s) {
  Scenario fitted = s;
  run::kTreeWorld.fit(&fitted);
  return fitted == s && run::NotInTree(s) == nullptr && run::Adapt(s).changes.empty() &&
         scenario::Invalid(s, run::Names()) == nullptr;
}

TEST_CASE("mutations, bytes and generated scenarios fit the world") {
  const testing::UsedWorld used;
  mutate::Limits limits;
  limits.nr_kernels = mm::kNrKernels;
  limits.fit = run::kTreeWorld.fit;
  // Bytes of any machine, and one operation of a driver: where a fuzzer begins.
  Scenario s = scenario::Decode(nullptr, 0, drivers::kNrDrivers, mm::kNrKernels);
  uint32_t changed = 0;
  std::vector<uint8_t> bytes;
  for (uint32_t seed = 1; seed <= 2000; ++seed) {
    if (!mutate::Mutate(limits, seed, &s, &bytes)) continue;
    ++changed;
    REQUIRE(Fits(s));
    REQUIRE(scenario::Decode(bytes.data(), bytes.size(), drivers::kNrDrivers, mm::kNrKernels) == s);
  }
  CHECK(changed > 1900);
  for (uint64_t seed = 1; seed <= 500; ++seed) {
    Scenario any = scenario::Generate(seed, {});
    run::kTreeWorld.fit(&any);
    REQUIRE(Fits(any));
  }
}

}  // namespace
}  // namespace hotplug
