// SPDX-License-Identifier: GPL-2.0-or-later
//
// Method: tasks call the kernel of a world that has been compiled.
// Goal: its own files do what they are known for, under our locks, and can be put back; what goes
// wrong in them is a report of the machine and not the end of the process.
#include "model/run/tree_world.h"

#include "fuzz/report/expect.h"
#include "fuzz/report/story.h"
#include "model/scenario/text/parse.h"
#include "model/sim/tracepoints.h"
#include "regress/unit/tree.h"

namespace hotplug {
namespace {

using testing::TreeMachine;
using Delivery = TreeMachine::Told;
using world::BlockId;
using world::NodeId;
using world::Pfn;
using world::StateFile;

constexpr uint32_t kNormal0 = 2;  // zone Normal of node 0

TEST_CASE("The boot lays out what the machine says") {
  TreeMachine m("6.1-16-debug_vm");
  const world_zone z = tree::ZoneAt(kNormal0);
  CHECK(z.start == 64);
  CHECK(z.spanned == 48);  // up to the last block that is online
  CHECK(z.present == 48);
  CHECK(z.managed == 32);  // without the reserved block
  CHECK(z.free == 32);
  CHECK(tree::ZoneAt(WORLD_ZONES + 3).present == 16);
  CHECK(tree::BlockAt(BlockId{7}).state == WORLD_BLOCK_OFFLINE);
  CHECK(tree::BlockAt(BlockId{10}).state == WORLD_BLOCK_ABSENT);
  CHECK(tree::NodeAt(NodeId{1}).has_memory == 1);
  CHECK(tree::PageAt(Pfn{64}).flags == (WORLD_PAGE_VALID | WORLD_PAGE_RESERVED));
  CHECK(tree::PageAt(Pfn{80}).flags == (WORLD_PAGE_VALID | WORLD_PAGE_BUDDY));
  CHECK(tree::PageAt(Pfn{112}).flags == (WORLD_PAGE_VALID | WORLD_PAGE_POISONED));
  REQUIRE(tree::Resources().size() == 1);
  CHECK(tree::Resources()[0].end == (10 << 16) - 1);
}

TEST_CASE("A block goes offline and online again, and a notifier is told") {
  TreeMachine m("6.1-16-debug_vm");
  m.Reset();
  const uint64_t before = tree::ViewDigest();
  CHECK(m.Run({[] {
    CHECK(tree::Ops::state_store(BlockId{6}, StateFile::kOffline) == 0);
    CHECK(tree::BlockAt(BlockId{6}).dev_offline == 1);
    CHECK(tree::ZoneAt(kNormal0).present == 32);
    CHECK(tree::Ops::state_store(BlockId{6}, StateFile::kOffline) == -EINVAL);
    CHECK(tree::Ops::online_store(BlockId{6}, false) == 0);
    CHECK(tree::Ops::state_store(BlockId{6}, StateFile::kGarbage) == -EINVAL);
    CHECK(tree::Ops::state_store(BlockId{10}, StateFile::kOnline) == -ENOENT);
    CHECK(tree::Ops::state_store(BlockId{6}, StateFile::kOnline) == 0);
  }}) == sim::Stop::kFinished);
  CHECK(m.told() == std::vector<Delivery>{{world::MEM_GOING_OFFLINE, 6},
                                          {world::MEM_OFFLINE, 6},
                                          {world::MEM_GOING_ONLINE, 6},
                                          {world::MEM_ONLINE, 6}});
  CHECK(tree::ViewDigest() == before);
  CHECK(m.FirstReport().empty());
}

TEST_CASE("A veto is told to be off") {
  TreeMachine m("6.1-16-debug_vm");
  m.Reset(world::MEM_GOING_OFFLINE);
  m.Run({[] { CHECK(tree::Ops::state_store(BlockId{6}, StateFile::kOffline) == -EPERM); }});
  CHECK(m.told() ==
        std::vector<Delivery>{{world::MEM_GOING_OFFLINE, 6}, {world::MEM_CANCEL_OFFLINE, 6}});
  CHECK(tree::BlockAt(BlockId{6}).state == WORLD_BLOCK_ONLINE);
}

TEST_CASE("6.12 tells of two more actions") {
  TreeMachine m("6.12-16-debug_vm");
  m.Reset();
  m.Run({[] {
    CHECK(tree::Ops::state_store(BlockId{6}, StateFile::kOffline) == 0);
    CHECK(tree::Ops::state_store(BlockId{6}, StateFile::kOnline) == 0);
  }});
  CHECK(m.told() == std::vector<Delivery>{{world::MEM_GOING_OFFLINE, 6},
                                          {world::MEM_OFFLINE, 6},
                                          {world::MEM_FINISH_OFFLINE, 6},
                                          {world::MEM_PREPARE_ONLINE, 6},
                                          {world::MEM_GOING_ONLINE, 6},
                                          {world::MEM_ONLINE, 6}});
}

TEST_CASE("Pages of user space are migrated, those of the kernel are in the way") {
  for (const char* world : {"6.1-16-debug_vm", "6.12-16-debug_vm"}) {
    INFO(world);
    TreeMachine m(world);
    m.Reset();
    m.Run({[] {
      REQUIRE(tree::Ops::alloc_ordinary(NodeId{0}, true, 1) == 0);
      CHECK((tree::PageAt(Pfn{92}).flags & WORLD_PAGE_LRU) != 0);
      CHECK(tree::Ops::state_store(BlockId{5}, StateFile::kOffline) == 0);
      CHECK(tree::Ops::free_ordinary());
      CHECK(tree::Ops::free_ordinary());
      CHECK_FALSE(tree::Ops::free_ordinary());
      CHECK(tree::Ops::alloc_ordinary(NodeId{0}, false, 2) == 0);
      CHECK(tree::Ops::state_store(BlockId{6}, StateFile::kOffline) == -EBUSY);
    }});
    CHECK(m.FirstReport().empty());
    CHECK(m.world().Text(m.world().nr_texts() - 2) == "page dumped because: unmovable page");
  }
}

TEST_CASE("Firmware takes a block and gives it back, contiguous pages are had and freed") {
  TreeMachine m("6.1-16-debug_vm");
  m.Reset();
  const uint64_t before = tree::ViewDigest();
  m.Run({[] {
    CHECK(tree::Ops::acpi_memory_device_add(BlockId{6}) == -EALREADY);
    CHECK(tree::Ops::acpi_scan_hot_remove(BlockId{6}) == 0);
    CHECK(tree::BlockAt(BlockId{6}).state == WORLD_BLOCK_ABSENT);
    CHECK(tree::Resources().size() == 2);
    CHECK(tree::Ops::auto_online_blocks_store(StateFile::kOnline) == 0);
    CHECK(tree::Ops::acpi_memory_device_add(BlockId{6}) == 0);
    CHECK(tree::BlockAt(BlockId{6}).state == WORLD_BLOCK_ONLINE);
    CHECK(tree::Ops::probe_store(BlockId{6}) == -EEXIST);
    CHECK(tree::Ops::alloc_contig(NodeId{0}, 4) == 0);
    CHECK(tree::ZoneAt(kNormal0).free == 16);
    CHECK(tree::Ops::free_contig());
    CHECK(tree::Ops::get_page(Pfn{80}) == -ENXIO);  // free
  }});
  CHECK(tree::ZoneAt(kNormal0).free == 32);
  CHECK(tree::ViewDigest() != before);  // a resource of its own
}

TEST_CASE("A driver of DIMMs takes blocks away that are all there, or none") {
  for (const char* world : {"6.1-16-debug_vm", "6.12-16-debug_vm"}) {
    INFO(world);
    TreeMachine m(world);
    m.Reset();
    m.Run({[] {
      CHECK(tree::Ops::remove_dimms(BlockId{4}, 2) == -EBUSY);  // reserved
      CHECK(tree::Ops::remove_dimms(BlockId{5}, 2) == 0);
      CHECK(tree::BlockAt(BlockId{5}).state == WORLD_BLOCK_ABSENT);
      CHECK(tree::Ops::remove_dimms(BlockId{6}, 2) == -ENODEV);
      CHECK(tree::BlockAt(BlockId{7}).state == WORLD_BLOCK_OFFLINE);
      CHECK(tree::Ops::acpi_memory_device_add(BlockId{6}) == 0);
      CHECK(tree::Ops::acpi_memory_device_add(BlockId{7}) == -EALREADY);
    }});
    CHECK(m.FirstReport().empty());
  }
}

TEST_CASE("A refusal has a driver's blocks come back into the kind of zone that they were in") {
  TreeMachine m("6.1-16-debug_vm");
  m.Reset();
  m.Run({[] {
    CHECK(tree::Ops::state_store(BlockId{7}, StateFile::kOnlineMovable) == 0);
    REQUIRE(tree::Ops::alloc_ordinary(NodeId{1}, false, 0) == 0);
    CHECK(tree::Ops::remove_dimms(BlockId{7}, 2) == -EBUSY);
    CHECK(tree::BlockAt(BlockId{7}).zone == WORLD_ZONES - 1);
    CHECK(tree::Ops::state_store(BlockId{7}, StateFile::kOffline) == 0);
  }});
  CHECK(m.told().size() == 8);
}

TEST_CASE("What firmware adds has its memory map where the machine has that, and goes alone") {
  for (const char* world : {"6.1-16-debug_vm", "6.12-16-debug_vm"}) {
    INFO(world);
    world_machine config = TreeMachine::Config();
    config.memmap_on_memory = 1;
    TreeMachine m(world, config);
    m.Reset();
    m.Run({[] {
      CHECK(tree::Ops::acpi_scan_hot_remove(BlockId{6}) == 0);
      CHECK(tree::Ops::acpi_memory_device_add(BlockId{6}) == 0);
      CHECK(tree::Ops::state_store(BlockId{6}, StateFile::kOnline) == 0);
      CHECK(tree::ZoneAt(kNormal0).present == 48);
      CHECK(tree::ZoneAt(kNormal0).managed == 28);
      CHECK((tree::PageAt(Pfn{99}).flags & WORLD_PAGE_BUDDY) == 0);
      CHECK((tree::PageAt(Pfn{100}).flags & WORLD_PAGE_BUDDY) != 0);
      CHECK(tree::Ops::remove_dimms(BlockId{5}, 2) == -EINVAL);
      CHECK(tree::BlockAt(BlockId{5}).state == WORLD_BLOCK_ONLINE);
      CHECK(tree::Ops::remove_dimms(BlockId{6}, 1) == 0);
      CHECK(tree::Ops::probe_store(BlockId{6}) == 0);
      CHECK(tree::Ops::remove_dimms(BlockId{5}, 2) == 0);
    }});
  }
}

TEST_CASE("A world can be put back, and copied out and back") {
  TreeMachine m("6.1-16-debug_vm");
  const uint64_t booted = m.world().RawDigest();
  const auto change = [] {
    tree::Ops::state_store(BlockId{6}, StateFile::kOffline);
    tree::Ops::acpi_scan_hot_remove(BlockId{5});
    tree::Ops::alloc_ordinary(NodeId{1}, true, 2);
  };
  m.Reset();
  m.Run({change});
  CHECK(m.world().RawDigest() != booted);
  tree::Snapshot changed;
  m.world().Save(true, &changed);
  const uint64_t after = m.world().RawDigest();
  sim::machine->Restore();
  m.world().Reset();
  CHECK(m.world().RawDigest() == booted);
  m.world().Load(changed);
  CHECK(m.world().RawDigest() == after);
}

TEST_CASE("A run depends on nothing but what it is told") {
  TreeMachine m("6.1-16-debug_vm");
  uint64_t first = 0;
  for (int i = 0; i < 100; ++i) {
    m.Reset();
    m.Run({[] { tree::Ops::state_store(BlockId{6}, StateFile::kOffline); },
           [] { tree::Ops::state_store(BlockId{8}, StateFile::kOffline); }},
          {{40, 0, 1}});
    if (i == 0) first = sim::sim().digest;
    REQUIRE(sim::sim().digest == first);
  }
}

TEST_CASE("Two requests at any one preemption both succeed, one after the other") {
  TreeMachine m("6.1-16-debug_vm");
  uint32_t contended = 0;
  for (uint16_t step = 1; step < 60; ++step) {
    INFO(step);
    m.Reset();
    int rc[2] = {1, 1};
    REQUIRE(m.Run({[&rc] { rc[0] = tree::Ops::state_store(BlockId{6}, StateFile::kOffline); },
                   [&rc] { rc[1] = tree::Ops::acpi_scan_hot_remove(BlockId{5}); }},
                  {{step, 0, 1}}) == sim::Stop::kFinished);
    REQUIRE(rc[0] == 0);
    REQUIRE(rc[1] == 0);
    REQUIRE(sim::sim().lock_fault == sim::LockFault::kNone);
    if (tree::state().nr_reports != 0) FAIL(m.FirstReport());
    for (const sim::Record& r : sim::machine->trace.records())
      contended += r.tp == sim::kTpContended;
  }
  CHECK(contended > 20);
}

TEST_CASE("A write that waits for the lock can be killed") {
  TreeMachine m("6.1-16-debug_vm");
  m.Reset();
  int rc = 0;
  m.Run({[] { tree::Ops::state_store(BlockId{6}, StateFile::kOffline); },
         [&rc] { rc = tree::Ops::state_store(BlockId{5}, StateFile::kOffline); },
         [] { sim::send_signal(sim::TaskId{1}, sim::Sig::kKill); }},
        {{10, 0, 1}, {1, 1, 2}});
  CHECK(rc == -EINTR);
  CHECK(tree::BlockAt(BlockId{5}).state == WORLD_BLOCK_ONLINE);
}

TEST_CASE("A page that somebody holds keeps offlining busy, until it is let go") {
  TreeMachine m("6.1-16-debug_vm");
  m.Reset();
  int rc = 1;
  CHECK(m.Run({[&rc] {
                 REQUIRE(tree::Ops::alloc_ordinary(NodeId{0}, true, 0) == 0);
                 REQUIRE(tree::Ops::get_page(Pfn{92}) == 0);
                 rc = tree::Ops::state_store(BlockId{5}, StateFile::kOffline);
               },
               [] { tree::Ops::put_page(Pfn{92}); }}) == sim::Stop::kFinished);
  CHECK(rc == 0);
  m.Reset();
  CHECK(m.Run({[] {
    tree::Ops::alloc_ordinary(NodeId{0}, true, 0);
    tree::Ops::get_page(Pfn{92});
    tree::Ops::state_store(BlockId{5}, StateFile::kOffline);
  }}) == sim::Stop::kStuck);
  sim::ReleaseStuck();
  CHECK(sim::RunTasks() == sim::Stop::kFinished);
}

TEST_CASE("What the kernel says about itself is a report, and so are its faults") {
  TreeMachine m("6.1-16-debug_vm");
  struct Row {
    TreeMachine::Program program;
    tree::ReportKind kind;
    sim::Stop stop;
    const char* text;
  };
  const Row rows[] = {
      {[] { tree::Ops::put_page(Pfn{80}); }, tree::ReportKind::kBug, sim::Stop::kDead, "BUG!"},
      {[] { tree::Ops::put_page(Pfn{1u << 30}); }, tree::ReportKind::kFault, sim::Stop::kDead,
       "fault at "},
      {[] { tree::Ops::memory_failure(Pfn{80}); }, tree::ReportKind::kNotSimulated,
       sim::Stop::kDead, "not simulated: memory_failure (call) at world_memory_failure"},
      {[] { tree::Ops::register_memory_notifier(0); }, tree::ReportKind::kWarn,
       sim::Stop::kFinished, "WARNING: at kernel/notifier.c:"},
  };
  for (const Row& row : rows) {
    INFO(row.text);
    m.Reset();
    CHECK(m.Run({row.program}) == row.stop);
    REQUIRE(tree::state().nr_reports == 1);
    CHECK(tree::state().reports[0].kind == row.kind);
    CHECK(m.FirstReport().rfind(row.text, 0) == 0);
  }
}

constexpr char kAllOffline[] =
    "scenario 1\ndriver rfc_v1\n"
    "machine kernel=6.1 pages_per_block=16 pageblock_pages=4 max_order=2\n"
    "memory 4 node=0 zone=Normal offline\n"
    "task user-1\n  write memory4/state online\n";

TEST_CASE("of a kernel that does not boot it is told that, and nothing of the run before") {
  const auto file = scenario::Parse(kAllOffline, "", run::Names());
  REQUIRE(file.ok());
  const testing::UsedWorld world;
  testing::Break(run::UsedImage(), "insert_resource");
  CHECK(report::StoryOf(file->scenario, {}).size() > 2);
  CHECK(report::StoryOf(file->scenario, run::InTree()) ==
        std::vector<std::string>{"verdict not-simulated", "the kernel does not boot"});
  CHECK(report::SummaryOf(file->scenario, run::InTree()) ==
        std::vector<std::string>{"verdict not-simulated", "user-1 write memory4/state online = ?"});
}

TEST_CASE("a machine all of whose memory is offline boots, and comes online") {
  const auto file = scenario::Parse(kAllOffline, "", run::Names());
  REQUIRE(file.ok());
  const testing::UsedWorld world;
  const std::vector<std::string> summary = report::SummaryOf(file->scenario, run::InTree());
  REQUIRE(summary.size() > 2);
  CHECK(summary[0] == "verdict ok");
  CHECK(summary[1] == "user-1 write memory4/state online = 0");
  CHECK(summary.back() == "memory4 online free=16 offline=0 counts -1:0 0:16 1:0 2:0 more:0");
}

}  // namespace
}  // namespace hotplug
