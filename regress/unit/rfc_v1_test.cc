// SPDX-License-Identifier: GPL-2.0-or-later
//
// The memtrace of the RFC, alone and against one opponent. Method: writes to its `enable` file;
// what it logs, what the file reads and where the blocks are afterwards. Goal: the steps of
// kernel-facts 6.1 and 6.1b, errors included, and the golden scenarios of section 12 that need
// no schedule.
#include "absl/strings/str_cat.h"
#include "model/drivers/driver.h"
#include "regress/unit/harness.h"

namespace hotplug::drivers {
namespace {

using run::Verdict;
using testing::Blocks;
using testing::Count;
using testing::Deliveries;
using testing::kHeader;
using testing::kOff;
using testing::kOne;
using testing::kRead;
using testing::kSmall;
using testing::kTwo;
using testing::Rc;
using testing::RunText;
using testing::Strings;
using testing::Veto;

std::string Memtrace(const std::string& ops) { return "task memtrace-1\n" + ops; }

TEST_CASE("bad values are refused and change nothing") {
  for (const char* value :
       {"1", "0xfffffff", "0x8000000", "0x10000001", "0x30000000", "0xffffffffffffffff"}) {
    INFO(value);
    const run::Outcome o = RunText(
        kSmall + Memtrace(absl::StrCat(kOne, "  write memtrace/enable ", value, "\n", kRead)));
    CHECK(o.verdict == Verdict::kOk);
    CHECK(Rc(1) == -EINVAL);
    CHECK(Count(kTpLogValue) == 1);
    CHECK(run::ResultOf(2).value == 0x10000000);
    CHECK(Blocks() == ".+++");
  }
}

TEST_CASE("enable takes the lowest aligned blocks, disable gives them back") {
  const run::Outcome o = RunText(kSmall + Memtrace(kRead + kTwo + kRead + kOff + kRead));
  CHECK(o.verdict == Verdict::kOk);
  CHECK(run::ResultOf(0).value == 0);
  CHECK(Rc(1) == 0);
  CHECK(run::ResultOf(2).value == 0x20000000);
  CHECK(Rc(3) == 0);
  CHECK(run::ResultOf(4).value == 0);
  CHECK(Blocks() == "++++");
  CHECK(Count(kTpLogAllocated) == 1);
  CHECK(Count(kTpLogAddedBack) == 1);
  CHECK(Count(mm::kTpIounmap) == 1);
  CHECK(Count(mm::kTpKfree) == 1);
  for (const run::BlockEnd& b : run::BlocksAtEnd()) CHECK(b.free == 4);
}

TEST_CASE("enabling tells its own notifier, block by block (G1)") {
  const run::Outcome o = RunText(kSmall + Memtrace(kTwo));
  CHECK(o.verdict == Verdict::kOk);
  CHECK(Blocks() == "..++");
  CHECK(Deliveries() == Strings{"MEM_GOING_OFFLINE 4 driver", "MEM_OFFLINE 4 driver",
                                "MEM_GOING_OFFLINE 5 driver", "MEM_OFFLINE 5 driver"});
  CHECK(Count(mm::kTpPageRefDec) == 8);
  CHECK(Count(mm::kTpPageRefInc) == 0);
}

TEST_CASE("a new size gives the old memory back first") {
  const run::Outcome o = RunText(kSmall + Memtrace(kTwo + kOne + kRead));
  CHECK(o.verdict == Verdict::kOk);
  CHECK(Rc(1) == 0);
  CHECK(run::ResultOf(2).value == 0x10000000);
  CHECK(Blocks() == ".+++");
}

TEST_CASE("memory that is there again can be enabled again") {
  std::string ops;
  for (int i = 0; i < 4; ++i) ops += kTwo + kOff;
  const run::Outcome o = RunText(kSmall + Memtrace(ops));
  CHECK(o.verdict == Verdict::kOk);
  for (uint32_t op = 0; op < 8; ++op) CHECK(Rc(op) == 0);
  CHECK(Blocks() == "++++");
}

TEST_CASE("a node without memory fails alone, and the write succeeds") {
  const run::Outcome o = RunText(std::string(kHeader) +
                                 "memory 4-5 node=0 zone=Normal\nmemory 6-7 node=1 zone=Movable\n" +
                                 Memtrace(kOne + kRead + kOff + kRead));
  CHECK(o.verdict == Verdict::kOk);
  CHECK(Rc(0) == 0);
  CHECK(Count(kTpLogNoMemory) == 1);
  CHECK(Count(kTpLogAllocated) == 1);
  CHECK(run::ResultOf(1).value == 0x10000000);
  CHECK(Rc(2) == 0);
  CHECK(run::ResultOf(3).value == 0);
}

TEST_CASE("the size is set even if no node had memory") {
  const run::Outcome o =
      RunText(kSmall + Memtrace("  write memtrace/enable 0x80000000\n" + kRead + kOff));
  CHECK(o.verdict == Verdict::kOk);
  CHECK(Rc(0) == 0);
  CHECK(Count(kTpLogNoMemory) == 1);
  CHECK(run::ResultOf(1).value == 0x80000000);
  CHECK(Rc(2) == 0);
  CHECK(Blocks() == "++++");
}

TEST_CASE("no size is too large to be refused") {
  for (const char* value : {"0x40000000000", "0x4000000000000000", "0x8000000000000000"}) {
    INFO(value);
    const run::Outcome o =
        RunText(kSmall + Memtrace(std::string("  write memtrace/enable ") + value + "\n"));
    CHECK(o.verdict == Verdict::kOk);
    CHECK(Count(kTpLogNoMemory) == 1);
    CHECK(Blocks() == "++++");
  }
}

TEST_CASE("every node gives memory, and gets it back") {
  const run::Outcome o =
      RunText(std::string(kHeader) +
              "memory 4-5 node=0 zone=Normal\nmemory 6-7 node=1 zone=Normal\n" + Memtrace(kTwo));
  CHECK(o.verdict == Verdict::kOk);
  CHECK(Blocks() == "....");
  CHECK(Count(kTpLogAllocated) == 2);
}

TEST_CASE("memory that is onlined by itself is not onlined twice") {
  std::string text = kSmall + Memtrace(kTwo + kOff);
  text.replace(text.find("pages_per_block"), 0, "auto_online=on ");
  const run::Outcome o = RunText(text);
  CHECK(o.verdict == Verdict::kOk);
  CHECK(Rc(1) == 0);
  CHECK(Blocks() == "++++");
}

TEST_CASE("failures of services") {
  struct Case {
    const char* fault;
    int32_t enable;
    const char* blocks;
    sim::Tp log;
  };
  for (const Case& c : {Case{"kmalloc", -EINVAL, "++++", kTpLogNoArray},
                        Case{"ioremap", -EINVAL, ".+++", kTpLogMapFailed},
                        Case{"debugfs_create_dir", 0, ".+++", kTpLogAllocated}}) {
    INFO(c.fault);
    RunText(absl::StrCat(kSmall, Memtrace(kOne + kRead), "fault ", c.fault, " nth=1 -ENOMEM\n"));
    CHECK(Rc(0) == c.enable);
    CHECK(run::ResultOf(1).value == (c.enable == 0 ? 0x10000000 : 0));
    CHECK(Blocks() == c.blocks);
    CHECK(Count(c.log) == 1);
  }
}

TEST_CASE("memory that cannot be added back stays reserved, for another attempt") {
  const run::Outcome o = RunText(kSmall + Memtrace(kOne + kOff + kRead + kOff + kRead) +
                                 "fault add_memory nth=1 -ENOMEM\n");
  CHECK(o.verdict == Verdict::kOk);
  CHECK(Rc(1) == -EAGAIN);
  CHECK(run::ResultOf(2).value == 0x10000000);
  CHECK(Rc(3) == 0);
  CHECK(run::ResultOf(4).value == 0);
  CHECK(Blocks() == "++++");
  CHECK(Count(kTpLogAddFailed) == 1);
}

// ---- One opponent -----------------------------------------------------------------------

TEST_CASE("a veto of the first block is a clean failure (G2)") {
  for (const char* priority : {"0", "-1"}) {
    const run::Outcome o = RunText(kSmall + Veto(priority, "memory4") + Memtrace(kTwo));
    CHECK(o.verdict == Verdict::kOk);
    CHECK(Rc(0) == 0);
    CHECK(Count(kTpLogNoMemory) == 1);
    CHECK(Blocks() == "++++");
    for (const run::BlockEnd& b : run::BlocksAtEnd()) CHECK(b.free == 4);
  }
}

TEST_CASE("a veto of the second block leaks it: the flag is stale (G3)") {
  const std::string text = kSmall + Veto("0", "memory5") + Memtrace(kTwo);
  const run::Outcome o = RunText(text);
  REQUIRE(o.verdict == Verdict::kViolation);
  CHECK((o.first()->id == invariants::Id::kI1 || o.first()->id == invariants::Id::kI9));
  run::RunOptions on;
  on.on_violation = run::OnViolation::kRecord;
  const run::Outcome whole = RunText(text, on);
  CHECK(Rc(0) == 0);
  CHECK(Blocks() == "++++");
  CHECK(run::BlocksAtEnd()[1].counts[2] == 4);  // one reference too many on each page
  CHECK(run::BlocksAtEnd()[1].free == 0);
  CHECK(Count(mm::kTpWarnInUse) == 1);
  CHECK(whole.nr_warnings == 1);
}

TEST_CASE("a veto from behind the driver is a clean failure (G5)") {
  const run::Outcome o = RunText(kSmall + Veto("-1", "memory5") + Memtrace(kTwo));
  CHECK(o.verdict == Verdict::kOk);
  CHECK(Blocks() == "++++");
  for (const run::BlockEnd& b : run::BlocksAtEnd()) CHECK(b.free == 4);
}

TEST_CASE("the flag survives from one node to the next (G4)") {
  const run::Outcome o = RunText(std::string(kHeader) +
                                 "memory 4-5 node=0 zone=Normal\nmemory 6-7 node=1 zone=Normal\n" +
                                 Veto("0", "memory6") + Memtrace(kOne));
  REQUIRE(o.verdict == Verdict::kViolation);
  CHECK(o.first()->block == 6);
}

TEST_CASE("a block that somebody else has offlined is removed all the same (G9)") {
  const run::Outcome o = RunText(kSmall +
                                 "task user-1\n  sleep 5\n  write memory5/state offline\n"
                                 "task memtrace-2\n" +
                                 kTwo + "at memtrace-2 8 run user-1\n");
  CHECK(o.verdict == Verdict::kOk);
}

TEST_CASE("memory whose adding back fails is lost (G19)") {
  run::RunOptions on;
  on.on_violation = run::OnViolation::kRecord;
  const run::Outcome o = RunText(
      kSmall + Veto("-1", "memory5") + Memtrace(kTwo) + "fault add_memory nth=1 -ENOMEM\n", on);
  REQUIRE(o.verdict == Verdict::kViolation);
  CHECK(o.first()->id == invariants::Id::kI15);
  CHECK(Count(kTpLogAddFailed) == 1);
  CHECK(Blocks() == ".+++");
}

// Of two that give one range back the second fails, and names the node of an entry whose array the
// first has freed.
TEST_CASE("an entry stays where it was when its memory was asked for") {
  uint32_t found = 0;
  for (uint32_t step = 1; step < 30; ++step) {
    const run::Outcome o = RunText(
        absl::StrCat(kSmall, "task memtrace-1\n", kOne, kOff, "task memtrace-2\n", kOff,
                     "at memtrace-1 66 run memtrace-2\nat memtrace-2 ", step, " run memtrace-1\n"));
    if (o.verdict != Verdict::kViolation) continue;
    ++found;
    CHECK(o.first()->id == invariants::Id::kK2);
    CHECK(Count(kTpLogAddFailed) == 1);
  }
  CHECK(found == 1);
}

TEST_CASE("the refusal to go online again refuses nothing") {
  // The block is offline, still claimed, and its pages get into the buddy.
  uint32_t found = 0;
  for (uint32_t step = 1; step < 60; ++step) {
    const run::Outcome o = RunText(absl::StrCat(kSmall, Memtrace(kTwo),
                                                "task user-2\n  write memory5/state offline\n"
                                                "  write memory5/state online\nat memtrace-1 ",
                                                step, " run user-2\n"));
    found += o.verdict == Verdict::kViolation;
  }
  CHECK(found > 0);
}

}  // namespace
}  // namespace hotplug::drivers
