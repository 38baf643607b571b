// SPDX-License-Identifier: GPL-2.0-or-later
//
// The byte form. Method: the laws on many random strings and generated scenarios, then each
// thing that bytes can say once, by name, so that a law that holds because something cannot
// be said at all does not pass for one that holds. Capacities and refusals come last.
#include <bit>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string>
#include <vector>

#include "model/scenario/bytes.h"
#include "model/scenario/generate.h"
#include "model/scenario/print.h"
#include "model/scenario/random.h"
#include "model/scenario/rules.h"
#include "model/scenario/scenario.h"
#include "regress/unit/catch.h"
#include "regress/unit/names.h"

namespace hotplug::scenario {
namespace {

using testing::kNames;
using Bytes = std::vector<uint8_t>;

constexpr uint32_t kRandomStrings = 30000;
constexpr uint32_t kGenerated = 20000;
constexpr uint64_t kGiB = uint64_t{1} << 30;

Scenario Decoded(const Bytes& bytes) {
  return Decode(bytes.data(), bytes.size(), kNames.nr_drivers, kNames.nr_kernels);
}

// What the scenario becomes on its way through bytes.
Scenario ThereAndBack(const Scenario& s) {
  Bytes bytes;
  const char* why = Encode(s, &bytes);
  INFO((why == nullptr ? "" : why));
  REQUIRE(why == nullptr);
  return Decoded(bytes);
}

// The smallest machine, then these records; what a record leaves out is zero.
Bytes Records(std::initializer_list<std::initializer_list<int>> records) {
  Bytes bytes(2 * kRecordBytes);
  for (const auto& record : records) {
    for (int byte : record) bytes.push_back(static_cast<uint8_t>(byte));
    bytes.resize((bytes.size() + kRecordBytes - 1) / kRecordBytes * kRecordBytes);
  }
  return bytes;
}

// First bytes of records.
enum : int {
  kOp = 0,
  kPreemption = 24,
  kTask = 44,
  kNotifier = 50,
  kAnswer = 53,
  kFault = 58,
  kBlock = 61
};

// Two blocks of 16 pages on each of two nodes, three tasks.
Scenario Base() {
  Scenario s;
  s.machine.block_order = 4;
  s.machine.pageblock_order = 2;
  s.machine.max_order = 4;
  for (uint8_t node : {0, 0, 1, 1}) s.machine.blocks.push(Block{node});
  s.notifiers.push(Notifier{});
  for (Role role : {Role::kMemtrace, Role::kUser, Role::kWalker}) s.tasks.push(Task{role});
  REQUIRE(Invalid(s, kNames) == nullptr);
  return s;
}

Bytes RandomBytes(Random* random, uint32_t most) {
  Bytes bytes(random->Between(0, most));
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random->Below(256));
  return bytes;
}

TEST_CASE("every byte string decodes to a valid scenario that encodes back to it") {
  Random random(1);
  for (uint32_t i = 0; i < kRandomStrings; ++i) {
    const Bytes bytes = RandomBytes(&random, i % 10 == 0 ? 4096 : 600);
    const Scenario s = Decoded(bytes);
    const char* why = Invalid(s, kNames);
    if (why != nullptr) FAIL("string " << i << ": " << why);
    Bytes encoded;
    why = Encode(s, &encoded);
    if (why != nullptr) FAIL("string " << i << ": " << why);
    if (!(Decoded(encoded) == s)) FAIL("string " << i << ": " << Print(s, kNames));
  }
}

TEST_CASE("every generated scenario has a byte form") {
  GenerateOptions options;
  options.nr_drivers = kNames.nr_drivers;
  options.nr_kernels = kNames.nr_kernels;
  for (uint32_t seed = 0; seed < kGenerated; ++seed) {
    const Scenario s = Generate(seed, options);
    Bytes encoded;
    const char* why = Encode(s, &encoded);
    if (why != nullptr) FAIL("seed " << seed << ": " << why);
    if (!(Decoded(encoded) == s)) FAIL("seed " << seed << ": " << Print(s, kNames));
  }
}

TEST_CASE("the empty string is one driver call on the smallest machine") {
  const std::string smallest =
      "scenario 1\n"
      "driver rfc_v1\n"
      "machine kernel=rfc debug_vm=off auto_online=off pages_per_block=4 pageblock_pages=4 "
      "max_order=2\n"
      "memory 4 node=0 zone=Normal\n"
      "task memtrace-1\n"
      "  write memtrace/enable 0x10000000\n";
  CHECK(Print(Decoded({}), kNames) == smallest);
  CHECK(Print(Decode(nullptr, 0, 3, 2), kNames) == smallest);
  CHECK(Decoded(Bytes(2 * kRecordBytes)) == Decoded({}));
}

TEST_CASE("a short last record is filled up with zeros") {
  const Bytes whole = Records({{kTask, 1}, {kOp, 10, 0, 1, 0, 0, 0, 0}});
  Bytes cut = whole;
  cut.resize(cut.size() - 4);
  CHECK(Decoded(cut) == Decoded(whole));
  CHECK(Decoded(Bytes{1, 2, 3}) == Decoded(Bytes{1, 2, 3, 0, 0, 0, 0, 0, 0, 0}));
}

TEST_CASE("without a task record operations belong to memtrace-1, and there is no other one") {
  const Scenario s = Decoded(Records({{kOp, 9}, {kOp, 20}}));
  REQUIRE(s.tasks.size == 1);
  CHECK(s.tasks[0].role == Role::kMemtrace);
  REQUIRE(s.ops.size == 2);
  CHECK(s.ops[0].kind == OpKind::kReadEnable);
  CHECK(s.ops[1].kind == OpKind::kFree);
}

TEST_CASE("a task record without operations is a task without operations") {
  const Scenario s = Decoded(Records({{kTask, 1}}));
  CHECK(s.tasks.size == 1);
  CHECK(s.ops.size == 0);
}

TEST_CASE("operations and answers belong to the record before them, the early ones to the first") {
  const Scenario s = Decoded(Records({{kOp, 9},
                                      {kAnswer},
                                      {kTask, 0},
                                      {kNotifier, 1},
                                      {kOp, 20},
                                      {kTask, 1},
                                      {kNotifier, 2},
                                      {kAnswer, 1},
                                      {kOp, 24}}));
  REQUIRE(s.ops.size == 3);
  CHECK(s.ops[0].task == 0);
  CHECK(s.ops[1].task == 0);
  CHECK(s.ops[2].task == 1);
  REQUIRE(s.answers.size == 2);
  CHECK(s.answers[0].notifier == 0);
  CHECK(s.answers[1].notifier == 1);
}

TEST_CASE("answers without a notifier make one") {
  const Scenario s = Decoded(Records({{kAnswer}}));
  REQUIRE(s.notifiers.size == 1);
  CHECK(s.notifiers[0].priority == 0);
  CHECK(s.answers.size == 1);
}

TEST_CASE("operands point forwards") {
  const Scenario s = Decoded(Records({{kTask}, {kOp, 28, 2}, {kTask}, {kTask}}));
  REQUIRE(s.ops.size == 1);
  CHECK(s.ops[0].kind == OpKind::kAfter);
  CHECK(s.ops[0].target == 2);
}

TEST_CASE("block 0 is reserved, whatever a record says") {
  Bytes bytes = Records({{kBlock, 0, 0}});
  bytes[7] = static_cast<uint8_t>(-4);
  const Scenario s = Decoded(bytes);
  CHECK(s.machine.first_block == 0);
  CHECK(s.machine.blocks[0].reserved);
  CHECK_FALSE(s.machine.blocks[0].offline);
  CHECK(ThereAndBack(s) == s);
}

TEST_CASE("the last record for a block counts") {
  const Scenario s = Decoded(Records({{kBlock, 0, 0}, {kBlock, 0, 1}}));
  CHECK(s.machine.blocks[0].reserved);
  CHECK_FALSE(s.machine.blocks[0].offline);
}

TEST_CASE("records beyond a capacity are ignored") {
  Bytes bytes = Records({});
  const auto add = [&bytes](uint32_t times, std::initializer_list<int> record) {
    for (uint32_t i = 0; i < times; ++i) {
      const Bytes more = Records({record});
      bytes.insert(bytes.end(), more.begin() + 2 * kRecordBytes, more.end());
    }
  };
  add(kMaxTasks + 2, {kTask, 1});
  add(kMaxOps + 1, {kOp, 9});
  add(kMaxNotifiers + 2, {kNotifier, 1});
  add(kMaxAnswers + 1, {kAnswer});
  add(kMaxFaults + 1, {kFault});
  add(kMaxPreemptions + 1, {kPreemption});
  const Scenario s = Decoded(bytes);
  CHECK(s.tasks.size == kMaxTasks);
  CHECK(s.ops.size == kMaxOps);
  CHECK(s.ops[0].task == kMaxTasks - 1);
  CHECK(s.notifiers.size == kMaxNotifiers);
  CHECK(s.answers.size == kMaxAnswers);
  CHECK(s.answers[0].notifier == kMaxNotifiers - 1);
  CHECK(s.faults.size == kMaxFaults);
  CHECK(s.schedule.size == kMaxPreemptions);
  CHECK(Invalid(s, kNames) == nullptr);
  CHECK(ThereAndBack(s) == s);
}

TEST_CASE("the largest number of a wide operand comes round to the smallest") {
  const Scenario s = Decoded(Records({{kTask},
                                      {kOp, 31, 0xfe, 0xff},
                                      {kOp, 31, 0xff, 0xff},
                                      {kPreemption, 0, 0, 0, 15, 0xff, 0xff},
                                      {kFault, 0, 7, 0xff}}));
  CHECK(s.ops[0].value == 65535);
  CHECK(s.ops[1].value == 1);
  CHECK(s.schedule[0].step == 1);
  CHECK(s.faults[0].nth == 1);
}

TEST_CASE("a preemption by the byte 0 is by the next task") {
  const Scenario s = Decoded(Records({{kPreemption}, {kPreemption, 1}, {kTask}, {kTask}}));
  CHECK(s.schedule[0] == Preemption{0, 1, 1});
  CHECK(s.schedule[1] == Preemption{1, 0, 1});
}

TEST_CASE("a change of one byte changes one operation") {
  Bytes bytes = Records({{kTask}, {kOp, 10, 0, 1}, {kOp, 9}, {kTask}, {kOp, 20}});
  const Scenario before = Decoded(bytes);
  bytes[3 * kRecordBytes + 3] = 0;
  Scenario after = Decoded(bytes);
  CHECK(after.ops[0].arg != before.ops[0].arg);
  after.ops[0].arg = before.ops[0].arg;
  CHECK(after == before);
}

// An operation of the second task of Base().
void CheckOp(Op op) {
  Scenario s = Base();
  op.task = 1;
  s.ops.push(op);
  INFO(Print(s, kNames));
  REQUIRE(Invalid(s, kNames) == nullptr);
  CHECK(ThereAndBack(s) == s);
}

TEST_CASE("every operation on a block goes there and back") {
  for (uint8_t block = 0; block < 4; ++block) {
    for (uint8_t word = 0; word < kStateWords; ++word) {
      CheckOp({.kind = OpKind::kWriteState, .block = block, .arg = word});
    }
    for (uint8_t digit : {0, 1}) {
      CheckOp({.kind = OpKind::kWriteOnline, .block = block, .arg = digit});
    }
    for (OpKind kind : {OpKind::kWriteProbe, OpKind::kRemove, OpKind::kAdd}) {
      CheckOp({.kind = kind, .block = block});
    }
    for (uint8_t blocks = 1; blocks <= kMaxOpBlocks; ++blocks) {
      CheckOp({.kind = OpKind::kOfflineAndRemove, .block = block, .blocks = blocks});
    }
    for (uint16_t page = 0; page < 16; ++page) {
      CheckOp({.kind = OpKind::kGet, .block = block, .page = page});
      CheckOp({.kind = OpKind::kPoison, .block = block, .page = page});
    }
  }
}

TEST_CASE("of what a machine is one byte in 256 is memmap_on_memory") {
  Scenario s = Base();
  s.machine.memmap_on_memory = true;
  CHECK(ThereAndBack(s) == s);
  std::vector<uint8_t> bytes;
  REQUIRE(Encode(Base(), &bytes) == nullptr);
  for (uint32_t mark = 0; mark < 256; ++mark) {
    bytes[15] = static_cast<uint8_t>(mark);
    s = Decode(bytes.data(), bytes.size(), 1, 1);
    CHECK(s.machine.memmap_on_memory == (mark == 255));
    s.machine.memmap_on_memory = false;
    CHECK(s == Base());
  }
}

TEST_CASE("of what removes a block one byte in 256 is a driver") {
  std::vector<uint8_t> bytes;
  REQUIRE(Encode(Base(), &bytes) == nullptr);
  const size_t before = Base().ops.size;
  for (uint32_t mark = 0; mark < 256; ++mark) {
    std::vector<uint8_t> more = bytes;
    more.insert(more.end(), {0, 61, 2, static_cast<uint8_t>(mark), 5, 0, 0, 0});
    const Scenario s = Decode(more.data(), more.size(), 1, 1);
    REQUIRE(s.ops.size == before + 1);
    const Op& op = s.ops[before];
    CHECK(op.block == 2);
    CHECK(op.kind == (mark == 255 ? OpKind::kOfflineAndRemove : OpKind::kRemove));
    CHECK(op.blocks == (mark == 255 ? 2 : 0));
  }
}

TEST_CASE("every operation without a block goes there and back") {
  for (OpKind kind : {OpKind::kReadEnable, OpKind::kFree, OpKind::kFreeContig, OpKind::kPut})
    CheckOp({.kind = kind});
  for (OpKind kind : {OpKind::kReadTrace, OpKind::kMmapTrace}) {
    for (uint8_t node : {0, 1}) CheckOp({.kind = kind, .node = node});
  }
  for (uint8_t order = 0; order <= 3; ++order) {
    for (uint8_t node : {0, 1}) {
      for (uint8_t mobility : {0, 1}) {
        CheckOp({.kind = OpKind::kAlloc, .arg = mobility, .order = order, .node = node});
      }
    }
  }
  for (uint8_t order = 0; order <= MaxContigOrder(Base().machine); ++order) {
    for (uint8_t node : {0, 1}) {
      CheckOp({.kind = OpKind::kAllocContig, .order = order, .node = node});
    }
  }
  for (OpKind kind : {OpKind::kRegister, OpKind::kUnregister}) CheckOp({.kind = kind});
  for (uint8_t word = 0; word < kStateWords; ++word) {
    CheckOp({.kind = OpKind::kWriteAutoOnline, .arg = word});
  }
  for (uint8_t target = 0; target < 3; ++target) {
    CheckOp({.kind = OpKind::kAfter, .target = target});
    for (uint8_t signal = 0; signal < kSignals; ++signal) {
      CheckOp({.kind = OpKind::kKill, .arg = signal, .target = target});
    }
  }
  for (uint64_t ticks : {1, 2, 127, 128, 129, 255, 256, 257, 65534, 65535}) {
    CheckOp({.kind = OpKind::kSleep, .value = ticks});
  }
}

TEST_CASE("every number below 2^48 and every multiple of 2^16 can be written to enable") {
  constexpr uint64_t kEdge = uint64_t{1} << 48;
  for (uint64_t value = 0; value < 300; ++value) CheckOp({.value = value});
  for (uint64_t block = 1; block <= 20; ++block) {
    for (uint64_t offset : {-1, 0, 1}) CheckOp({.value = block * kBlockBytes + offset});
  }
  for (uint64_t value : {kEdge - 1, kEdge, kEdge + 65536, uint64_t{1} << 63, 0 - kGiB}) {
    CheckOp({.value = value});
  }
}

TEST_CASE("a notifier that is not registered at the start goes there and back") {
  Scenario s = Base();
  s.notifiers[0].unregistered = true;
  CHECK(ThereAndBack(s) == s);
}

TEST_CASE("an operation on a notifier makes one if there is none") {
  const Scenario s = Decoded(Records({{kTask}, {kOp, 46, 5}, {kOp, 47, 6}}));
  REQUIRE(s.notifiers.size == 1);
  CHECK(s.notifiers[0] == Notifier{});
  CHECK(s.ops[0].kind == OpKind::kRegister);
  CHECK(s.ops[1].kind == OpKind::kUnregister);
}

TEST_CASE("every priority goes there and back") {
  for (int32_t priority = INT16_MIN; priority <= INT16_MAX; ++priority) {
    Scenario s = Base();
    s.notifiers[0].priority = static_cast<int16_t>(priority);
    if (!(ThereAndBack(s) == s)) FAIL("priority " << priority);
  }
}

void CheckAnswer(const Answer& answer) {
  Scenario s = Base();
  s.answers.push(answer);
  INFO(Print(s, kNames));
  REQUIRE(Invalid(s, kNames) == nullptr);
  CHECK(ThereAndBack(s) == s);
}

TEST_CASE("every answer goes there and back") {
  for (const mm::NamedValue& action : mm::kMemActions) {
    for (uint8_t block : {uint8_t{0}, uint8_t{1}, uint8_t{3}, Answer::kAnyBlock}) {
      for (uint8_t nth : {0, 1, 3, 4, 255}) {
        CheckAnswer({.action = static_cast<uint8_t>(action.value),
                     .block = block,
                     .nth = nth,
                     .value = 0x8011});
      }
    }
  }
  for (uint32_t value = 0x7ff0; value < 0x9010; ++value) CheckAnswer({.value = value});
  for (uint32_t value : {0u, 1u, 2u, 3u, 0xfffffff0u, 0xffffffffu, 0x80000000u, 0x12345678u}) {
    CheckAnswer({.value = value});
  }
}

TEST_CASE("every fault goes there and back") {
  for (uint32_t nth = 1; nth <= 255; ++nth) {
    for (uint8_t error : {12, 14, 17}) {
      Scenario s = Base();
      s.faults.push({FaultSite::kAddMemory, static_cast<uint8_t>(nth), error});
      REQUIRE(ThereAndBack(s) == s);
    }
  }
  for (uint32_t site = 0; site < mm::kFaultSites; ++site) {
    Scenario s = Base();
    s.faults.push(Fault{static_cast<FaultSite>(site)});
    CHECK(ThereAndBack(s) == s);
  }
}

TEST_CASE("every preemption goes there and back") {
  for (uint32_t step = 1; step <= 65535; ++step) {
    Scenario s = Base();
    s.schedule.push({static_cast<uint8_t>(step % 3), static_cast<uint8_t>(step / 3 % 3),
                     static_cast<uint16_t>(step)});
    if (!(ThereAndBack(s) == s)) FAIL("step " << step);
  }
}

TEST_CASE("every fuzzed geometry goes there and back") {
  for (uint8_t block_order = 2; block_order <= 6; ++block_order) {
    for (uint8_t max_order = 0; max_order <= block_order; ++max_order) {
      for (uint8_t pageblock_order = 0; pageblock_order <= block_order; ++pageblock_order) {
        Scenario s = Base();
        s.machine.block_order = block_order;
        s.machine.max_order = max_order;
        s.machine.pageblock_order = pageblock_order;
        s.machine.debug_vm = max_order % 2 != 0;
        s.machine.auto_online = pageblock_order % 2 != 0;
        s.machine.kernel = max_order % 2;
        s.driver = pageblock_order % 3;
        REQUIRE(ThereAndBack(s) == s);
      }
    }
  }
  for (uint32_t first = 1; first < 256; ++first) {
    Scenario s = Base();
    s.machine.first_block = static_cast<uint8_t>(first);
    REQUIRE(ThereAndBack(s) == s);
  }
}

TEST_CASE("every layout of 1 to 16 blocks goes there and back") {
  for (uint32_t blocks = 1; blocks <= kFuzzBlocks; ++blocks) {
    for (uint32_t on_node0 = 0; on_node0 <= blocks; ++on_node0) {
      for (uint32_t normal = 0; normal <= blocks; ++normal) {
        Scenario s;
        s.tasks.push(Task{});
        for (uint32_t i = 0; i < blocks; ++i) {
          Block block;
          block.node = i < on_node0 ? 0 : 1;
          // On node 1 the border is elsewhere than on node 0.
          const uint32_t border = block.node == 0 ? normal : on_node0 + normal / 2;
          block.zone = i < border ? Zone::kNormal : Zone::kMovable;
          block.offline = i % 5 == 1;
          block.reserved = i % 5 == 3;
          s.machine.blocks.push(block);
        }
        REQUIRE(Invalid(s, kNames) == nullptr);
        if (!(ThereAndBack(s) == s)) FAIL(Print(s, kNames));
      }
    }
  }
}

void CheckRefused(const Scenario& s, const char* expected) {
  Bytes bytes = {1, 2, 3};
  const char* why = Encode(s, &bytes);
  REQUIRE(why != nullptr);
  CHECK(std::string(why) == expected);
  CHECK(bytes.empty());
}

TEST_CASE("what bytes cannot say is refused") {
  Scenario s = Base();
  while (s.machine.blocks.size <= kFuzzBlocks) s.machine.blocks.push(Block{1});
  CheckRefused(s, "the byte form has at most 16 memory blocks");

  s = Base();
  s.machine.block_order = 7;
  CheckRefused(s, "the byte form has at most 64 pages per block");

  s = Base();
  s.ops.push(Op{.value = (uint64_t{1} << 48) + 1});
  CheckRefused(s, "the byte form writes only numbers below 2^48 and multiples of 2^16 to enable");

  s = Base();
  s.schedule.push(Preemption{});
  CheckRefused(s, "the scenario breaks a rule (Invalid() says which)");
}

// ---- Invalid() -------------------------------------------------------------------------

template <class Change>
void CheckInvalid(const char* expected, Change change) {
  Scenario s = Base();
  change(&s);
  const char* why = Invalid(s, kNames);
  REQUIRE(why != nullptr);
  CHECK(std::string(why) == expected);
}

TEST_CASE("each broken rule of a machine is told") {
  CheckInvalid("there is no such kernel", [](Scenario* s) { s->machine.kernel = 2; });
  CheckInvalid("there is no such driver", [](Scenario* s) { s->driver = 3; });
  CheckInvalid("a list is longer than its capacity, or not zero behind its end",
               [](Scenario* s) { s->notifiers.items[1].priority = 1; });
  CheckInvalid("a list is longer than its capacity, or not zero behind its end",
               [](Scenario* s) { s->ops.size = kMaxOps + 1; });
  CheckInvalid("a block has too few or too many pages",
               [](Scenario* s) { s->machine.block_order = 1; });
  CheckInvalid("a block has too few or too many pages",
               [](Scenario* s) { s->machine.block_order = 16; });
  CheckInvalid("a pageblock is larger than a block",
               [](Scenario* s) { s->machine.pageblock_order = 5; });
  CheckInvalid("max_order is larger than a block", [](Scenario* s) { s->machine.max_order = 5; });
  CheckInvalid("max_order is too large", [](Scenario* s) {
    s->machine.block_order = 15;
    s->machine.max_order = 13;
  });
  CheckInvalid("there is no memory block", [](Scenario* s) { s->machine.blocks = {}; });
  CheckInvalid("a block is on a node that cannot exist",
               [](Scenario* s) { s->machine.blocks[3].node = 2; });
  CheckInvalid("a block is in an unknown zone",
               [](Scenario* s) { s->machine.blocks[3].zone = std::bit_cast<Zone>(uint8_t{2}); });
  CheckInvalid("a block is both reserved and offline", [](Scenario* s) {
    s->machine.blocks[1].reserved = true;
    s->machine.blocks[1].offline = true;
  });
  CheckInvalid("node numbers decrease", [](Scenario* s) { s->machine.blocks[0].node = 1; });
  CheckInvalid("a normal block lies above a movable one",
               [](Scenario* s) { s->machine.blocks[2].zone = Zone::kMovable; });
  CheckInvalid("block 0 is not reserved", [](Scenario* s) { s->machine.first_block = 0; });
}

TEST_CASE("each broken rule of what happens is told") {
  CheckInvalid("an answer is of a notifier that is not there",
               [](Scenario* s) { s->answers.push({.notifier = 1}); });
  CheckInvalid("answers are not grouped", [](Scenario* s) {
    s->notifiers.push({});
    s->answers.push({.notifier = 1});
    s->answers.push({.notifier = 0});
  });
  CheckInvalid("an answer is to an unknown action",
               [](Scenario* s) { s->answers.push({.action = 3}); });
  CheckInvalid("an answer is about a block that is not there",
               [](Scenario* s) { s->answers.push({.block = 4}); });
  CheckInvalid("there is no task", [](Scenario* s) { s->tasks = {}; });
  CheckInvalid("a task has an unknown role",
               [](Scenario* s) { s->tasks[0].role = std::bit_cast<Role>(uint8_t{6}); });
  CheckInvalid("operations are not grouped", [](Scenario* s) {
    s->ops.push({.task = 1});
    s->ops.push({.task = 0});
  });
  CheckInvalid("a fault is at an unknown site",
               [](Scenario* s) { s->faults.push({.site = std::bit_cast<FaultSite>(uint8_t{6})}); });
  CheckInvalid("a fault is at call 0, but calls count from 1",
               [](Scenario* s) { s->faults.push({.nth = 0}); });
  CheckInvalid("a fault has an unknown errno", [](Scenario* s) { s->faults.push({.error = 13}); });
  CheckInvalid("a fault has an errno that its site cannot return",
               [](Scenario* s) { s->faults.push({.site = FaultSite::kKmalloc, .error = 14}); });
  CheckInvalid("a preemption is of a task that is not there",
               [](Scenario* s) { s->schedule.push({0, 3, 1}); });
  CheckInvalid("a preemption is at step 0, but steps count from 1",
               [](Scenario* s) { s->schedule.push({0, 1, 0}); });
}

TEST_CASE("each broken rule of an operation is told") {
  const auto check = [](const char* expected, const Op& op) {
    CheckInvalid(expected, [&op](Scenario* s) { s->ops.push(op); });
  };
  check("an operation is of an unknown kind", {.kind = static_cast<OpKind>(kOpKinds)});
  check("an operation has a field that its kind does not use", {.block = 1});
  check("an operation has a field that its kind does not use", {.kind = OpKind::kFree, .value = 1});
  check("an operation is of a task that is not there", {.task = 3});
  check("an operation is on a block that is not there", {.kind = OpKind::kGet, .block = 4});
  check("an operation is on a task that is not there", {.kind = OpKind::kAfter, .target = 3});
  check("an operation is on a notifier that is not there",
        {.kind = OpKind::kRegister, .notifier = 1});
  check("an operation has an unknown argument", {.kind = OpKind::kWriteState, .arg = 5});
  check("an operation has an unknown argument", {.kind = OpKind::kWriteOnline, .arg = 2});
  check("an operation has an unknown argument", {.kind = OpKind::kKill, .arg = 3});
  check("an operation is on a page outside its block", {.kind = OpKind::kGet, .page = 16});
  check("an allocation is too large", {.kind = OpKind::kAlloc, .order = 4});
  check("an allocation is too large", {.kind = OpKind::kAllocContig, .order = 7});
  check("an operation is on a node without memory", {.kind = OpKind::kAllocContig, .node = 2});
  check("an operation is on a node without memory", {.kind = OpKind::kAlloc, .node = 2});
  check("a sleep is too short or too long", {.kind = OpKind::kSleep, .value = 0});
  check("a sleep is too short or too long", {.kind = OpKind::kSleep, .value = 65536});
  check("an operation has an unknown argument",
        {.kind = OpKind::kMmapTraceAt, .value = uint64_t{1} << 63});
  check("an operation has an unknown argument",
        {.kind = OpKind::kReadTraceAt, .length = uint64_t{1} << 63});
}

}  // namespace
}  // namespace hotplug::scenario
