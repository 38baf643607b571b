// SPDX-License-Identifier: GPL-2.0-or-later
//
// All drivers of the memtrace family but the RFC's own, which rfc_v1_test.cc is about. Method: the
// same writes to `enable` under each of them; the scenarios of the findings with the driver
// exchanged, and with every preemption moved to other steps, as another driver makes others; and
// the legal runs. Goal: each does what the RFC's memtrace does where nothing is in its way, has
// the defects that it leaves in and no others, and is not clean by doing nothing.
#include <algorithm>
#include <filesystem>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fuzz/report/cures.h"
#include "fuzz/report/matrix.h"
#include "model/drivers/driver.h"
#include "model/sim/tracepoints.h"
#include "regress/unit/checked.h"
#include "regress/unit/harness.h"

namespace hotplug::drivers {
namespace {

using run::Outcome;
using run::Verdict;
using testing::Blocks;
using testing::Count;
using testing::Deliveries;
using testing::kOff;
using testing::kOne;
using testing::kRead;
using testing::kTwo;
using testing::Rc;
using testing::Strings;
using testing::Veto;

using Names = std::vector<std::string>;

// The variants of the RFC's algorithm, and those of them that differ from it in more than the
// callback's flag and errno.
const Names kRfc = {"rfc_v1",     "rfc_errno_flag",  "rfc_veto",
                    "rfc_locked", "rfc_veto_frozen", "rfc_locked_frozen"};
const Names kFrozen = {"rfc_veto_frozen", "rfc_locked_frozen"};
// Those without a mutex.
const Names kUnlocked = {"legacy",     "rfc_v1",          "rfc_errno_flag",   "rfc_veto",
                         "rfc_locked", "rfc_veto_frozen", "rfc_locked_frozen"};
// Those that allocate without device_hotplug_lock.
const Names kAllocatingUnlocked = {"rfc_v1",     "rfc_errno_flag",  "rfc_veto",
                                   "rfc_locked", "rfc_veto_frozen", "rfc_locked_frozen",
                                   "merged",     "merged_6_1"};
const Names kMerged = {"merged", "merged_6_1"};
const Names kRfcAndHardened = {"hardened",   "rfc_v1",          "rfc_errno_flag",   "rfc_veto",
                               "rfc_locked", "rfc_veto_frozen", "rfc_locked_frozen"};

bool Among(const std::string& driver, const Names& names) {
  return std::find(names.begin(), names.end(), driver) != names.end();
}

Names AllBut(const Names& others) {
  Names all;
  for (uint32_t row = 0; row < kNrDrivers; ++row) all.push_back(kDriverNames[row]);
  std::erase(all, "canary");
  std::erase_if(all, [&others](const std::string& driver) { return Among(driver, others); });
  return all;
}
Names All() { return AllBut({}); }
// Those that take blocks offline.
Names AllOfHotplug() { return AllBut(kMerged); }

uint8_t RowOf(const std::string& driver) {
  const auto* end = kDriverNames + kNrDrivers;
  const auto* found = std::find(kDriverNames, end, driver);
  REQUIRE(found != end);
  return static_cast<uint8_t>(found - kDriverNames);
}

const std::string kFourBlocks = "memory 4-7 node=0 zone=Normal\n";

Outcome RunFamily(const std::string& driver, const std::string& body,
                  const std::string& memory = kFourBlocks, const run::RunOptions& options = {}) {
  return testing::RunText(
      "scenario 1\ndriver " + driver +
          "\nmachine kernel=rfc pages_per_block=4 pageblock_pages=4 max_order=2\n" + memory + body,
      options);
}

bool AllFree() {
  const auto blocks = run::BlocksAtEnd();
  return std::all_of(blocks.begin(), blocks.end(),
                     [](const run::BlockEnd& b) { return b.free == 4 && b.page_offline == 0; });
}

const std::string kTask = "task memtrace-1\n";

std::string Lines(std::initializer_list<std::string> parts) {
  std::string text;
  for (const std::string& part : parts) text += part;
  return text;
}

// ---- What they have in common -----------------------------------------------------------

TEST_CASE("memory is taken, given back and taken again", "[family]") {
  for (const std::string& driver : All()) {
    INFO(driver);
    const Outcome o =
        RunFamily(driver, Lines({kTask, kTwo, kRead, kOff, kRead, kOne, kTwo, kOff, kOff}));
    CHECK(o.verdict == Verdict::kOk);
    for (const uint32_t write : {0u, 2u, 4u, 5u, 6u, 7u}) CHECK(Rc(write) == 0);
    CHECK(run::ResultOf(1).value == 0x20000000);
    CHECK(run::ResultOf(3).value == 0);
    CHECK(Count(kTpLogAllocated) == 3);
    CHECK(Count(kTpLogAddedBack) + Count(kTpLogFreed) == 3);
    CHECK(Blocks() == "++++");
    CHECK(AllFree());
  }
}

TEST_CASE("what is taken has left Linux", "[family]") {
  for (const std::string& driver : AllOfHotplug()) {
    INFO(driver);
    CHECK(RunFamily(driver, kTask + kTwo).verdict == Verdict::kOk);
    const std::string blocks = Blocks();
    CHECK(std::count(blocks.begin(), blocks.end(), '.') == 2);
  }
}

TEST_CASE("each node gives its own", "[family]") {
  for (const std::string& driver : All()) {
    INFO(driver);
    const Outcome o = RunFamily(driver, Lines({kTask, kOne, kOff, kOne}),
                                "memory 4-5 node=0 zone=Normal\nmemory 6-7 node=1 zone=Normal\n");
    CHECK(o.verdict == Verdict::kOk);
    CHECK(Rc(2) == 0);
    CHECK(Count(kTpLogAllocated) == 4);
  }
}

// An entry may become nobody's while its memory is given back: no driver takes that for memory.
// Each place is tried at which the second writer may come in.
TEST_CASE("two writers give one entry back, past every violation", "[family]") {
  run::RunOptions on;
  on.on_violation = run::OnViolation::kRecord;
  Names drivers = kUnlocked;
  drivers.insert(drivers.end(), {"rfc_v1+reserve", "rfc_veto_frozen+reserve"});
  for (const std::string& driver : drivers) {
    INFO(driver);
    uint32_t refused = 0;
    for (uint32_t step = 40; step < 120; ++step) {
      RunFamily(driver,
                Lines({kTask, kOne, kOff, "task memtrace-2\n", kOff,
                       absl::StrCat("at memtrace-1 ", step, " run memtrace-2\n")}),
                "memory 172-175 node=0 zone=Normal\n", on);
      refused += Count(kTpLogAddFailed);
    }
    CHECK(refused > 0);
  }
}

// But for a directory in debugfs: nobody sees that it is not there.
TEST_CASE("a service that fails takes the write down, and nothing is lost", "[family]") {
  for (const std::string& driver : All()) {
    for (const char* fault : {"kmalloc", "ioremap", "debugfs_create_dir"}) {
      INFO(driver << " " << fault);
      const Outcome o =
          RunFamily(driver, kTask + kOne + "fault " + std::string(fault) + " nth=1 -ENOMEM\n");
      CHECK(o.verdict == Verdict::kOk);
      CHECK((Rc(0) < 0) == (fault != std::string("debugfs_create_dir")));
    }
  }
}

TEST_CASE("a refusal from behind is a clean failure", "[family]") {
  for (const std::string& driver : AllOfHotplug()) {
    for (const char* block : {"memory4", "memory5"}) {
      INFO(driver << " " << block);
      const Outcome o = RunFamily(
          driver, Lines({Veto("-1", block), kTask, "  write memtrace/enable 0x40000000\n", kOff}));
      CHECK(o.verdict == Verdict::kOk);
      CHECK(Rc(0) == 0);
      CHECK(Count(kTpLogNoMemory) == 1);
      CHECK(Blocks() == "++++");
      CHECK(AllFree());
    }
  }
}

// ---- The variants of the RFC ------------------------------------------------------------

const std::string kUser = "task user-2\n";
// Behind the registration of the callback, in each of them.
const std::string kRegistered = "at memtrace-1 14 run user-2\n";

TEST_CASE("the right errno helper refuses onlining, the wrong one does not", "[family]") {
  const std::string body = kTask + kOne + kUser +
                           "  write memory4/state offline\n  write memory4/state online\n" +
                           kRegistered;
  RunFamily("rfc_v1", body, "memory 4 node=0 zone=Normal\n");
  CHECK(Rc(1) == 0);
  CHECK(Rc(2) == 0);
  CHECK(RunFamily("rfc_errno_flag", body, "memory 4 node=0 zone=Normal\n").verdict == Verdict::kOk);
  CHECK(Rc(1) == 0);
  CHECK(Rc(2) == -EBUSY);
  CHECK(Blocks() == ".");
}

TEST_CASE("the user's offlining is refused, and its CANCEL retakes nothing", "[family]") {
  for (const std::string driver : {"rfc_veto", "rfc_veto_frozen"}) {
    INFO(driver);
    const Outcome o = RunFamily(
        driver, Lines({kTask, kOne, kUser, "  write memory4/state offline\n", kRegistered}));
    CHECK(o.verdict == Verdict::kOk);
    CHECK(Rc(0) == 0);
    CHECK(Rc(1) == -EBUSY);
    CHECK(Deliveries() == Strings{"MEM_GOING_OFFLINE 4 driver", "MEM_CANCEL_OFFLINE 4 driver",
                                  "MEM_GOING_OFFLINE 4 driver", "MEM_OFFLINE 4 driver"});
    CHECK(Count(mm::kTpPageRefInc) + Count(mm::kTpPageRefUnfreeze) == 0);
    CHECK(Blocks() == ".+++");
  }
}

TEST_CASE("the user waits for a lock that is held over the whole call", "[family]") {
  for (const std::string driver : {"rfc_locked", "rfc_locked_frozen"}) {
    INFO(driver);
    const Outcome o = RunFamily(
        driver, Lines({kTask, kOne, kUser, "  write memory4/state offline\n", kRegistered}));
    CHECK(o.verdict == Verdict::kOk);
    CHECK(Rc(0) == 0);
    CHECK(Rc(1) == -ENODEV);
    CHECK(Deliveries() == Strings{"MEM_GOING_OFFLINE 4 driver", "MEM_OFFLINE 4 driver"});
  }
}

TEST_CASE("a page that is held refuses, and what was frozen before it is given back", "[family]") {
  for (const std::string& driver : kFrozen) {
    INFO(driver);
    const Outcome o = RunFamily(driver, kTask + kOne +
                                            "task walker-2\n  get memory4 page=2\n"
                                            "  after memtrace-1\n  put\n" +
                                            "at memtrace-1 14 run walker-2\n");
    CHECK(o.verdict == Verdict::kOk);
    CHECK(Count(mm::kTpPageRefFreeze) == 3);
    CHECK(Count(mm::kTpPageRefUnfreeze) == 2);
    CHECK(Deliveries() == Strings{"MEM_GOING_OFFLINE 4 driver", "MEM_CANCEL_OFFLINE 4 driver"});
    CHECK(Count(kTpLogNoMemory) == 1);
    CHECK(Blocks() == "++++");
    CHECK(AllFree());
  }
}

TEST_CASE("a block that does not come back is tried again at each write", "[family]") {
  const std::string faults = "fault add_memory nth=2 -ENOMEM\nfault add_memory nth=3 -ENOMEM\n";
  for (const std::string& driver : kFrozen) {
    INFO(driver);
    // Given back: the first block comes, the second one at the third attempt.
    Outcome o = RunFamily(driver, Lines({kTask, kTwo, kOff, kRead, kOff, kOff, faults}));
    CHECK(o.verdict == Verdict::kOk);
    CHECK(Rc(1) == -EAGAIN);
    CHECK(run::ResultOf(2).value == 0);
    CHECK(Rc(3) == -EAGAIN);
    CHECK(Rc(4) == 0);
    CHECK(Count(kTpLogAddFailed) == 2);
    CHECK(AllFree());
    // Undone: the third block refuses, of the two that are gone one stays away.
    o = RunFamily(driver, Lines({Veto("-1", "memory6"), kTask,
                                 "  write memtrace/enable 0x40000000\n", kOff, kOff, faults}));
    CHECK(o.verdict == Verdict::kOk);
    CHECK(Rc(0) == 0);
    CHECK(Rc(1) == -EAGAIN);
    CHECK(Rc(2) == 0);
    CHECK(AllFree());
  }
}

TEST_CASE("the flag of a call knows nothing of another call", "[family]") {
  // The end of the first node's offlining is hidden, so that its flag stays set.
  const std::string body =
      "notifier A priority=0\n  answer MEM_OFFLINE NOTIFY_STOP\n"
      "  answer MEM_GOING_OFFLINE memory5 notifier_from_errno(-EBUSY)\n" +
      kTask + kOne;
  const std::string memory = "memory 4 node=0 zone=Normal\nmemory 5 node=1 zone=Normal\n";
  CHECK(RunFamily("rfc_v1", body, memory).verdict == Verdict::kViolation);
  for (const std::string driver : {"rfc_errno_flag", "rfc_veto", "rfc_veto_frozen"}) {
    INFO(driver);
    CHECK(RunFamily(driver, body, memory).verdict == Verdict::kOk);
    CHECK(Blocks() == ".+");
  }
}

TEST_CASE("a call retakes what a hidden CANCEL has left dropped", "[family]") {
  scenario::Scenario s = testing::Load("regress/crashes/stop-hides-cancel.scn").scenario;
  run::RunOptions options;
  options.on_violation = run::OnViolation::kRecord;
  for (const std::string& driver : kFrozen) {
    INFO(driver);
    s.driver = RowOf(driver);
    CHECK(run::Run(s, options).first()->id == invariants::Id::kI9);
    CHECK(AllFree());
  }
}

// ---- Before the RFC ---------------------------------------------------------------------

TEST_CASE("legacy takes the highest blocks that it can have, all in one event", "[family]") {
  Outcome o = RunFamily("legacy", "notifier A priority=0\n" + kTask + kTwo);
  CHECK(o.verdict == Verdict::kOk);
  CHECK(Blocks() == "++..");
  CHECK(Deliveries() == Strings{"MEM_GOING_OFFLINE 6 A", "MEM_OFFLINE 6 A"});
  // Whoever uses the memory has to move; what cannot is passed over, and so is what is offline.
  o = RunFamily(
      "legacy",
      kTask + "  alloc movable node=0 order=2\n  alloc movable node=0 order=2\n" + kOne + kOne);
  CHECK(o.verdict == Verdict::kOk);
  CHECK(Blocks() == "+++.");
  o = RunFamily("legacy", kTask + "  write memory6/state offline\n" + kTwo);
  CHECK(o.verdict == Verdict::kOk);
  CHECK(Count(kTpLogNoMemory) == 1);
  CHECK(Blocks() == "++-+");
}

TEST_CASE("legacy never takes the lowest candidate", "[family]") {
  CHECK(RunFamily("legacy", kTask + kTwo, "memory 4-5 node=0 zone=Normal\n").verdict ==
        Verdict::kOk);
  CHECK(Count(kTpLogNoMemory) == 1);
  CHECK(Blocks() == "++");
}

TEST_CASE("legacy goes on with the next candidate when one is refused", "[family]") {
  for (const char* priority : {"0", "-1"}) {
    const Outcome o = RunFamily("legacy", Lines({Veto(priority, "memory7"), kTask, kOne, kOff}));
    CHECK(o.verdict == Verdict::kOk);
    CHECK(Count(mm::kTpOfflineFailedNotifier) == 1);
    CHECK(Count(kTpLogAllocated) == 1);
    CHECK(Blocks() == "++++");
    CHECK(AllFree());
  }
  // Both blocks of a candidate are as they were, whichever event the refusal is of.
  const Outcome o = RunFamily("legacy", Veto("-1", "memory6") + kTask + kTwo);
  CHECK(o.verdict == Verdict::kOk);
  CHECK(Count(kTpLogNoMemory) == 1);
  CHECK(Blocks() == "++++");
  CHECK(AllFree());
}

TEST_CASE("legacy counts down from the end of the address space if asked for too much",
          "[family]") {
  const auto ask = [](const std::string& driver, const std::string& kernel) {
    return testing::RunText(
        "scenario 1\ndriver " + driver + "\nmachine kernel=" + kernel +
        " pages_per_block=4 pageblock_pages=4 max_order=2\nmemory 4-7 node=0 zone=Normal\n" +
        kTask + "  write memtrace/enable 0x4000000000\n");
  };
  for (const char* kernel : {"rfc", "6.1"}) {
    CHECK(ask("legacy", kernel).verdict == Verdict::kLimit);
    CHECK(ask("legacy+bounded", kernel).verdict == Verdict::kOk);
    CHECK(Rc(0) == 0);
    CHECK(Count(kTpLogNoMemory) == 1);
  }
}

// Any number of blocks is a size: the range is not aligned to it, and below the lowest candidate is
// less than another one.
TEST_CASE("legacy takes sizes that are no power of two", "[family]") {
  Outcome o = RunFamily("legacy", kTask + "  write memtrace/enable 0x30000000\n");
  CHECK(o.verdict == Verdict::kOk);
  CHECK(Blocks() == "+...");
  const std::string refused = Veto("0", "memory5") + kTask + "  write memtrace/enable 0xb0000000\n";
  const std::string memory = "memory 4-15 node=0 zone=Normal\n";
  CHECK(RunFamily("legacy", refused, memory).verdict == Verdict::kLimit);
  o = RunFamily("legacy+bounded", refused, memory);
  CHECK(o.verdict == Verdict::kOk);
  CHECK(Count(kTpLogNoMemory) == 1);
}

TEST_CASE("legacy tries for ever to move pages for which there is no room", "[family]") {
  const Outcome o = RunFamily("legacy",
                              kTask +
                                  "  alloc movable node=0 order=2\n"
                                  "  alloc movable node=0 order=2\n" +
                                  kOne + "task user-2\n  write memory4/state online\n",
                              "memory 4-5 node=0 zone=Normal\n");
  CHECK(o.nr_violations == 0);
  CHECK(o.stuck_benign);  // it is user space that has the pages
}

// ---- Instead of the RFC -----------------------------------------------------------------

uint32_t PagesOffline() {
  uint32_t n = 0;
  for (const run::BlockEnd& b : run::BlocksAtEnd()) n += b.page_offline;
  return n;
}

TEST_CASE("merged keeps its blocks online, and nobody else can offline them", "[family]") {
  const std::string body =
      "notifier A priority=0\n" + kTask + kTwo + "  write memory4/state offline\n";
  Outcome o = RunFamily("merged", body);
  CHECK(o.verdict == Verdict::kOk);
  CHECK(Rc(0) == 0);
  CHECK(Rc(1) == -EBUSY);
  CHECK(Deliveries() == Strings{"MEM_GOING_OFFLINE 4 A", "MEM_CANCEL_OFFLINE 4 A"});
  CHECK(Blocks() == "++++");
  CHECK(PagesOffline() == 8);
  CHECK(run::BlocksAtEnd()[0].counts[2] == 4);  // one reference each
  o = RunFamily("merged", body + kOff);
  CHECK(o.verdict == Verdict::kOk);
  CHECK(Count(kTpLogFreed) == 1);
  CHECK(AllFree());
}

TEST_CASE("merged takes any number of blocks, aligned to nothing in particular", "[family]") {
  const Outcome o = RunFamily(
      "merged", kTask + "  write memtrace/enable 0x10000001\n  write memtrace/enable 0x30000000\n",
      "memory 5-9 node=0 zone=Normal\n");
  CHECK(o.verdict == Verdict::kOk);
  CHECK(Rc(0) == -EINVAL);
  CHECK(Count(kTpLogUnaligned) == 1);
  CHECK(Rc(1) == 0);
  const auto blocks = run::BlocksAtEnd();
  for (uint32_t b = 0; b < 5; ++b) CHECK(blocks[b].page_offline == (b < 3 ? 4u : 0u));
}

TEST_CASE("merged keeps what it cannot map again, for another attempt", "[family]") {
  const Outcome o =
      RunFamily("merged", kTask + kOne + kOff + kRead + kOff + "fault add_memory nth=1 -EFAULT\n");
  CHECK(o.verdict == Verdict::kOk);
  CHECK(Rc(1) == -EAGAIN);
  CHECK(Count(kTpLogFreeFailed) == 1);
  CHECK(run::ResultOf(2).value == 0x10000000);
  CHECK(Rc(3) == 0);
  CHECK(AllFree());
}

TEST_CASE("merged says EAGAIN whatever it lacks", "[family]") {
  for (const char* fault : {"kmalloc", "ioremap"}) {
    INFO(fault);
    RunFamily("merged", kTask + kOne + "fault " + std::string(fault) + " nth=1 -ENOMEM\n");
    CHECK(Rc(0) == -EAGAIN);
  }
}

TEST_CASE("writers of merged wait for each other", "[family]") {
  const Outcome o = RunFamily(
      "merged", kTask + kOne + "task memtrace-2\n" + kTwo + "at memtrace-1 10 run memtrace-2\n");
  CHECK(o.verdict == Verdict::kOk);
  CHECK(Count(sim::kTpContended) == 1);
  CHECK(Count(kTpLogFreed) == 1);
  CHECK(PagesOffline() == 8);
}

TEST_CASE("who keeps blocks has to record them, and to own their pages", "[family]") {
  scenario::Scenario s = testing::Load("regress/legal/N12.scn").scenario;
  s.notifiers.size = 0;
  s.answers.size = 0;
  Driver driver = *kDrivers[RowOf("merged")];
  run::RunOptions options;
  options.driver = &driver;
  CHECK(run::Run(s, options).first() == nullptr);
  driver.ranges = [](Range*, uint32_t) { return 0u; };
  CHECK(run::Run(s, options).first()->id == invariants::Id::kI8);
  options.disabled = invariants::Bits(invariants::Id::kI8);
  CHECK(run::Run(s, options).first()->id == invariants::Id::kI15);
  // Whose blocks are gone does not own their pages any more.
  driver = *kDrivers[RowOf("rfc_v1")];
  driver.keeps_blocks = true;
  options.disabled = 0;
  const Outcome o = run::Run(s, options);
  CHECK(o.first()->id == invariants::Id::kI8);
  CHECK(o.first()->pfn != mm::kNoPfn);
}

TEST_CASE("merged_6_1 flushes the cache a gigabyte at a time", "[family]") {
  const std::string machine = "memory 4-12 node=0 zone=Normal\n";
  const Outcome o =
      RunFamily("merged_6_1", kTask + "  write memtrace/enable 0x50000000\n", machine);
  CHECK(o.verdict == Verdict::kOk);
  CHECK(Count(kTpFlushRange) == 2);
}

// ---- Who sees trace memory --------------------------------------------------------------

const std::string kReader = "  read memtrace/00000000/trace\n";

TEST_CASE("what is read was cleared, or it is M-19", "[family]") {
  for (const std::string& driver : All()) {
    const bool clears = driver == "hardened" || Among(driver, kMerged);
    const Outcome o = RunFamily(driver, Lines({kTask, kTwo, kReader, kOff, kTwo, kReader}));
    INFO(driver);
    REQUIRE(o.nr_violations == (clears ? 0 : 1));
    if (!clears) CHECK(o.first()->id == invariants::Id::kI16);
    for (const uint32_t op : {1, 4}) CHECK(Rc(op) == 0);
  }
}

// What a reader comes to that is let in after each step of giving memory back.
std::set<std::string> ReadsOf(const std::string& driver, const std::string& reader) {
  constexpr uint32_t kSteps = 200;
  run::RunOptions options;
  options.disabled = invariants::Bits(invariants::Id::kI16);
  std::set<std::string> broken;
  for (uint32_t step = 1; step <= kSteps; ++step) {
    const Outcome o = RunFamily(driver,
                                Lines({kTask, kTwo, kOff, "task user-2\n", reader,
                                       "at memtrace-1 " + std::to_string(step) + " run user-2\n"}),
                                kFourBlocks, options);
    if (o.first() != nullptr) broken.insert(invariants::Name(o.first()->id));
  }
  return broken;
}

TEST_CASE("nobody reads what hardened has unmapped", "[family]") {
  for (const std::string& driver : All()) {
    INFO(driver);
    const bool has = driver != "hardened";
    CHECK(ReadsOf(driver, kReader) ==
          (has ? std::set<std::string>{"K2"} : std::set<std::string>{}));
  }
}

TEST_CASE("only merged_6_1 lets its memory be mapped, and gives it back all the same", "[family]") {
  for (const std::string& driver : All()) {
    INFO(driver);
    const std::set<std::string> broken =
        ReadsOf(driver, "  mmap memtrace/00000000/trace\n  after memtrace-1\n");
    CHECK(broken ==
          (driver == "merged_6_1" ? std::set<std::string>{"I19"} : std::set<std::string>{}));
  }
}

// ---- The findings -----------------------------------------------------------------------

struct Finding {
  const char* file;
  Names has;  // the drivers that have it
};

const Finding kFindings[] = {
    {"user-reonline", {"rfc_v1"}},                                                   // M-01
    {"user-reonline-in-use", {"rfc_v1"}},                                            // M-01
    {"stale-flag", {"rfc_v1", "rfc_locked"}},                                        // M-02
    {"stale-flag-second-node", {"rfc_v1", "rfc_locked"}},                            // M-03
    {"held-page", {"rfc_v1", "rfc_errno_flag", "rfc_veto", "rfc_locked"}},           // M-04
    {"free-offline-block", {"rfc_v1", "rfc_errno_flag"}},                            // M-05
    {"readd-fails", {"rfc_v1", "rfc_errno_flag", "rfc_veto", "rfc_locked"}},         // M-11
    {"two-writers", kUnlocked},                                                      // M-14
    {"two-writers-null", kRfc},                                                      // M-14
    {"stop-hides-offline", {"rfc_v1", "rfc_errno_flag", "rfc_veto", "rfc_locked"}},  // H-01
    {"stop-hides-cancel", kRfcAndHardened},                                          // H-02
    {"free-while-offlining", {"rfc_v1", "rfc_errno_flag"}},                          // H-03
    {"free-while-committing", {"rfc_v1", "rfc_errno_flag"}},                         // H-03
    {"debugfs-fails", AllBut({"hardened"})},                                         // H-04
    {"node-comes-online", AllBut({"hardened", "legacy"})},                           // H-11
    {"isolation-undone", kAllocatingUnlocked},                                       // H-05
    {"late-free", All()},                                                            // C-01
    {"counted-twice", All()},                                                        // H-16
    {"range-removed", All()},                                                        // H-17
};

TEST_CASE("each driver has the findings that it leaves in", "[family]") {
  for (size_t i = 0; i < std::size(kFindings); i += testing::kNextRow) {
    const Finding& f = kFindings[i];
    scenario::Scenario s =
        testing::Load("regress/crashes/" + std::string(f.file) + ".scn").scenario;
    for (const std::string& driver : All()) {
      s.driver = RowOf(driver);
      const bool has = Among(driver, f.has);
      const std::set<std::string> broken = report::TokensNear(s);
      INFO(f.file << " " << driver << " " << (broken.empty() ? "" : *broken.begin()));
      CHECK(broken.empty() != has);
    }
  }
}

// What cures a finding, in the driver or in the core, and nothing else does it.
struct Cure {
  const char* file;
  const char* fix;
  uint32_t core = 0;  // fixes of the core beside it: without, moved preemptions find something else
};

constexpr uint32_t kOnline = mm::CoreFix::kContigOnline.bit;
const Cure kCures[] = {
    {"user-reonline", "errno"},                           // M-01
    {"user-reonline-in-use", "errno"},                    // M-01
    {"stale-flag", "clear_flag"},                         // M-02
    {"stale-flag", "paired"},                             // M-02
    {"stale-flag-second-node", "call_flag"},              // M-03
    {"held-page", "freeze"},                              // M-04
    {"held-page-debug_vm", "freeze"},                     // M-04
    {"free-offline-block", "skip_offline"},               // M-05
    {"readd-fails", "retry"},                             // M-11
    {"two-writers", "mutex"},                             // M-14
    {"two-writers-null", "mutex"},                        // M-14
    {"stop-hides-offline", "block_flag"},                 // H-01
    {"stop-hides-cancel", "notify_all"},                  // H-02
    {"free-while-offlining", "lock_error"},               // H-03
    {"debugfs-fails", "size_first"},                      // H-04
    {"debugfs-fails-empty", "size_first"},                // H-04
    {"isolation-undone", "own_isolation"},                // H-05
    {"isolation-undone-6.1", "own_isolation"},            // H-05
    {"isolation-undone-count-6.1", "own_isolation"},      // H-05
    {"isolation-undone-in-use-6.1", "own_isolation"},     // H-05
    {"probe-taken-memory", "reserve"},                    // H-06
    {"probe-taken-memory-online", "reserve"},             // H-06
    {"leaked-device", "put_device"},                      // M-13
    {"old-data", "clear"},                                // M-19
    {"read-unmapped", "files_first"},                     // H-08
    {"read-while-unmapped", "files_first"},               // H-08
    {"mapped-given-back-6.1", "revoke"},                  // H-09
    {"map-given-back-6.1", "files_first"},                // H-09
    {"read-freed-entry-6.1", "file_get"},                 // H-10
    {"map-freed-entry-6.1", "file_get"},                  // H-10
    {"resource-stays", "split_first"},                    // H-11
    {"poisoned-page-offlined", "poison_in_use"},          // H-12
    {"isolation-undone-no-driver-6.1", "own_isolation"},  // H-05
    {"node-comes-online", "all_nodes"},                   // H-13
    {"isolation-of-others", "own_test"},                  // H-14
    {"counted-twice", "split_chunks"},                    // H-16
    {"counted-twice-online-6.1", "split_chunks"},         // H-16
    {"isolation-overwritten-6.1", "split_chunks"},        // H-16
    {"range-removed", "contig_online"},                   // H-17
    {"range-offline-debug_vm", "contig_online"},          // H-17
    {"late-free", "drain_loop"},                          // C-01
    {"claim-removed-block-5.11", "lock"},                 // H-07
    {"free-removed-block", "skip_offline", kOnline},      // M-05
};

TEST_CASE("the fix of a finding cures it, wherever the preemptions are", "[family]") {
  for (size_t i = 0; i < std::size(kCures); i += testing::kNextRow) {
    const Cure& cure = kCures[i];
    scenario::Scenario s =
        testing::Load("regress/crashes/" + std::string(cure.file) + ".scn").scenario;
    s.machine.fixes |= cure.core;
    const std::vector<std::string> cures = report::Cures(s);
    INFO(cure.file << " +" << cure.fix);
    CHECK(std::count(cures.begin(), cures.end(), std::string("+") + cure.fix) == 1);
  }
}

TEST_CASE("every driver is silent about legal runs", "[family]") {
  for (const auto& entry : std::filesystem::directory_iterator("regress/legal")) {
    scenario::Scenario s = testing::Load(entry.path()).scenario;
    for (const std::string& driver : All()) {
      s.driver = RowOf(driver);
      INFO(entry.path().string() << " " << driver);
      CHECK(run::Run(s).nr_violations == 0);
    }
  }
}

}  // namespace
}  // namespace hotplug::drivers
