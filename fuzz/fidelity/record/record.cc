// SPDX-License-Identifier: GPL-2.0-or-later
//
// The order of lines. conform runs a process when a line names it, up to that line, and lets
// the holder of a lock go on only to the end of its work. Of the locks that a write takes only
// the hotplug lock is ever waited for, so between two lines of its holder nobody else says
// anything here: what others say meanwhile (a bad word, a death while waiting) comes when the
// lock is free, which is as late as a parent may notice it.
//
// A process that has said nothing yet has not begun for conform. Where it matters that it has
// (a signal meets it, another takes the lock after it, a message of the kernel has to be its
// own), the return of a function inside the kernel is its first line: a marker.
#include "fuzz/fidelity/record/record.h"

#include <array>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fuzz/fidelity/replay/machine.h"
#include "fuzz/fidelity/replay/show.h"
#include "model/mm/kernel.h"
#include "model/mm/tracepoints.h"
#include "model/mm/zone.h"
#include "model/scenario/ops.h"
#include "model/scenario/print.h"
#include "model/scenario/words.h"
#include "model/sim/tracepoints.h"

namespace hotplug::record {

namespace {

using recording::Kind;
using recording::Line;
using recording::Make;
using scenario::Op;
using scenario::OpKind;
using scenario::Scenario;

std::string Num(int64_t v) { return std::to_string(v); }

// Like grammar, a line that is given as text must be one.
Line Read(const std::string& text) {
  absl::StatusOr<Line> line = recording::ParseLine(text, "recording", 0);
  HOTPLUG_CHECK(line.ok());
  return *std::move(line);
}

// How far the work of a process has come, as far as signals are concerned.
enum class Stage : uint8_t {
  kNotBegun,
  kHasLock,     // it has, or had, the hotplug lock
  kLookedOver,  // offlining looks for signals no more
};

// One write.
struct Process {
  int64_t number;
  const Op* op;
  Stage stage = Stage::kNotBegun;
  Stage shown = Stage::kNotBegun;                           // by its lines
  bool requested = false;                                   // its REQ line is there
  bool handled = false;                                     // its handler got signal 10
  uint32_t deadly = 0;                                      // the first signal that kills it
  std::optional<mm::memory_notify_arg> arg = std::nullopt;  // of its events
  // Read from the socket when the work is over; of a machine that died before, not any more.
  std::optional<Line> uevent = std::nullopt;
};

class Recorder : public run::Observer {
 public:
  explicit Recorder(const Scenario& s, std::string_view name) : scenario_(s) {
    file_.name = name;
    file_.kernel = absl::StrCat("simulated ", mm::kKernels[s.machine.kernel].name);
  }

  void Begin() override {
    for (uint32_t i = 0; i < world::geometry().nr_blocks; ++i)
      machine_.blocks.push_back(mm::BlockNumber(i));
    for (uint32_t node = 0; node < kMaxNodes; ++node) {
      if (mm::mm().nodes[node].online == 0) continue;
      machine_.zones.push_back({node, "Normal"});
      machine_.zones.push_back({node, "Movable"});
    }
    Layout();
    Emit(Read(absl::StrCat("SCENARIO ", file_.name)));
    for (uint32_t i = 0; i < scenario_.notifiers.size; ++i) Register(i);
    for (const scenario::Answer& a : scenario_.answers) SetAnswer(a);
  }

  void Step() override {
    const std::vector<sim::Record>& records = sim::machine->trace.records();
    for (; seen_ < records.size(); ++seen_) Handle(records[seen_]);
  }

  // Behind the run.
  recording::File Finish() {
    Step();
    if (!Idle() || sim::sim().nr_done != sim::sim().nr_tasks) {
      Emit(Read("END_INCOMPLETE"));
      return std::move(file_);
    }
    Emit(replay::ShowState(machine_.blocks));
    Dump("end");
    for (const char* text : {"SCENARIO_END", "CTL unregall => OK", "END"}) Emit(Read(text));
    return std::move(file_);
  }

 private:
  // ---- The machine ----

  void Layout() {
    Emit(MachineLine());
    Emit(Read("LAYOUT"));
    Emit(replay::ShowState(machine_.blocks));
    // Called before all probes, it answers NOTIFY_OK: nothing depends on it.
    Emit(Read(absl::StrCat("CHAIN 0 prio=", INT32_MAX, " ksm_memory_callback")));
    Dump("layout");
    Emit(Read(absl::StrCat("INFO auto_online_blocks=", AutoOnline(),
                           " memmap_on_memory=", scenario_.machine.memmap_on_memory ? "Y" : "N",
                           " nodes_online=", Nodes(&mm::node::online),
                           " has_memory=", Nodes(&mm::node::has_memory))));
    Emit(Read("LAYOUT_END"));
  }

  Line MachineLine() const {
    const world::Geometry& m = world::geometry();
    const uint32_t pages = mm::PagesPerBlock();
    return Read(absl::StrCat(
        "MACHINE kernel=", mm::kernel().name, " page_size=", uint64_t{1} << m.page_shift,
        " block_pages=", pages, " section_pages=", pages,
        " pageblock_pages=", mm::PagesPerPageblock(), " max_order=", m.max_order,
        " boot_blocks=", m.first_block, "-", m.first_block + m.nr_blocks - 1,
        " dimm_blocks=none nodes=", HighestNode() + 1, " dimm_node=0 auto_online=", AutoOnline(),
        " memmap_on_memory=", scenario_.machine.memmap_on_memory ? 1 : 0,
        " reserved=none debug_vm=", mm::mm().debug_vm, " config_bug=1"));
  }

  uint32_t HighestNode() const { return machine_.zones.back().node; }
  const char* AutoOnline() const { return scenario_.machine.auto_online ? "online" : "offline"; }

  static std::string Nodes(uint8_t mm::node::* state) {
    std::string text;
    uint32_t nodes = 0;
    for (uint32_t n = 0; n < kMaxNodes; ++n) {
      if (mm::mm().nodes[n].*state != 0) absl::StrAppend(&text, nodes++ == 0 ? "" : "-", n);
    }
    return text;
  }

  // ZONE and PAGES of the whole machine.
  void Dump(const char* at) {
    for (const replay::Machine::Zone& zone : machine_.zones) Emit(replay::ShowZone(zone, at));
    Emit(replay::ShowTotal(at));
    for (const mm::BlockId block : machine_.blocks) {
      for (Line& line : replay::ShowPages(block, at)) Emit(std::move(line));
    }
  }

  // ---- Notifiers ----

  void Register(uint32_t i) {
    Emit(Read(absl::StrCat("CTL reg ", scenario::NotifierName(i), " ",
                           scenario_.notifiers[i].priority, " => OK")));
  }

  void SetAnswer(const scenario::Answer& a) {
    const int error = mm::notifier_to_errno(static_cast<int32_t>(a.value));
    const bool nack = error < 0 && error >= -static_cast<int>(scenario::kMaxErrno) &&
                      a.value == static_cast<uint32_t>(mm::notifier_from_errno(error));
    std::string text = absl::StrCat(
        "CTL ", nack ? "nack " : "raw ", scenario::NotifierName(a.notifier), " ",
        recording::ActionName(a.action), " ", nack ? Num(-error) : recording::HexText(a.value));
    const bool any = a.block == scenario::Answer::kAnyBlock;
    if (!any || a.nth != 0) {
      absl::StrAppend(&text, " ", any ? int64_t{-1} : int64_t{mm::BlockNumber(a.block).v});
    }
    if (a.nth != 0) absl::StrAppend(&text, " ", a.nth);
    Emit(Read(text + " => OK"));
  }

  // ---- Lines ----

  void Emit(Line line) {
    if (line.kind == Kind::kReq) ++open_;
    if (line.kind == Kind::kRet || line.kind == Kind::kDied) --open_;
    file_.lines.push_back(std::move(line));
  }

  // A line of a process, behind its REQ; not between two lines of somebody who has the lock.
  void Say(Process& p, Line line) {
    if (!p.requested) {
      p.requested = true;
      Say(p, Read(absl::StrCat("REQ ", Subject(p))));
    }
    if (holder_ == p.number || holder_ == 0) {
      Emit(std::move(line));
    } else {
      late_.push_back(std::move(line));
    }
  }

  // The kernel's line says nothing about who caused it: the process that spoke last is meant.
  void SayOfKernel(Process& p, Line line) {
    const uint32_t others = open_ - (p.requested ? 1 : 0);
    if (p.shown == Stage::kNotBegun && others != 0) Mark(p);
    Say(p, std::move(line));
    p.shown = p.stage;
  }

  // The process is at least at its stage now.
  void Mark(Process& p) {
    if (p.shown == p.stage) return;
    const char* function =
        p.stage == Stage::kHasLock ? "lock_device_hotplug_sysfs" : "dissolve_free_huge_pages";
    Say(p, Read(absl::StrCat("FN ret ", function, " = 0 p", p.number)));
    p.shown = p.stage;
  }

  std::string Subject(const Process& p) const {
    return absl::StrCat("p", p.number, " block=", mm::BlockNumber(p.op->block).v,
                        " file=", IsState(p) ? "state" : "online", " value='", Value(p), "'");
  }
  static bool IsState(const Process& p) { return p.op->kind == OpKind::kWriteState; }
  static std::string Value(const Process& p) {
    return std::string(IsState(p) ? scenario::kStateWordWords[p.op->arg]
                                  : scenario::kDigitWords[p.op->arg]);
  }

  // ---- What happens ----

  void Handle(const sim::Record& r) {
    if (r.task >= kMaxThreads) return;
    switch (r.tp) {
      case sim::kTpTrylock:
        if (r.a == mm::kDeviceHotplugLock) Tried(r.task, r.b != 0);
        return;
      case sim::kTpUnlock:
        if (r.a == mm::kDeviceHotplugLock) Released(r.task);
        return;
      case sim::kTpSignal:
        if (Process* p = Find(r.b); p != nullptr) Signal(*p, static_cast<scenario::Signal>(r.a));
        return;
      case scenario::EndOf(OpKind::kWriteState):
      case scenario::EndOf(OpKind::kWriteOnline):
        return Returned(r.task, static_cast<int32_t>(r.c));
      case mm::kTpNotifierCall:
        return Event(*Find(r.task), r);
      case mm::kTpScanMovable:
        Find(r.task)->stage = Stage::kLookedOver;
        return;
      default:
        return Message(r);
    }
  }

  Process* Find(uint32_t task) { return current_[task].has_value() ? &*current_[task] : nullptr; }

  // The next write of a task. Signals that came before it did anything come at its first step.
  Process& BeginWrite(uint32_t task) {
    uint32_t& i = next_op_[task];
    while (scenario_.ops[i].task != task || !IsWrite(scenario_.ops[i])) ++i;
    current_[task] = Process{.number = ++processes_, .op = &scenario_.ops[i++]};
    return *current_[task];
  }

  void TakePending(uint32_t task, Process& p) {
    const uint8_t pending = sim::task(sim::TaskId{task}).pending;
    for (uint32_t i = 0; i < scenario::kSignals; ++i) {
      if ((pending >> i & 1) != 0) Signal(p, static_cast<scenario::Signal>(i));
    }
  }

  void Tried(uint32_t task, bool got_it) {
    const bool begins = Find(task) == nullptr;
    Process& p = begins ? BeginWrite(task) : *Find(task);
    if (got_it) {
      // What the holder before did has happened, though it has said nothing about it yet.
      for (std::optional<Process>& other : current_) {
        if (other.has_value() && other->number == released_) Mark(*other);
      }
      holder_ = p.number;
      p.stage = Stage::kHasLock;
    }
    if (begins) TakePending(task, p);
  }

  void Released(uint32_t task) {
    released_ = Find(task)->number;
    holder_ = 0;
    for (Line& line : late_) Emit(std::move(line));
    late_.clear();
  }

  void Signal(Process& p, scenario::Signal signal) {
    constexpr uint32_t kNumbers[scenario::kSignals] = {2, 10, 9};
    const uint32_t number = kNumbers[static_cast<uint32_t>(signal)];
    if (signal == scenario::Signal::kUsr1) {
      p.handled = true;
    } else if (p.deadly == 0) {
      p.deadly = number;
    }
    Mark(p);
    Say(p, Read(absl::StrCat("SIG p", p.number, " ", number)));
  }

  void Event(Process& p, const sim::Record& r) {
    const uint32_t action = r.a >> 16;
    const mm::BlockId block{r.a & 0xffff};
    HOTPLUG_CHECK(r.b < scenario_.notifiers.size);
    if (!p.arg.has_value()) p.arg = ArgOf(action, block);
    std::string status;
    if (p.arg->status_change_nid != -1 || p.arg->status_change_nid_normal != -1) {
      status = absl::StrCat(" status_change_nid=", p.arg->status_change_nid,
                            " status_change_nid_normal=", p.arg->status_change_nid_normal);
    }
    Say(p, Read(absl::StrCat("EV p", p.number, " ", scenario::NotifierName(r.b), " prio=",
                             scenario_.notifiers[r.b].priority, " ", recording::ActionName(action),
                             " block=", block.v, " pfn=", recording::HexText(p.arg->start_pfn.v),
                             " nr=", p.arg->nr_pages, status, " => ", recording::AnswerText(r.c))));
    p.shown = p.stage;
  }

  // What the notifiers are told, computed anew: at the first event of an operation, which is
  // GOING_ONLINE or GOING_OFFLINE, nothing that it depends on has changed yet.
  static mm::memory_notify_arg ArgOf(uint32_t action, mm::BlockId block) {
    const uint32_t zone = mm::BlockAt(block).zone;
    const mm::Pfn start = mm::FirstPfn(block);
    return action == mm::MEM_GOING_ONLINE
               ? mm::states_before_online(zone, start, mm::PagesPerBlock())
               : mm::states_before_offline(zone, start, mm::PagesPerBlock());
  }

  void Message(const sim::Record& r) {
    Process* p = Find(r.task);
    if (p == nullptr) return;
    for (Line& line : replay::LinesOf(r, {p->number, nullptr}, machine_)) {
      if (line.kind == Kind::kKern) SayOfKernel(*p, WithNumbers(line, r));
      if (line.kind == Kind::kUevent) p->uevent = std::move(line);
    }
  }

  // `#` in a message is a number: of dump_page() its operands, of all else the line in a file.
  static Line WithNumbers(const Line& line, const sim::Record& r) {
    const std::string values[] = {Num(static_cast<int32_t>(r.a)), Num(static_cast<int32_t>(r.b)),
                                  recording::HexText(r.c)};
    std::string text;
    size_t n = 0;
    for (const char c : line.Text("text")) {
      if (c == '#') {
        text += values[n++ % std::size(values)];
      } else {
        text += c;
      }
    }
    return Make(Kind::kKern, {{"text", text}});
  }

  void Returned(uint32_t task, int32_t rc) {
    const bool begins = Find(task) == nullptr;
    Process& p = begins ? BeginWrite(task) : *Find(task);
    if (begins) TakePending(task, p);
    if (p.uevent.has_value()) Say(p, *std::move(p.uevent));
    if (sim::fatal_signal_pending()) {
      Say(p, Read(absl::StrCat("DIED p", p.number, " ", p.deadly)));
    } else {
      const std::string result =
          rc < 0 ? recording::ErrnoText(rc) : Num(static_cast<int64_t>(Value(p).size()));
      Say(p, Read(absl::StrCat("RET ", Subject(p), " => ", result,
                               p.handled ? " (signal 10 was delivered)" : "")));
    }
    current_[task].reset();
    if (Idle()) Emit(replay::ShowState(machine_.blocks));
  }

  bool Idle() const {
    for (const std::optional<Process>& p : current_) {
      if (p.has_value()) return false;
    }
    return true;
  }

  const Scenario& scenario_;
  recording::File file_;
  replay::Machine machine_;
  size_t seen_ = 0;         // records of the trace
  int64_t processes_ = 0;   // so far
  int64_t holder_ = 0;      // of the hotplug lock, by its number
  int64_t released_ = 0;    // who had it before
  uint32_t open_ = 0;       // processes that have a REQ and no end yet
  std::vector<Line> late_;  // what others have said while somebody holds the lock
  std::array<uint32_t, kMaxThreads> next_op_{};
  std::array<std::optional<Process>, kMaxThreads> current_;
};

}  // namespace

absl::StatusOr<recording::File> Record(const Scenario& s, std::string_view name,
                                       run::RunOptions options, run::Outcome* out) {
  if (absl::Status status = Check(s); !status.ok()) return status;
  Recorder recorder(s, name);
  options.keep_trace = true;
  options.observer = &recorder;
  run::Run(s, options, out);
  return recorder.Finish();
}

}  // namespace hotplug::record
