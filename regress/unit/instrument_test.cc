// SPDX-License-Identifier: GPL-2.0-or-later
//
// The instrument of the recordings in the model. Method: processes are driven step by step, as
// a host does; what they show is written down in words. Goal: every command with its success and
// its errors, every rule of a probe, every way in which a process ends, and the order of lines
// that the recordings of real kernels have.
#include "fuzz/fidelity/instrument/instrument.h"

#include <algorithm>
#include <map>

#include "model/mm/buddy.h"
#include "model/mm/kernel.h"
#include "model/mm/memory.h"
#include "model/mm/page.h"
#include "model/mm/pcp.h"
#include "model/sim/tracepoints.h"
#include "regress/unit/harness.h"

namespace hotplug::instrument {
namespace {

using mm::BlockId;
using mm::Pfn;
using testing::Rig;
using testing::Strings;

uint8_t KernelRow(const std::string& name) {
  for (uint8_t row = 0; row < mm::kNrKernels; ++row) {
    if (name == mm::kKernelNames[row]) return row;
  }
  HOTPLUG_CHECK(!"no such kernel");
}

// Boot memory 4-6 in Normal and 7 in Movable, a hole, and a DIMM 16-19 that is offline.
mm::BootConfig BootOf(const std::string& kernel = "6.1", uint8_t block_order = 6) {
  mm::BootConfig boot{};
  boot.first_block = 4;
  boot.nr_blocks = 8;
  boot.gap_index = 4;
  boot.gap_blocks = 8;
  boot.kernel = KernelRow(kernel);
  boot.page_shift = 12;
  boot.block_order = block_order;
  boot.pageblock_order = block_order == 6 ? 4 : 9;
  boot.max_order = block_order == 6 ? 5 : 10;
  for (uint32_t i = 0; i < boot.nr_blocks; ++i) {
    boot.blocks[i] = {0, i == 3 ? mm::ZONE_MOVABLE : mm::ZONE_NORMAL, false, i >= 4};
  }
  return boot;
}

const std::map<uint32_t, std::string> kActions = {
    {mm::MEM_ONLINE, "ONLINE"},
    {mm::MEM_GOING_OFFLINE, "GOING_OFFLINE"},
    {mm::MEM_OFFLINE, "OFFLINE"},
    {mm::MEM_GOING_ONLINE, "GOING_ONLINE"},
    {mm::MEM_CANCEL_ONLINE, "CANCEL_ONLINE"},
    {mm::MEM_CANCEL_OFFLINE, "CANCEL_OFFLINE"},
};

std::string Number(int64_t n) { return std::to_string(n); }
std::string BlockText(uint32_t pfn) { return Number(mm::BlockOf(Pfn{pfn}).v); }

// "A GOING_OFFLINE 5", "RFC CANCEL_OFFLINE 16 flag=1", "A GOING_ONLINE 5 = -16 stops".
std::string EventText(const Event& e) {
  std::string text =
      std::string(NameOf(e.notifier)) + " " + kActions.at(e.action) + " " + BlockText(e.start_pfn);
  if (e.going_offline_before >= 0) text += " flag=" + Number(e.going_offline_before);
  if (e.pages_at != 0) text += " +PAGES";
  if (e.zones_at != 0) text += " +ZONE";
  if (e.answer == static_cast<uint32_t>(mm::NOTIFY_OK)) return text;
  text += " = " + Number(mm::notifier_to_errno(static_cast<int32_t>(e.answer)));
  return (e.answer & mm::NOTIFY_STOP_MASK) != 0 ? text + " stops" : text;
}

std::string ReturnText(const Result& r) {
  std::string text = "= " + Number(r.rc);
  return r.signal != 0 ? text + " (signal " + Number(r.signal) + ")" : text;
}

// What a record says to who reads a recording; empty if nothing.
std::string TextOf(const sim::Record& r) {
  const auto rc = static_cast<int32_t>(r.b);
  const sim::TaskId task{r.task};
  switch (r.tp) {
    case kTpEvent:
      return EventText(EventOf(task));
    case kTpProbeSleep:
      return std::string("SLEEP ") + NameOf(r.a) + " " + Number(r.c);
    case kTpProbeWake:
      return std::string("WAKE ") + NameOf(r.a);
    case kTpReturn:
      return ReturnText(ResultOf(task));
    case kTpDied:
      return "died " + Number(r.a);
    case kTpMtAlloc:
      return "alloc " + BlockText(r.a) + " " + Number(r.b);
    case kTpMtOffline:
      return "remove " + Number(r.a) + " = " + Number(rc);
    case kTpMtDone:
      return "all removed " + BlockText(r.a);
    case kTpMtPages:
      return "kept " + Number(r.a);
    case kTpMtAddMemory:
      return "add_memory = " + Number(static_cast<int32_t>(r.a));
    case kTpMtDeviceOnline:
      return "online " + Number(r.a) + " = " + Number(rc);
    case kTpMtFree:
      return "free " + BlockText(r.a) + " " + Number(r.b);
    case kTpMtForgotten:
      return "forgotten " + Number(r.a);
    case kTpGrab:
      return "grab " + Number(r.a) + " count=" + Number(r.b);
    case kTpUngrab:
      return "ungrab " + Number(r.a);
    case kTpHold:
      return "hold " + BlockText(r.a) + " count=" + Number(r.b);
    case kTpPin:
      return "pin " + Number(r.a) + " count=" + Number(r.b);
    case kTpInjecting:
      return "inject " + Number(static_cast<int32_t>(r.a)) + " " + kActions.at(r.b);
    case kTpOfflineFailed:
      return "failed " + Number(r.a);
    case mm::kTpWarnInUse:
      return "WARN " + Number(r.a) + " in use";
    case mm::kTpBugRemove:
      return "BUG __remove_memory";
    case mm::kTpRegisterTwice:
      return std::string("twice ") + NameOf(r.a);
    default:
      return "";
  }
}

// A machine with the instrument, and its host.
class Host : public Rig {
 public:
  explicit Host(const mm::BootConfig& boot = BootOf()) : Rig(boot) {
    Setup();
    Bind();
  }

  // One step of a process; what it shows is noted.
  sim::Stop Step(sim::TaskId p) {
    const sim::Stop stop = sim::StepTask(p);
    const auto& records = sim::machine->trace.records();
    for (; seen_ < records.size(); ++seen_) {
      const std::string text = TextOf(records[seen_]);
      if (!text.empty()) lines.push_back(text);
    }
    return stop;
  }
  // Until the process has ended or cannot go on.
  sim::Stop Drive(sim::TaskId p) {
    sim::Stop stop = Step(p);
    for (uint32_t i = 0; stop == sim::Stop::kPaused && i < 1u << 20; ++i) stop = Step(p);
    return stop;
  }
  // Until it has shown a line.
  void DriveTo(sim::TaskId p, const std::string& line) {
    const size_t before = lines.size();
    for (uint32_t i = 0; i < 1u << 16; ++i) {
      if (Step(p) == sim::Stop::kFinished) break;
      if (lines.size() > before && lines.back() == line) return;
    }
    FAIL("never shown: " << line);
  }
  // A process from its start to its end. Its last line says what came of it.
  int64_t Do(const Work& work) {
    const sim::TaskId p = Start(work);
    REQUIRE(Drive(p) == sim::Stop::kFinished);
    CHECK(ResultOf(p).done == 1);
    return ResultOf(p).rc;
  }
  // The lines of a process from its start to its end.
  Strings Shown(const Work& work) {
    lines.clear();
    Do(work);
    return lines;
  }

  Strings lines;

 private:
  size_t seen_ = 0;
};

// ---- Works ------------------------------------------------------------------------------

Work Write(Op op, uint32_t block, const std::string& text) {
  Work w{.op = op, .block = block};
  REQUIRE(text.size() < w.text.size());
  text.copy(w.text.data(), text.size());
  return w;
}
Work State(uint32_t block, const std::string& text) { return Write(Op::kWriteState, block, text); }
Work Online(uint32_t block, const std::string& text) {
  return Write(Op::kWriteOnline, block, text);
}
Work Probe(Op op, const char* name, uint32_t action = 0, int64_t value = 0, uint32_t block = kAny,
           uint32_t nth = 0) {
  const int index = Name(name);
  REQUIRE(index >= 0);
  return {.op = op,
          .notifier = static_cast<uint32_t>(index),
          .action = action,
          .block = block,
          .nth = nth,
          .value = value};
}
Work Reg(const char* name, int64_t priority) { return Probe(Op::kReg, name, 0, priority); }
Work Command(Op op, uint32_t block = kAny, uint32_t count = 0) {
  return {.op = op, .block = block, .count = count};
}
Work Mtalloc(uint32_t count) { return Command(Op::kMtalloc, kAny, count); }
Work Rfc(Op op, int64_t priority = 0) { return {.op = op, .value = priority}; }
Work Fixed(Op op, int64_t priority = 0) { return {.op = op, .fixed = true, .value = priority}; }
Work Grab(uint32_t block, int64_t offset) {
  return {.op = Op::kGrab, .block = block, .value = offset};
}
Work Hold(uint32_t block, bool movable) {
  return {.op = Op::kHold, .fixed = movable, .block = block};
}

// ---- Looking ----------------------------------------------------------------------------

std::string ChainText() {
  ChainEntry chain[kMaxNotifierNames];
  std::string text;
  const uint32_t n = Chain(chain, kMaxNotifierNames);
  for (uint32_t i = 0; i < n; ++i) {
    text +=
        std::string(i == 0 ? "" : " ") + NameOf(chain[i].name) + ":" + Number(chain[i].priority);
  }
  return text;
}

uint32_t StateOf(uint32_t block) {
  const BlockId b{block};
  return mm::BlockAt(b).registered == 0 ? 0 : mm::BlockAt(b).state;
}
mm::zone_type ZoneOf(uint32_t block) { return mm::KindOf(mm::BlockAt(BlockId{block}).zone); }

// How many pages of a block have this count, and are PageOffline if `offline`.
uint32_t Counted(uint32_t block, int32_t count, bool offline) {
  uint32_t n = 0;
  const Pfn start = mm::FirstPfn(BlockId{block});
  for (Pfn pfn = start; pfn < start + mm::PagesPerBlock(); ++pfn) {
    n += mm::PageAt(pfn).refcount == count && mm::PageOffline(mm::PageAt(pfn)) == offline;
  }
  return n;
}
bool AllFree(uint32_t block) {
  uint32_t free = 0;
  const Pfn start = mm::FirstPfn(BlockId{block});
  for (Pfn pfn = start; pfn < start + mm::PagesPerBlock(); ++pfn) {
    if (mm::PageBuddy(mm::PageAt(pfn))) free += 1u << mm::PageAt(pfn).order;
  }
  return free == mm::PagesPerBlock();
}
uint32_t FirstOf(uint32_t block) { return mm::FirstPfn(BlockId{block}).v; }

constexpr uint32_t kGoingOffline = mm::MEM_GOING_OFFLINE;
constexpr uint32_t kGoingOnline = mm::MEM_GOING_ONLINE;
constexpr int64_t kEbusy = -EBUSY;

// ---- Files ------------------------------------------------------------------------------

TEST_CASE("a write to `state` returns its bytes and changes the block", "[instrument]") {
  Host host;
  CHECK(host.Do(State(5, "offline")) == 7);
  CHECK(StateOf(5) == mm::MEM_OFFLINE);
  CHECK(host.Do(State(5, "online_movable")) == 14);
  CHECK(ZoneOf(5) == mm::ZONE_MOVABLE);
  CHECK(host.Do(State(5, "offline\n")) == 8);
  CHECK(host.Do(State(5, "online_kernel")) == 13);
  CHECK(ZoneOf(5) == mm::ZONE_NORMAL);
  CHECK(host.Do(State(5, "online")) == -EINVAL);
  CHECK(host.Do(State(16, "online\n")) == 7);
  CHECK(host.Do(State(16, "offline")) == 7);
  CHECK(host.Do(State(16, "offline")) == -EINVAL);
  CHECK(host.lines.size() == 8);  // no notifier, so nothing but the returns
}

TEST_CASE("words that `state` does not know are EINVAL", "[instrument]") {
  Host host;
  for (const char* word : {"Offline", "offline ", " online", "online_kerne", "online_movablex",
                           "going-offline", "0", "1", "foo", "offline\n\n", "\n"}) {
    CHECK(host.Do(State(5, word)) == -EINVAL);
  }
  CHECK(StateOf(5) == mm::MEM_ONLINE);
}

TEST_CASE("an empty write is 0 and takes no lock", "[instrument]") {
  Host host;
  CHECK(host.Do(State(5, "")) == 0);
  CHECK(host.Do(Online(5, "")) == 0);
  for (const sim::Record& r : sim::machine->trace.records()) CHECK(r.tp != sim::kTpTrylock);
}

TEST_CASE("`online` takes what kernels take for a truth value", "[instrument]") {
  Host host;
  for (const char* off : {"0", "n", "N", "off", "offline", "oF", "no", "0x1"}) {
    CHECK(host.Do(Online(5, off)) == static_cast<int64_t>(std::string(off).size()));
    CHECK(StateOf(5) == mm::MEM_OFFLINE);
    CHECK(host.Do(Online(5, off)) > 0);  // is so already: fine
  }
  for (const char* on : {"1", "y", "Y", "on", "online", "ON", "yes"}) {
    host.Do(Online(5, "0"));
    CHECK(host.Do(Online(5, on)) == static_cast<int64_t>(std::string(on).size()));
    CHECK(StateOf(5) == mm::MEM_ONLINE);
  }
  for (const char* bad : {"2", "-1", "x", "o", "t", "true", "ok", " 1"}) {
    CHECK(host.Do(Online(5, bad)) == -EINVAL);
  }
}

TEST_CASE("a file whose device has gone is ENODEV", "[instrument]") {
  Host host;
  const sim::TaskId p = Start(State(16, ""));
  CHECK(host.Do(Command(Op::kRm, 16)) == 0);
  CHECK(host.Drive(p) == sim::Stop::kFinished);
  CHECK(ResultOf(p).rc == -ENODEV);
  CHECK(host.Do(Online(99, "1")) == -ENODEV);
  CHECK(host.Do(State(kAny, "online")) == -EINVAL);
}

// ---- Probes: registering ----------------------------------------------------------------

TEST_CASE("probes are called by priority, equals in the order of registration", "[instrument]") {
  Host host;
  for (const char* name : {"A", "B", "C"}) CHECK(host.Do(Reg(name, 50)) == 0);
  host.Do(Reg("H", 1000));
  host.Do(Reg("L", -10));
  CHECK(ChainText() == "H:1000 A:50 B:50 C:50 L:-10");
  CHECK(host.Shown(State(5, "offline")) ==
        Strings{"H GOING_OFFLINE 5", "A GOING_OFFLINE 5", "B GOING_OFFLINE 5", "C GOING_OFFLINE 5",
                "L GOING_OFFLINE 5", "H OFFLINE 5", "A OFFLINE 5", "B OFFLINE 5", "C OFFLINE 5",
                "L OFFLINE 5", "= 7"});
  // Unregistering and registering again moves to the end of the class.
  CHECK(host.Do(Probe(Op::kUnreg, "B")) == 0);
  CHECK(host.Do(Reg("B", 50)) == 0);
  CHECK(ChainText() == "H:1000 A:50 C:50 B:50 L:-10");
  CHECK(host.Do(Command(Op::kUnregall)) == 0);
  CHECK(ChainText().empty());
}

TEST_CASE("the kernel's own notifiers are in the chain and show nothing", "[instrument]") {
  Host host;
  AddKernelNotifier(static_cast<uint32_t>(Name("ksm_memory_callback")), 100, false);
  AddKernelNotifier(static_cast<uint32_t>(Name("kcore_callback")), 0, false);
  host.Do(Reg("A", 0));
  host.Do(Reg("B", 100));
  CHECK(ChainText() == "ksm_memory_callback:100 B:100 kcore_callback:0 A:0");
  CHECK(host.Shown(State(5, "offline")) ==
        Strings{"B GOING_OFFLINE 5", "A GOING_OFFLINE 5", "B OFFLINE 5", "A OFFLINE 5", "= 7"});
  host.Do(Command(Op::kUnregall));
  CHECK(ChainText() == "ksm_memory_callback:100 kcore_callback:0");
}

TEST_CASE("an event has the fields of its EV line", "[instrument]") {
  mm::BootConfig boot = BootOf();
  for (uint32_t i = 4; i < 8; ++i) boot.blocks[i].nid = 1;
  Host host(boot);
  host.Do(Reg("A", 7));
  const sim::TaskId p = Start(State(17, "online_movable"));
  host.DriveTo(p, "A GOING_ONLINE 17");
  const Event& e = EventOf(p);
  CHECK(e.start_pfn == FirstOf(17));
  CHECK(e.nr_pages == 64);
  CHECK(e.status_change_nid == 1);
  CHECK(e.status_change_nid_normal == -1);
  CHECK(e.going_offline_before == -1);
  CHECK(e.priority == 7);
  CHECK(e.answer == 1);
}

TEST_CASE("a second registration is refused on 6.1 and ignored on 5.9", "[instrument]") {
  for (const char* kernel : {"6.1", "5.9"}) {
    Host host(BootOf(kernel));
    host.Do(Reg("A", 50));
    host.Do(Reg("B", 40));
    host.Do(Probe(Op::kNack, "A", kGoingOffline, EBUSY));
    const int64_t rc = std::string(kernel) == "6.1" ? -EEXIST : 0;
    CHECK(host.Shown(Reg("A", 10)) == Strings{"twice A", "= " + Number(rc)});
    CHECK(ChainText() == "A:50 B:40");
    CHECK(host.Do(State(5, "offline")) == kEbusy);  // its rule is still there
    CHECK(host.Do(Probe(Op::kUnreg, "A")) == 0);
    CHECK(host.Do(Probe(Op::kUnreg, "A")) == -ENOENT);
  }
}

TEST_CASE("who is not registered has no rules and cannot be unregistered", "[instrument]") {
  Host host;
  CHECK(host.Do(Probe(Op::kUnreg, "A")) == -ENOENT);
  for (const Op op : {Op::kNack, Op::kRaw, Op::kSleep, Op::kPagesat, Op::kZonesat, Op::kClear}) {
    CHECK(host.Do(Probe(op, "A", kGoingOffline, 1)) == -EINVAL);
  }
  host.Do(Reg("A", 0));
  for (const Op op : {Op::kNack, Op::kRaw, Op::kSleep, Op::kPagesat, Op::kZonesat}) {
    CHECK(host.Do(Probe(op, "A", 3, 1)) == -EINVAL);
    CHECK(host.Do(Probe(op, "A", 0, 1)) == -EINVAL);
    CHECK(host.Do(Probe(op, "A", 64, 1)) == -EINVAL);
    CHECK(host.Do(Probe(op, "A", mm::MEM_CANCEL_OFFLINE, 1)) == 0);
  }
  CHECK(host.Do(Probe(Op::kNack, "A", kGoingOffline, -1)) == -EINVAL);
  CHECK(host.Do(Probe(Op::kNack, "A", kGoingOffline, 4096)) == -EINVAL);
  CHECK(host.Do(Probe(Op::kSleep, "A", kGoingOffline, -1)) == -EINVAL);
  CHECK(host.Do(Reg("RFC", 0)) == -EINVAL);
  CHECK(host.Do({.op = Op::kReg, .notifier = 47}) == -EINVAL);
}

TEST_CASE("names are few and short", "[instrument]") {
  Host host;
  CHECK(Name("RFC") == static_cast<int>(kRfcName));
  CHECK(Name("FIX") == static_cast<int>(kFixName));
  CHECK(Name(std::string(32, 'x').c_str()) == -1);
  CHECK(Name(std::string(31, 'x').c_str()) == 2);
  for (uint32_t i = 3; i < kMaxNotifierNames; ++i) {
    CHECK(Name(("P" + Number(i)).c_str()) == static_cast<int>(i));
  }
  CHECK(Name("another") == -1);
  CHECK(Name("P7") == 7);
  CHECK(std::string(NameOf(7)) == "P7");
}

// ---- Probes: rules ----------------------------------------------------------------------

TEST_CASE("a refusal stops the chain, and CANCEL goes to all", "[instrument]") {
  Host host;
  host.Do(Reg("H", 1000));
  host.Do(Reg("M", 50));
  host.Do(Reg("L", -10));
  CHECK(host.Do(Probe(Op::kNack, "M", kGoingOffline, ENOMEM)) == 0);
  const Strings refused = {"H GOING_OFFLINE 5",  "M GOING_OFFLINE 5 = -12 stops",
                           "H CANCEL_OFFLINE 5", "M CANCEL_OFFLINE 5",
                           "L CANCEL_OFFLINE 5", "= -12"};
  CHECK(host.Shown(State(5, "offline")) == refused);
  CHECK(host.Shown(State(5, "offline")) == refused);  // until it is told otherwise
  host.Do(Probe(Op::kNack, "M", kGoingOnline, 4095));
  CHECK(host.Do(State(5, "offline")) == 7);  // a probe has one answer rule
  CHECK(host.Shown(State(5, "online")) ==
        Strings{"H GOING_ONLINE 5", "M GOING_ONLINE 5 = -4095 stops", "H CANCEL_ONLINE 5",
                "M CANCEL_ONLINE 5", "L CANCEL_ONLINE 5", "= -4095"});
  CHECK(host.Do(Probe(Op::kClear, "M")) == 0);
  CHECK(host.Do(State(5, "online")) == 6);
}

TEST_CASE("a rule may be for one block and for one call", "[instrument]") {
  Host host;
  host.Do(Reg("A", 0));
  host.Do(Probe(Op::kNack, "A", kGoingOffline, EBUSY, 5));
  CHECK(host.Do(State(4, "offline")) == 7);
  CHECK(host.Do(State(5, "offline")) == kEbusy);
  // The second such call from now on, of any block; others do not count.
  host.Do(Probe(Op::kNack, "A", kGoingOffline, EAGAIN, kAny, 2));
  CHECK(host.Do(State(5, "offline")) == 7);
  CHECK(host.Do(State(5, "online")) == 6);
  CHECK(host.Do(State(5, "offline")) == -EAGAIN);
  CHECK(host.Do(State(5, "offline")) == 7);
  // The second call of block 5: calls of block 4 do not count, and the count starts anew.
  host.Do(State(5, "online"));
  host.Do(State(4, "online"));
  host.Do(Probe(Op::kNack, "A", kGoingOffline, EIO, 4, 2));
  CHECK(host.Do(State(4, "offline")) == 7);
  CHECK(host.Do(State(5, "offline")) == 7);
  host.Do(State(4, "online"));
  CHECK(host.Do(State(4, "offline")) == -EIO);
}

TEST_CASE("a raw answer is returned as it is", "[instrument]") {
  Host host;
  host.Do(Reg("A", 10));
  host.Do(Reg("B", 0));
  // -16 has the stop bit and no errno: the offline succeeds, B hears only of its end.
  host.Do(Probe(Op::kRaw, "A", kGoingOffline, -16));
  CHECK(host.Shown(State(5, "offline")) ==
        Strings{"A GOING_OFFLINE 5 = 0 stops", "A OFFLINE 5", "B OFFLINE 5", "= 7"});
  host.Do(State(5, "online"));
  host.Do(Probe(Op::kRaw, "A", kGoingOffline, 0xfffffff0));
  CHECK(host.Do(State(5, "offline")) == 7);
  host.Do(State(5, "online"));
  // 18 without the stop bit counts from the last of the chain only.
  host.Do(Probe(Op::kRaw, "A", kGoingOffline, 18));
  CHECK(host.Do(State(5, "offline")) == 7);
  host.Do(State(5, "online"));
  host.Do(Probe(Op::kRaw, "B", kGoingOffline, 18, kAny, 1));
  CHECK(host.Do(State(5, "offline")) == -EEXIST);
  CHECK(host.Do(State(5, "offline")) == 7);
}

TEST_CASE("rules go with the registration", "[instrument]") {
  Host host;
  host.Do(Reg("A", 0));
  host.Do(Probe(Op::kNack, "A", kGoingOffline, EBUSY));
  host.Do(Probe(Op::kPagesat, "A", kGoingOffline));
  host.Do(Probe(Op::kUnreg, "A"));
  CHECK(host.Do(Probe(Op::kClear, "A")) == -EINVAL);
  host.Do(Reg("A", 0));
  CHECK(host.Shown(State(5, "offline")) == Strings{"A GOING_OFFLINE 5", "A OFFLINE 5", "= 7"});
  host.Do(Probe(Op::kNack, "A", kGoingOnline, EBUSY));
  host.Do(Probe(Op::kSleep, "A", kGoingOnline, 900));
  host.Do(Command(Op::kUnregall));
  host.Do(Reg("A", 0));
  CHECK(host.Do(State(5, "online")) == 6);
}

TEST_CASE("events say where PAGES and ZONE follow", "[instrument]") {
  Host host;
  host.Do(Reg("A", 0));
  CHECK(host.Do(Probe(Op::kPagesat, "A", kGoingOffline)) == 0);
  CHECK(host.Do(Probe(Op::kPagesat, "A", mm::MEM_ONLINE)) == 0);
  CHECK(host.Do(Probe(Op::kZonesat, "A", mm::MEM_ONLINE)) == 0);
  CHECK(host.Shown(State(5, "offline")) ==
        Strings{"A GOING_OFFLINE 5 +PAGES", "A OFFLINE 5", "= 7"});
  CHECK(host.Shown(State(5, "online")) ==
        Strings{"A GOING_ONLINE 5", "A ONLINE 5 +PAGES +ZONE", "= 6"});
  host.Do(Probe(Op::kClear, "A"));
  CHECK(host.Shown(State(5, "offline")) == Strings{"A GOING_OFFLINE 5", "A OFFLINE 5", "= 7"});
}

// ---- Probes: sleeping, and commands meanwhile ---------------------------------------------

TEST_CASE("a probe sleeps behind its event, and the file says going-offline", "[instrument]") {
  Host host;
  host.Do(Reg("A", 10));
  host.Do(Reg("B", 0));
  CHECK(host.Do(Probe(Op::kSleep, "A", kGoingOffline, 900, 5)) == 0);
  CHECK(host.Do(State(4, "offline")) == 7);
  host.lines.clear();
  const sim::TaskId p = Start(State(5, "offline"));
  CHECK(host.Drive(p) == sim::Stop::kBlocked);
  CHECK(host.lines == Strings{"A GOING_OFFLINE 5", "SLEEP A 900"});
  CHECK(sim::task(p).state == sim::TaskState::kSleeping);
  CHECK(StateOf(5) == mm::MEM_GOING_OFFLINE);
  CHECK(host.Drive(p) == sim::Stop::kFinished);
  CHECK(host.lines == Strings{"A GOING_OFFLINE 5", "SLEEP A 900", "WAKE A", "B GOING_OFFLINE 5",
                              "A OFFLINE 5", "B OFFLINE 5", "= 7"});
}

TEST_CASE("a probe that is registered during GOING sees the end without it", "[instrument]") {
  Host host;
  host.Do(Reg("A", 10));
  host.Do(Probe(Op::kSleep, "A", kGoingOffline, 900));
  const sim::TaskId p = Start(State(5, "offline"));
  host.Drive(p);
  const sim::TaskId reg = Start(Reg("B", 20));
  CHECK(host.Drive(reg) == sim::Stop::kBlocked);
  CHECK(ChainText() == "A:10");
  host.lines.clear();
  host.DriveTo(p, "WAKE A");
  CHECK(host.Drive(reg) == sim::Stop::kBlocked);
  // It gets its turn when the event is over, before the next one is delivered.
  CHECK(host.Drive(p) == sim::Stop::kBlocked);
  CHECK(host.Drive(reg) == sim::Stop::kFinished);
  CHECK(host.Drive(p) == sim::Stop::kFinished);
  CHECK(host.lines == Strings{"WAKE A", "= 0", "B OFFLINE 5", "A OFFLINE 5", "= 7"});
}

TEST_CASE("a probe that is unregistered during an event still follows its rules", "[instrument]") {
  Host host;
  host.Do(Reg("A", 10));
  host.Do(Reg("B", 0));
  host.Do(Probe(Op::kSleep, "A", kGoingOffline, 900));
  host.Do(Probe(Op::kNack, "B", kGoingOffline, EBUSY));
  const sim::TaskId p = Start(State(5, "offline"));
  host.Drive(p);
  const sim::TaskId unreg = Start(Probe(Op::kUnreg, "B"));
  CHECK(host.Drive(unreg) == sim::Stop::kBlocked);
  host.lines.clear();
  CHECK(host.Drive(p) == sim::Stop::kBlocked);  // the writer comes before the next reader
  CHECK(host.Drive(unreg) == sim::Stop::kFinished);
  CHECK(host.Drive(p) == sim::Stop::kFinished);
  CHECK(host.lines ==
        Strings{"WAKE A", "B GOING_OFFLINE 5 = -16 stops", "= 0", "A CANCEL_OFFLINE 5", "= -16"});
}

// ---- Signals ----------------------------------------------------------------------------

// A machine whose offline of block 5 sleeps in GOING_OFFLINE, between two probes.
struct SleepingHost : Host {
  SleepingHost() {
    Do(Reg("A", 10));
    Do(Reg("B", 0));
    Do(Probe(Op::kSleep, "A", kGoingOffline, 900, 5));
    p = Start(State(5, "offline"));
    Drive(p);
    lines.clear();
  }
  sim::TaskId p{};
};

TEST_CASE("a handled signal interrupts an offline behind GOING_OFFLINE", "[instrument]") {
  for (const uint32_t number : {10u, 14u}) {
    SleepingHost host;
    Signal(host.p, number);
    CHECK(sim::task(host.p).state == sim::TaskState::kSleeping);  // not interruptible
    CHECK(host.Drive(host.p) == sim::Stop::kFinished);
    CHECK(host.lines == Strings{"WAKE A", "B GOING_OFFLINE 5", "A CANCEL_OFFLINE 5",
                                "B CANCEL_OFFLINE 5", "= -4 (signal " + Number(number) + ")"});
    CHECK(ResultOf(host.p).died == 0);
  }
}

TEST_CASE("a deadly signal kills the process when CANCEL has been delivered", "[instrument]") {
  SleepingHost host;
  Signal(host.p, 14);
  Signal(host.p, 15);
  Signal(host.p, 9);
  CHECK(host.Drive(host.p) == sim::Stop::kFinished);
  CHECK(host.lines == Strings{"WAKE A", "B GOING_OFFLINE 5", "A CANCEL_OFFLINE 5",
                              "B CANCEL_OFFLINE 5", "died 15"});
  CHECK(ResultOf(host.p).died == 1);
  CHECK(ResultOf(host.p).signal == 15);
  CHECK(ResultOf(host.p).rc == -EINTR);
  CHECK(StateOf(5) == mm::MEM_ONLINE);
}

TEST_CASE("a refusal beats the signal, and the handler has run all the same", "[instrument]") {
  SleepingHost host;
  host.Do(Probe(Op::kNack, "B", kGoingOffline, EBUSY));
  Signal(host.p, 10);
  host.Drive(host.p);
  CHECK(host.lines.back() == "= -16 (signal 10)");
}

TEST_CASE("onlining ignores signals", "[instrument]") {
  Host host;
  host.Do(Reg("A", 0));
  host.Do(Probe(Op::kSleep, "A", kGoingOnline, 900));
  for (const uint32_t number : {10u, 9u}) {
    const sim::TaskId p = Start(State(16 + number % 2, "online"));
    host.Drive(p);
    Signal(p, number);
    CHECK(host.Drive(p) == sim::Stop::kFinished);
    CHECK(host.lines.back() == (number == 10 ? "= 6 (signal 10)" : "died 9"));
    CHECK(StateOf(16 + number % 2) == mm::MEM_ONLINE);
  }
}

TEST_CASE("a handled signal does not end the wait for the hotplug lock", "[instrument]") {
  SleepingHost host;
  const sim::TaskId waiter = Start(State(4, "offline"));
  CHECK(host.Drive(waiter) == sim::Stop::kBlocked);
  CHECK(sim::task(waiter).state == sim::TaskState::kPolling);
  for (int i = 0; i < 200; ++i) host.Step(waiter);  // its timer has long expired
  Signal(waiter, 14);
  for (int i = 0; i < 5; ++i) host.Step(waiter);
  CHECK(host.lines.empty());
  CHECK(host.Drive(host.p) == sim::Stop::kFinished);
  host.lines.clear();
  // The handler ran between two attempts: the offline is not interrupted any more.
  sim::Stop stop = sim::Stop::kPaused;
  for (int i = 0; i < 1000 && stop != sim::Stop::kFinished; ++i) stop = host.Step(waiter);
  CHECK(host.lines == Strings{"A GOING_OFFLINE 4", "B GOING_OFFLINE 4", "A OFFLINE 4",
                              "B OFFLINE 4", "= 7 (signal 14)"});
}

TEST_CASE("a command waits for the hotplug lock with the signal pending", "[instrument]") {
  SleepingHost host;
  const sim::TaskId waiter = Start(Command(Op::kOarm, 4, 1));
  CHECK(host.Drive(waiter) == sim::Stop::kBlocked);
  CHECK(sim::task(waiter).state == sim::TaskState::kLocked);
  Signal(waiter, 14);
  CHECK(host.Drive(waiter) == sim::Stop::kBlocked);
  CHECK(host.Drive(host.p) == sim::Stop::kFinished);
  host.lines.clear();
  CHECK(host.Drive(waiter) == sim::Stop::kFinished);
  CHECK(host.lines == Strings{"A GOING_OFFLINE 4", "B GOING_OFFLINE 4", "A CANCEL_OFFLINE 4",
                              "B CANCEL_OFFLINE 4", "= -4 (signal 14)"});
}

TEST_CASE("a deadly signal ends the wait for the hotplug lock without an event", "[instrument]") {
  SleepingHost host;
  const sim::TaskId waiter = Start(State(4, "offline"));
  host.Drive(waiter);
  Signal(waiter, 9);
  sim::Stop stop = sim::Stop::kPaused;
  for (int i = 0; i < 1000 && stop != sim::Stop::kFinished; ++i) stop = host.Step(waiter);
  CHECK(host.lines == Strings{"died 9"});
  CHECK(StateOf(4) == mm::MEM_ONLINE);
}

TEST_CASE("the loser of two offlines of a block finds it offline", "[instrument]") {
  SleepingHost host;
  const sim::TaskId waiter = Start(State(5, "offline"));
  host.Drive(waiter);
  host.Drive(host.p);
  sim::Stop stop = sim::Stop::kPaused;
  for (int i = 0; i < 1000 && stop != sim::Stop::kFinished; ++i) stop = host.Step(waiter);
  CHECK(host.lines.back() == "= -22");
}

TEST_CASE("a signal before the first step", "[instrument]") {
  Host host;
  const sim::TaskId handled = Start(State(5, "offline"));
  Signal(handled, 10);
  CHECK(host.Drive(handled) == sim::Stop::kFinished);
  CHECK(host.lines.back() == "= 7 (signal 10)");
  const sim::TaskId command = Start(Command(Op::kOarm, 6, 1));
  Signal(command, 14);
  CHECK(host.Drive(command) == sim::Stop::kFinished);
  CHECK(host.lines.back() == "= 0 (signal 14)");
  const sim::TaskId killed = Start(State(4, "offline"));
  Signal(killed, 9);
  CHECK(host.Drive(killed) == sim::Stop::kFinished);
  CHECK(host.lines.back() == "died 9");
  CHECK(StateOf(4) == mm::MEM_ONLINE);
}

TEST_CASE("a signal behind the return has no effect", "[instrument]") {
  Host host;
  const sim::TaskId p = Start(State(5, "offline"));
  host.DriveTo(p, "= 7");
  Signal(p, 9);
  Signal(p, 10);
  CHECK(host.Drive(p) == sim::Stop::kFinished);
  CHECK(ResultOf(p).died == 0);
  CHECK(ResultOf(p).signal == 0);
}

// ---- The allocation ---------------------------------------------------------------------

TEST_CASE("mtalloc takes the lowest range of the highest kernel zone", "[instrument]") {
  Host host;
  CHECK(host.Do(Mtalloc(0)) == -EINVAL);
  CHECK(host.Do(Mtalloc(3)) == -EINVAL);
  CHECK(MtBase() == -1);
  CHECK(host.Shown(Mtalloc(2)) == Strings{"alloc 4 2", "= 0"});
  CHECK(MtBase() == FirstOf(4));
  CHECK(Counted(4, 1, true) == 64);
  CHECK(Counted(5, 1, true) == 64);
  CHECK(AllFree(6));
  CHECK(host.Do(Mtalloc(1)) == -EEXIST);
  CHECK(host.Do(Command(Op::kMtforget)) == 0);
  // The pages stay taken, and another allocation has to do without them.
  CHECK(host.Shown(Mtalloc(1)) == Strings{"alloc 6 1", "= 0"});
  host.Do(Command(Op::kMtforget));
  CHECK(host.Do(Mtalloc(1)) == -ENOMEM);  // Movable is never asked
  CHECK(AllFree(7));
}

TEST_CASE("mtfree gives back the allocation, or blocks of it", "[instrument]") {
  Host host;
  CHECK(host.Do(Command(Op::kMtfree)) == -ENOENT);
  host.Do(Mtalloc(2));
  CHECK(host.Shown(Command(Op::kMtfree)) == Strings{"free 4 128", "= 0"});
  CHECK(AllFree(4));
  CHECK(AllFree(5));
  CHECK(Counted(4, 0, true) == 0);
  CHECK(host.Do(Command(Op::kMtfree)) == -ENOENT);
  host.Do(Mtalloc(2));
  for (const auto& [block, count] : {std::pair{3u, 1u}, {5u, 2u}, {6u, 1u}, {4u, 3u}}) {
    CHECK(host.Do(Command(Op::kMtfree, block, count)) == -EINVAL);
  }
  CHECK(host.Shown(Command(Op::kMtfree, 5, 1)) == Strings{"free 5 64", "= 0"});
  CHECK(Counted(4, 1, true) == 64);  // forgotten
  CHECK(host.Do(Command(Op::kMtfree)) == -ENOENT);
}

TEST_CASE("mtreg and mtunreg", "[instrument]") {
  Host host;
  CHECK(host.Do(Rfc(Op::kMtreg)) == -ENOENT);
  CHECK(host.Do(Command(Op::kMtunreg)) == -ENOENT);
  host.Do(Mtalloc(1));
  CHECK(host.Do(Rfc(Op::kMtreg, 60)) == 0);
  CHECK(ChainText() == "RFC:60");
  CHECK(host.Do(Rfc(Op::kMtreg)) == -EINVAL);
  CHECK(host.Do(Fixed(Op::kMtreg)) == -EINVAL);
  host.Do(Command(Op::kUnregall));
  CHECK(ChainText() == "RFC:60");
  for (const Op op : {Op::kMtrun, Op::kMtfree, Op::kMtfreeok}) {
    CHECK(host.Do(Command(op)) == -EPERM);
  }
  CHECK(host.Do(Command(Op::kMtunreg)) == 0);
  CHECK(ChainText().empty());
  CHECK(host.Do(Fixed(Op::kMtreg, -3)) == 0);
  CHECK(ChainText() == "FIX:-3");
  CHECK(host.Do(Command(Op::kMtunreg)) == 0);
}

TEST_CASE("the RFC's notifier hands its pages over and takes them back", "[instrument]") {
  Host host;
  host.Do(Mtalloc(1));
  host.Do(Reg("H", 1000));
  host.Do(Rfc(Op::kMtreg));
  host.Do(Reg("L", -10));
  host.Do(Probe(Op::kNack, "L", kGoingOffline, EBUSY));
  // It shows nothing of blocks that are not its own.
  CHECK(host.Shown(State(5, "offline")) ==
        Strings{"H GOING_OFFLINE 5", "L GOING_OFFLINE 5 = -16 stops", "H CANCEL_OFFLINE 5",
                "L CANCEL_OFFLINE 5", "= -16"});
  host.lines.clear();
  const sim::TaskId p = Start(State(4, "offline"));
  host.DriveTo(p, "RFC GOING_OFFLINE 4 flag=0");
  CHECK(Counted(4, 1, true) == 64);  // its event first, then the references
  host.DriveTo(p, "L GOING_OFFLINE 4 = -16 stops");
  CHECK(Counted(4, 0, true) == 64);
  host.DriveTo(p, "RFC CANCEL_OFFLINE 4 flag=1");
  CHECK(Counted(4, 0, true) == 64);
  CHECK(host.Drive(p) == sim::Stop::kFinished);
  CHECK(Counted(4, 1, true) == 64);
  host.Do(Probe(Op::kClear, "L"));
  CHECK(host.Do(State(4, "offline")) == 7);
  CHECK(Counted(4, 0, true) == 64);
  // GOING_ONLINE: the wrong helper refuses nothing, and the pages are Linux' again.
  CHECK(host.Shown(State(4, "online")) ==
        Strings{"H GOING_ONLINE 4", "RFC GOING_ONLINE 4 flag=1 = 0", "L GOING_ONLINE 4",
                "H ONLINE 4", "RFC ONLINE 4 flag=1", "L ONLINE 4", "= 6"});
  CHECK(AllFree(4));
}

TEST_CASE("pages that nobody hands over refuse the offline behind GOING_OFFLINE", "[instrument]") {
  Host host;
  host.Do(Mtalloc(1));
  host.Do(Reg("A", 0));
  CHECK(host.Shown(State(4, "offline")) ==
        Strings{"A GOING_OFFLINE 4", "A CANCEL_OFFLINE 4", "= -16"});
  CHECK(Counted(4, 1, true) == 64);
}

// The RFC's bug: block A has gone offline, B is refused from above; the flag is still set.
void StaleFlag(Host& host, const Work& reg) {
  host.Do(Mtalloc(2));
  host.Do(Reg("H", 1000));
  host.Do(reg);
  host.Do(Probe(Op::kNack, "H", kGoingOffline, EBUSY, 5));
  CHECK(host.Do(State(4, "offline")) == 7);
  host.lines.clear();
  CHECK(host.Do(State(5, "offline")) == kEbusy);
}

TEST_CASE("the RFC's stale flag takes references that nobody dropped", "[instrument]") {
  Host host;
  StaleFlag(host, Rfc(Op::kMtreg));
  CHECK(host.lines == Strings{"H GOING_OFFLINE 5 = -16 stops", "H CANCEL_OFFLINE 5",
                              "RFC CANCEL_OFFLINE 5 flag=1", "= -16"});
  CHECK(Counted(5, 2, true) == 64);
  CHECK(host.Do(State(5, "offline")) == kEbusy);  // the flag is false now
  CHECK(Counted(5, 2, true) == 64);
  // Block A cannot be freed, B loses its pages: one reference is left.
  host.Do(Command(Op::kMtunreg));
  CHECK(host.Shown(Command(Op::kMtfreeok)) ==
        Strings{"forgotten 4", "free 5 64", "WARN 64 in use", "= 0"});
  CHECK(Counted(5, 1, false) == 64);
  CHECK(host.Do(Command(Op::kMtfreeok)) == -ENOENT);
  CHECK(host.Shown(State(5, "offline")) == Strings{"= -16"});  // unmovable: no events
}

TEST_CASE("the corrected notifier", "[instrument]") {
  Host host;
  StaleFlag(host, Fixed(Op::kMtreg));
  CHECK(host.lines == Strings{"H GOING_OFFLINE 5 = -16 stops", "H CANCEL_OFFLINE 5",
                              "FIX CANCEL_OFFLINE 5 flag=0", "= -16"});
  CHECK(Counted(5, 1, true) == 64);
  CHECK(host.Shown(State(4, "online")) ==
        Strings{"H GOING_ONLINE 4", "FIX GOING_ONLINE 4 flag=0 = -16 stops", "H CANCEL_ONLINE 4",
                "FIX CANCEL_ONLINE 4 flag=0", "= -16"});
  host.Do(Probe(Op::kNack, "H", mm::MEM_OFFLINE, EBUSY));
  CHECK(host.Do(State(5, "offline")) == 7);  // H hides OFFLINE: the flag stays
  host.Do(Command(Op::kMtunreg));
  host.Do(Command(Op::kMtforget));
  host.Do(Probe(Op::kNack, "H", kGoingOffline, EBUSY));
  host.Do(Mtalloc(1));
  host.Do(Fixed(Op::kMtreg));
  host.lines.clear();
  CHECK(host.Do(State(6, "offline")) == kEbusy);
  CHECK(host.lines[2] == "FIX CANCEL_OFFLINE 6 flag=1");  // static: survives everything
}

TEST_CASE("mtfree of blocks that are not as mtalloc left them is EPERM", "[instrument]") {
  Host host;
  StaleFlag(host, Rfc(Op::kMtreg));
  host.Do(Command(Op::kMtunreg));
  CHECK(host.Do(Command(Op::kMtfree)) == -EPERM);  // block 4 is offline
  CHECK(host.Do(Command(Op::kMtfree, 4, 1)) == -EPERM);
  CHECK(host.Do(Rfc(Op::kMtrun)) == -EPERM);
  CHECK(host.Do(State(4, "online")) == 6);
  CHECK(host.Do(Command(Op::kMtfree, 4, 1)) == -EPERM);  // online, but no longer PageOffline
  CHECK(host.Do(Command(Op::kMtfree, 5, 1)) == 0);       // two references will do
}

TEST_CASE("a page that is in use by somebody else is none of the allocation's", "[instrument]") {
  Host host;
  host.Do(Mtalloc(1));
  host.Do(Rfc(Op::kMtreg));
  host.Do(State(4, "offline"));
  host.Do(State(4, "online"));
  host.Do(Command(Op::kMtunreg));
  while (mm::alloc_pages(mm::NodeId{0}, false, 0, mm::kKernel).v != mm::kNoPfn) {
  }
  CHECK(Counted(4, 1, false) == 64);
  CHECK(host.Do(Command(Op::kMtfree)) == -EPERM);
  CHECK(host.Do(Rfc(Op::kMtrun)) == -EPERM);
  CHECK(host.Shown(Command(Op::kMtfreeok)) == Strings{"forgotten 4", "= 0"});
}

// ---- The function of the RFC ------------------------------------------------------------

TEST_CASE("mtrun removes the allocation block by block", "[instrument]") {
  Host host;
  CHECK(host.Do(Rfc(Op::kMtrun)) == -EINVAL);
  host.Do(Mtalloc(2));
  host.Do(Reg("H", 1000));
  CHECK(host.Shown(Rfc(Op::kMtrun)) ==
        Strings{"H GOING_OFFLINE 4", "RFC GOING_OFFLINE 4 flag=0", "H OFFLINE 4",
                "RFC OFFLINE 4 flag=1", "remove 4 = 0", "H GOING_OFFLINE 5",
                "RFC GOING_OFFLINE 5 flag=1", "H OFFLINE 5", "RFC OFFLINE 5 flag=1", "remove 5 = 0",
                "all removed 4", "= 0"});
  CHECK(StateOf(4) == 0);
  CHECK(StateOf(5) == 0);
  CHECK(ChainText() == "H:1000");
  CHECK(host.Do(Command(Op::kMtfree)) == -ENOENT);
  CHECK(host.Do(Command(Op::kAdd, 4)) == 0);
}

TEST_CASE("mtrun that is refused adds back what it has removed", "[instrument]") {
  Host host;
  host.Do(Mtalloc(2));
  host.Do(Reg("H", 1000));
  host.Do(Probe(Op::kNack, "H", kGoingOffline, EBUSY, 5));
  CHECK(host.Shown(Rfc(Op::kMtrun)) ==
        Strings{"H GOING_OFFLINE 4", "RFC GOING_OFFLINE 4 flag=0", "H OFFLINE 4",
                "RFC OFFLINE 4 flag=1", "remove 4 = 0", "H GOING_OFFLINE 5 = -16 stops",
                "H CANCEL_OFFLINE 5", "RFC CANCEL_OFFLINE 5 flag=1", "remove 5 = -16", "kept 5",
                "add_memory = 0", "H GOING_ONLINE 4", "H ONLINE 4", "online 4 = 0", "free 5 64",
                "WARN 64 in use", "= -16"});
  CHECK(AllFree(4));
  CHECK(Counted(5, 1, false) == 64);  // lost
  CHECK(host.Do(Rfc(Op::kMtrun)) == -EINVAL);
}

TEST_CASE("mtrun with the corrected notifier loses nothing", "[instrument]") {
  Host host;
  host.Do(Mtalloc(2));
  host.Do(Reg("H", 1000));
  host.Do(Probe(Op::kNack, "H", kGoingOffline, EBUSY, 5));
  host.lines.clear();
  CHECK(host.Do(Fixed(Op::kMtrun)) == kEbusy);
  const Strings end(host.lines.end() - 8, host.lines.end());
  CHECK(end == Strings{"remove 5 = -16", "kept 5", "add_memory = 0", "H GOING_ONLINE 4",
                       "H ONLINE 4", "online 4 = 0", "free 5 64", "= -16"});
  CHECK(AllFree(4));
  CHECK(AllFree(5));
}

TEST_CASE("mtrun that is refused at once adds nothing", "[instrument]") {
  Host host;
  host.Do(Mtalloc(2));
  host.Do(Reg("L", -10));
  host.Do(Probe(Op::kNack, "L", kGoingOffline, ENOSPC));
  CHECK(host.Shown(Rfc(Op::kMtrun)) ==
        Strings{"RFC GOING_OFFLINE 4 flag=0", "L GOING_OFFLINE 4 = -28 stops",
                "RFC CANCEL_OFFLINE 4 flag=1", "L CANCEL_OFFLINE 4", "remove 4 = -28", "kept 4",
                "kept 5", "free 4 128", "= -28"});
  CHECK(AllFree(4));
  CHECK(AllFree(5));
}

TEST_CASE("blocks that are added back may be refused, or online already", "[instrument]") {
  for (const char* automatic : {"offline", "online"}) {
    Host host;
    host.Do(Mtalloc(2));
    host.Do(Reg("H", 1000));
    host.Do(Probe(Op::kNack, "H", kGoingOffline, EBUSY, 5));
    const bool refuses = std::string(automatic) == "offline";
    host.Do(Reg("L", 0));
    if (refuses) host.Do(Probe(Op::kNack, "L", kGoingOnline, EPERM));
    CHECK(WriteAutoOnline(automatic) == 0);
    host.lines.clear();
    CHECK(host.Do(Fixed(Op::kMtrun)) == kEbusy);
    CHECK(host.lines[host.lines.size() - 3] == (refuses ? "online 4 = -1" : "online 4 = 1"));
    CHECK(StateOf(4) == (refuses ? mm::MEM_OFFLINE : mm::MEM_ONLINE));
  }
}

TEST_CASE("adding back ends at the first block that refuses", "[instrument]") {
  mm::BootConfig boot = BootOf();
  boot.blocks[3].zone = mm::ZONE_NORMAL;
  Host host(boot);
  host.Do(Mtalloc(4));
  host.Do(Reg("H", 1000));
  host.Do(Reg("L", -10));
  host.Do(Probe(Op::kNack, "H", kGoingOffline, EBUSY, 7));
  host.Do(Probe(Op::kNack, "L", kGoingOnline, ENOMEM, 5));
  host.lines.clear();
  CHECK(host.Do(Fixed(Op::kMtrun)) == kEbusy);
  const Strings end(host.lines.end() - 4, host.lines.end());
  CHECK(end == Strings{"L CANCEL_ONLINE 5", "online 5 = -12", "free 7 64", "= -16"});
  CHECK(StateOf(4) == mm::MEM_ONLINE);
  CHECK(StateOf(5) == mm::MEM_OFFLINE);
  CHECK(StateOf(6) == mm::MEM_OFFLINE);
}

TEST_CASE("an alarm interrupts mtrun, which goes on to its end", "[instrument]") {
  Host host;
  host.Do(Mtalloc(2));
  host.Do(Reg("H", 1000));
  host.Do(Probe(Op::kSleep, "H", kGoingOffline, 900, 5));
  const sim::TaskId p = Start(Fixed(Op::kMtrun));
  host.DriveTo(p, "SLEEP H 900");
  Signal(p, 14);
  host.lines.clear();
  while (host.Step(p) != sim::Stop::kFinished) {
  }
  CHECK(host.lines.back() == "= -4 (signal 14)");
  CHECK(host.lines[host.lines.size() - 3] == "online 4 = 0");
  CHECK(AllFree(4));
  CHECK(AllFree(5));
}

TEST_CASE("blocks of a real size: the RFC's bug in the whole function", "[instrument]") {
  Host host(BootOf("6.1", 15));
  host.Do(Mtalloc(2));
  CHECK(Counted(5, 1, true) == 32768);
  host.Do(Reg("H", 1000));
  host.Do(Probe(Op::kNack, "H", kGoingOffline, EBUSY, 5));
  host.lines.clear();
  const sim::TaskId p = Start(Rfc(Op::kMtrun));
  host.DriveTo(p, "kept 5");
  CHECK(Counted(5, 2, true) == 32768);
  CHECK(host.Drive(p) == sim::Stop::kFinished);
  const Strings end(host.lines.end() - 3, host.lines.end());
  CHECK(end == Strings{"free 5 32768", "WARN 32768 in use", "= -16"});
  CHECK(Counted(5, 1, false) == 32768);
  CHECK(AllFree(4));
}

// ---- Removing and adding ----------------------------------------------------------------

TEST_CASE("oarm, rm and add", "[instrument]") {
  Host host;
  CHECK(host.Do(Command(Op::kRm, 5)) == kEbusy);
  CHECK(host.Do(Command(Op::kAdd, 5)) == -EEXIST);
  CHECK(host.Do(Command(Op::kOarm, 5, 1)) == 0);
  CHECK(StateOf(5) == 0);
  CHECK(host.Do(Command(Op::kAdd, 5)) == 0);
  CHECK(StateOf(5) == mm::MEM_OFFLINE);
  CHECK(host.Do(Command(Op::kRm, 5)) == 0);
  CHECK(host.Do(Command(Op::kOarm, 4, 0)) == -EINVAL);
  for (const Op op : {Op::kOarm, Op::kRm, Op::kAdd, Op::kAddmm}) {
    CHECK(host.Do(Command(op, kAny, 1)) == -EINVAL);
  }
  CHECK(WriteAutoOnline("online_movable\n") == 0);
  CHECK(host.Do(Command(Op::kAdd, 5)) == 0);
  CHECK(ZoneOf(5) == mm::ZONE_MOVABLE);
  CHECK(StateOf(5) == mm::MEM_ONLINE);
}

TEST_CASE("oarm of several blocks onlines them again on an error", "[instrument]") {
  Host host;
  host.Do(State(16, "online_movable"));
  host.Do(State(17, "online_kernel"));
  host.Do(Reg("A", 0));
  host.Do(Probe(Op::kNack, "A", kGoingOffline, EBUSY, 17));
  CHECK(host.Shown(Command(Op::kOarm, 16, 2)) ==
        Strings{"A GOING_OFFLINE 16", "A OFFLINE 16", "A GOING_OFFLINE 17 = -16 stops",
                "A CANCEL_OFFLINE 17", "A GOING_ONLINE 16", "A ONLINE 16", "= -16"});
  CHECK(ZoneOf(16) == mm::ZONE_MOVABLE);
  Host old(BootOf("5.9"));
  CHECK(old.Do(Command(Op::kOarm, 5, 2)) == -EINVAL);
  CHECK(old.Do(Command(Op::kOarm, 5, 1)) == 0);
}

TEST_CASE("an endless oarm ends with its alarm", "[instrument]") {
  Host host;
  host.Do(Grab(7, 3));
  host.Do(Reg("A", 0));
  const sim::TaskId p = Start(Command(Op::kOarm, 7, 1));
  CHECK(host.Drive(p) == sim::Stop::kBlocked);
  CHECK(sim::task(p).state == sim::TaskState::kSpinning);
  host.lines.clear();
  Signal(p, 14);
  CHECK(host.Drive(p) == sim::Stop::kFinished);
  CHECK(host.lines == Strings{"A CANCEL_OFFLINE 7", "= -4 (signal 14)"});
}

TEST_CASE("addmm puts the memmap into the block", "[instrument]") {
  Host host(BootOf("6.1", 15));
  mm::mm().mhp_memmap_on_memory = 1;
  host.Do(Reg("A", 0));
  CHECK(host.Do(Command(Op::kRm, 19)) == 0);
  CHECK(host.Do(Command(Op::kAddmm, 19)) == 0);
  CHECK(host.Do(Command(Op::kAddmm, 19)) == -EEXIST);
  const sim::TaskId p = Start(State(19, "online_movable"));
  host.DriveTo(p, "A GOING_ONLINE 19");
  CHECK(EventOf(p).start_pfn == FirstOf(19) + 512);
  CHECK(EventOf(p).nr_pages == 32256);
  CHECK(host.Drive(p) == sim::Stop::kFinished);
  host.Do(Command(Op::kOarm, 19, 1));
  CHECK(host.Do(Command(Op::kAdd, 19)) == 0);
  CHECK(mm::BlockAt(BlockId{19}).nr_vmemmap_pages == 0);
}

TEST_CASE("auto_online_blocks", "[instrument]") {
  Host host;
  CHECK(WriteAutoOnline("Online") == -EINVAL);
  CHECK(WriteAutoOnline("foo") == -EINVAL);
  CHECK(WriteAutoOnline("") == -EINVAL);
  CHECK(mm::mm().memhp_default_online_type == mm::MMOP_OFFLINE);
  CHECK(WriteAutoOnline("online_kernel") == 0);
  CHECK(mm::mm().memhp_default_online_type == mm::MMOP_ONLINE_KERNEL);
  CHECK(WriteAutoOnline("online_movable") == 0);
  CHECK(mm::mm().memhp_default_online_type == mm::MMOP_ONLINE_MOVABLE);
  CHECK(WriteAutoOnline("online\n") == 0);
  CHECK(mm::mm().memhp_default_online_type == mm::MMOP_ONLINE);
  CHECK(WriteAutoOnline("offline") == 0);
  CHECK(mm::mm().memhp_default_online_type == mm::MMOP_OFFLINE);
}

// ---- Single pages -----------------------------------------------------------------------

TEST_CASE("a grabbed page of a kernel zone is EBUSY at once, without events", "[instrument]") {
  Host host;
  host.Do(Reg("A", 0));
  const uint32_t pfn = FirstOf(5) + 17;
  CHECK(host.Shown(Grab(5, 17)) == Strings{"grab " + Number(pfn) + " count=1", "= 0"});
  CHECK(mm::PageAt(Pfn{pfn}).refcount == 1);
  CHECK(host.Shown(State(5, "offline")) == Strings{"= -16"});
  CHECK(host.Do(Command(Op::kUngrab, 4)) == -ENOENT);
  CHECK(host.Shown(Command(Op::kUngrab, 5)) == Strings{"ungrab " + Number(pfn), "= 0"});
  CHECK(AllFree(5));
  CHECK(host.Do(State(5, "offline")) == 7);
}

TEST_CASE("grab and its errors", "[instrument]") {
  Host host;
  CHECK(host.Do(Grab(16, 0)) == -ENODEV);  // offline
  CHECK(host.Do(Grab(99, 0)) == -ENODEV);
  CHECK(host.Do(Grab(5, -1)) == -EINVAL);
  CHECK(host.Do(Grab(5, 64)) == -EINVAL);
  CHECK(host.Do(Grab(kAny, 0)) == -EINVAL);
  CHECK(host.Do(Grab(5, 63)) == 0);
  CHECK(host.Do(Grab(5, 63)) == kEbusy);
  CHECK(host.Do(Grab(5, 62)) == kEbusy);  // in the pageblock of a page that cannot be moved
  for (uint32_t i = 0; i + 1 < kMaxGrabbed; ++i) CHECK(host.Do(Grab(4 + i / 4, i % 4 * 16)) == 0);
  CHECK(host.Do(Grab(6, 0)) == -ENOSPC);
  // Those of one block in the order of grabbing, then all others.
  CHECK(host.Shown(Command(Op::kUngrab, 5)) ==
        Strings{"ungrab " + Number(FirstOf(5) + 63), "ungrab " + Number(FirstOf(5)),
                "ungrab " + Number(FirstOf(5) + 16), "ungrab " + Number(FirstOf(5) + 32), "= 0"});
  CHECK(host.Shown(Command(Op::kUngrab)) ==
        Strings{"ungrab " + Number(FirstOf(4)), "ungrab " + Number(FirstOf(4) + 16),
                "ungrab " + Number(FirstOf(4) + 32), "ungrab " + Number(FirstOf(4) + 48), "= 0"});
  CHECK(host.Do(Command(Op::kUngrab)) == -ENOENT);
  CHECK(AllFree(4));
  CHECK(AllFree(5));
}

TEST_CASE("an offline of a movable block with a grabbed page repeats", "[instrument]") {
  Host host;
  host.Do(Reg("A", 0));
  host.Do(Grab(7, 20));
  const sim::TaskId p = Start(State(7, "offline"));
  for (int round = 0; round < 3; ++round) CHECK(host.Drive(p) == sim::Stop::kBlocked);
  CHECK(sim::task(p).state == sim::TaskState::kSpinning);
  CHECK(StateOf(7) == mm::MEM_GOING_OFFLINE);
  host.lines.clear();
  Signal(p, 14);
  CHECK(host.Drive(p) == sim::Stop::kFinished);
  CHECK(host.lines == Strings{"A CANCEL_OFFLINE 7", "= -4 (signal 14)"});
  // Or until the page is given back.
  const sim::TaskId again = Start(State(7, "offline"));
  CHECK(host.Drive(again) == sim::Stop::kBlocked);
  CHECK(host.Do(Command(Op::kUngrab, 7)) == 0);
  host.lines.clear();
  CHECK(host.Drive(again) == sim::Stop::kFinished);
  CHECK(host.lines == Strings{"A OFFLINE 7", "= 7"});
}

TEST_CASE("a held page is the only one that stays taken", "[instrument]") {
  Host host;
  host.Do(Reg("A", 0));
  CHECK(host.Do(Command(Op::kUnhold)) == -ENOENT);
  const uint32_t normal = testing::NormalZone().nr_free_pages;
  CHECK(host.Shown(Hold(6, false)) == Strings{"hold 6 count=1", "= 0"});
  // What was taken in vain is linked no more.
  for (Pfn pfn{FirstOf(4)}; pfn.v < FirstOf(8); ++pfn) {
    const mm::page& page = mm::PageAt(pfn);
    CHECK((mm::PageBuddy(page) || page.next == mm::kNoPfn));
  }
  CHECK(testing::NormalZone().nr_free_pages == normal - 1);
  CHECK(AllFree(4));
  CHECK(AllFree(7));
  CHECK(host.Do(Hold(5, false)) == kEbusy);
  CHECK(host.Shown(State(6, "offline")) == Strings{"= -16"});
  CHECK(host.Do(Command(Op::kUnhold)) == 0);
  CHECK(testing::NormalZone().nr_free_pages == normal);
  CHECK(host.Do(Command(Op::kUnhold)) == -ENOENT);
  CHECK(host.Do(State(6, "offline")) == 7);
}

TEST_CASE("a page held in Movable cannot be moved", "[instrument]") {
  Host host;
  CHECK(host.Do(Hold(7, false)) == -ENOMEM);  // no kernel allocation gets there
  for (uint32_t block = 4; block <= 7; ++block) CHECK(AllFree(block));
  CHECK(host.Do(Hold(16, true)) == -ENOMEM);  // offline
  CHECK(host.Do(Hold(7, true)) == 0);
  for (Pfn pfn{FirstOf(7)}; pfn.v < FirstOf(8); ++pfn) CHECK(!mm::PageLRU(mm::PageAt(pfn)));
  host.Do(Reg("A", 0));
  const sim::TaskId p = Start(State(7, "offline"));
  CHECK(host.Drive(p) == sim::Stop::kBlocked);
  CHECK(sim::task(p).state == sim::TaskState::kSpinning);
  CHECK(host.Do(Command(Op::kUnhold)) == 0);
  CHECK(host.Drive(p) == sim::Stop::kFinished);
  CHECK(ResultOf(p).rc == 7);
}

TEST_CASE("a boot may allocate for memtrace as often as it likes", "[instrument]") {
  Host host;
  for (uint32_t i = 0; i <= kMaxInstances; ++i) {
    CHECK(host.Do(Mtalloc(1)) == 0);
    CHECK(host.Do(Command(Op::kMtfree)) == 0);
  }
}

// A page on the LRU of block 7, of a process that stays.
uint32_t LruPage() {
  const Pfn pfn = mm::alloc_pages(mm::NodeId{0}, true, 0, mm::kKernel);
  REQUIRE(mm::BlockOf(pfn).v == 7);
  mm::lru_cache_add(pfn);
  return pfn.v;
}

TEST_CASE("a pinned page cannot be migrated", "[instrument]") {
  Host host;
  CHECK(host.Do(Command(Op::kPinlru, 7)) == -ENOENT);
  CHECK(host.Do(Command(Op::kPinlru, 17)) == -ENOENT);
  CHECK(host.Do(Command(Op::kPinlru, 99)) == -ENOENT);
  CHECK(host.Do(Command(Op::kUnpin)) == -ENOENT);
  host.Do(Hold(7, true));  // a page in front of it that is not on the LRU
  const uint32_t pfn = LruPage();
  CHECK(mm::PageAt(Pfn{pfn - 1}).refcount == 1);
  host.Do(State(16, "online_movable"));                 // room for what is migrated
  CHECK(host.Do(Grab(7, pfn - FirstOf(7))) == kEbusy);  // not free, though it could be moved
  CHECK(host.Shown(Command(Op::kPinlru, 7)) == Strings{"pin " + Number(pfn) + " count=2", "= 0"});
  CHECK(host.Do(Command(Op::kPinlru, 7)) == kEbusy);
  host.Do(Command(Op::kUnhold));
  host.Do(Reg("A", 0));
  const sim::TaskId p = Start(State(7, "offline"));
  CHECK(host.Drive(p) == sim::Stop::kBlocked);
  host.lines.clear();
  CHECK(host.Do(Command(Op::kUnpin)) == 0);
  CHECK(host.Drive(p) == sim::Stop::kFinished);
  CHECK(host.lines == Strings{"= 0", "A OFFLINE 7", "= 7"});
  CHECK(host.Do(Command(Op::kUnpin)) == -ENOENT);
}

// ---- Firmware ---------------------------------------------------------------------------

void OnlineDimm(Host& host) {
  for (uint32_t block = 16; block <= 19; ++block) {
    REQUIRE(host.Do(State(block, "online_movable")) == 14);
  }
}

TEST_CASE("an eject that is refused onlines again what it has offlined", "[instrument]") {
  Host host;
  host.Do(Command(Op::kRm, 19));
  host.Do(Command(Op::kAdd, 19));  // from now on no block of the firmware
  OnlineDimm(host);
  host.Do(Reg("M", 50));
  host.Do(Probe(Op::kNack, "M", kGoingOffline, EBUSY, 18));
  const Strings refused = {"M GOING_OFFLINE 18 = -16 stops", "M CANCEL_OFFLINE 18"};
  CHECK(host.Shown(Command(Op::kEject, 16)) ==
        Strings{"M GOING_OFFLINE 16", "M OFFLINE 16", "M GOING_OFFLINE 17", "M OFFLINE 17",
                refused[0], refused[1], refused[0], refused[1], "failed 18", "M GOING_ONLINE 16",
                "M ONLINE 16", "M GOING_ONLINE 17", "M ONLINE 17", "= -16"});
  for (uint32_t block = 16; block <= 19; ++block) CHECK(ZoneOf(block) == mm::ZONE_MOVABLE);
  // Nobody refuses: all blocks of the firmware go, and the DIMM cannot be removed.
  host.Do(Probe(Op::kClear, "M"));
  host.lines.clear();
  const sim::TaskId p = Start(Command(Op::kEject, 17));
  CHECK(host.Drive(p) == sim::Stop::kDead);
  CHECK(host.lines.back() == "BUG __remove_memory");
  CHECK(host.lines.size() == 7);
  CHECK(StateOf(18) == mm::MEM_OFFLINE);
  CHECK(StateOf(19) == mm::MEM_ONLINE);
  CHECK(sim::HeldBy(mm::mm().device_hotplug_lock.lock, p));
}

TEST_CASE("the first pass of an eject goes on behind an error", "[instrument]") {
  Host host;
  OnlineDimm(host);
  host.Do(State(19, "offline"));  // not offlined by the eject, so not onlined by it
  host.Do(Reg("M", 50));
  host.Do(Probe(Op::kNack, "M", kGoingOffline, EBUSY, 16, 1));
  // The second pass tries again what the first could not do, and succeeds.
  CHECK(host.Shown(Command(Op::kEject, 19)) ==
        Strings{"M GOING_OFFLINE 16 = -16 stops", "M CANCEL_OFFLINE 16", "M GOING_OFFLINE 17",
                "M OFFLINE 17", "M GOING_OFFLINE 18", "M OFFLINE 18", "M GOING_OFFLINE 16",
                "M OFFLINE 16", "= 0"});
  for (uint32_t block = 16; block <= 19; ++block) CHECK(StateOf(block) == 0);
  CHECK(StateOf(7) == mm::MEM_ONLINE);
}

TEST_CASE("a refused eject leaves alone what was offline", "[instrument]") {
  Host host;
  OnlineDimm(host);
  host.Do(State(16, "offline"));
  host.Do(Reg("M", 50));
  host.Do(Reg("N", 40));
  host.Do(Probe(Op::kNack, "M", kGoingOffline, EBUSY, 17));
  host.Do(Probe(Op::kNack, "N", kGoingOffline, EBUSY, 19));
  // The second pass ends at the first block that refuses.
  const Strings shown = host.Shown(Command(Op::kEject, 16));
  CHECK(std::count(shown.begin(), shown.end(), "M GOING_OFFLINE 17 = -16 stops") == 2);
  CHECK(std::count(shown.begin(), shown.end(), "N GOING_OFFLINE 19 = -16 stops") == 1);
  CHECK(shown.back() == "= -16");
  CHECK(StateOf(16) == mm::MEM_OFFLINE);
  for (uint32_t block = 17; block <= 19; ++block) CHECK(StateOf(block) == mm::MEM_ONLINE);
  CHECK(host.Do(Command(Op::kEject, 7)) == -ENODEV);
  CHECK(host.Do(Command(Op::kEject, 99)) == -ENODEV);
}

TEST_CASE("above the hole is the DIMM, whether boot has left it offline or not", "[instrument]") {
  mm::BootConfig boot = BootOf();
  for (uint32_t i = 4; i < 8; ++i) boot.blocks[i].offline = false;
  Host host(boot);
  CHECK(host.Do(Command(Op::kEject, 16)) == 0);
  for (uint32_t block = 16; block <= 19; ++block) CHECK(StateOf(block) == 0);
}

TEST_CASE("without a hole the DIMM is what boot has left offline", "[instrument]") {
  mm::BootConfig boot = BootOf();
  boot.gap_index = boot.gap_blocks = 0;
  Host host(boot);  // 4-7 online, 8-11 offline
  CHECK(host.Do(Command(Op::kEject, 7)) == -ENODEV);
  CHECK(host.Do(Command(Op::kEject, 8)) == 0);
  for (uint32_t block = 8; block <= 11; ++block) CHECK(StateOf(block) == 0);
  CHECK(StateOf(7) == mm::MEM_ONLINE);
}

// ---- The error injection module, the rest -------------------------------------------------

TEST_CASE("the error injection module refuses with the errors of its files", "[instrument]") {
  Host host;
  host.Do(Reg("H", 1000));
  host.Do(Reg("L", -10));
  AddKernelNotifier(static_cast<uint32_t>(Name("notifier_err_inject_callback")), 500, true);
  CHECK(ChainText() == "H:1000 notifier_err_inject_callback:500 L:-10");
  SetInjectedError(kGoingOffline, -16);
  CHECK(InjectedError(kGoingOffline) == -16);
  CHECK(InjectedError(kGoingOnline) == 0);
  CHECK(host.Shown(State(5, "offline")) == Strings{"H GOING_OFFLINE 5", "inject -16 GOING_OFFLINE",
                                                   "H CANCEL_OFFLINE 5", "L CANCEL_OFFLINE 5",
                                                   "= -16"});
  SetInjectedError(kGoingOffline, 0);
  SetInjectedError(kGoingOnline, -12);
  CHECK(host.Shown(State(5, "offline")) ==
        Strings{"H GOING_OFFLINE 5", "L GOING_OFFLINE 5", "H OFFLINE 5", "L OFFLINE 5", "= 7"});
  CHECK(host.Shown(State(5, "online")) == Strings{"H GOING_ONLINE 5", "inject -12 GOING_ONLINE",
                                                  "H CANCEL_ONLINE 5", "L CANCEL_ONLINE 5",
                                                  "= -12"});
  SetInjectedError(kGoingOnline, 5);
  CHECK(InjectedError(kGoingOnline) == 0);
  SetInjectedError(kGoingOnline, -5000);
  CHECK(InjectedError(kGoingOnline) == -4095);
  SetInjectedError(mm::MEM_ONLINE, -1);  // there is no such file
  CHECK(InjectedError(mm::MEM_ONLINE) == 0);
}

TEST_CASE("whoever prints pages drains the lists first", "[instrument]") {
  Host host;
  mm::mm().trace_functions = 1;
  CHECK(host.Do(Command(Op::kDump)) == 0);
  const auto& records = sim::machine->trace.records();
  REQUIRE(records.size() == 3);
  CHECK(records[0].tp == mm::kTpFnRet);
  CHECK(records[1].tp == kTpReturn);
}

TEST_CASE("the place of a process that has ended is taken by the next", "[instrument]") {
  Host host;
  const sim::TaskId first = Start(State(5, "offline"));
  Signal(first, 10);
  host.Drive(first);
  CHECK(ResultOf(first).signal == 10);
  const sim::TaskId second = Start(State(5, "online"));
  CHECK(second == first);
  CHECK(ResultOf(second).done == 0);
  CHECK(host.Drive(second) == sim::Stop::kFinished);
  CHECK(host.lines.back() == "= 6");
}

}  // namespace
}  // namespace hotplug::instrument
