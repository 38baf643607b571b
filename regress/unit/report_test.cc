// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reports. Method: every specifier of a format on one record that uses it; tokens from
// violations made by hand; whole reports against approved texts (regress/baselines, digests
// and step numbers masked; docs/reports.md says how to accept new ones); minimizing by its
// laws (same token, nothing left to leave out) and on a scenario padded by hand.
#include "fuzz/report/report.h"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "fuzz/report/expect.h"
#include "fuzz/report/holders.h"
#include "fuzz/report/minimize.h"
#include "fuzz/report/print_trace.h"
#include "fuzz/report/reduce.h"
#include "fuzz/report/token.h"
#include "model/mm/kernel.h"
#include "model/mm/tracepoints.h"
#include "model/run/trace_points.h"
#include "model/scenario/bytes.h"
#include "model/scenario/generate.h"
#include "model/scenario/ops.h"
#include "model/scenario/print.h"
#include "model/scenario/random.h"
#include "model/scenario/text/parse.h"
#include "model/shim/shim.h"
#include "model/sim/tracepoints.h"
#include "regress/unit/catch.h"
#include "regress/unit/checked.h"
#include "regress/unit/files.h"

namespace hotplug::report {
namespace {

using invariants::Id;
using invariants::Violation;
using scenario::Scenario;
using testing::Contents;

constexpr uint32_t kMinus16 = static_cast<uint32_t>(-16);

const drivers::Driver& RfcV1() {
  REQUIRE(std::string(drivers::kDrivers[0]->name) == "rfc_v1");
  return *drivers::kDrivers[0];
}

// Two tasks, memtrace-1 and user-2, and blocks of 16 pages from memory4 on.
Scenario TwoTasks() {
  Scenario s;
  s.machine.block_order = s.machine.pageblock_order = s.machine.max_order = 4;
  s.machine.blocks.push({});
  s.machine.blocks.push({});
  s.tasks.push({scenario::Role::kMemtrace});
  s.tasks.push({scenario::Role::kUser});
  return s;
}

sim::Record Rec(sim::Tp tp, uint32_t a = 0, uint32_t b = 0, uint32_t c = 0, uint16_t task = 0,
                uint32_t step = 1) {
  return {step, tp, task, a, b, c};
}

TEST_CASE("messages of records", "[report]") {
  struct Row {
    sim::Record record;
    const char* message;
  };
  const Row rows[] = {
      {Rec(sim::kTpLock, mm::kDeviceHotplugLock), "device_hotplug_lock"},
      {Rec(sim::kTpLock, mm::kDeviceLock), "dev->mutex"},
      {Rec(sim::kTpReadLock, mm::kCpuHotplugLock), "cpu_hotplug_lock"},
      {Rec(sim::kTpLock, mm::kMemHotplugLock), "mem_hotplug_lock"},
      {Rec(sim::kTpLock, mm::kMemoryChain), "memory_chain.rwsem"},
      {Rec(sim::kTpTrylock, mm::kDeviceHotplugLock, static_cast<uint32_t>(-1)),
       "device_hotplug_lock = -1"},
      {Rec(sim::kTpContended, mm::kDeviceLock, 1), "dev->mutex owner=user-2"},
      {Rec(sim::kTpContended, mm::kDeviceLock, 255), "dev->mutex owner=nobody"},
      {Rec(sim::kTpWaitTask, 0), "until memtrace-1 exits"},
      {Rec(sim::kTpSleep, 4000000000u), "ticks=4000000000"},
      {Rec(sim::kTpExit, 0xbeef), "pending=0xbeef"},
      {Rec(sim::kTpSignal, 1, 0), "SIGUSR1 to memtrace-1"},
      {Rec(sim::kTpSignal, 77, 0), "0x4d to memtrace-1"},
      {Rec(mm::kTpPageRefDec, 0x4f, static_cast<uint32_t>(-2)), "pfn=0x4f count=-2"},
      {Rec(mm::kTpAllocPages, mm::kNoPfn, 3, 1), "pfn=none order=3 movable=1"},
      {Rec(mm::kTpIsolate, 0x40, kMinus16), "pfn=0x40 = -EBUSY"},
      {Rec(mm::kTpIsolate, 0x40, static_cast<uint32_t>(-4000)), "pfn=0x40 = -4000"},
      {Rec(mm::kTpRegister, 1, static_cast<uint32_t>(-7)), "B priority=-7"},
      {Rec(mm::kTpRegister, mm::kDriverName), "memtrace_memory_notifier_cb priority=0"},
      {Rec(mm::kTpNotifierCall, 2u << 16 | 5, 0, 0x8011),
       "MEM_GOING_OFFLINE memory5 A = notifier_from_errno(-EBUSY)"},
      {Rec(mm::kTpNotifierCall, 32u << 16 | 5, mm::kDriverName, kMinus16),
       "MEM_CANCEL_OFFLINE memory5 memtrace_memory_notifier_cb = -EBUSY"},
      {Rec(mm::kTpBlockState, 5, mm::MEM_GOING_OFFLINE), "memory5 state=going-offline"},
      {Rec(mm::kTpBlockState, 5, mm::MEM_ONLINE), "memory5 state=online"},
      {Rec(mm::kTpOfflineFailedUnmovable, 4),
       "memory offlining [mem 0x40000000-0x4fffffff] failed due to unmovable page"},
      {Rec(mm::kTpOfflineFailedSignal, 16),
       "memory offlining [mem 0x100000000-0x10fffffff] failed due to signal backoff"},
      {Rec(drivers::kTpLogValue),
       "memtrace: Value must be 0 or a power of 2 (at least 0x10000000)"},
      {Rec(drivers::kTpLogAllocated, 1, 0x110),
       "memtrace: Allocated trace memory on node 1 at 0x0000000110000000"},
      {Rec(drivers::kTpEntryStore, 2, 0x40), "memtrace_array[2] = pfn 0x40"},
      {Rec(scenario::EndOf(scenario::OpKind::kWriteState), 5, 3, 0),
       "memory5/state online_movable = 0"},
      {Rec(4000, 1, 2, 3), "trace point 4000: 0x1 0x2 0x3"},
  };
  for (const Row& row : rows) CHECK(FormatMessage(row.record, TwoTasks(), RfcV1()) == row.message);
}

TEST_CASE("every trace point prints, and numbers are unique", "[report]") {
  std::set<sim::Tp> seen;
  uint32_t points = 0;
  for (sim::Tp tp = 0; tp < 300; ++tp) {
    const sim::TracePoint* found = run::FindTracePoint(tp);
    if (found == nullptr) continue;
    ++points;
    CHECK(found->id == tp);
    INFO(found->function << ": " << found->format);
    CHECK(FormatMessage(Rec(tp), TwoTasks(), RfcV1()).find('%') == std::string::npos);
  }
  CHECK(points == std::size(sim::kTracePoints) + std::size(mm::kTracePoints) +
                      std::size(drivers::kTracePoints) + std::size(shim::kTracePoints) +
                      std::size(actors::kTracePoints) + std::size(shim::kWorkTracePoints));
}

TEST_CASE("lines of a trace, the kernel log, comments of the schedule", "[report]") {
  Scenario s = TwoTasks();
  const Records records = {
      Rec(mm::kTpPageRefDec, 0x40, 0, 0, 0, 1),
      Rec(sim::kTpContended, mm::kDeviceHotplugLock, 0, 0, 1, 1), Rec(sim::kTpSleep, 3, 0, 0, 1, 2),
      Rec(mm::kTpPageRefDec, 0x41, 0, 0, 0, 3), Rec(mm::kTpOfflinedPages, 16, 0, 0, 0, 4)};
  CHECK(FormatTrace(records, s, RfcV1()) ==
        "      memtrace-1 [001]     1: page_ref_dec: pfn=0x40 count=0\n"
        "          user-2 [   ]     1: contention_begin: device_hotplug_lock owner=memtrace-1\n"
        "          user-2 [001]     2: sleep: ticks=3\n"
        "      memtrace-1 [002]     3: page_ref_dec: pfn=0x41 count=0\n"
        "      memtrace-1 [003]     4: printk: Offlined Pages 16\n");
  CHECK(KernelLog(records, s, RfcV1()) == std::vector<std::string>{"Offlined Pages 16"});
  CHECK(KernelLog(records, s, RfcV1(), 4).size() == 1);
  CHECK(KernelLog(records, s, RfcV1(), 3).empty());
  s.schedule.push({0, 1, 2});
  s.schedule.push({1, 0, 2});
  CHECK(ScheduleComments(records, s, RfcV1()) ==
        std::vector<std::string>{"after page_ref_dec: pfn=0x41 count=0", "never reached"});
}

TEST_CASE("a loop over pages is one line unless something comes between", "[report]") {
  const Scenario s = TwoTasks();
  // The fourth page has another count, which is news; the sixth is another task's.
  const Records records = {
      Rec(mm::kTpPageRefDec, 0x40, 0, 0, 0, 1), Rec(mm::kTpPageRefDec, 0x41, 0, 0, 0, 2),
      Rec(mm::kTpPageRefDec, 0x42, 0, 0, 0, 3), Rec(mm::kTpPageRefDec, 0x43, 1, 0, 0, 4),
      Rec(mm::kTpPageRefDec, 0x44, 0, 0, 0, 5), Rec(mm::kTpPageRefDec, 0x45, 0, 0, 1, 6)};
  CHECK(FormatTrace(records, s, RfcV1()) ==
        "      memtrace-1 [001]     1: page_ref_dec: pfn=0x40-0x42 count=0  to [003]\n"
        "      memtrace-1 [004]     4: page_ref_dec: pfn=0x43 count=1\n"
        "      memtrace-1 [005]     5: page_ref_dec: pfn=0x44 count=0\n"
        "          user-2 [001]     6: page_ref_dec: pfn=0x45 count=0\n");
}

TEST_CASE("who holds what", "[report]") {
  const Scenario s = TwoTasks();
  const Records records = {Rec(sim::kTpTrylock, mm::kDeviceHotplugLock, 1, 0, 0, 1),
                           Rec(sim::kTpReadLock, mm::kCpuHotplugLock, 0, 0, 0, 2),
                           Rec(scenario::EndOf(scenario::OpKind::kGet), 0x40, 0, 0, 1, 3),
                           Rec(scenario::EndOf(scenario::OpKind::kGet), 0x41, kMinus16, 0, 1, 4),
                           Rec(sim::kTpContended, mm::kDeviceLock, 0, 0, 1, 4),
                           Rec(sim::kTpLock, mm::kDeviceLock, 0, 0, 1, 5),
                           Rec(sim::kTpReadUnlock, mm::kCpuHotplugLock, 0, 0, 0, 6),
                           Rec(sim::kTpTrylock, mm::kPcpBatchHighLock, 0, 0, 0, 7),
                           Rec(scenario::EndOf(scenario::OpKind::kPut), 0x40, 0, 0, 1, 8)};
  CHECK(FormatHolders(HoldersAt(records, 4), s, *drivers::kDrivers[0]) ==
        "  memtrace-1   device_hotplug_lock, cpu_hotplug_lock (read)\n"
        "  user-2       a reference on pfn 0x40, waits for dev->mutex\n");
  CHECK(FormatHolders(HoldersAt(records, 8), s, *drivers::kDrivers[0]) ==
        "  memtrace-1   device_hotplug_lock\n"
        "  user-2       dev->mutex\n");
}

Violation MakeViolation(Id id, sim::Tp function, uint32_t block, mm::Phase phase, uint8_t event) {
  Violation v{};
  v.id = id;
  v.function = function;
  v.pfn = mm::kNoPfn;
  v.block = block;
  v.phase = phase;
  v.last_event = event;
  return v;
}

TEST_CASE("tokens", "[report]") {
  Violation v = MakeViolation(Id::kI1, mm::kTpPageRefInc, 4, mm::Phase::kOfflining, 32);
  CHECK(DedupToken(v, RfcV1()) == "I1/page_ref_inc@offlining/MEM_CANCEL_OFFLINE");
  v.callback = 1 + mm::kDriverName;
  CHECK(DedupToken(v, RfcV1()) == "I1/memtrace_memory_notifier_cb@offlining/MEM_CANCEL_OFFLINE");
  v.callback = 1 + 2;
  CHECK(DedupToken(v, RfcV1()) == "I1/notifier-C@offlining/MEM_CANCEL_OFFLINE");
  v.callback = 1 + mm::kDriverName;
  v.unasked = 1;
  CHECK(DedupToken(v, RfcV1()) ==
        "I1/memtrace_memory_notifier_cb@offlining/lone-MEM_CANCEL_OFFLINE");
  v = MakeViolation(Id::kK4, 0, 4, mm::Phase::kAbsent, 0);
  CHECK(DedupToken(v, RfcV1()) == "K4/boot@absent/none");
  v = MakeViolation(Id::kI13, sim::kTpContended, invariants::kNoBlock, mm::Phase::kAbsent, 0);
  CHECK(DedupToken(v, RfcV1()) == "I13/contention_begin@none/none");
  const char* const phases[] = {"absent", "offline",   "onlining",
                                "online", "offlining", "committed"};
  for (uint32_t i = 0; i < std::size(phases); ++i) {
    CHECK(PhaseName(static_cast<mm::Phase>(i)) == std::string(phases[i]));
  }
}

TEST_CASE("what is expected and what was found", "[report]") {
  Violation v = MakeViolation(Id::kI1, 0, 4, mm::Phase::kOnline, 0);
  v.pfn = 0x40;
  v.expected = 3;
  v.transient = 2;
  v.found = -1;
  CHECK(ExpectedAndFound(v) == "count: expected 3 (1 of the owner, 2 transient), found -1");
  v.id = Id::kI3;
  v.page_type = mm::kTypeOffline;
  CHECK(ExpectedAndFound(v) ==
        "free: expected type Buddy, count 0 and memory in use, found Offline, count -1 and a "
        "block online");
  v.id = Id::kI9;
  CHECK(ExpectedAndFound(v) == "references dropped minus retaken: expected 0, found -1");
  v.found = 2;
  CHECK(ExpectedAndFound(v) == "references dropped and not retaken: expected 0, found 2");
  v.id = Id::kI6;
  v.found = mm::kLostOffline;
  CHECK(ExpectedAndFound(v).find("lost in bad_page()") != std::string::npos);
  v.id = Id::kI14;
  v.found = static_cast<int32_t>(sim::LockFault::kAtomicSleep);
  CHECK(ExpectedAndFound(v) == "context: expected no sleep while atomic, found one");
  v.id = Id::kI8;
  v.expected = 0;
  CHECK(ExpectedAndFound(v) == "page: expected the owner that has reserved it, found another");
  v.pfn = mm::kNoPfn;
  CHECK(ExpectedAndFound(v) == "block: expected absent, found its device or its resource");
  v.pfn = 0x40;
  // All but I13, whose waits say it, and what the kernel says itself.
  for (uint32_t i = 0; i < invariants::kNrInvariants; ++i) {
    v.id = invariants::kInvariants[i].id;
    v.found = 1;
    INFO(invariants::Name(v.id));
    CHECK(ExpectedAndFound(v).empty() == (v.id == Id::kI13 || v.id >= Id::kK1));
  }
}

TEST_CASE("a run that is stuck, a circle of locks, silence, consequences", "[report]") {
  const Scenario s = TwoTasks();
  run::RunOptions options;
  options.keep_trace = true;
  run::Outcome o = run::Run(s, options);
  o.verdict = run::Verdict::kLiveness;
  o.listed = 3;
  o.violations[0] = MakeViolation(Id::kI13, sim::kTpLock, invariants::kNoBlock, {}, 0);
  o.violations[0].found = 1;
  o.violations[1] = o.violations[0];
  o.violations[2] = MakeViolation(Id::kK2, mm::kTpKfree, invariants::kNoBlock, {}, 0);
  o.violations[2].step = 9;
  o.violations[2].silent = 1;
  o.nr_waits = 4;
  o.waits[0] = {0, sim::TaskState::kLocked, mm::kDeviceLock, 1, 0};
  o.waits[1] = {1, sim::TaskState::kPolling, mm::kDeviceHotplugLock, 0, 0};
  o.waits[2] = {0, sim::TaskState::kWaiting, 0, 1, 0};
  o.waits[3] = {1, sim::TaskState::kSpinning, 0, 255, 0x4a};
  std::string text = Report(s, options, o);
  CHECK(text.find("stuck: user-2\n") != std::string::npos);
  CHECK(text.find("\nwho waits for whom:\n"
                  "  memtrace-1   waits for dev->mutex, held by user-2\n"
                  "  user-2       polls device_hotplug_lock, held by memtrace-1\n"
                  "  memtrace-1   waits until user-2 exits\n"
                  "  user-2       loops over the same state, waiting for pfn 0x4a\n") !=
        std::string::npos);
  CHECK(text.find("\nconsequences:\n  step 9: K2/kfree@none/none (silent)\n\n") !=
        std::string::npos);
  o.violations[0].id = Id::kI14;
  o.violations[0].silent = 1;
  o.violations[0].found = static_cast<int32_t>(sim::LockFault::kOrder);
  o.lock_order = {};
  o.lock_order[mm::kDeviceHotplugLock] = 1u << mm::kDeviceLock;
  o.lock_order[mm::kDeviceLock] = 1u << mm::kDeviceHotplugLock;
  text = Report(s, options, o);
  CHECK(text.find("lock: expected one order, found a circle\n") != std::string::npos);
  CHECK(text.find("silent: ") != std::string::npos);
  CHECK(text.find("order of locks:\n"
                  "  dev->mutex taken under device_hotplug_lock\n"
                  "  device_hotplug_lock taken under dev->mutex\n") != std::string::npos);
}

// ---- Approved texts ----

Scenario Read(const std::string& path) {
  const auto file = scenario::Parse(Contents(path), path, run::Names());
  INFO(file.status().message());
  REQUIRE(file.ok());
  return file->scenario;
}

std::string Masked(std::string text) {
  const std::pair<const char*, const char*> masks[] = {
      {"0x[0-9a-f]{16}\n", "0x<digest>\n"},   {"\\bsteps?[ =][0-9]+( of [0-9]+)?", "step <n>"},
      {"\\([0-9]+ steps\\)", "(<n> steps)"},  {"\\[[0-9]{3}\\] +[0-9]+: ", "[nnn] nnn: "},
      {"\\[   \\] +[0-9]+: ", "[   ] nnn: "}, {"  to \\[[0-9]{3}\\]", "  to [nnn]"}};
  for (const auto& [pattern, mask] : masks) {
    text = std::regex_replace(text, std::regex(pattern), mask);
  }
  return text;
}

TEST_CASE("approved reports", "[report][approval]") {
  const std::string folder = "regress/baselines/";
  for (const char* name : {"ok", "ok-stuck", "I1", "I2", "I6", "I6-canary", "I15", "K2"}) {
    const Scenario s = Read(folder + name + ".scn");
    run::Outcome o;
    const std::string got = Masked(Explain(s, run::RunOptions{}, &o));
    INFO(name << ": to accept, run with HOTPLUG_ACCEPT=1 (docs/reports.md)");
    if (std::getenv("HOTPLUG_ACCEPT") != nullptr) std::ofstream(folder + name + ".txt") << got;
    CHECK(got == Contents(folder + name + ".txt"));
  }
}

// ---- What is promised of a report ----

TEST_CASE("a report alone replays, with the same digest", "[report]") {
  for (const uint64_t seed : {1, 11, 36, 140, 749}) {
    const Scenario s = scenario::Generate(seed, {});
    run::Outcome o;
    const std::string text = Explain(s, run::RunOptions{}, &o);
    CHECK(o.digest == run::Run(s).digest);
    const size_t begin = text.find("\nscenario 1\n") + 1;
    const auto file = scenario::Parse(text.substr(begin), "report", run::Names());
    REQUIRE(file.ok());
    CHECK(file->scenario == s);
    CHECK(text.find(Format("digest=0x%016llx\n", static_cast<unsigned long long>(o.digest))) !=
          std::string::npos);
  }
}

TEST_CASE("the summary of a run", "[report]") {
  Scenario s = scenario::Decode(nullptr, 0, 1, 1);
  scenario::Op read;
  read.kind = scenario::OpKind::kReadEnable;
  s.ops.push(read);
  const run::Outcome o = run::Run(s, ExpectOptions());
  CHECK(Summarize(s, o, RfcV1()) ==
        std::vector<std::string>{
            "verdict ok", "memtrace-1 write memtrace/enable 0x10000000 = 0",
            "memtrace-1 read memtrace/enable = 0x10000000",
            "event memtrace-1 MEM_GOING_OFFLINE memory4 memtrace_memory_notifier_cb = NOTIFY_OK",
            "event memtrace-1 MEM_OFFLINE memory4 memtrace_memory_notifier_cb = NOTIFY_OK",
            "log Offlined Pages 4",
            "log memtrace: Allocated trace memory on node 0 at 0x0000000040000000",
            "memory4 absent"});
}

// ---- Minimizing ----

std::string TokenOf(const Scenario& s) {
  const run::Outcome o = run::Run(s);
  return o.first() == nullptr ? "" : DedupToken(*o.first(), *drivers::kDrivers[s.driver]);
}

bool HasIdleTask(const Scenario& s) {
  uint32_t busy = 0;
  for (const scenario::Op& op : s.ops) busy |= 1u << op.task;
  return busy != (1u << s.tasks.size) - 1;
}

TEST_CASE("minimizing keeps the token and has a fixed point", "[report]") {
  uint32_t failed = 0;
  uint32_t preempted = 0;
  constexpr uint64_t kSeeds = testing::kChecked ? 300 : 1000;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const Scenario s = scenario::Generate(seed, {});
    const std::string token = TokenOf(s);
    const Minimized m = Minimize(s, run::RunOptions{});
    CHECK(m.token == token);
    if (token.empty()) {
      CHECK(m.scenario == s);
      continue;
    }
    ++failed;
    INFO("seed " << seed << ", " << token);
    CHECK(m.complete);
    CHECK(scenario::Invalid(m.scenario, run::Names()) == nullptr);
    CHECK(TokenOf(m.scenario) == token);
    CHECK(m.scenario.ops.size <= s.ops.size);
    CHECK_FALSE(HasIdleTask(m.scenario));
    CHECK(Minimize(m.scenario, run::RunOptions{}).scenario == m.scenario);
    preempted += m.scenario.schedule.size != 0 ? 1 : 0;
  }
  CHECK(failed > kSeeds / 100);
  CHECK(preempted > kSeeds / 100);
}

TEST_CASE("minimizing leaves out what was put in, and preemptions move along", "[report]") {
  const Scenario least = Minimize(Read("regress/baselines/I2.scn"), run::RunOptions{}).scenario;
  REQUIRE(least.schedule.size > 0);
  Scenario padded = least;
  // Operations before all others of the first task, of one scheduling point each.
  constexpr uint32_t kReads = 3;
  padded.ops = {};
  for (uint32_t i = 0; i < kReads; ++i) padded.ops.push({scenario::OpKind::kReadEnable});
  for (const scenario::Op& op : least.ops) padded.ops.push(op);
  for (scenario::Preemption& p : padded.schedule) {
    if (p.task == 0) p.step = static_cast<uint16_t>(p.step + kReads);
  }
  REQUIRE(least.ops[0].task == 0);
  std::swap(padded.schedule[0], padded.schedule[least.schedule.size - 1]);
  REQUIRE(TokenOf(padded) == TokenOf(least));
  CHECK(Minimize(padded, run::RunOptions{}).scenario == least);
}

// What minimizing leaves of a scenario, from the tasks on.
std::string Minimal(const std::string& from_memory_on, const std::string& kernel = "rfc") {
  const std::string head = "scenario 1\ndriver rfc_v1\nmachine kernel=" + kernel +
                           " pages_per_block=4 pageblock_pages=4 max_order=2\n";
  const auto file = scenario::Parse(head + from_memory_on, "text", run::Names());
  INFO(file.status().message());
  REQUIRE(file.ok());
  const Minimized m = Minimize(file->scenario, run::RunOptions{});
  REQUIRE(m.token == TokenOf(file->scenario));
  const std::string text = scenario::Print(m.scenario, run::Names());
  return text.substr(text.find("task "));
}

// Each has a task too many, and each time it takes something else to do without.
TEST_CASE("minimizing gives preemptions another target", "[report]") {
  // Another task goes on at once, for user-3 has nothing to do.
  CHECK(Minimal("memory 4-5 node=0 zone=Normal\n"
                "task memtrace-1\n"
                "  sleep 1\n"
                "  write memtrace/enable 0x10000000\n"
                "task memtrace-2\n"
                "  write memtrace/enable 0x10000000\n"
                "task user-3\n"
                "at memtrace-2 20 run user-3\n") ==
        "task memtrace-1\n"
        "  sleep 1\n"
        "  write memtrace/enable 0x10000000\n"
        "task memtrace-2\n"
        "  write memtrace/enable 0x10000000\n"
        "at memtrace-2 after set_migratetype_isolate nth=2 run memtrace-1\n");
  // memtrace-3 goes on, because walker-2 is preempted, too.
  CHECK(Minimal("memory 4 node=0 zone=Normal\n"
                "task memtrace-1\n"
                "  write memtrace/enable 0x10000000\n"
                "task walker-2\n"
                "  get memory4 page=0\n"
                "task memtrace-3\n"
                "  write memtrace/enable 0x10000000\n"
                "  write memtrace/enable 0\n"
                "at memtrace-1 50 run walker-2\n"
                "at walker-2 1 run memtrace-3\n",
                "5.11") ==
        "task memtrace-1\n"
        "  write memtrace/enable 0x10000000\n"
        "task memtrace-2\n"
        "  write memtrace/enable 0x10000000\n"
        "  write memtrace/enable 0\n"
        "at memtrace-1 after unlock device_hotplug_lock run memtrace-2\n");
  // memtrace-1 goes on after user-3, but memtrace-2 would do as well.
  CHECK(Minimal("memory 4-6 node=0 zone=Normal\n"
                "notifier A priority=0\n"
                "  answer MEM_GOING_OFFLINE memory4 NOTIFY_BAD\n"
                "task memtrace-1\n"
                "  write memtrace/enable 0x10000000\n"
                "  write memtrace/enable 0x10000000\n"
                "task memtrace-2\n"
                "  write memtrace/enable 0x10000000\n"
                "task user-3\n"
                "  write memory6/state offline\n"
                "at memtrace-1 13 run user-3\n",
                "5.9") ==
        "task memtrace-1\n"
        "  write memtrace/enable 0x10000000\n"
        "  write memtrace/enable 0x10000000\n"
        "task memtrace-2\n"
        "  write memtrace/enable 0x10000000\n"
        "at memtrace-1 after register_memory_notifier run memtrace-2\n");
}

TEST_CASE("minimizing leaves out calls that an answer counts", "[report]") {
  // One call of memtrace-1, then two of memtrace-2.
  CHECK(Minimal("memory 4-5 node=0 zone=Normal\n"
                "notifier A priority=0\n"
                "  answer MEM_GOING_OFFLINE nth=3 NOTIFY_BAD\n"
                "task memtrace-1\n"
                "  write memtrace/enable 0x10000000\n"
                "task memtrace-2\n"
                "  write memtrace/enable 0x20000000\n") ==
        "task memtrace-1\n"
        "  write memtrace/enable 0x20000000\n");
}

TEST_CASE("who goes on without the target of a preemption", "[report]") {
  const auto at = [](uint32_t task, uint32_t own) {
    return Point{0,
                 own,
                 task,
                 {task, scenario::EndOf(scenario::OpKind::kGet), own, static_cast<uint8_t>(task)}};
  };
  // memtrace-1, twice its target, another one, memtrace-1 again.
  const std::vector<Point> points = {at(0, 1), at(1, 1), at(1, 2), at(2, 1), at(0, 2)};
  CHECK(AnchorOf(points, {.task = 0, .other = 1, .step = 1}).next == 2);
  CHECK(AnchorOf(points, {.task = 0, .other = 2, .step = 1}).next == 1);
  CHECK(AnchorOf(points, {.task = 2, .other = 1, .step = 1}).next == 0);
  CHECK(AnchorOf(points, {.task = 1, .other = 2, .step = 2}).next == 0);
  // Nobody else: at the end of the run, or where it never comes to.
  CHECK(AnchorOf(points, {.task = 0, .other = 1, .step = 2}).next == 0);
  CHECK(AnchorOf(points, {.task = 1, .other = 2, .step = 3}).next == 1);
  CHECK(AnchorOf(points, {.task = 1, .other = 2, .step = 3}).op == kNoOp);
  CHECK(AnchorOf(points, {.task = 1, .other = 2, .step = 2}).nth == 2);
}

constexpr char kEverything[] =
    "scenario 1\n"
    "driver rfc_v1\n"
    "machine kernel=rfc debug_vm=on auto_online=on kmemleak=on memmap_on_memory=on "
    "pcp_high=2 pagevec=3 pages_per_block=16 "
    "pageblock_pages=4 "
    "max_order=4\n"
    "memory 7 node=0 zone=Normal reserved\n"
    "memory 8 node=0 zone=Movable\n"
    "memory 9 node=1 zone=Movable offline\n"
    "notifier A priority=1 unregistered\n"
    "  answer MEM_GOING_OFFLINE memory9 nth=2 NOTIFY_BAD\n"
    "notifier B priority=0\n"
    "  answer MEM_GOING_OFFLINE memory7 nth=2 NOTIFY_STOP\n"
    "task memtrace-1\n"
    "  write memtrace/enable 0x40000000\n"
    "task user-2\n"
    "  get memory9 page=15\n"
    "  alloc movable node=1 order=2\n"
    "  sleep 9\n"
    "  kill user-4 SIGINT\n"
    "task kill-3\n"
    "  kill user-2 SIGINT\n"
    "  after user-4\n"
    "task user-4\n"
    "  write memory9/state offline\n"
    "fault kmalloc nth=3 -ENOMEM\n"
    "at user-2 1 run kill-3\n"
    "at user-4 2 run user-2\n";

// The text after the change number `i` of a kind, or "invalid".
std::string Reduced(const std::string& what, uint32_t i) {
  const auto file = scenario::Parse(kEverything, "text", run::Names());
  INFO(file.status().message());
  REQUIRE(file.ok());
  Candidate c{file->scenario, {}};
  // user-2 is preempted after its get, user-4 within its write; without their targets user-4
  // would go on.
  c.anchors = {{1, scenario::EndOf(scenario::OpKind::kGet), 1, 3}, {7, sim::kTpLock, 2, 3}};
  for (uint32_t k = 0; k < kNrReductions; ++k) {
    if (kReductions[k].what != what) continue;
    REQUIRE(kReductions[k].apply(c, i));
    CHECK(c.anchors.size() == c.s.schedule.size);
    const bool valid = scenario::Invalid(c.s, run::Names()) == nullptr;
    return valid ? scenario::Print(c.s, run::Names()) : "invalid";
  }
  return "no such reduction";
}

// The reduction "operand" counts operations within types of operands.
constexpr uint32_t Operand(scenario::Field field, uint32_t op) {
  return static_cast<uint32_t>(field) * kMaxOps + op;
}

TEST_CASE("what each reduction leaves", "[report]") {
  struct Row {
    const char* what;
    uint32_t i;
    const char* has;  // a part of the text that is there then
    const char* not_has;
  };
  const Row rows[] = {
      {"preemption", 0, "at user-4 2", "at user-2"},
      {"task", 0, "task kill-2\n  kill user-1 SIGINT\n  after user-3\n", "0x40000000"},
      {"task", 0, "at user-3 2 run user-1\n", "-4"},
      {"task", 1, "task kill-2\n  after user-3\n", "SIGINT"},
      {"task", 1, "task user-3\n", "at "},
      {"task", 2, "at user-2 1 run user-3\nat user-3 2 run user-2\n", "kill-3"},
      {"task", 3,
       "task user-2\n  get memory9 page=15\n  alloc movable node=1 order=2\n  sleep 9\ntask",
       "at user-4"},
      {"notifier", 0, "notifier A priority=0\n  answer MEM_GOING_OFFLINE memory7 nth=2 NOTIFY_STOP",
       "NOTIFY_BAD"},
      {"operation", 1, "at user-4 2 run user-2\n", "at user-2"},
      {"operation", 2, "at user-2 1 run kill-3\n", "alloc movable"},
      {"answer", 1, "NOTIFY_BAD", "NOTIFY_STOP"},
      {"operation with a call", 0, "memory9 nth=1 NOTIFY_BAD", "0x40000000"},
      {"operation with a call", kMaxOps + 1, "memory7 nth=1 NOTIFY_STOP", "get"},
      {"fault", 0, "at user-2", "fault"},
      {"block", 0, "write memory8/state", "NOTIFY_STOP"},
      {"block", 1, "write memory8/state", "memory 9"},
      {"target", 0, "at user-2 1 run memtrace-1\nat user-4 2 run user-2\n", "kill-3\nat user-4"},
      {"target", 1, "at user-2 1 run kill-3\nat user-4 2 run user-2\n", "run memtrace-1"},
      {"target", kMaxTasks, "at user-4 2 run memtrace-1\n", "run user-2"},
      {"node", 0, "alloc movable node=0", "node=1"},
      {"pages", 0, "pages_per_block=8 pageblock_pages=4 max_order=3\n", "page=15"},
      {"operand", Operand(scenario::Field::kBytes, 0), "enable 0x10000000", "0x40000000"},
      {"operand", Operand(scenario::Field::kTicks, 3), "sleep 1\n", "sleep 9"},
      {"operand", Operand(scenario::Field::kOrder, 2), "order=0", "order=2"},
      {"operand", Operand(scenario::Field::kMobility, 2), "alloc unmovable node=1",
       "alloc movable"},
      {"operand", Operand(scenario::Field::kPage, 1), "page=0", "page=15"},
      {"half an operand", 0, "enable 0x20000000", "0x40000000"},
      {"half an operand", 3, "sleep 4\n", "sleep 9"},
      {"nth answer", 0, "memory9 nth=1 NOTIFY_BAD", "memory9 nth=2"},
      {"nth fault", 0, "nth=1 -ENOMEM", "nth=3"},
      {"block of an answer", 0, "MEM_GOING_OFFLINE nth=2 NOTIFY_BAD", "memory9 nth=2"},
      {"value of an answer", 1, "memory7 nth=2 NOTIFY_BAD", "NOTIFY_STOP"},
      {"priority", 0, "notifier A priority=0", "priority=1"},
      {"unregistered", 0, "notifier A priority=1\n", "unregistered"},
      {"zone", 1, "memory 8 node=0 zone=Normal\n", "memory 8 node=0 zone=Movable"},
      {"reserved", 0, "memory 7 node=0 zone=Normal\n", "reserved"},
      {"offline", 2, "memory 9 node=1 zone=Movable\n", "Movable offline"},
      {"pcp_high", 0, "memmap_on_memory=on pagevec=3", "pcp_high"},
      {"pagevec", 0, "pcp_high=2 pages_per_block", "pagevec"},
      {"auto_online", 0, "auto_online=off", "auto_online=on"},
      {"debug_vm", 0, "debug_vm=off", "debug_vm=on"},
      {"kmemleak", 0, "auto_online=on memmap_on_memory", "kmemleak"},
      {"memmap_on_memory", 0, "kmemleak=on pcp_high", "memmap_on_memory"},
      {"orders", 0, "pageblock_pages=16 max_order=4\n", "pageblock_pages=4"},
      {"first block", 0, "memory 4 node=0", "memory 7"},
  };
  std::set<std::string> covered;
  for (const Row& row : rows) {
    const std::string text = Reduced(row.what, row.i);
    INFO(row.what << " " << row.i << ":\n" << text);
    CHECK(text.find(row.has) != std::string::npos);
    CHECK(text.find(row.not_has) == std::string::npos);
    covered.insert(row.what);
  }
  CHECK(covered.size() == kNrReductions);
}

// ---- The stale flag: one defect, one token, a handful of lines ----

constexpr char kStaleFlag[] = "I1/memtrace_memory_notifier_cb@offlining/MEM_CANCEL_OFFLINE";
constexpr char kFlagOfAnotherCall[] =
    "I1/memtrace_memory_notifier_cb@offlining/lone-MEM_CANCEL_OFFLINE";

// A scenario with what its reductions ask for.
Candidate AsCandidate(const Scenario& s) {
  run::RunOptions options;
  options.keep_trace = true;
  run::Outcome outcome;
  run::Run(s, options, &outcome);
  const std::vector<Point> points = PointsOf(run::Trace(), s);
  Candidate c{s, {}};
  for (const scenario::Preemption& p : s.schedule) c.anchors.push_back(AnchorOf(points, p));
  return c;
}

TEST_CASE("minimizing the stale flag of random bytes leaves a few lines", "[report]") {
  scenario::Random random(1);
  uint32_t found = 0;
  for (uint32_t i = 0; found < 20 && i < 80000; ++i) {
    std::vector<uint8_t> bytes(random.Between(64, 512));
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random.Below(256));
    Scenario s = scenario::Decode(bytes.data(), bytes.size(), 1, mm::kNrKernels);
    if (TokenOf(s) != kStaleFlag) continue;
    ++found;
    const Scenario least = Minimize(s, run::RunOptions{}).scenario;
    INFO(scenario::Print(least, run::Names()));
    CHECK(least.ops.size + least.answers.size + least.faults.size <= 4);
    // Nothing is superfluous, no task, answer, block or preemption.
    for (uint32_t k = 0; k < kNrReductions; ++k) {
      const std::string what = kReductions[k].what;
      if (what != "task" && what != "answer" && what != "block" && what != "preemption") continue;
      for (uint32_t item = 0;; ++item) {
        Candidate c = AsCandidate(least);
        if (!kReductions[k].apply(c, item)) break;
        if (scenario::Invalid(c.s, run::Names()) != nullptr) continue;
        INFO(what << " " << item);
        CHECK(TokenOf(c.s) != kStaleFlag);
      }
    }
  }
  CHECK(found == 20);
}

// Whether the flag that the last run has found set was set in an operation that its owner's
// callback had been told of: what tells M-02 from M-03, read from the trace alone.
bool SetByOwnCall(const Violation& v) {
  const mm::InstanceGhost& owner = mm::InstanceAt(v.owner);
  const uint32_t pages = mm::PagesPerBlock();
  bool registered = false;
  bool told = false;
  for (const sim::Record& r : run::Trace()) {
    if (r.tp == mm::kTpRegister && r.task == owner.task && r.a == mm::kDriverName) {
      registered = true;
      told = false;
    }
    if (!registered || r.tp != mm::kTpNotifierCall || r.b != mm::kDriverName) continue;
    const uint32_t start = mm::FirstPfn(mm::BlockId{r.a & 0xffff}).v;
    const bool overlaps = start < owner.base + owner.nr && owner.base < start + pages;
    told = told || (r.a >> 16 == mm::MEM_GOING_OFFLINE && overlaps);
  }
  return told;
}

TEST_CASE("a thousand runs into one defect have one token, and its sibling has another",
          "[report]") {
  scenario::GenerateOptions generate;
  generate.nr_kernels = mm::kNrKernels;
  run::RunOptions options;
  options.keep_trace = true;
  std::set<std::string> own;
  std::set<std::string> others;
  uint32_t runs = 0;
  uint32_t of_another_call = 0;
  for (uint64_t seed = 1; runs < 1000 && seed < 100000; ++seed) {
    const Scenario s = scenario::Generate(seed, generate);
    run::Outcome o = run::Run(s);
    const Violation* v = o.first();
    if (v == nullptr || v->id != Id::kI1 || v->callback <= mm::kDriverName ||
        v->last_event != mm::MEM_CANCEL_OFFLINE) {
      continue;
    }
    run::Run(s, options, &o);
    const std::string token = DedupToken(*o.first(), RfcV1());
    if (SetByOwnCall(*o.first())) {
      ++runs;
      own.insert(token);
    } else {
      ++of_another_call;
      others.insert(token);
    }
  }
  CHECK(runs == 1000);
  CHECK(of_another_call > 10);
  CHECK(own == std::set<std::string>{kStaleFlag});
  CHECK(others == std::set<std::string>{kFlagOfAnotherCall});
  CHECK(TokenOf(Read("regress/crashes/stale-flag.scn")) == kStaleFlag);
  CHECK(TokenOf(Read("regress/crashes/stale-flag-second-node.scn")) == kFlagOfAnotherCall);
}

TEST_CASE("minimizing that is stopped gives the best so far", "[report]") {
  const Scenario s = Read("regress/baselines/I1.scn");
  const auto until = [](uint32_t runs) {
    return [runs](const Minimized& m) { return m.runs < runs; };
  };
  const Minimized all = Minimize(s, run::RunOptions{});
  for (const uint32_t runs : {1u, 2u, all.runs / 2}) {
    const Minimized m = Minimize(s, run::RunOptions{}, until(runs));
    CHECK_FALSE(m.complete);
    CHECK(m.runs == runs);
    CHECK(TokenOf(m.scenario) == all.token);
  }
  CHECK(Minimize(s, run::RunOptions{}, nullptr, 5).runs == 5);
}

}  // namespace
}  // namespace hotplug::report
