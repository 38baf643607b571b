// SPDX-License-Identifier: GPL-2.0-or-later
//
// The memory notifier chain. Method: an offline or online request meets notifiers with given
// answers; the trace says who was told what. Goal: every row of the table of answers, the order
// of the chain, and the asymmetries of CANCEL (kernel-facts 3).
#include <algorithm>

#include "model/mm/hotplug.h"
#include "model/sim/tracepoints.h"
#include "regress/unit/harness.h"

namespace hotplug::mm {
namespace {

using testing::Count;
using testing::Deliveries;
using testing::kSmall;
using testing::Locked;
using testing::Rc;
using testing::Rig;
using testing::RunText;
using testing::SmallBoot;
using testing::Strings;

constexpr int kEperm = -EPERM;

// ---- The table of answers ---------------------------------------------------------------

struct AnswerRow {
  const char* answer;
  bool stops;  // later notifiers are not told
  int rc;      // of the request
};

// As they act if another notifier comes behind.
const AnswerRow kRows[] = {
    {"NOTIFY_DONE", false, 0},
    {"NOTIFY_OK", false, 0},
    {"NOTIFY_STOP", true, 0},
    {"NOTIFY_BAD", true, kEperm},
    {"notifier_from_errno(-EBUSY)", true, -EBUSY},
    {"notifier_from_errno(-ENOMEM)", true, -ENOMEM},
    {"0", false, 0},      // notifier_to_errno(-EBUSY): no veto
    {"-EBUSY", true, 0},  // the raw errno stops the chain and does not veto
    {"2", false, 0},      // lost: only the last answer counts
    {"0x8000", true, 0},
};

TEST_CASE("the errno helpers are those of notifier.h") {
  CHECK(notifier_from_errno(-EBUSY) == 0x8011);
  CHECK(notifier_from_errno(0) == NOTIFY_OK);
  CHECK(notifier_to_errno(notifier_from_errno(-EBUSY)) == -EBUSY);
  CHECK(notifier_to_errno(-EBUSY) == 0);
  CHECK(notifier_to_errno(NOTIFY_DONE) == 0);
  CHECK(notifier_to_errno(NOTIFY_OK) == 0);
  CHECK(notifier_to_errno(NOTIFY_STOP) == 0);
  CHECK(notifier_to_errno(NOTIFY_BAD) == kEperm);
  CHECK(notifier_to_errno(2) == kEperm);
}

std::string Ask(const std::string& action, const std::string& answer) {
  return "notifier A priority=0\n  answer " + action + " " + answer + "\nnotifier B priority=0\n";
}

TEST_CASE("what a notifier answers to MEM_GOING_OFFLINE decides about the request") {
  for (const AnswerRow& row : kRows) {
    INFO(row.answer);
    RunText(kSmall + Ask("MEM_GOING_OFFLINE", row.answer) +
            "task user-1\n  write memory5/state offline\n");
    CHECK(Rc(0) == row.rc);
    Strings told = {"MEM_GOING_OFFLINE 5 A"};
    if (!row.stops) told.push_back("MEM_GOING_OFFLINE 5 B");
    // The last event goes to everybody: to who refused, and to who was never asked.
    const std::string last = row.rc == 0 ? "MEM_OFFLINE" : "MEM_CANCEL_OFFLINE";
    told.push_back(last + " 5 A");
    told.push_back(last + " 5 B");
    CHECK(Deliveries() == told);
    CHECK(run::BlocksAtEnd()[1].state == (row.rc == 0 ? MEM_OFFLINE : MEM_ONLINE));
    CHECK(run::BlocksAtEnd()[1].free == (row.rc == 0 ? 0 : 4));
  }
}

TEST_CASE("what a notifier answers to MEM_GOING_ONLINE decides about the request") {
  for (const AnswerRow& row : kRows) {
    INFO(row.answer);
    RunText(std::string(testing::kHeader) + "memory 4 node=0 zone=Normal\n" +
            "memory 5 node=0 zone=Normal offline\n" + Ask("MEM_GOING_ONLINE", row.answer) +
            "task user-1\n  write memory5/state online\n");
    CHECK(Rc(0) == row.rc);
    Strings told = {"MEM_GOING_ONLINE 5 A"};
    if (!row.stops) told.push_back("MEM_GOING_ONLINE 5 B");
    const std::string last = row.rc == 0 ? "MEM_ONLINE" : "MEM_CANCEL_ONLINE";
    told.push_back(last + " 5 A");
    told.push_back(last + " 5 B");
    CHECK(Deliveries() == told);
    CHECK(run::BlocksAtEnd()[1].state == (row.rc == 0 ? MEM_ONLINE : MEM_OFFLINE));
  }
}

TEST_CASE("2 without the stop bit counts if the last notifier answers it") {
  RunText(kSmall +
          "notifier A priority=0\nnotifier B priority=0\n  answer MEM_GOING_OFFLINE 2\n"
          "task user-1\n  write memory5/state offline\n");
  CHECK(Rc(0) == kEperm);
}

TEST_CASE("answers to the last events are ignored, but their stop bit ends the walk") {
  for (const char* answer : {"NOTIFY_BAD", "NOTIFY_STOP", "notifier_from_errno(-EBUSY)"}) {
    RunText(kSmall + Ask("MEM_OFFLINE", answer) +
            "task user-1\n  write memory5/state offline\n  write memory5/state online\n");
    CHECK(Rc(0) == 0);
    CHECK(Rc(1) == 0);
    CHECK(Deliveries() == Strings{"MEM_GOING_OFFLINE 5 A", "MEM_GOING_OFFLINE 5 B",
                                  "MEM_OFFLINE 5 A", "MEM_GOING_ONLINE 5 A", "MEM_GOING_ONLINE 5 B",
                                  "MEM_ONLINE 5 A", "MEM_ONLINE 5 B"});
    RunText(kSmall + "notifier A priority=0\n  answer MEM_CANCEL_OFFLINE " + answer +
            "\nnotifier B priority=0\n  answer MEM_GOING_OFFLINE NOTIFY_BAD\n"
            "task user-1\n  write memory5/state offline\n");
    CHECK(Rc(0) == kEperm);
    CHECK(Deliveries() ==
          Strings{"MEM_GOING_OFFLINE 5 A", "MEM_GOING_OFFLINE 5 B", "MEM_CANCEL_OFFLINE 5 A"});
  }
}

// ---- The chain itself -------------------------------------------------------------------

TEST_CASE("the chain is ordered by priority, and by registration among equals") {
  RunText(kSmall +
          "notifier A priority=0\nnotifier B priority=10\nnotifier C priority=-1\n"
          "notifier D priority=10\nnotifier E priority=0\nnotifier F priority=100\n"
          "task user-1\n  write memory5/state offline\n");
  const Strings all = Deliveries();
  REQUIRE(all.size() == 12);
  std::string order;
  for (uint32_t i = 0; i < 6; ++i) order += all[i].back();
  CHECK(order == "FBDAEC");
}

Strings* heard = nullptr;  // of the callbacks below

int32_t Note(const notifier_block& nb, uint32_t action, const memory_notify_arg& arg) {
  heard->push_back(std::to_string(action) + " to " + std::to_string(nb.name) + " nid " +
                   std::to_string(arg.status_change_nid));
  sim::sched_point(1);
  return nb.data != 0 && action == MEM_GOING_OFFLINE ? int32_t{NOTIFY_BAD} : int32_t{NOTIFY_OK};
}

// A machine whose notifiers 0 .. n-1 are registered at boot.
struct ChainRig : Rig {
  explicit ChainRig(uint32_t n) : Rig(SmallBoot()) {
    heard = &log;
    notifiers.call[kProbeCall] = &Note;
    for (uint32_t i = 0; i < kObjects; ++i) nb(i).name = static_cast<uint16_t>(i);
    for (uint32_t i = 0; i < n; ++i) register_memory_notifier(nb(i));
  }
  Strings log;
};

TEST_CASE("an event tells the node that loses its last memory") {
  ChainRig rig(1);
  std::vector<int> rcs;
  rig.Do(Locked([&] {
    for (uint32_t b = 4; b < 8; ++b) rcs.push_back(offline_pages(BlockId{b}));
  }));
  CHECK(rcs == std::vector<int>{0, 0, 0, 0});
  CHECK(rig.log[4] == "2 to 0 nid -1");
  CHECK(rig.log[6] == "2 to 0 nid 0");
  CHECK(rig.log[7] == "4 to 0 nid 0");
  CHECK(mm().nodes[0].has_memory == 0);
}

TEST_CASE("who registers between two events of an operation gets the second alone") {
  ChainRig rig(1);
  rig.nb(0).data = 1;  // refuses
  rig.Task(Locked([] { offline_pages(BlockId{5}); }));
  rig.Task([&] { register_memory_notifier(rig.nb(1)); });
  // Over the whole of the operation: sometimes before it, sometimes behind it.
  std::vector<Strings> seen;
  for (uint32_t step = 1; step < 30; ++step) {
    ChainRig again(1);
    again.nb(0).data = 1;
    again.Task(Locked([] { offline_pages(BlockId{5}); }));
    again.Task([&] { register_memory_notifier(again.nb(1)); });
    again.At(0, step, 1);
    CHECK(again.Run() == sim::Stop::kFinished);
    if (std::find(seen.begin(), seen.end(), again.log) == seen.end()) seen.push_back(again.log);
  }
  const Strings lone = {"2 to 0 nid -1", "32 to 0 nid -1", "32 to 1 nid -1"};
  const Strings never = {"2 to 0 nid -1", "32 to 0 nid -1"};
  CHECK(seen == std::vector<Strings>{lone, never});
}

TEST_CASE("registering waits for the event that is being delivered") {
  ChainRig rig(2);
  uint32_t told_when_registered = 0;
  rig.Task([] { memory_notify(MEM_ONLINE, {Pfn{16}, 4, -1, -1}); });
  rig.Task([&] {
    register_memory_notifier(rig.nb(2));
    told_when_registered = static_cast<uint32_t>(rig.log.size());
  });
  rig.At(0, 2, 1);  // in the first callback
  CHECK(rig.Run() == sim::Stop::kFinished);
  CHECK(told_when_registered == 2);
  CHECK(rig.log.size() == 2);
}

TEST_CASE("after unregistering no callback runs, and a second time there is nothing to find") {
  ChainRig rig(3);
  std::vector<int> rcs;
  rig.Do([&] {
    rcs.push_back(unregister_memory_notifier(rig.nb(1)));
    rcs.push_back(unregister_memory_notifier(rig.nb(1)));
    memory_notify(MEM_ONLINE, {Pfn{16}, 4, -1, -1});
    rcs.push_back(register_memory_notifier(rig.nb(1)));
    memory_notify(MEM_OFFLINE, {Pfn{16}, 4, -1, -1});
  });
  CHECK(rcs == std::vector<int>{0, -ENOENT, 0});
  CHECK(rig.log == Strings{"1 to 0 nid -1", "1 to 2 nid -1", "4 to 0 nid -1", "4 to 2 nid -1",
                           "4 to 1 nid -1"});
}

TEST_CASE("a callback that registers waits for itself") {
  ChainRig rig(1);
  rig.notifiers.call[kProbeCall] = [](const notifier_block& nb, uint32_t,
                                      const memory_notify_arg&) -> int32_t {
    return register_memory_notifier(const_cast<notifier_block&>(*(&nb + 1)));
  };
  rig.Task([] { memory_notify(MEM_ONLINE, {Pfn{16}, 4, -1, -1}); });
  CHECK(rig.Run() == sim::Stop::kStuck);
}

TEST_CASE("an event for nobody takes no lock") {
  RunText(kSmall + "task user-1\n  write memory5/state offline\n");
  CHECK(Rc(0) == 0);
  CHECK(Count(sim::kTpReadLock) == 1);  // cpu_hotplug_lock
}

}  // namespace
}  // namespace hotplug::mm
