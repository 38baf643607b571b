// SPDX-License-Identifier: GPL-2.0-or-later
//
// The invariants say nothing about what is legal on the core of a tree either. Method: the runs of
// regress/tree-legal, on the unmodified cores of 6.1 and 6.12, those of memtrace with the RFC's
// file and all of its corrections; and beside each a careless version of an invariant, asked after
// every step. Goal: no run is a violation, and each is one that the careless version would not
// survive.
#include <algorithm>
#include <filesystem>
#include <set>
#include <string>

#include "model/run/run.h"
#include "model/run/tree_world.h"
#include "model/scenario/text/parse.h"
#include "model/tree/state.h"
#include "regress/unit/files.h"
#include "regress/unit/tree.h"

namespace hotplug {
namespace {

using tree::View;
using world::BlockId;
using world::PageGhost;
using world::Pfn;
using world::Phase;

// ---- Looking ------------------------------------------------------------------------------------

struct Seen {
  Pfn pfn;
  uint32_t block;
  Phase phase;
  const PageGhost& ghost;
  int32_t count;
  uint8_t type;
};

template <class F>
bool AnyBlock(F is) {
  for (uint32_t i = 0; i < world::geometry().nr_blocks; ++i) {
    if (is(world::BlockNumber(i))) return true;
  }
  return false;
}

template <class F>
bool AnyPage(F is) {
  for (uint32_t i = 0; i < world::geometry().nr_pages; ++i) {
    const Pfn pfn = world::PfnAt(i);
    const uint32_t block = i >> world::geometry().block_order;
    const View::Page page = View::page_at(i);
    const Seen seen{pfn,
                    block,
                    world::ledger().blocks[block].phase,
                    world::GhostAt(pfn),
                    View::page_count(page),
                    View::page_type(page)};
    if (is(seen)) return true;
  }
  return false;
}

bool IsInMemory(Phase phase) {
  return phase == Phase::kOnlining || phase == Phase::kOnline || phase == Phase::kOfflining;
}

int32_t Entitled(const Seen& p) { return static_cast<int32_t>(world::Entitled(p.ghost, p.block)); }

// Of a zone, what its blocks in memory have, and what it says.
bool AnyZone(bool (*is)(const world::ZoneCounters&, uint32_t blocks)) {
  for (uint32_t z = 0; z < world::kNrZones; ++z) {
    uint32_t blocks = 0;
    AnyBlock([&](BlockId b) {
      blocks += IsInMemory(world::BlockGhostAt(b).phase) && View::zone_of_pages(b) == z ? 1 : 0;
      return false;
    });
    if (is(View::zone(z), blocks)) return true;
  }
  return false;
}

bool AnyEvent(uint32_t action) {
  return AnyBlock([action](BlockId b) { return world::BlockGhostAt(b).last_event == action; });
}

// ---- Careless versions, each of which is true where it would tell a violation
// ---------------------

// I1: the count of an owned page is its owner's references.
bool OnlyItsOwner() {
  return AnyPage([](const Seen& p) {
    return IsInMemory(p.phase) && world::IsAllocation(p.ghost.owner) && p.count != Entitled(p);
  });
}
// I1: none but walkers has a reference for a moment.
bool OnlyWalkersLook() {
  return world::ledger().transients == 0 &&
         AnyPage([](const Seen& p) { return p.ghost.transient != 0; });
}
// I1: whoever has freed a page has had the last reference.
bool FreedIsFree() {
  return AnyPage([](const Seen& p) {
    return p.phase == Phase::kOnline && p.ghost.owner == world::kNobody && p.ghost.transient != 0;
  });
}
// I1: the count of a page that is no memory is 0.
bool OfflineHasNone() {
  return AnyPage([](const Seen& p) { return p.phase == Phase::kOffline && p.count != 0; });
}
// I1: a driver has the references of its pages.
bool DriverHasItsReferences() {
  return AnyPage([](const Seen& p) {
    return IsInMemory(p.phase) && world::IsInstance(p.ghost.owner) && p.count == 0;
  });
}
// I1: inside of its callback, too, an owner has what it may hold.
bool SettledInTheCallback() {
  return AnyPage([](const Seen& p) {
    return p.ghost.owner == world::ledger().callback_owner && world::IsInstance(p.ghost.owner) &&
           p.count != Entitled(p) + world::OthersReferences(p.ghost);
  });
}
// I2: a page of type Offline has a reference.
bool OfflineTypeIsHeld() {
  return AnyPage([](const Seen& p) {
    return IsInMemory(p.phase) && (p.type & world::kTypeOffline) != 0 && p.count == 0;
  });
}
// I3: a free page is in the buddy.
bool FreeIsBuddy() {
  return AnyPage(
      [](const Seen& p) { return p.ghost.owner == world::kBuddy && View::on_pcp_list(p.pfn); });
}
// I3: a page without references is free.
bool UnreferencedIsFree() {
  return AnyPage([](const Seen& p) { return p.ghost.owner == world::kFreeing && p.count == 0; });
}
// I3: what the core takes, somebody has.
bool CoreHasNone() {
  return AnyPage([](const Seen& p) { return p.ghost.owner == world::kCore && p.count > 0; });
}
// I4: no page of a block that goes offline is on a free list.
bool GoingHasNoFree() {
  return AnyPage([](const Seen& p) {
    return p.phase == Phase::kOfflining && (p.type & world::kTypeBuddy) != 0;
  });
}
// I8: what a call has taken stays taken.
bool TakenForGood() {
  const world::Ledger& l = world::ledger();
  return std::any_of(
      l.instances.begin(), l.instances.begin() + l.nr_instances,
      [](const world::InstanceGhost& i) { return i.claimed != 0 && i.released != 0; });
}
// I9: what was dropped is taken back before the end is told.
bool DroppedIsRetaken() {
  return AnyEvent(world::MEM_OFFLINE) &&
         AnyPage([](const Seen& p) { return p.ghost.dropped != 0; });
}
// I10: nothing is isolated while nothing goes offline.
bool IsolatedForOfflining() {
  return world::ledger().op.blocks == 0 &&
         AnyZone([](const world::ZoneCounters& z, uint32_t) { return z.isolated_pageblocks != 0; });
}
// I10: at most a block is isolated.
bool OneBlockIsIsolated() {
  return AnyZone([](const world::ZoneCounters& z, uint32_t) {
    return z.isolated_pageblocks * world::PagesPerPageblock() > world::PagesPerBlock();
  });
}
// I11: the counters of zones are right at each step.
bool PresentIsRight() {
  return AnyZone([](const world::ZoneCounters& z, uint32_t blocks) {
    return z.present != blocks * world::PagesPerBlock();
  });
}
// I11: a node that is online has memory.
bool OnlineNodeHasMemory() {
  for (uint32_t n = 0; n < kMaxNodes; ++n) {
    const world::NodeState node = View::node(world::NodeId{n});
    if (node.online && !node.has_memory) return true;
  }
  return false;
}
// I12: a block reads going-offline only once it is isolated.
bool GoingIsIsolated() {
  return world::ledger().op.blocks == 0 &&
         AnyBlock([](BlockId b) { return View::block(b).state == world::MEM_GOING_OFFLINE; });
}
// I12: a block reads offline when its pages are gone.
bool BlockIsAsItsPages() {
  return AnyBlock([](BlockId b) {
    return world::BlockGhostAt(b).phase == Phase::kOffline &&
           View::block(b).state == world::MEM_GOING_OFFLINE;
  });
}
// I13: whoever waits for a page waits for ever.
bool NobodySpins() {
  const sim::SimState& s = sim::sim();
  return std::any_of(s.tasks.begin(), s.tasks.begin() + s.nr_tasks,
                     [](const sim::Task& t) { return t.state == sim::TaskState::kSpinning; });
}
// I15: every block is there.
bool EveryBlockIsThere() {
  return AnyBlock([](BlockId b) { return !View::block(b).registered; });
}
// I15: what is not there firmware has.
bool FirmwareHasTheRest() {
  return AnyBlock([](BlockId b) {
    const world::BlockState s = View::block(b);
    return world::BlockGhostAt(b).phase == Phase::kAbsent && !s.registered && !s.ejected;
  });
}
// I15: who has memory removed has it.
bool RemoverHasIt() {
  const sim::Record& last = sim::sim().last;
  return last.tp == scenario::EndOf(scenario::OpKind::kOfflineAndRemove) && FirmwareHasTheRest();
}
// I15: pages of hotplugged memory are free or somebody's.
bool NoneIsReserved() {
  return AnyPage([](const Seen& p) {
    return p.phase == Phase::kOnline && p.ghost.owner == world::kBoot && p.ghost.unmanaged != 0;
  });
}
// I18: MEM_GOING_ONLINE ends in MEM_ONLINE, MEM_GOING_OFFLINE in MEM_OFFLINE.
bool NoOnliningIsCancelled() { return AnyEvent(world::MEM_CANCEL_ONLINE); }
bool NoOffliningIsCancelled() { return AnyEvent(world::MEM_CANCEL_OFFLINE); }
// I18: whoever is told how it ended was asked before.
bool NobodyIsExcused() { return tree::state().excused != 0; }
// I18: a driver that is told how it ended was asked before.
bool DriverWasAsked() {
  const world::Ledger& l = world::ledger();
  return AnyEvent(world::MEM_CANCEL_OFFLINE) &&
         std::any_of(l.instances.begin(), l.instances.begin() + l.nr_instances,
                     [](const world::InstanceGhost& i) { return i.asked == 0; });
}
// I18: whoever was asked is told how it ended.
bool AskedAreTold() { return sim::sim().nr_in_kernel == 0 && tree::state().asked != 0; }
// I18: notifiers neither come nor go while an event is told.
bool ChainStays() { return tree::ChangingNotifiers() != 0 && world::ledger().op.blocks != 0; }
// Memory that is added stays offline.
bool AddedStaysOffline() {
  return AnyBlock([](BlockId b) {
    return world::BlockGhostAt(b).last_event == world::MEM_ONLINE &&
           View::block(b).state == world::MEM_ONLINE;
  });
}
// Memory that is added is online.
bool AddedIsOnline() {
  return AnyBlock([](BlockId b) {
    const world::BlockState s = View::block(b);
    return s.registered && s.state == world::MEM_OFFLINE && AnyEvent(world::MEM_OFFLINE);
  });
}

struct LegalRun {
  const char* file;
  bool (*careless)();
};

const LegalRun kLegalRuns[] = {
    {"added", &AddedIsOnline},
    {"auto-onlined", &AddedStaysOffline},
    {"block-lags", &BlockIsAsItsPages},
    {"contig-and-offline", &OneBlockIsIsolated},
    {"contig-fails", &IsolatedForOfflining},
    {"contig-isolates", &IsolatedForOfflining},
    {"counters-of-offlining", &PresentIsRight},
    {"counters-of-onlining", &PresentIsRight},
    {"dimm-of-memtrace", &RemoverHasIt},
    {"ejected", &EveryBlockIsThere},
    {"empty-zone", &OnlineNodeHasMemory},
    {"going-offline", &GoingIsIsolated},
    {"interrupted-waiting", &NobodySpins},
    {"lone-cancel", &NobodyIsExcused},
    {"memtrace-gives-back", &TakenForGood},
    {"memtrace-is-refused", &DriverWasAsked},
    {"memtrace-refuses", &NobodyIsExcused},
    {"memtrace-retakes", &SettledInTheCallback},
    {"memtrace-takes", &DriverHasItsReferences},
    {"memtrace-takes", &DroppedIsRetaken},
    {"memtrace-takes", &FirmwareHasTheRest},
    {"memtrace-takes", &OfflineTypeIsHeld},
    {"migrated", &OnlyWalkersLook},
    {"offline-refused", &NoOffliningIsCancelled},
    {"offlined", &OfflineHasNone},
    {"offlined-with-free-pages", &GoingHasNoFree},
    {"on-the-way", &UnreferencedIsFree},
    {"online-refused", &NoOnliningIsCancelled},
    {"onlined", &CoreHasNone},
    {"own-memmap", &NoneIsReserved},
    {"per-cpu-list", &FreeIsBuddy},
    {"registers-late", &NobodyIsExcused},
    {"stop-ends-the-walk", &AskedAreTold},
    {"unregisters-early", &ChainStays},
    {"waits-for-a-walker", &NobodySpins},
    {"walker-beside-the-callback", &SettledInTheCallback},
    {"walker-frees-page", &FreedIsFree},
    {"walker-holds-page", &OnlyItsOwner},
    {"walker-in-the-callback", &SettledInTheCallback},
};

// ---- Running ------------------------------------------------------------------------------------

class Asks : public run::Observer {
 public:
  explicit Asks(bool (*careless)()) : careless_(careless) {}
  void Begin() override {}
  void Step() override { would_tell_ = would_tell_ || careless_(); }
  bool would_tell() const { return would_tell_; }

 private:
  bool (*careless_)();
  bool would_tell_ = false;
};

bool IsOfMemtrace(const scenario::Scenario& s) {
  return std::any_of(s.ops.begin(), s.ops.end(), [](const scenario::Op& op) {
    return scenario::OperationOf(op.kind).of_driver;
  });
}

TEST_CASE("what is legal on the core of a tree is silent, and a careless check would tell it") {
  for (const std::string version : {"6.1", "6.12"}) {
    for (const LegalRun& row : kLegalRuns) {
      INFO(version << " " << row.file);
      const auto text =
          scenario::Parse(testing::Contents(std::string("regress/tree-legal/") + row.file + ".scn"),
                          row.file, run::Names());
      REQUIRE(text.ok());
      const bool memtrace = IsOfMemtrace(text->scenario);
      run::UseImage(nullptr);
      run::UseImage(testing::MapWorld(version + "-16-debug_vm" + (memtrace ? "-rfc" : "")));
      Asks asks(row.careless);
      run::RunOptions options = run::InTree();
      options.observer = &asks;
      const run::Outcome o = run::Run(run::Adapt(text->scenario).scenario, options);
      CHECK(o.nr_violations == 0);
      CHECK(o.verdict == run::Verdict::kOk);
      CHECK(asks.would_tell());
    }
  }
  run::UseImage(nullptr);
}

TEST_CASE("each legal run has its careless check") {
  std::set<std::string> rows, files;
  for (const LegalRun& row : kLegalRuns) rows.insert(std::string(row.file) + ".scn");
  for (const auto& entry : std::filesystem::directory_iterator("regress/tree-legal")) {
    files.insert(entry.path().filename().string());
  }
  CHECK(rows == files);
  CHECK(rows.size() >= 30);
}

}  // namespace
}  // namespace hotplug
