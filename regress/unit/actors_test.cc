// SPDX-License-Identifier: GPL-2.0-or-later
//
// What competes. Method: small scenarios in which one operation matters. Goal: every kind of
// operation does what docs/scenario-format.md says, notifiers answer by action, block and count,
// signals end what they should, and a task that ends leaves nothing behind that a process would
// not.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "model/actors/state.h"
#include "model/drivers/ops.h"
#include "model/mm/kernel.h"
#include "model/mm/page.h"
#include "model/sim/tracepoints.h"
#include "regress/unit/harness.h"

namespace hotplug::actors {
namespace {

using run::Verdict;
using testing::Count;
using testing::Deliveries;
using testing::kHeader;
using testing::kSmall;
using testing::Rc;
using testing::RunText;
using testing::Strings;

uint32_t FreePages() {
  uint32_t free = 0;
  for (const run::BlockEnd& b : run::BlocksAtEnd()) free += b.free;
  return free;
}

const drivers::Driver* DriverCalled(const std::string& name) {
  const auto* end = drivers::kDriverNames + drivers::kNrDrivers;
  return drivers::kDrivers[std::find(drivers::kDriverNames, end, name) - drivers::kDriverNames];
}

// The task and step of the first record of a trace point.
const sim::Record* First(sim::Tp tp) {
  for (const sim::Record& r : run::Trace()) {
    if (r.tp == tp) return &r;
  }
  return nullptr;
}

TEST_CASE("a task of each role does what it is told") {
  const run::Outcome o = RunText(kSmall +
                                 "task memtrace-1\n  read memtrace/enable\n"
                                 "task user-2\n  write memory5/state online_movable\n"
                                 "task walker-3\n  get memory5 page=1\n"
                                 "task alloc-4\n  alloc unmovable node=0 order=1\n  free\n"
                                 "task kill-5\n  sleep 7\n  kill walker-3 SIGUSR1\n");
  CHECK(o.verdict == Verdict::kOk);
  CHECK(Rc(0) == 0);
  CHECK(Rc(1) == -EINVAL);  // online already
  CHECK(Rc(2) == -ENXIO);   // a free page has no count
  for (uint32_t op = 3; op < 7; ++op) CHECK(Rc(op) == 0);
  CHECK(FreePages() == 16);
}

TEST_CASE("alloc takes pages of a kind, free gives the oldest back") {
  const run::Outcome o = RunText(kSmall +
                                 "task alloc-1\n  alloc movable node=0 order=2\n"
                                 "  alloc unmovable node=0 order=1\n  free\n  free\n"
                                 "task user-2\n  free\n");
  CHECK(o.verdict == Verdict::kOk);
  for (uint32_t op = 0; op < 4; ++op) CHECK(Rc(op) == 0);
  CHECK(Rc(4) == -ENOENT);  // what another task has is not its own
  // 2^order movable pages are that many allocations: two are gone. Nothing is freed at exit.
  CHECK(FreePages() == 16 - 4 - 2 + 2);
}

TEST_CASE("no memory is ENOMEM") {
  RunText(std::string(kHeader) + "memory 4 node=0 zone=Normal\n" +
          "task alloc-1\n  alloc unmovable node=0 order=3\n  alloc unmovable node=0 order=2\n"
          "  alloc movable node=0 order=0\n");
  CHECK(Rc(0) == -ENOMEM);
  CHECK(Rc(1) == 0);
  CHECK(Rc(2) == -ENOMEM);
}

TEST_CASE("get takes a reference unless the page has none, put drops the oldest") {
  const run::Outcome o =
      RunText(kSmall +
              "task walker-1\n  alloc movable node=0 order=1\n  get memory4 page=0\n"
              "  get memory4 page=1\n  get memory4 page=2\n  put\n  put\n  put\n  free\n  free\n");
  CHECK(o.verdict == Verdict::kOk);
  CHECK(Rc(1) == 0);
  CHECK(Rc(2) == 0);
  CHECK(Rc(3) == -ENXIO);
  CHECK(Rc(4) == 0);
  CHECK(Rc(5) == 0);
  CHECK(Rc(6) == -ENOENT);
  std::vector<uint32_t> put;
  for (const sim::Record& r : run::Trace()) {
    if (r.tp == scenario::EndOf(scenario::OpKind::kPut)) put.push_back(r.a);
  }
  CHECK(put == std::vector<uint32_t>{16, 17});
  CHECK(FreePages() == 16);
}

TEST_CASE("a page of an offline block has no struct page for a walker") {
  RunText(std::string(kHeader) + "memory 4 node=0 zone=Normal\n" +
          "memory 5 node=0 zone=Normal offline\ntask walker-1\n  get memory5 page=0\n");
  CHECK(Rc(0) == -ENXIO);
}

TEST_CASE("the last reference frees the page, whoever drops it") {
  const run::Outcome o = RunText(kSmall +
                                 "task walker-1\n  alloc movable node=0 order=0\n"
                                 "  get memory4 page=0\n  free\n  put\n");
  CHECK(o.verdict == Verdict::kOk);
  CHECK(FreePages() == 16);
}

TEST_CASE("references are dropped when their task ends or is killed") {
  for (const char* last : {"", "  sleep 1000\n"}) {
    const run::Outcome o =
        RunText(kSmall +
                "task walker-1\n  alloc movable node=0 order=0\n  get memory4 page=0\n"
                "  get memory4 page=0\n" +
                last + "task kill-2\n  sleep 20\n  kill walker-1 SIGKILL\n");
    CHECK(o.verdict == Verdict::kOk);
    CHECK(Count(scenario::EndOf(scenario::OpKind::kPut)) == 2);
    CHECK(run::BlocksAtEnd()[0].counts[2] == 1);  // the allocation is still there
  }
}

TEST_CASE("SIGINT and SIGKILL end a program, SIGUSR1 does not") {
  for (const char* signal : {"SIGINT", "SIGKILL", "SIGUSR1"}) {
    const run::Outcome o = RunText(kSmall +
                                   "task user-1\n  sleep 500\n  write memory5/state offline\n"
                                   "task kill-2\n  kill user-1 " +
                                   signal + "\n");
    CHECK(o.verdict == Verdict::kOk);
    const bool goes_on = std::string(signal) == "SIGUSR1";
    CHECK(run::ResultOf(1).done == (goes_on ? 1 : 0));
    if (goes_on) CHECK(Rc(1) == 0);  // the signal is over with its handler
    CHECK(o.steps < 100);            // and the sleep, too
    CHECK(First(sim::kTpExit)->step < 500);
  }
}

TEST_CASE("a signal to a task that has ended goes nowhere") {
  const run::Outcome o = RunText(kSmall +
                                 "task user-1\n  sleep 1\n"
                                 "task kill-2\n  after user-1\n  kill user-1 SIGKILL\n");
  CHECK(o.verdict == Verdict::kOk);
  CHECK(Rc(2) == 0);
}

TEST_CASE("after waits for the end of a task") {
  const run::Outcome o = RunText(kSmall +
                                 "task user-1\n  after user-2\n  write memory5/state online\n"
                                 "task user-2\n  write memory5/state offline\n");
  CHECK(o.verdict == Verdict::kOk);
  CHECK(Rc(1) == 0);
  CHECK(Rc(2) == 0);
  CHECK(run::BlocksAtEnd()[1].state == mm::MEM_ONLINE);
}

TEST_CASE("tasks that wait for each other are user space's business") {
  const run::Outcome o = RunText(kSmall +
                                 "task user-1\n  after user-2\n"
                                 "task user-2\n  after user-1\n");
  CHECK(o.verdict == Verdict::kOk);
  CHECK(o.stuck_benign);
}

TEST_CASE("sleep takes its time") {
  RunText(kSmall + "task user-1\n  sleep 1000\ntask user-2\n  sleep 40000\n");
  CHECK(Rc(0) == 0);
  CHECK(run::Trace().size() == 4);
  CHECK(sim::sim().now >= 40000);
}

TEST_CASE("the file of the driver is written and read") {
  const run::Outcome o = RunText(kSmall +
                                 "task memtrace-1\n  write memtrace/enable 0x10000000\n"
                                 "  read memtrace/enable\n  write memtrace/enable 5\n");
  CHECK(o.verdict == Verdict::kOk);
  CHECK(Rc(0) == 0);
  CHECK(run::ResultOf(1).value == 0x10000000);
  CHECK(Rc(2) == -EINVAL);
}

TEST_CASE("a probe adds a block that is not there, where it was") {
  const run::Outcome o =
      RunText(std::string(kHeader) +
                  "memory 4-5 node=0 zone=Normal\nmemory 6 node=1 zone=Normal\n"
                  "notifier A priority=-1\n  answer MEM_GOING_OFFLINE memory5 nth=1 "
                  "NOTIFY_BAD\n"
                  "task memtrace-1\n  write memtrace/enable 0x20000000\n"
                  "task user-2\n  after memtrace-1\n"
                  "  write memory/probe 0x40000000\n"
                  "  write memory/probe 0x40000000\n"
                  "  write memory/probe 0x60000000\n"
                  "fault add_memory nth=1 -ENOMEM\n",
              {.on_violation = run::OnViolation::kRecord});
  REQUIRE(o.first() != nullptr);
  CHECK(o.first()->id == invariants::Id::kI15);  // while it is lost
  CHECK(Rc(2) == 0);
  CHECK(Rc(3) == -EEXIST);
  CHECK(Rc(4) == -EEXIST);
  CHECK(run::BlocksAtEnd()[0].state == mm::MEM_OFFLINE);
  CHECK(mm::BlockAt(mm::BlockId{4}).nid == 0);
}

TEST_CASE("a probe brings a node back that has lost its memory") {
  RunText(std::string(kHeader) +
              "memory 4 node=0 zone=Normal\nmemory 5 node=1 zone=Normal\n"
              "task memtrace-1\n  write memtrace/enable 0x10000000\n"
              "  write memory/probe 0x50000000\n",
          {.on_violation = run::OnViolation::kRecord});
  CHECK(Count(mm::kTpRemoveMemory) == 2);
  CHECK(Rc(1) == 0);
  CHECK(mm::BlockAt(mm::BlockId{5}).nid == 1);
  CHECK(mm::mm().nodes[1].online == 1);
}

TEST_CASE("a probe polls for the hotplug lock, and its task can be killed meanwhile") {
  for (const char* signal : {"SIGUSR1", "SIGKILL"}) {
    RunText(kSmall +
            "task walker-1\n  alloc movable node=0 order=0\n  get memory4 page=0\n"
            "  after kill-4\n  sleep 200\n  put\n"
            "task user-2\n  write memory4/state offline\n"
            "task user-3\n  write memory/probe 0x50000000\n"
            "task kill-4\n  sleep 20\n  kill user-3 " +
            signal + "\n");
    CHECK(Rc(6) == (std::string(signal) == "SIGKILL" ? -EINTR : -EEXIST));
    CHECK(Rc(5) == 0);  // nobody has released a lock of another
  }
}

TEST_CASE("a block that is added back before its remover gives it up is used by two") {
  const run::Outcome o = RunText(kSmall +
                                 "task memtrace-1\n  write memtrace/enable 0x20000000\n"
                                 "task user-2\n  after memtrace-1\n"
                                 "  write memory/probe 0x50000000\n");
  REQUIRE(o.verdict == Verdict::kViolation);
  CHECK(o.first()->id == invariants::Id::kI15);
  CHECK(o.first()->block == 5);
  CHECK(o.first()->found == 1);
}

TEST_CASE("a block that its remover has reserved cannot be added") {
  const std::string text = kSmall +
                           "task memtrace-1\n  write memtrace/enable 0x20000000\n"
                           "  write memory/probe 0x50000000\n  write memtrace/enable 0\n"
                           "  write memory/probe 0x50000000\nfault add_memory nth=1 -ENOMEM\n";
  run::RunOptions options;
  options.driver = DriverCalled("hardened");
  const run::Outcome o = RunText(text, options);
  CHECK(o.verdict == Verdict::kOk);
  CHECK(Rc(1) == -EEXIST);
  CHECK(Rc(2) == -EAGAIN);  // and stays reserved when it cannot be added back
  CHECK(Rc(3) == -EEXIST);
  CHECK(run::BlocksAtEnd()[1].state == 0);
}

TEST_CASE("firmware removes a block that can be offlined, and adds what it has removed") {
  const run::Outcome o = RunText(kSmall +
                                 "task firmware-1\n  add memory5\n  remove memory5\n"
                                 "  remove memory5\n  add memory5\n  add memory5\n"
                                 "  remove memory5\n  add memory5\n"
                                 "fault add_memory nth=2 -ENOMEM\n");
  constexpr int32_t kEalready = -114;
  CHECK(o.verdict == Verdict::kOk);
  CHECK(Rc(0) == kEalready);
  CHECK(Rc(1) == 0);
  CHECK(Rc(2) == -ENODEV);
  CHECK(Rc(3) == 0);
  CHECK(Rc(4) == kEalready);
  CHECK(Rc(5) == 0);  // offline already
  CHECK(Rc(6) == -EINVAL);
  CHECK(run::BlocksAtEnd()[1].state == 0);
}

TEST_CASE("firmware asks twice, and leaves a block that cannot be offlined") {
  const run::Outcome o = RunText(kSmall +
                                 "notifier A priority=0\n"
                                 "  answer MEM_GOING_OFFLINE memory5 NOTIFY_BAD\n"
                                 "  answer MEM_GOING_OFFLINE memory6 nth=1 NOTIFY_BAD\n"
                                 "task firmware-1\n  remove memory5\n  remove memory6\n");
  CHECK(o.verdict == Verdict::kOk);
  CHECK(Rc(0) == -EBUSY);
  CHECK(Rc(1) == 0);
  const Strings told = Deliveries();
  CHECK(std::count(told.begin(), told.end(), "MEM_GOING_OFFLINE 5 A") == 2);
  CHECK(run::BlocksAtEnd()[1].state == mm::MEM_ONLINE);
  CHECK(run::BlocksAtEnd()[2].state == 0);
}

TEST_CASE("what firmware has removed user space can add") {
  const run::Outcome o = RunText(kSmall +
                                 "task firmware-1\n  remove memory5\n"
                                 "  write memory/probe 0x50000000\n  add memory5\n");
  CHECK(o.verdict == Verdict::kOk);
  CHECK(Rc(1) == 0);
  CHECK(run::BlocksAtEnd()[1].state == mm::MEM_OFFLINE);
}

TEST_CASE("a driver of DIMMs removes blocks that it has, and firmware adds them") {
  const std::string text = kSmall +
                           "notifier A priority=0\n"
                           "  answer MEM_GOING_OFFLINE memory6 nth=1 NOTIFY_BAD\n"
                           "task firmware-1\n"
                           "  offline_and_remove memory5 blocks=2\n"
                           "  offline_and_remove memory5 blocks=2\n"
                           "  add memory6\n"
                           "  offline_and_remove memory5 blocks=2\n"
                           "  offline_and_remove memory6 blocks=1\n"
                           "  offline_and_remove memory7 blocks=4\n";
  const auto results = [&text](const char* kernel) {
    const std::string to = absl::StrCat("kernel=", kernel);
    CHECK(RunText(absl::StrReplaceAll(text, {{"kernel=rfc", to}})).verdict == Verdict::kOk);
    std::vector<int32_t> rcs(6);
    for (uint32_t op = 0; op < rcs.size(); ++op) rcs[op] = Rc(op);
    return rcs;
  };
  constexpr int32_t kEalready = -114;
  CHECK(results("6.1") == std::vector<int32_t>{-EPERM, 0, 0, -ENODEV, 0, 0});
  // A refusal has what was offlined come back.
  const Strings told = Deliveries();
  CHECK(Strings(told.begin(), told.begin() + 6) ==
        Strings{"MEM_GOING_OFFLINE 5 A", "MEM_OFFLINE 5 A", "MEM_GOING_OFFLINE 6 A",
                "MEM_CANCEL_OFFLINE 6 A", "MEM_GOING_ONLINE 5 A", "MEM_ONLINE 5 A"});
  for (const uint32_t block : {1u, 2u, 3u}) CHECK(run::BlocksAtEnd()[block].state == 0);
  // One block at a time.
  CHECK(results("5.9") == std::vector<int32_t>{-EINVAL, -EINVAL, kEalready, -EINVAL, -EPERM, 0});
}

TEST_CASE("what firmware adds has its memmap, where the machine and the kernel have that") {
  for (const char* kernel : {"5.11", "6.1"}) {
    for (const bool parameter : {false, true}) {
      const bool has = parameter && std::string(kernel) == "6.1";
      INFO(kernel << " " << parameter);
      const run::Outcome o =
          RunText(absl::StrCat("scenario 1\ndriver rfc_v1\nmachine kernel=", kernel,
                               parameter ? " memmap_on_memory=on" : "",
                               " pages_per_block=16 pageblock_pages=4 max_order=4\n"
                               "memory 4-7 node=0 zone=Normal\ntask firmware-1\n"
                               "  remove memory5\n  add memory5\n  write memory5/online 1\n"
                               "  offline_and_remove memory4 blocks=2\n"
                               "  offline_and_remove memory5 blocks=1\n"
                               "  write memory/probe 0x50000000\n  write memory5/online 1\n"));
      CHECK(o.verdict == Verdict::kOk);
      CHECK(Rc(3) == (has ? -EINVAL : 0));
      CHECK(Rc(4) == (has ? 0 : -ENODEV));
      // Of two resources at once none is released. The memmap of what user space adds is elsewhere.
      CHECK(Rc(5) == (has ? 0 : -EEXIST));
      CHECK(run::BlocksAtEnd()[1].free == (has ? 16 : 0));
    }
  }
}

// ---- The driver's memory, seen from user space ------------------------------------------

const std::string kReader = "task user-2\n  read memtrace/00000000/trace\n";

TEST_CASE("trace memory is read while it is there") {
  const std::string take = kSmall +
                           "task memtrace-1\n  read memtrace/00000000/trace\n"
                           "  write memtrace/enable 0x10000000\n";
  run::Outcome o = RunText(take + "  read memtrace/00000000/trace\n");
  CHECK(Rc(0) == -ENOENT);
  CHECK(Rc(2) == 0);
  CHECK(Count(mm::kTpReadBuffer) == 4);
  CHECK(o.first()->id == invariants::Id::kI16);
  CHECK(o.first()->step == o.steps);  // at the end, as nothing else is wrong
  o = RunText(take +
              "  mmap memtrace/00000000/trace\n  write memtrace/enable 0\n"
              "  read memtrace/00000000/trace\n");
  CHECK(o.verdict == Verdict::kOk);
  CHECK(Rc(2) == -ENODEV);
  CHECK(Rc(4) == -ENOENT);
}

TEST_CASE("removal waits for a reader, and turns away one that comes later") {
  run::RunOptions options;
  options.driver = DriverCalled("hardened");
  const std::string tasks =
      "task memtrace-1\n  write memtrace/enable 0x10000000\n"
      "  write memtrace/enable 0\n" +
      kReader;
  RunText(kSmall + tasks, options);
  const std::string taken =
      std::to_string(First(scenario::EndOf(scenario::OpKind::kWriteEnable))->step);
  for (const uint32_t step : {1, 2, 3, 4}) {
    std::string text = kSmall + tasks;
    text += "at memtrace-1 " + taken + " run user-2\n";
    text += "at user-2 " + std::to_string(step) + " run memtrace-1\n";
    const run::Outcome o = RunText(text, options);
    INFO(step);
    CHECK(o.verdict == Verdict::kOk);
    CHECK(Rc(2) == (step == 1 ? -EIO : 0));
    CHECK(Count(sim::kTpContended) == (step == 1 ? 0 : 1));
    CHECK(Count(mm::kTpReadFault) == 0);
  }
}

TEST_CASE("a mapping ends with its task, or outlives the memory") {
  run::RunOptions options;
  options.driver = DriverCalled("merged_6_1");
  for (const bool lives : {false, true}) {
    const run::Outcome o =
        RunText(kSmall +
                    "task memtrace-1\n  write memtrace/enable 0x10000000\n  sleep 100\n"
                    "  write memtrace/enable 0\n"
                    "task user-2\n  sleep 20\n  mmap memtrace/00000000/trace\n" +
                    (lives ? "  after memtrace-1\n" : ""),
                options);
    INFO(lives);
    CHECK(Rc(4) == 0);
    REQUIRE((o.first() != nullptr) == lives);
    if (lives) CHECK(o.first()->id == invariants::Id::kI19);
  }
}

TEST_CASE("the device of a removed block is lost up to 5.10, which kmemleak tells") {
  for (uint8_t kernel = 0; kernel < mm::kNrKernels; ++kernel) {
    for (const bool kmemleak : {false, true}) {
      scenario::Scenario s = testing::Load("regress/crashes/leaked-device.scn").scenario;
      s.machine.kernel = kernel;
      s.machine.kmemleak = kmemleak;
      const bool told = kmemleak && mm::kKernels[kernel].leaks_block_device;
      CHECK((run::Run(s).first() != nullptr) == told);
    }
  }
}

TEST_CASE("auto_online_blocks says what becomes of memory that is added from then on") {
  struct Row {
    const char* kernel;
    const char* word;
    int32_t rc;
    uint32_t state;
    uint32_t zone;
  };
  constexpr Row kRows[] = {
      {"rfc", "offline", 0, mm::MEM_OFFLINE, 0},
      {"rfc", "online", 0, mm::MEM_ONLINE, mm::ZONE_NORMAL},
      {"rfc", "online_kernel", -EINVAL, mm::MEM_OFFLINE, 0},
      {"rfc", "online_movable", -EINVAL, mm::MEM_OFFLINE, 0},
      {"rfc", "garbage", -EINVAL, mm::MEM_OFFLINE, 0},
      {"5.9", "online", 0, mm::MEM_ONLINE, mm::ZONE_NORMAL},
      {"5.9", "online_kernel", 0, mm::MEM_ONLINE, mm::ZONE_NORMAL},
      {"5.9", "online_movable", 0, mm::MEM_ONLINE, mm::ZONE_MOVABLE},
      {"6.1", "garbage", -EINVAL, mm::MEM_OFFLINE, 0},
  };
  for (const Row& row : kRows) {
    INFO(row.kernel << " " << row.word);
    RunText(absl::StrReplaceAll(kSmall, {{"kernel=rfc", absl::StrCat("kernel=", row.kernel)}}) +
            "task firmware-1\n  remove memory5\ntask user-2\n  after firmware-1\n"
            "  write memory/auto_online_blocks " +
            row.word + "\ntask firmware-3\n  after user-2\n  add memory5\n");
    CHECK(Rc(2) == row.rc);
    CHECK(run::BlocksAtEnd()[1].state == row.state);
    if (row.state == mm::MEM_ONLINE) {
      CHECK(mm::BlockAt(mm::BlockId{5}).zone % mm::MAX_NR_ZONES == row.zone);
    }
  }
}

TEST_CASE("auto_online_blocks waits for no lock") {
  const run::Outcome o =
      RunText(kSmall +
              "task walker-1\n  alloc movable node=0 order=0\n  get memory4 page=0\n"
              "  after user-3\n  put\n"
              "task user-2\n  write memory4/state offline\n"
              "task user-3\n  sleep 20\n  write memory/auto_online_blocks online\n");
  CHECK(o.verdict == Verdict::kOk);  // or the offlining, which has it, would never end
  CHECK(Rc(6) == 0);
}

TEST_CASE("contiguous pages are a task's own until it frees them") {
  const run::Outcome o = RunText(kSmall +
                                 "task alloc-1\n  free_contig\n  alloc_contig node=0 order=3\n"
                                 "  alloc movable node=0 order=0\n  write memory4/state offline\n"
                                 "  get memory5 page=1\n  put\n  free\n  free_contig\n"
                                 "  free_contig\n  write memory4/state offline\n"
                                 "  alloc_contig node=0 order=4\n");
  CHECK(o.verdict == Verdict::kOk);
  CHECK(Rc(0) == -ENOENT);
  CHECK(Rc(1) == 0);
  CHECK(Rc(3) == -EBUSY);  // unmovable
  CHECK(Rc(4) == 0);       // each of them has a count
  CHECK(Rc(7) == 0);
  CHECK(Rc(8) == -ENOENT);
  CHECK(Rc(9) == 0);
  CHECK(Rc(10) == -ENOMEM);  // four blocks, of which one is offline
  CHECK(Count(mm::kTpWarnInUse) == 0);
  CHECK(run::BlocksAtEnd()[1].free == mm::PagesPerBlock());
}

TEST_CASE("less than a block can be contiguous, too") {
  const run::Outcome o = RunText(kSmall +
                                 "task alloc-1\n  alloc_contig node=0 order=1\n"
                                 "task alloc-2\n  after alloc-1\n  alloc_contig node=0 order=0\n"
                                 "  free_contig\n");
  CHECK(o.verdict == Verdict::kOk);
  CHECK(Rc(0) == 0);
  CHECK(Rc(2) == 0);
  CHECK(Rc(3) == 0);
  CHECK(run::BlocksAtEnd()[0].free == mm::PagesPerBlock() - 2);
}

TEST_CASE("a System RAM entry that cannot be split stays") {
  for (const char* kernel : {"rfc", "5.9", "5.11", "6.1"}) {
    INFO(kernel);
    const bool allocates = std::string(kernel) == "rfc" || std::string(kernel) == "5.9";
    // The first one lies at the end of the entry, and needs no second one.
    RunText(absl::StrReplaceAll(kSmall, {{"kernel=rfc", absl::StrCat("kernel=", kernel)}}) +
            "task firmware-1\n  remove memory4\n  remove memory6\n  add memory4\n"
            "  add memory6\n"
            "fault release_mem_region_adjustable nth=1 -ENOMEM\n"
            "fault release_mem_region_adjustable nth=2 -ENOMEM\n");
    CHECK(Rc(0) == 0);
    CHECK(Rc(1) == 0);
    CHECK(Rc(2) == 0);
    CHECK(Rc(3) == (allocates ? -EINVAL : 0));
    CHECK(Count(mm::kTpReleaseFailed) == (allocates ? 1 : 0));
    CHECK(Count(mm::kTpRegionBusy) == (std::string(kernel) == "5.9" ? 1 : 0));
  }
}

TEST_CASE("a page that is poisoned has a reference more, and is never free again") {
  const run::Outcome o = RunText(kSmall +
                                 "task alloc-1\n  poison memory4 page=0\n"
                                 "  alloc unmovable node=0 order=0\n"
                                 "  poison memory4 page=0\n  poison memory4 page=0\n  free\n"
                                 "  write memory4/state offline\n  poison memory4 page=0\n"
                                 "  write memory4/state online\n");
  CHECK(o.verdict == Verdict::kOk);
  CHECK(Rc(0) == -EBUSY);  // nobody's
  CHECK(Rc(2) == 0);
  CHECK(Rc(3) == 0);
  CHECK(Rc(4) == 0);
  CHECK(Rc(5) == 0);  // offlining passes over it
  CHECK(Rc(6) == -ENXIO);
  CHECK(Rc(7) == 0);
  CHECK(run::BlocksAtEnd()[0].free == mm::PagesPerBlock());  // the memmap is new
}

TEST_CASE("a process loses the page that is poisoned, whatever list it is on") {
  for (const char* caches : {"", "pagevec=2 "}) {
    const run::Outcome o =
        RunText(absl::StrReplaceAll(
                    kSmall, {{"pages_per_block", absl::StrCat(caches, "pages_per_block")}}) +
                "task alloc-1\n  alloc movable node=0 order=0\n  poison memory4 page=0\n  free\n"
                "  write memory4/state offline\n");
    INFO(caches);
    CHECK(o.verdict == Verdict::kOk);
    CHECK(Rc(1) == 0);
    CHECK(Rc(2) == -ENOENT);
    CHECK(Rc(3) == 0);
  }
}

TEST_CASE("a poisoned page of a driver fails its offlining, and is all that is lost") {
  const run::Outcome o = RunText(kSmall +
                                 "task memtrace-1\n  write memtrace/enable 0x10000000\n"
                                 "task walker-2\n  poison memory4 page=1\n"
                                 "  after memtrace-1\n  write memory4/state offline\n"
                                 "at memtrace-1 11 run walker-2\n");
  CHECK(o.verdict == Verdict::kOk);
  CHECK(Rc(1) == 0);
  CHECK(Count(mm::kTpWarnInUse) == 1);
  CHECK(Rc(3) == 0);
}

// ---- Notifiers --------------------------------------------------------------------------

TEST_CASE("a notifier is told of what happens while it is registered") {
  for (const char* kernel : {"rfc", "6.1"}) {
    RunText(absl::StrReplaceAll(kSmall, {{"kernel=rfc", absl::StrCat("kernel=", kernel)}}) +
            "notifier A priority=0 unregistered\n  answer MEM_GOING_OFFLINE NOTIFY_BAD\n"
            "task user-1\n  write memory4/state offline\n  register A\n"
            "  write memory5/state offline\n  unregister A\n  write memory5/state offline\n"
            "  unregister A\n  register A\n  register A\n");
    INFO(kernel);
    CHECK(Rc(0) == 0);
    CHECK(Rc(1) == 0);
    CHECK(Rc(2) == -EPERM);
    CHECK(Rc(3) == 0);
    CHECK(Rc(4) == 0);
    CHECK(Rc(5) == -ENOENT);
    CHECK(Rc(6) == 0);
    CHECK(Rc(7) == (std::string(kernel) == "6.1" ? -EEXIST : 0));
  }
}

TEST_CASE("what a task registers after its call of the driver is not the driver's") {
  RunText(kSmall +
          "notifier A priority=0 unregistered\n"
          "task memtrace-1\n  write memtrace/enable 0x10000000\n  register A\n");
  CHECK(Rc(1) == 0);
  CHECK(sim::machine->Get<mm::notifier_block>(drivers::kProbeRegion)[0].owner == mm::kNobody);
}

const std::string kTwice =
    "task user-1\n  write memory5/state offline\n  write memory6/state offline\n"
    "  write memory5/state offline\n  write memory6/state offline\n";

// The results of four requests to two blocks, each twice, against these answers.
std::vector<int32_t> Requests(const std::string& answers) {
  RunText(kSmall + "notifier A priority=0\n" + answers + kTwice);
  return {Rc(0), Rc(1), Rc(2), Rc(3)};
}

TEST_CASE("a notifier answers by action, block and count; the first rule that fits counts") {
  const int32_t no = -EBUSY, was = -EINVAL;  // refused; offline already
  const std::string busy = "notifier_from_errno(-EBUSY)\n";
  using Rcs = std::vector<int32_t>;
  CHECK(Requests("") == Rcs{0, 0, was, was});
  CHECK(Requests("  answer MEM_GOING_OFFLINE " + busy) == Rcs{no, no, no, no});
  CHECK(Requests("  answer MEM_GOING_ONLINE " + busy) == Rcs{0, 0, was, was});
  CHECK(Requests("  answer MEM_GOING_OFFLINE nth=1 " + busy) == Rcs{no, 0, 0, was});
  CHECK(Requests("  answer MEM_GOING_OFFLINE nth=2 " + busy) == Rcs{0, no, was, 0});
  CHECK(Requests("  answer MEM_GOING_OFFLINE memory6 " + busy) == Rcs{0, no, was, no});
  CHECK(Requests("  answer MEM_GOING_OFFLINE memory6 nth=1 " + busy) == Rcs{0, no, was, 0});
  CHECK(Requests("  answer MEM_GOING_OFFLINE memory6 NOTIFY_BAD\n  answer MEM_GOING_OFFLINE " +
                 busy) == Rcs{no, -EPERM, no, -EPERM});
  CHECK(Requests("  answer MEM_GOING_OFFLINE " + busy +
                 "  answer MEM_GOING_OFFLINE memory6 NOTIFY_BAD\n") == Rcs{no, no, no, no});
}

TEST_CASE("rules belong to their notifier") {
  RunText(kSmall +
          "notifier A priority=1\nnotifier B priority=0\n"
          "  answer MEM_GOING_OFFLINE NOTIFY_BAD\n" +
          kTwice);
  CHECK(Rc(0) == -EPERM);
  CHECK(Deliveries()[0] == "MEM_GOING_OFFLINE 5 A");
  CHECK(Deliveries()[1] == "MEM_GOING_OFFLINE 5 B");
}

TEST_CASE("faults hit the nth call of their function") {
  const run::Outcome o = RunText(kSmall +
                                 "task memtrace-1\n  write memtrace/enable 0x10000000\n"
                                 "  write memtrace/enable 0\n  write memtrace/enable 0\n"
                                 "fault add_memory nth=1 -EFAULT\n");
  CHECK(o.verdict == Verdict::kOk);
  CHECK(Rc(1) == -EAGAIN);
  CHECK(Rc(2) == 0);
}

}  // namespace
}  // namespace hotplug::actors
