// SPDX-License-Identifier: GPL-2.0-or-later
//
// The text form. Method: the law Parse(Print(s)) == s on many random and generated
// scenarios; the exact text of one scenario that uses every kind of line; every spelling of
// values; and for every rule a text that breaks it, with the exact message.
#include <algorithm>
#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "model/scenario/bytes.h"
#include "model/scenario/echo.h"
#include "model/scenario/generate.h"
#include "model/scenario/print.h"
#include "model/scenario/random.h"
#include "model/scenario/scenario.h"
#include "model/scenario/text/line.h"
#include "model/scenario/text/parse.h"
#include "regress/unit/catch.h"
#include "regress/unit/names.h"

namespace hotplug::scenario {
namespace {

using testing::kNames;

constexpr uint32_t kRandomTexts = 20000;
constexpr uint32_t kGeneratedTexts = 10000;

// Every kind of line. Line numbers below count from here.
constexpr char kText[] =
    "scenario 1\n"                                                                          // 1
    "driver rfc_v1\n"                                                                       // 2
    "machine kernel=rfc debug_vm=off auto_online=on pages_per_block=16 pageblock_pages=4 "  // 3
    "max_order=4\n"
    "memory 4-6 node=0 zone=Normal\n"                            // 4
    "memory 7 node=0 zone=Movable offline\n"                     // 5
    "memory 8-9 node=1 zone=Movable reserved\n"                  // 6
    "notifier A priority=-100\n"                                 // 7
    "  answer MEM_GOING_OFFLINE memory5 nth=2 NOTIFY_BAD\n"      // 8
    "  answer MEM_CANCEL_OFFLINE notifier_from_errno(-EBUSY)\n"  // 9
    "notifier B priority=32767\n"                                // 10
    "task memtrace-1\n"                                          // 11
    "  write memtrace/enable 0x20000000\n"                       // 12
    "  read memtrace/enable\n"                                   // 13
    "  write memtrace/enable 0\n"                                // 14
    "task user-2\n"                                              // 15
    "  write memory5/state offline\n"                            // 16
    "  write memory5/state garbage\n"                            // 17
    "  write memory5/online 1\n"                                 // 18
    "task alloc-3\n"                                             // 19
    "  alloc unmovable node=1 order=3\n"                         // 20
    "  free\n"                                                   // 21
    "task walker-4\n"                                            // 22
    "  get memory9 page=15\n"                                    // 23
    "  sleep 40\n"                                               // 24
    "  put\n"                                                    // 25
    "task kill-5\n"                                              // 26
    "  after memtrace-1\n"                                       // 27
    "  kill alloc-3 SIGUSR1\n"                                   // 28
    "fault add_memory nth=1 -EEXIST\n"                           // 29
    "fault ioremap nth=255 -ENOMEM\n"                            // 30
    "at memtrace-1 12 run user-2\n"                              // 31
    "at user-2 65535 run kill-5\n";                              // 32

File ParseOrFail(const std::string& text) {
  const absl::StatusOr<File> file = Parse(text, "f.scn", kNames);
  INFO(text);
  INFO(file.status().ToString());
  REQUIRE(file.ok());
  return *file;
}

// kText with line `number` replaced; an empty replacement takes the line away.
std::string WithLine(size_t number, const std::string& line) {
  std::vector<std::string> lines = absl::StrSplit(kText, '\n');
  if (line.empty()) {
    lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(number) - 1);
  } else {
    lines[number - 1] = line;
  }
  return absl::StrJoin(lines, "\n");
}

void CheckBroken(const std::string& text, const std::string& message) {
  const absl::StatusOr<File> file = Parse(text, "f.scn", kNames);
  CHECK(file.status().code() == absl::StatusCode::kInvalidArgument);
  CHECK(std::string(file.status().message()) == "f.scn:" + message);
}

TEST_CASE("a decoded scenario parses from its text") {
  Random random(2);
  for (uint32_t i = 0; i < kRandomTexts; ++i) {
    std::vector<uint8_t> bytes(random.Between(0, 600));
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random.Below(256));
    const Scenario s = Decode(bytes.data(), bytes.size(), kNames.nr_drivers, kNames.nr_kernels);
    const std::string text = Print(s, kNames);
    const absl::StatusOr<File> file = Parse(text, "f.scn", kNames);
    if (!file.ok()) FAIL("string " << i << ": " << file.status().message() << "\n" << text);
    if (!(file->scenario == s)) FAIL("string " << i << "\n" << text);
  }
}

TEST_CASE("a generated scenario is valid and parses from its text") {
  GenerateOptions options;
  options.nr_drivers = kNames.nr_drivers;
  options.nr_kernels = kNames.nr_kernels;
  for (uint32_t seed = 0; seed < kGeneratedTexts; ++seed) {
    const Scenario s = Generate(seed, options);
    const char* why = Invalid(s, kNames);
    if (why != nullptr) FAIL("seed " << seed << ": " << why);
    const std::string text = Print(s, kNames);
    const absl::StatusOr<File> file = Parse(text, "f.scn", kNames);
    if (!file.ok()) FAIL("seed " << seed << ": " << file.status().message() << "\n" << text);
    if (!(file->scenario == s)) FAIL("seed " << seed << "\n" << text);
  }
}

TEST_CASE("a scenario with every kind of line prints as it was read") {
  const Scenario s = ParseOrFail(kText).scenario;
  CHECK(Print(s, kNames) == kText);
  CHECK(Invalid(s, kNames) == nullptr);
  CHECK(s.machine.first_block == 4);
  CHECK(s.machine.blocks.size == 6);
  CHECK(s.machine.blocks[3].offline);
  CHECK(s.machine.blocks[5].reserved);
  CHECK(s.machine.auto_online);
  CHECK(s.answers[0] == Answer{0, mm::MEM_GOING_OFFLINE, 1, 2, 0x8002});
  CHECK(s.answers[1] == Answer{0, mm::MEM_CANCEL_OFFLINE, Answer::kAnyBlock, 0, 0x8011});
  CHECK(s.ops.size == 13);
  CHECK(s.ops[12] == Op{.kind = OpKind::kKill, .task = 4, .arg = 1, .target = 2});
  CHECK(s.faults[0] == Fault{FaultSite::kAddMemory, 1, 17});
  CHECK(s.schedule[1] == Preemption{1, 4, 65535});
}

TEST_CASE("the file of a node's trace memory is read and mapped") {
  const std::string text =
      WithLine(17, "  read memtrace/00000001/trace\n  mmap memtrace/00000000/trace");
  const Scenario s = ParseOrFail(text).scenario;
  CHECK(s.ops[4] == Op{.kind = OpKind::kReadTrace, .task = 1, .node = 1});
  CHECK(s.ops[5] == Op{.kind = OpKind::kMmapTrace, .task = 1});
  CHECK(Print(s, kNames) == text);
}

TEST_CASE("memory/probe names a block by where it begins") {
  const auto probe = [](const std::string& address) {
    return WithLine(17, "  write memory/probe " + address);
  };
  const Op op = ParseOrFail(probe("0x50000000")).scenario.ops[4];
  CHECK(op == Op{.kind = OpKind::kWriteProbe, .task = 1, .block = 1});
  CHECK(ParseOrFail(probe("1342177280")).scenario.ops[4] == op);
  const std::string expected =
      "expected the address of a block, 0x40000000 to 0x90000000 in steps of 0x10000000, found '";
  for (const char* address : {"0x30000000", "0xa0000000", "0x50000001", "memory5", "-1"}) {
    CheckBroken(probe(address), "17:22: " + expected + address + "'");
  }
}

TEST_CASE("firmware removes and adds a block") {
  const Scenario s = ParseOrFail(WithLine(17, "  remove memory6\n  add memory6")).scenario;
  CHECK(s.ops[4] == Op{.kind = OpKind::kRemove, .task = 1, .block = 2});
  CHECK(s.ops[5] == Op{.kind = OpKind::kAdd, .task = 1, .block = 2});
  CheckBroken(WithLine(17, "  remove memory10"),
              "17:10: expected a block from memory4 to memory9, found 'memory10'");
  CheckBroken(WithLine(17, "  add"),
              "17:6: expected a block from memory4 to memory9, found end of line");
}

TEST_CASE("memory that is added may have its memmap") {
  const auto machine = [](const char* word) {
    return WithLine(3, absl::StrCat("machine kernel=rfc debug_vm=off auto_online=off", word,
                                    " pages_per_block=16 pageblock_pages=4 max_order=3"));
  };
  const std::string text = machine(" memmap_on_memory=on");
  CHECK(ParseOrFail(text).scenario.machine.memmap_on_memory);
  CHECK(Print(ParseOrFail(text).scenario, kNames) == text);
  CHECK_FALSE(ParseOrFail(machine("")).scenario.machine.memmap_on_memory);
  CHECK(Print(ParseOrFail(machine(" memmap_on_memory=off")).scenario, kNames) == machine(""));
  CheckBroken(machine(" memmap_on_memory=1"), "3:66: expected off or on, found '1'");
}

TEST_CASE("a driver of DIMMs removes one to four blocks") {
  const std::string text = WithLine(17, "  offline_and_remove memory8 blocks=4");
  const Scenario s = ParseOrFail(text).scenario;
  CHECK(s.ops[4] == Op{.kind = OpKind::kOfflineAndRemove, .task = 1, .block = 4, .blocks = 4});
  CHECK(Print(s, kNames) == text);
  CheckBroken(WithLine(17, "  offline_and_remove memory8"),
              "17:29: expected blocks=, found end of line");
  for (const char* blocks : {"0", "5"}) {
    CheckBroken(WithLine(17, absl::StrCat("  offline_and_remove memory8 blocks=", blocks)),
                absl::StrCat("17:37: expected a number from 1 to 4, found '", blocks, "'"));
  }
}

TEST_CASE("a notifier is registered and unregistered by a task") {
  const std::string text = absl::StrReplaceAll(
      WithLine(17, "  register B\n  unregister A"),
      {{"notifier B priority=32767", "notifier B priority=32767 unregistered"}});
  const Scenario s = ParseOrFail(text).scenario;
  CHECK(Print(s, kNames) == text);
  CHECK(s.notifiers[1] == Notifier{32767, true});
  CHECK(s.ops[4] == Op{.kind = OpKind::kRegister, .task = 1, .notifier = 1});
  CHECK(s.ops[5] == Op{.kind = OpKind::kUnregister, .task = 1, .notifier = 0});
  CheckBroken(WithLine(17, "  register C"), "17:12: expected a notifier from A to B, found 'C'");
  CheckBroken(WithLine(10, "notifier B priority=0 registered"),
              "10:23: expected unregistered or end of line, found 'registered'");
  CheckBroken(
      "scenario 1\ndriver rfc_v1\nmachine kernel=rfc pages_per_block=4 pageblock_pages=4 "
      "max_order=2\nmemory 4 node=0 zone=Normal\ntask user-1\n  register A\n",
      "6:12: expected a notifier, of which there is none, found 'A'");
}

TEST_CASE("contiguous pages are at most four blocks") {
  const Scenario s =
      ParseOrFail(WithLine(17, "  alloc_contig node=1 order=6\n  free_contig")).scenario;
  CHECK(s.ops[4] == Op{.kind = OpKind::kAllocContig, .task = 1, .order = 6, .node = 1});
  CHECK(s.ops[5] == Op{.kind = OpKind::kFreeContig, .task = 1});
  CheckBroken(WithLine(17, "  alloc_contig node=1 order=7"),
              "17:29: expected a number from 0 to 6, found '7'");
  CheckBroken(WithLine(17, "  alloc_contig order=1"), "17:16: expected node=, found 'order=1'");
}

TEST_CASE("a page of a block is poisoned") {
  const Scenario s = ParseOrFail(WithLine(17, "  poison memory9 page=15")).scenario;
  CHECK(s.ops[4] == Op{.kind = OpKind::kPoison, .task = 1, .block = 5, .page = 15});
  CheckBroken(WithLine(17, "  poison memory9 page=16"),
              "17:23: expected a number from 0 to 15, found '16'");
}

TEST_CASE("auto_online_blocks takes the words of a block's state") {
  const Scenario s =
      ParseOrFail(WithLine(17, "  write memory/auto_online_blocks online_movable")).scenario;
  CHECK(s.ops[4] == Op{.kind = OpKind::kWriteAutoOnline, .task = 1, .arg = 3});
  CheckBroken(WithLine(17, "  write memory/auto_online_blocks 1"),
              "17:35: expected offline, online, online_kernel, online_movable or garbage, found "
              "'1'");
}

TEST_CASE("a machine of a real size parses from its text") {
  const std::string text =
      "scenario 1\n"
      "driver merged\n"
      "machine kernel=5.9 debug_vm=on auto_online=off pages_per_block=32768 "
      "pageblock_pages=512 max_order=12\n"
      "memory 255-302 node=1 zone=Movable\n"
      "task memtrace-1\n"
      "  write memtrace/enable 0xffffffffffffffff\n"
      "  get memory302 page=32767\n";
  CHECK(Print(ParseOrFail(text).scenario, kNames) == text);
}

TEST_CASE("comments of the schedule are printed, and mean nothing") {
  const Scenario s = ParseOrFail(kText).scenario;
  const std::string comments[] = {"memtrace-1 after register_memory_notifier", ""};
  const std::string text = Print(s, kNames, comments);
  const std::string line = "at memtrace-1 12 run user-2";
  CHECK(text == absl::StrReplaceAll(kText, {{line, absl::StrCat(line, "  # ", comments[0])}}));
  CHECK(ParseOrFail(text).scenario == s);
}

TEST_CASE("blanks, comments, carriage returns and the last newline mean nothing") {
  const Scenario s = ParseOrFail(kText).scenario;
  CHECK(ParseOrFail(absl::StrReplaceAll(kText, {{"\n", "\r\n\n  # word\r\n \t\n"}})).scenario == s);
  CHECK(ParseOrFail(absl::StrReplaceAll(kText, {{" ", "\t  "}})).scenario == s);
  CHECK(ParseOrFail(std::string(kText, sizeof(kText) - 2)).scenario == s);
}

TEST_CASE("a switch left out is off") {
  const Scenario s = ParseOrFail(WithLine(3,
                                          "machine kernel=rfc pages_per_block=16 "
                                          "pageblock_pages=4 max_order=4"))
                         .scenario;
  CHECK_FALSE(s.machine.debug_vm);
  CHECK_FALSE(s.machine.auto_online);
}

TEST_CASE("what is expected belongs to the file and is kept as it is") {
  const File file = ParseOrFail(absl::StrCat(
      kText, "expect # of it\n  verdict ok  \n\n\ttask nonsense # kept\nexpect again"));
  CHECK(file.scenario == ParseOrFail(kText).scenario);
  CHECK(file.expect ==
        std::vector<std::string>{"verdict ok", "task nonsense # kept", "expect again"});
  const std::string text = PrintFile(file, kNames);
  CHECK(text ==
        absl::StrCat(kText, "expect\n  verdict ok\n  task nonsense # kept\n  expect again\n"));
  CHECK(ParseOrFail(text).expect == file.expect);
  CHECK(PrintFile(ParseOrFail(kText), kNames) == kText);
}

TEST_CASE("a text begins with the word scenario") {
  CHECK(IsText(kText));
  CHECK(IsText("scenario 7"));
  CHECK_FALSE(IsText(""));
  CHECK_FALSE(IsText("scenari"));
  CHECK_FALSE(IsText("scenario1"));
  CHECK_FALSE(IsText("\nscenario 1"));
}

// The example in docs/scenario-format.md, which tests are run beside.
TEST_CASE("the example of the documentation is read and printed as it stands there") {
  std::ifstream page("docs/scenario-format.md");
  REQUIRE(page);
  std::string example, line;
  while (std::getline(page, line) && line != "    scenario 1") {
  }
  for (; line.substr(0, 4) == "    "; std::getline(page, line)) {
    if (line.substr(0, 5) != "    #") absl::StrAppend(&example, line.substr(4), "\n");
  }
  const std::string comment = "  # after register_memory_notifier";
  REQUIRE(example.find(comment) != std::string::npos);
  CHECK(PrintFile(ParseOrFail(example), kNames) == absl::StrReplaceAll(example, {{comment, ""}}));
}

// ---- Spellings -------------------------------------------------------------------------

uint32_t AnswerOf(const std::string& spelling) {
  return ParseOrFail(WithLine(9, "answer MEM_CANCEL_OFFLINE " + spelling))
      .scenario.answers[1]
      .value;
}

TEST_CASE("an answer has one printed spelling, and each spelling is read") {
  struct Row {
    uint32_t value;
    const char* printed;
    std::vector<std::string> others;
  };
  const std::vector<Row> rows = {
      {0, "NOTIFY_DONE", {"0", "0x0", "-0"}},
      {1, "NOTIFY_OK", {"1", "notifier_from_errno(0)", "notifier_from_errno(-0)"}},
      {0x8001, "NOTIFY_STOP", {"0x8001", "32769"}},
      {0x8002, "NOTIFY_BAD", {"0x8002", "notifier_from_errno(-EPERM)"}},
      {0x8003, "notifier_from_errno(-ENOENT)", {"notifier_from_errno(-2)", "0x8003"}},
      {0x8011, "notifier_from_errno(-EBUSY)", {"notifier_from_errno(-16)", "0x8011", "32785"}},
      {0x8023, "notifier_from_errno(-ERANGE)", {"notifier_from_errno(-34)"}},
      {0x8024, "0x8024", {"notifier_from_errno(-35)"}},
      {0x9000, "0x9000", {"notifier_from_errno(-4095)"}},
      {2, "0x2", {"2"}},
      {0x8000, "0x8000", {"32768"}},
      {0xfffffff0, "-EBUSY", {"-16", "0xfffffff0", "4294967280"}},
      {0xffffffff, "-EPERM", {"-1"}},
      {0xffffffdd, "0xffffffdd", {"-35"}},
      {0x80000000, "0x80000000", {"-2147483648"}},
  };
  for (const Row& row : rows) {
    CHECK(AnswerName(row.value) == row.printed);
    CHECK(AnswerOf(row.printed) == row.value);
    for (const std::string& other : row.others) {
      INFO(other);
      CHECK(AnswerOf(other) == row.value);
    }
  }
}

TEST_CASE("every printed answer is read as it was") {
  const std::string text = WithLine(9, "answer MEM_ONLINE @");
  for (uint32_t value = 0x7fff; value < 0x9002; ++value) {
    const absl::StatusOr<File> file =
        Parse(absl::StrReplaceAll(text, {{"@", AnswerName(value)}}), "f.scn", kNames);
    if (!file.ok() || file->scenario.answers[1].value != value) FAIL("answer " << value);
  }
}

TEST_CASE("numbers are decimal or hexadecimal") {
  const auto value = [](const std::string& number) {
    return ParseOrFail(WithLine(12, "write memtrace/enable " + number)).scenario.ops[0].value;
  };
  CHECK(value("536870912") == 0x20000000);
  CHECK(value("0x20000000") == 0x20000000);
  CHECK(value("0xABC") == 0xabc);
  CHECK(value("0") == 0);
  CHECK(value("18446744073709551615") == UINT64_MAX);
}

// ---- Broken texts ----------------------------------------------------------------------

TEST_CASE("a text that is not one is told") {
  CheckBroken("", "1:1: expected scenario, found end of line");
  CheckBroken("\nscenario 1\n", "1:1: expected scenario, found end of line");
  CheckBroken("scenario", "1:9: expected 1, found end of line");
  CheckBroken("scenario 2\n", "1:10: expected 1, found '2'");
  CheckBroken("scenario 1 2\n", "1:12: expected end of line, found '2'");
  CheckBroken("scenario 1\n", "2:1: expected driver, found end of file");
  CheckBroken("scenario 1\ndriver rfc_v1", "2:1: expected machine, found end of file");
  CheckBroken("scenario 1\n\x01\xff\n",
              "2:1: expected UTF-8 without control characters, found '\\x01'");
  const std::string memory = std::string(kText).substr(0, std::string(kText).find("notifier"));
  CheckBroken(memory, "7:1: expected memory, notifier or task, found end of file");
  CheckBroken(memory + "notifier A priority=0\n",
              "8:1: expected answer, notifier or task, found end of file");
}

TEST_CASE("a line in the wrong place is told") {
  const std::string in_task =
      "expected an operation (write, read, alloc, free, get, put, kill, after, sleep, remove, add, "
      "mmap, register, unregister, alloc_contig, free_contig, poison or offline_and_remove), task, "
      "fault, at or "
      "expect, "
      "found ";
  CheckBroken(WithLine(2, ""), "2:1: expected driver, found 'machine'");
  CheckBroken(WithLine(3, ""), "3:1: expected machine, found 'memory'");
  CheckBroken(WithLine(3, "driver rfc_v1"), "3:1: expected machine, found 'driver'");
  CheckBroken(WithLine(4, "task memtrace-1"), "4:1: expected memory, found 'task'");
  CheckBroken(WithLine(7, "  free"), "7:3: expected memory, notifier or task, found 'free'");
  CheckBroken(WithLine(10, "memory 10"), "10:1: expected answer, notifier or task, found 'memory'");
  CheckBroken(WithLine(12, "  nonsense"), "12:3: " + in_task + "'nonsense'");
  CheckBroken(WithLine(12, "notifier C priority=0"), "12:1: " + in_task + "'notifier'");
  CheckBroken(WithLine(30, "task user-6"), "30:1: expected fault, at or expect, found 'task'");
  CheckBroken(WithLine(32, "fault kmalloc nth=1 -ENOMEM"),
              "32:1: expected at or expect, found 'fault'");
  CheckBroken(WithLine(32, "expect ok"), "32:8: expected end of line, found 'ok'");
}

TEST_CASE("a broken driver or machine is told") {
  const auto machine = [](const std::string& keys, const std::string& message) {
    CheckBroken(WithLine(3, "machine " + keys), "3:" + message);
  };
  CheckBroken(WithLine(2, "driver"),
              "2:7: expected a driver (rfc_v1, rfc_v1_fixed, merged), found end of line");
  CheckBroken(WithLine(2, "driver x  # y"),
              "2:8: expected a driver (rfc_v1, rfc_v1_fixed, merged), found 'x'");
  CheckBroken(WithLine(2, "driver merged rfc_v1"), "2:15: expected end of line, found 'rfc_v1'");
  machine("", "8: expected kernel=, found end of line");
  machine("kernel=4.4", "16: expected a kernel (rfc, 5.9), found '4.4'");
  machine("kernel=", "16: expected a kernel (rfc, 5.9), found end of line");
  machine("kernel= max_order=2", "16: expected a kernel (rfc, 5.9), found nothing");
  machine("kernel=rfc debug_vm=yes", "29: expected off or on, found 'yes'");
  machine("kernel=rfc auto_online=1", "32: expected off or on, found '1'");
  machine("kernel=rfc max_order=2", "20: expected pages_per_block=, found 'max_order=2'");
  for (const std::string pages : {"2", "12", "65536", "x", "-4", "18446744073709551616"}) {
    machine("kernel=rfc pages_per_block=" + pages,
            absl::StrCat("36: expected a power of two from 4 to 32768, found '", pages, "'"));
  }
  machine("kernel=rfc pages_per_block=16", "38: expected pageblock_pages=, found end of line");
  machine("kernel=rfc pages_per_block=16 pageblock_pages=32",
          "55: expected a power of two from 1 to 16, found '32'");
  machine("kernel=rfc pages_per_block=16 pageblock_pages=0",
          "55: expected a power of two from 1 to 16, found '0'");
  machine("kernel=rfc pages_per_block=16 pageblock_pages=4",
          "56: expected max_order=, found end of line");
  machine("kernel=rfc pages_per_block=16 pageblock_pages=4 max_order=5",
          "67: expected a number from 0 to 4, found '5'");
  machine("kernel=rfc pages_per_block=32768 pageblock_pages=4 max_order=13",
          "70: expected a number from 0 to 12, found '13'");
  machine("kernel=rfc pages_per_block=16 pageblock_pages=4 max_order=4 cpus=1",
          "69: expected end of line, found 'cpus=1'");
}

TEST_CASE("broken memory is told") {
  CheckBroken(WithLine(4, "memory"), "4:7: expected a number from 0 to 255, found end of line");
  CheckBroken(WithLine(4, "memory 256"), "4:8: expected a number from 0 to 255, found '256'");
  CheckBroken(WithLine(4, "memory -4"), "4:8: expected a number from 0 to 255, found nothing");
  CheckBroken(WithLine(4, "memory 4-"), "4:10: expected a number from 4 to 51, found end of line");
  CheckBroken(WithLine(4, "memory 4-3"), "4:10: expected a number from 4 to 51, found '3'");
  CheckBroken(WithLine(4, "memory 4-52"), "4:10: expected a number from 4 to 51, found '52'");
  CheckBroken(WithLine(5, "memory 8 node=0 zone=Movable"), "5:8: expected block 7, found '8'");
  CheckBroken(WithLine(5, "memory x"), "5:8: expected block 7, found 'x'");
  CheckBroken(WithLine(5, "memory 7-52"), "5:10: expected a number from 7 to 51, found '52'");
  CheckBroken(WithLine(4, "memory 4"), "4:9: expected node=, found end of line");
  CheckBroken(WithLine(4, "memory 4 node=2"), "4:15: expected a number from 0 to 1, found '2'");
  CheckBroken(WithLine(6, "memory 8 node=1 zone=Movable\nmemory 9 node=0 zone=Movable"),
              "7:15: expected a number from 1 to 1, found '0'");
  CheckBroken(WithLine(4, "memory 4 node=0"), "4:16: expected zone=, found end of line");
  CheckBroken(WithLine(4, "memory 4 node=0 zone=DMA"),
              "4:22: expected Normal or Movable, found 'DMA'");
  CheckBroken(WithLine(6, "memory 8 node=0 zone=Normal"),
              "6:22: expected Movable (normal blocks lie below the movable ones of their node), "
              "found 'Normal'");
  CheckBroken(WithLine(4, "memory 4 node=0 zone=Normal hot"),
              "4:29: expected reserved, offline or end of line, found 'hot'");
  CheckBroken(WithLine(5, "memory 7 node=0 zone=Movable offline reserved"),
              "5:38: expected end of line, found 'reserved'");
  CheckBroken(WithLine(4, "memory 0-6 node=0 zone=Normal"),
              "4:30: expected reserved (block 0 always is), found end of line");
  CheckBroken(WithLine(4, "memory 0-6 node=0 zone=Normal offline"),
              "4:31: expected reserved (block 0 always is), found 'offline'");
  CheckBroken(WithLine(6, "memory 8-51 node=1 zone=Normal\nmemory 52 node=1 zone=Normal"),
              "7:1: expected at most 48 memory blocks, found 'memory'");
}

TEST_CASE("a broken notifier is told") {
  const std::string block = "expected a block from memory4 to memory9, found ";
  const std::string value =
      "expected NOTIFY_DONE, NOTIFY_OK, NOTIFY_BAD, NOTIFY_STOP, notifier_from_errno(-ERRNO), "
      "-ERRNO or a 32-bit number, found ";
  CheckBroken(WithLine(7, "notifier B priority=0"), "7:10: expected A, found 'B'");
  CheckBroken(WithLine(10, "notifier A priority=0"), "10:10: expected B, found 'A'");
  CheckBroken(WithLine(7, "notifier"), "7:9: expected A, found end of line");
  CheckBroken(WithLine(7, "notifier A"), "7:11: expected priority=, found end of line");
  for (const std::string priority : {"32768", "-32769", "high", "1.5"}) {
    CheckBroken(WithLine(7, "notifier A priority=" + priority),
                "7:21: expected a number from -32768 to 32767, found '" + priority + "'");
  }
  CheckBroken(WithLine(7, "notifier A priority=0 1"),
              "7:23: expected unregistered or end of line, found '1'");
  CheckBroken(WithLine(9, "answer OFFLINE"),
              "9:8: expected MEM_GOING_OFFLINE, MEM_CANCEL_OFFLINE, MEM_OFFLINE, "
              "MEM_GOING_ONLINE, MEM_CANCEL_ONLINE or MEM_ONLINE, found 'OFFLINE'");
  CheckBroken(WithLine(9, "answer MEM_OFFLINE memory3 0"), "9:20: " + block + "'memory3'");
  CheckBroken(WithLine(9, "answer MEM_OFFLINE memory10 0"), "9:20: " + block + "'memory10'");
  CheckBroken(WithLine(9, "answer MEM_OFFLINE memory05 0"), "9:20: " + block + "'memory05'");
  for (const std::string nth : {"0", "256"}) {
    CheckBroken(WithLine(9, "answer MEM_OFFLINE nth=" + nth + " 0"),
                "9:24: expected a number from 1 to 255, found '" + nth + "'");
  }
  CheckBroken(WithLine(9, "answer MEM_OFFLINE"), "9:19: " + value + "end of line");
  for (const std::string v :
       {"NOTIFY", "EBUSY", "-EWHAT", "4294967296", "-2147483649", "0x", "0x+1", "+1", "--1",
        "notifier_from_errno(EBUSY)", "notifier_from_errno(-EBUSY", "notifier_from_errno(-4096)",
        "notifier_from_errno()"}) {
    CheckBroken(WithLine(9, "answer MEM_OFFLINE " + v), absl::StrCat("9:20: ", value, "'", v, "'"));
  }
  CheckBroken(WithLine(9, "answer MEM_OFFLINE 0 0"), "9:22: expected end of line, found '0'");
}

TEST_CASE("a broken task is told") {
  CheckBroken(
      WithLine(15, "task user-3"),
      "15:6: expected memtrace-2, user-2, walker-2, alloc-2, kill-2 or firmware-2, found 'user-3'");
  CheckBroken(WithLine(11, "task"),
              "11:5: expected memtrace-1, user-1, walker-1, alloc-1, kill-1 or firmware-1, found "
              "end of line");
  CheckBroken(WithLine(21, "free 1"), "21:6: expected end of line, found '1'");
  CheckBroken(WithLine(13, "read memtrace/trace"),
              "13:6: expected memtrace/enable or memtrace/NODE/trace of a node with memory, found "
              "'memtrace/trace'");
  CheckBroken(WithLine(13, "mmap memtrace/00000002/trace"),
              "13:6: expected memtrace/NODE/trace of a node with memory, found "
              "'memtrace/00000002/trace'");
  CheckBroken(WithLine(12, "write memtrace/trace 1"),
              "12:7: expected memtrace/enable, memoryN/state, memoryN/online, memory/probe or "
              "memory/auto_online_blocks, found 'memtrace/trace'");
  for (const std::string number : {"-1", "18446744073709551616", "0xg", "1x"}) {
    CheckBroken(WithLine(12, "write memtrace/enable " + number),
                "12:23: expected a number from 0 to 18446744073709551615, found '" + number + "'");
  }
}

TEST_CASE("a broken operation is told") {
  const std::string task =
      "expected a task (memtrace-1, user-2, alloc-3, walker-4, kill-5), found ";
  const std::string block = "expected a block from memory4 to memory9, found ";
  CheckBroken(WithLine(16, "write memory3/state offline"), "16:7: " + block + "'memory3/state'");
  CheckBroken(WithLine(16, "write block5/online 0"), "16:7: " + block + "'block5/online'");
  CheckBroken(WithLine(16, "write memory5/state off"),
              "16:21: expected offline, online, online_kernel, online_movable or garbage, found "
              "'off'");
  CheckBroken(WithLine(18, "write memory5/online 2"), "18:22: expected 0 or 1, found '2'");
  CheckBroken(WithLine(20, "alloc reclaimable"),
              "20:7: expected unmovable or movable, found 'reclaimable'");
  CheckBroken(WithLine(20, "alloc movable order=0"), "20:15: expected node=, found 'order=0'");
  CheckBroken(WithLine(20, "alloc movable node=2"),
              "20:20: expected a number from 0 to 1, found '2'");
  CheckBroken(WithLine(20, "alloc movable node=0"), "20:21: expected order=, found end of line");
  CheckBroken(WithLine(20, "alloc movable node=0 order=4"),
              "20:28: expected a number from 0 to 3, found '4'");
  CheckBroken(
      absl::StrReplaceAll(WithLine(20, "alloc movable node=0 order=0"), {{"0 zone", "1 zone"}}),
      "20:20: expected a node with memory, found '0'");
  CheckBroken(WithLine(23, "get memory10 page=0"), "23:5: " + block + "'memory10'");
  CheckBroken(WithLine(23, "get memory9"), "23:12: expected page=, found end of line");
  CheckBroken(WithLine(23, "get memory9 page=16"),
              "23:18: expected a number from 0 to 15, found '16'");
  for (const std::string ticks : {"0", "65536"}) {
    CheckBroken(WithLine(24, "sleep " + ticks),
                "24:7: expected a number from 1 to 65535, found '" + ticks + "'");
  }
  CheckBroken(WithLine(27, "after user-1"), "27:7: " + task + "'user-1'");
  CheckBroken(WithLine(27, "after user-6") + "expect\ntask user-6\n", "27:7: " + task + "'user-6'");
  CheckBroken(WithLine(28, "kill walker SIGINT"), "28:6: " + task + "'walker'");
  CheckBroken(WithLine(28, "kill user-2 SIGTERM"),
              "28:13: expected SIGINT, SIGUSR1 or SIGKILL, found 'SIGTERM'");
}

TEST_CASE("a broken fault or preemption is told") {
  const std::string task =
      "expected a task (memtrace-1, user-2, alloc-3, walker-4, kill-5), found ";
  CheckBroken(WithLine(29, "fault vmalloc"),
              "29:7: expected add_memory, kmalloc, ioremap, debugfs_create_dir, "
              "release_mem_region_adjustable or virtio_mem, found 'vmalloc'");
  CheckBroken(WithLine(29, "fault kmalloc -ENOMEM"), "29:15: expected nth=, found '-ENOMEM'");
  CheckBroken(WithLine(29, "fault kmalloc nth=0 -ENOMEM"),
              "29:19: expected a number from 1 to 255, found '0'");
  CheckBroken(WithLine(29, "fault kmalloc nth=1 -EEXIST"),
              "29:21: expected -ENOMEM, found '-EEXIST'");
  CheckBroken(WithLine(29, "fault add_memory nth=1 -EIO"),
              "29:24: expected -ENOMEM, -EFAULT or -EEXIST, found '-EIO'");
  CheckBroken(WithLine(31, "at user-6 1 run user-2"), "31:4: " + task + "'user-6'");
  CheckBroken(WithLine(31, "at user-2 0 run user-2"),
              "31:11: expected a number from 1 to 65535, found '0'");
  CheckBroken(WithLine(31, "at user-2 1 go user-2"), "31:13: expected run, found 'go'");
  CheckBroken(WithLine(31, "at user-2 1 run"), "31:16: " + task + "end of line");
  CheckBroken(WithLine(31, "at user-2 1 run kill-5 2"), "31:24: expected end of line, found '2'");
}

TEST_CASE("a preemption is anchored at a lock, a delivery or a function") {
  const std::string good[] = {"before mem_hotplug_lock",
                              "after memory_chain.rwsem nth=65535",
                              "before unlock dev->mutex",
                              "after unlock fsd->active_users nth=2",
                              "before MEM_GOING_OFFLINE memory5 A",
                              "after MEM_CANCEL_ONLINE memory9 B nth=3",
                              "after MEM_OFFLINE memory4 memtrace_cb",
                              "before offline_pages",
                              "after start_isolate_page_range nth=2",
                              "after put_page nth=9"};
  for (const std::string& where : good) {
    const std::string text = WithLine(31, "at memtrace-1 " + where + " run user-2");
    CHECK(Print(ParseOrFail(text).scenario, kNames) == text);
  }
  const std::string first = WithLine(31, "at memtrace-1 after put_page run user-2");
  CHECK(Print(ParseOrFail(WithLine(31, "at memtrace-1 after put_page nth=1 run user-2")).scenario,
              kNames) == first);
  const auto broken = [](const std::string& where, const std::string& message) {
    CheckBroken(WithLine(31, "at user-2 " + where + " run kill-5"), "31:" + message);
  };
  broken("while mem_hotplug_lock",
         "11: expected before, after or a number from 1 to 65535, found "
         "'while'");
  broken("", "12: expected before, after or a number from 1 to 65535, found 'run'");
  broken("after",
         "17: expected a lock, unlock and a lock, an action and who is told, or a "
         "function, found 'run'");
  broken("after offline_page",
         "17: expected a lock, unlock and a lock, an action and who is told, "
         "or a function, found 'offline_page'");
  broken("before put_page", "11: expected after, as put_page tells only its end, found 'before'");
  broken("after unlock mem_lock",
         "24: expected memtrace_mutex, device_hotplug_lock, dev->mutex, cpu_hotplug_lock, "
         "mem_hotplug_lock, pcp_batch_high_lock, memory_chain.rwsem or fsd->active_users, found "
         "'mem_lock'");
  broken("after MEM_OFFLINE memory3 A",
         "29: expected a block from memory4 to memory9, found "
         "'memory3'");
  broken("after MEM_OFFLINE memory4 C", "37: expected a notifier from A to B, found 'C'");
  broken("after put_page nth=0", "30: expected a number from 1 to 65535, found '0'");
  broken("after put_page 2", "26: expected run, found '2'");
  const std::string none = WithLine(2, "driver merged");
  CHECK_FALSE(Parse(absl::StrReplaceAll(none, {{"at memtrace-1 12",
                                                "at memtrace-1 after MEM_OFFLINE "
                                                "memory4 memtrace_cb"}}),
                    "f.scn", kNames)
                  .ok());
}

// kText with `times` lines like `line` behind line `number`; @ is counted from `from`.
std::string WithMany(size_t number, const std::string& line, size_t times, size_t from = 0) {
  std::vector<std::string> lines = absl::StrSplit(kText, '\n');
  std::vector<std::string> more;
  more.reserve(times);
  for (size_t i = 0; i < times; ++i) {
    more.push_back(absl::StrReplaceAll(line, {{"@", absl::StrCat(from + i)}}));
  }
  lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(number), more.begin(), more.end());
  return absl::StrJoin(lines, "\n");
}

TEST_CASE("too much of something is told") {
  CheckBroken(WithMany(28, "  put", 36), "64:3: expected at most 48 operations, found 'put'");
  ParseOrFail(WithMany(28, "  put", 35));
  CheckBroken(WithMany(28, "task user-@", 4, 6), "32:1: expected at most 8 tasks, found 'task'");
  ParseOrFail(WithMany(28, "task user-@", 3, 6));
  CheckBroken(WithMany(9, "answer MEM_ONLINE 1", 15),
              "24:1: expected at most 16 answers, found 'answer'");
  CheckBroken(WithMany(30, "fault kmalloc nth=1 -ENOMEM", 7),
              "37:1: expected at most 8 faults, found 'fault'");
  CheckBroken(WithMany(32, "at user-2 1 run user-2", 95),
              "127:1: expected at most 96 preemptions, found 'at'");
  const std::string notifiers =
      "notifier C priority=0\nnotifier D priority=0\nnotifier E priority=0\n"
      "notifier F priority=0\nnotifier G priority=0";
  CheckBroken(WithMany(10, notifiers, 1), "15:1: expected at most 6 notifiers, found 'notifier'");
}

TEST_CASE("what a terminal obeys, and what is no UTF-8, is no text, wherever it stands") {
  const std::string bad[] = {std::string(1, '\0'), "\x1b[2J", "\x7f", "\f",          "a\rb",
                             "\xc2\x9b",           "\xff",    "\xc3", "\xed\xa0\x80"};
  const std::pair<const char*, const char*> places[] = {
      {"scenario 1\n# ", "2:3"}, {"scenario 1 # \t", "1:15"}, {"scenario 1\ndriver ", "2:8"}};
  for (const std::string& bytes : bad) {
    const size_t at = bytes[0] == 'a' ? 1 : 0;
    const std::string shown =
        "expected UTF-8 without control characters, found '" + Echo(bytes.substr(at, 1)) + "'";
    for (const auto& [before, place] : places) {
      const auto file = Parse(before + bytes.substr(at) + "\n", "f.scn", kNames);
      CHECK(std::string(file.status().message()) == std::string("f.scn:") + place + ": " + shown);
    }
    const auto file = Parse(kText + std::string("expect\n  one\n") + bytes, "f.scn", kNames);
    REQUIRE_FALSE(file.ok());
    CHECK(absl::StrContains(file.status().message(), shown));
  }
  const File kept = ParseOrFail(kText + std::string("# \xc3\xa9\nexpect\n  a\tb \xe2\x82\xac\r\n"));
  CHECK(kept.expect == std::vector<std::string>{"a\tb \xe2\x82\xac"});
}

TEST_CASE("a text, a line and an expect block end somewhere") {
  const std::string long_line(kMaxLineBytes - 1, 'x');
  ParseOrFail(kText + std::string("#") + long_line + "\n");
  const std::string x60 = std::string(60, 'x') + "...'";
  CheckBroken("scenario 1\n#" + long_line + std::string(61, 'x'),
              "2:4097: expected at most 4096 bytes in a line, found '" + x60);
  std::string lines = kText;
  const auto have = static_cast<size_t>(std::count(lines.begin(), lines.end(), '\n'));
  lines.append(kMaxLines - have - 1, '\n');
  ParseOrFail(lines);
  CheckBroken(lines + "\nx", "100001:1: expected at most 100000 lines, found 'x'");
  std::string expect = kText + std::string("expect\n");
  for (size_t i = 0; i < kMaxExpect; ++i) expect += "a\n";
  CHECK(ParseOrFail(expect).expect.size() == kMaxExpect);
  CHECK_FALSE(Parse(expect + "b\n", "f.scn", kNames).ok());
}

TEST_CASE("names of a text in messages are escaped and bounded") {
  std::string seven = WithLine(17, "  after x");
  for (int i = 0; i < 3; ++i) seven += "task " + std::string(100, '\xff') + "\n";
  CHECK(Parse(seven, "f.scn", kNames).status().message().size() < 1000);
  std::string text = WithLine(17, "  after x");
  for (int i = 0; i < 1000; ++i) text += "task " + std::string(4000, 'y') + "\n";
  const auto file = Parse(text, "f\x1b.scn", kNames);
  REQUIRE_FALSE(file.ok());
  CHECK(absl::StartsWith(file.status().message(), "f\\x1b.scn:17:"));
  CHECK(file.status().message().size() < 1000);
}

TEST_CASE("no text, however broken, ends the parser") {
  Random random(3);
  const std::string good = kText;
  for (uint32_t i = 0; i < kRandomTexts; ++i) {
    std::string text = good;
    for (uint32_t edits = random.Between(1, 4); edits > 0; --edits) {
      const size_t at = random.Below(static_cast<uint32_t>(text.size()));
      const size_t from = random.Below(static_cast<uint32_t>(text.size()));
      switch (random.Below(3)) {
        case 0:
          text[at] = static_cast<char>(random.Below(256));
          break;
        case 1:
          text.erase(at, random.Between(1, 30));
          break;
        default:
          text.insert(at, good.substr(from % good.size(), 20));
      }
      if (text.empty()) text = "s";
    }
    const absl::StatusOr<File> file = Parse(text, "f.scn", kNames);
    if (file.ok() && Invalid(file->scenario, kNames) != nullptr) FAIL(text);
    if (!file.ok() && file.status().code() != absl::StatusCode::kInvalidArgument) {
      FAIL(file.status().ToString() << "\n" << text);
    }
  }
}

}  // namespace
}  // namespace hotplug::scenario
