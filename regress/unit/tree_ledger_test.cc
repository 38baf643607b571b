// SPDX-License-Identifier: GPL-2.0-or-later
//
// Method: tasks call the kernel of a world that has been compiled, and the ledger is looked at.
// Goal: phases, owners and references are what the kernel has made of its pages, whoever moves,
// frees or holds them; functions tell when they begin and end.
#include <array>

#include "model/mm/function.h"
#include "model/run/run.h"
#include "model/run/trace_points.h"
#include "model/run/tree_world.h"
#include "model/scenario/text/parse.h"
#include "regress/unit/files.h"
#include "regress/unit/tree.h"

namespace hotplug {
namespace {

using testing::TreeMachine;
using world::BlockId;
using world::NodeId;
using world::Pfn;
using world::Phase;
using world::StateFile;

Phase PhaseAt(uint32_t block) { return world::BlockGhostAt(BlockId{block}).phase; }
world::Owner OwnerAt(uint32_t pfn) { return world::GhostAt(Pfn{pfn}).owner; }
uint32_t OthersAt(uint32_t pfn) { return world::OthersReferences(world::GhostAt(Pfn{pfn})); }

// The pages of a block that are owned so.
uint32_t CountOwned(uint32_t block, world::Owner owner) {
  uint32_t nr = 0;
  for (uint32_t i = 0; i < world::PagesPerBlock(); ++i) {
    if (OwnerAt(block * world::PagesPerBlock() + i) == owner) ++nr;
  }
  return nr;
}

// The only page of a block that is an allocation's.
uint32_t AllocatedIn(uint32_t block) {
  uint32_t pfn = block * world::PagesPerBlock();
  while (!world::IsAllocation(OwnerAt(pfn))) ++pfn;
  return pfn;
}

TEST_CASE("The ledger begins with what the boot has made") {
  TreeMachine m("6.1-16-debug_vm");
  m.Reset();
  CHECK(PhaseAt(4) == Phase::kOnline);
  CHECK(CountOwned(4, world::kBoot) == 16);
  CHECK(CountOwned(5, world::kBuddy) == 16);
  CHECK(PhaseAt(7) == Phase::kOffline);
  CHECK(CountOwned(7, world::kNobody) == 16);
}

TEST_CASE("Phases and owners follow a block that goes and comes") {
  for (const char* name : {"6.1-16-debug_vm", "6.12-16-debug_vm"}) {
    TreeMachine m(name);
    m.Reset();
    m.Run({[] {
      CHECK(tree::Ops::state_store(BlockId{6}, StateFile::kOffline) == 0);
      CHECK(PhaseAt(6) == Phase::kOffline);
      CHECK(CountOwned(6, world::kNobody) == 16);
      CHECK(tree::Ops::acpi_scan_hot_remove(BlockId{6}) == 0);
      CHECK(PhaseAt(6) == Phase::kAbsent);
      CHECK(tree::Ops::acpi_memory_device_add(BlockId{6}) == 0);
      CHECK(PhaseAt(6) == Phase::kOffline);
      CHECK(tree::Ops::state_store(BlockId{6}, StateFile::kOnline) == 0);
      CHECK(PhaseAt(6) == Phase::kOnline);
      tree::SettlePages();
      CHECK(CountOwned(6, world::kBuddy) == 16);
    }});
  }
}

TEST_CASE("A vetoed block is online again, and its operation is over") {
  TreeMachine m("6.1-16-debug_vm");
  m.Reset(world::MEM_GOING_OFFLINE);
  m.Run({[] {
    CHECK(tree::Ops::state_store(BlockId{6}, StateFile::kOffline) == -EPERM);
    CHECK(PhaseAt(6) == Phase::kOnline);
    CHECK(world::BlockGhostAt(BlockId{6}).last_event == world::MEM_CANCEL_OFFLINE);
    CHECK(world::ledger().news.operation_ended == 1);
    CHECK(world::ledger().op.isolated == 0);
  }});
}

TEST_CASE("A page has its owner, and those that hold it for a moment") {
  TreeMachine m("6.1-16-debug_vm");
  m.Reset();
  m.Run({[] {
    REQUIRE(tree::Ops::alloc_ordinary(NodeId{0}, true, 0) == 0);
    const uint32_t page = AllocatedIn(5);
    CHECK(tree::View::allocation(OwnerAt(page)).live);
    CHECK(OthersAt(page) == 0);
    REQUIRE(tree::Ops::get_page(Pfn{page}) == 0);
    CHECK(OthersAt(page) == 1);
    CHECK(world::ledger().transients == 1);
    CHECK(tree::Ops::free_ordinary());
    CHECK(OwnerAt(page) == world::kNobody);
    CHECK(OthersAt(page) == 1);
    tree::Ops::put_page(Pfn{page});
    CHECK(OthersAt(page) == 0);
    tree::SettlePages();
    CHECK(OwnerAt(page) == world::kBuddy);
  }});
}

TEST_CASE("A page that is migrated takes its owner with it") {
  TreeMachine m("6.1-16-debug_vm");
  m.Reset();
  m.Run({[] {
    REQUIRE(tree::Ops::alloc_ordinary(NodeId{0}, true, 0) == 0);
    const world::Owner owner = OwnerAt(AllocatedIn(5));
    CHECK(tree::Ops::state_store(BlockId{5}, StateFile::kOffline) == 0);
    CHECK(OwnerAt(AllocatedIn(6)) == owner);
    CHECK(tree::View::allocation(owner).live);
  }});
}

TEST_CASE("Contiguous memory is its owner's page by page") {
  TreeMachine m("6.1-16-debug_vm");
  m.Reset();
  m.Run({[] {
    REQUIRE(tree::Ops::alloc_contig(NodeId{0}, 3) == 0);
    const world::Owner owner = OwnerAt(AllocatedIn(5));
    CHECK(CountOwned(5, owner) == 8);
    CHECK(tree::Ops::free_contig());
    tree::SettlePages();
    CHECK(CountOwned(5, world::kBuddy) == 16);
  }});
}

// ---- Functions ------------------------------------------------------------------------------

run::Outcome RunText(const std::string& text, std::vector<run::Reached>* reached = nullptr) {
  const auto s = scenario::Parse(text, "test", run::Names());
  INFO(s.status());
  REQUIRE(s.ok());
  run::RunOptions options = run::InTree();
  options.reached = reached;
  return run::Run(run::Adapt(s->scenario).scenario, options);
}

TEST_CASE("Functions of the kernel tell where they begin and end") {
  const testing::UsedWorld world;
  std::vector<run::Reached> reached;
  RunText(R"(scenario 1
driver hardened
machine kernel=6.1 pages_per_block=16 pageblock_pages=4 max_order=2
memory 4-7 node=0 zone=Normal
task user-1
  write memory5/state offline
)",
          &reached);
  const auto count = [&reached](When when, mm::Fn fn) {
    return std::count_if(reached.begin(), reached.end(), [&](const run::Reached& r) {
      return r.when == when && r.id == mm::FunctionAnchor(fn);
    });
  };
  for (const mm::Fn fn : {mm::Fn::kOfflinePages, mm::Fn::kStartIsolatePageRange,
                          mm::Fn::kTestPagesIsolated, mm::Fn::kOfflineIsolatedPages}) {
    CHECK(count(When::kBefore, fn) == 1);
    CHECK(count(When::kAfter, fn) == 1);
  }
  CHECK(count(When::kBefore, mm::Fn::kMemoryNotify) == 2);
}

// ---- What it is for ---------------------------------------------------------------------------

constexpr char kUndoneByOther[] = R"(scenario 1
driver hardened
machine kernel=6.1%s pages_per_block=16 pageblock_pages=4 max_order=2
memory 4 node=0 zone=Normal
task user-1
  write memory4/state offline
task walker-2
  alloc_contig node=0 order=0
at user-1 after test_pages_isolated run walker-2
)";

TEST_CASE("An isolation that somebody else undoes is a BUG of the core, and its fix cures it") {
  const testing::UsedWorld world;
  std::array<char, 512> text{};
  std::snprintf(text.data(), text.size(), kUndoneByOther, "");
  const run::Outcome o = RunText(text.data());
  REQUIRE(o.first() != nullptr);
  CHECK(o.first()->id == invariants::Id::kK1);
  CHECK(run::FindTracePoint(o.first()->function)->function ==
        std::string("__offline_isolated_pages"));
  CHECK(o.first()->phase == Phase::kOfflining);
  std::snprintf(text.data(), text.size(), kUndoneByOther, "+own_isolation");
  CHECK(RunText(text.data()).verdict == run::Verdict::kOk);
}

}  // namespace
}  // namespace hotplug
