// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/fidelity/replay/replay.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <span>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "fuzz/fidelity/replay/compare.h"
#include "fuzz/fidelity/replay/input.h"
#include "fuzz/fidelity/replay/machine.h"
#include "fuzz/fidelity/replay/processes.h"
#include "fuzz/fidelity/replay/show.h"
#include "fuzz/fidelity/replay/uevents.h"
#include "fuzz/fidelity/replay/work.h"
#include "model/mm/background.h"
#include "model/mm/function.h"
#include "model/mm/page.h"

namespace hotplug::replay {

namespace {

using instrument::Op;
using mm::BlockId;
using recording::Kind;
using recording::Line;

class Replayer {
 public:
  Replayer(const recording::File& file, std::string_view path, bool keep_going)
      : file_(file),
        path_(path),
        keep_going_(keep_going),
        processes_(machine_, [this](const Line& line) { uevents_.Said(line, at_); }),
        input_(file) {}

  absl::StatusOr<Report> Run() {
    if (absl::Status s = SetUp(file_, path_, &machine_); !s.ok()) return s;
    for (at_ = 0; at_ < file_.lines.size(); ++at_) {
      const Line& line = file_.lines[at_];
      if (!in_layout_) ++report_.lines;
      Handle(line);
      if (line.kind == Kind::kLayoutEnd) in_layout_ = false;
      if (!keep_going_ && !report_.differences.empty()) break;
    }
    // Of a run that broke off nobody knows which were still to come.
    if (at_ == file_.lines.size()) {
      if (const auto wrong = uevents_.FirstWrong(file_)) Differ(*wrong->line, wrong->got);
    }
    if (!keep_going_ && report_.differences.size() > 1) report_.differences.resize(1);
    return std::move(report_);
  }

 private:
  // ---- Results ----

  void Differ(const Line& recorded, std::string got) {
    // What is found late goes to its place.
    std::vector<Difference>& all = report_.differences;
    const auto place = std::find_if(all.rbegin(), all.rend(), [&](const Difference& d) {
                         return d.line <= recorded.number;
                       }).base();
    all.insert(place,
               {recorded.number, recording::Print(recorded), std::move(got), processes_.Tail()});
  }

  // Compares what was recorded with what the model shows when it is looked at.
  void Expect(const Line& recorded, const Line& model) {
    if (!Same(recorded, model)) Differ(recorded, recording::Print(model));
  }

  const Line* NextLine() const {
    return at_ + 1 < file_.lines.size() ? &file_.lines[at_ + 1] : nullptr;
  }

  // ---- One line ----

  void Handle(const Line& line) {
    switch (line.kind) {
      case Kind::kReq:
        return Request(line);
      case Kind::kReqFailed:
        return FailedOpen(line);
      case Kind::kCall:
        return Call(line);
      case Kind::kCtl:
        return Control(line);
      case Kind::kSig:
        return Signal(line);
      case Kind::kDied:
        return Died(line);
      case Kind::kWr:
        return Write(line);
      case Kind::kRd:
        return Read(line);
      case Kind::kInsmod:
        return Insmod(line);
      case Kind::kEat:
        eaters_[line.Number("proc")] = line.Number("mib");
        return;
      case Kind::kEatCheck:
        return EatCheck(line);
      case Kind::kRet:
      case Kind::kEv:
        return Named(line);
      case Kind::kFnEnter:
      case Kind::kFnRet:
        return Function(line);
      case Kind::kWake:
        return Wake(line);
      case Kind::kSleep:
      case Kind::kMtAlloc:
      case Kind::kMtOffline:
      case Kind::kMtDone:
      case Kind::kMtAdd:
      case Kind::kMtOnline:
      case Kind::kMtFree:
      case Kind::kMtForgotten:
      case Kind::kGrab:
      case Kind::kUngrab:
      case Kind::kHold:
      case Kind::kPin:
      case Kind::kKern:
        return Anonymous(line);
      case Kind::kUevent:
        // One that the model has not sent yet may be all that a worker of the kernel shows.
        if (!uevents_.Recorded(line)) processes_.RunWorkers();
        return;
      case Kind::kFnCount:
        return FnCount(line);
      default:
        return Observe(line);
    }
  }

  void Observe(const Line& line) {
    switch (line.kind) {
      case Kind::kState:
        return State(line);
      case Kind::kChain:
        return Chain(line);
      case Kind::kZone:
      case Kind::kZoneTotal:
        return Zone(line);
      case Kind::kPages:
      case Kind::kPagesNovalid:
      case Kind::kPagesPoisoned:
        return Pages(line);
      case Kind::kKpf:
        return Expect(line, ShowKpf(BlockOf(line)));
      case Kind::kInfo:
      case Kind::kNote:
        return Remark(line);
      case Kind::kScenario:
        counting_ = false;
        return;
      default:
        return;  // MACHINE, LAYOUT and the ends
    }
  }

  // ---- Requests and commands ----

  void Request(const Line& line) {
    const BlockId block = BlockOf(line);
    if (!mm::Present(block)) return Differ(line, "open: -ENOENT");
    const instrument::Work work = WorkOf(line);
    input_.TakeFor(at_, work);
    processes_.Start(line.Number("proc"), work, &line);
  }

  void FailedOpen(const Line& line) {
    if (mm::Present(BlockOf(line))) return Differ(line, "the file is there");
    if (line.Text("result") != "-ENOENT") Differ(line, "open: -ENOENT");
  }

  // A change of the chain that has to wait takes its place in the queue now; all else begins
  // when the process says something.
  void Call(const Line& line) {
    const instrument::Work work = WorkOf(line);
    input_.TakeFor(at_, work);
    Process& p = processes_.Start(line.Number("proc"), work, &line);
    calls_.push_back(&p);
    const bool queues = work.op == Op::kReg || work.op == Op::kUnreg || work.op == Op::kUnregall;
    if (queues && !ComesLate(line)) processes_.Queue(p);
  }

  // Between two events the rwsem of the chain is free for a moment. Whether a waiting change
  // gets it, or the reader of the next event steals it once more (6.1), is a race: that event
  // tells who won, by whether it is delivered to the notifier.
  bool ComesLate(const Line& line) const {
    const Line* current = nullptr;
    for (size_t i = 0; i < at_; ++i) {
      if (file_.lines[i].kind == Kind::kEv) current = &file_.lines[i];
    }
    if (current == nullptr || !line.Has("name")) return false;
    bool told = false, stopped = false;
    const Line* next = nullptr;
    for (size_t i = at_ + 1; i < file_.lines.size(); ++i) {
      const Line& l = file_.lines[i];
      if (l.kind != Kind::kEv || l.Text("proc") != current->Text("proc")) continue;
      if (next == nullptr && SameEvent(l, *current)) continue;
      if (next != nullptr && !SameEvent(l, *next)) break;
      next = &l;
      told = told || l.Text("name") == line.Text("name");
      stopped = (l.Number("answer") & 0x8000) != 0;
    }
    if (next == nullptr || stopped) return false;
    return line.Text("cmd") == "reg" ? !told : told;
  }

  static bool SameEvent(const Line& a, const Line& b) {
    return a.Text("action") == b.Text("action") && a.Text("block") == b.Text("block");
  }

  void Control(const Line& line) {
    const auto open = std::find_if(calls_.begin(), calls_.end(),
                                   [&](const Process* p) { return SameCommand(*p->work, line); });
    if (open != calls_.end()) {
      Process& p = **open;
      calls_.erase(open);
      return AskFor(p, line);
    }
    // A command without a CALL line began here, and nothing was said until its end.
    const instrument::Work work = WorkOf(line);
    input_.TakeFor(at_, work);
    AskFor(processes_.Start(-1, work, &line), line);
  }

  void Signal(const Line& line) {
    Process* p = processes_.Find(line.Number("proc"));
    if (p != nullptr && !p->over) {
      instrument::Signal(p->task, static_cast<uint32_t>(line.Number("signal")));
    }
    signals_[line.Number("proc")] = line.Number("signal");
  }

  void Died(const Line& line) {
    const int64_t proc = line.Number("proc");
    if (Process* p = processes_.Find(proc); p != nullptr) return AskFor(*p, line);
    const auto eater = eaters_.find(proc);
    if (eater == eaters_.end() || signals_[proc] != line.Number("signal")) {
      return Differ(line, "no such process was killed by this signal");
    }
    Input::FreePages(eater->second);
    eaters_.erase(eater);
  }

  void EatCheck(const Line& line) {
    const int64_t pages = (eaters_[line.Number("proc")] << 20) >> mm::PageShift();
    if (line.Number("bad") != 0 || line.Number("pages") != pages) {
      Differ(line, absl::StrCat("EAT p", line.Number("proc"), " check: 0 bad pages of ", pages));
    }
  }

  // ---- Files beside those of the blocks ----

  // The action of .../notifier-error-inject/memory/actions/MEM_ACTION/error; 0 for others.
  static uint32_t InjectFile(std::string_view path) {
    constexpr std::string_view kFolder = "/notifier-error-inject/memory/actions/MEM_";
    const size_t at = path.find(kFolder);
    if (at == std::string_view::npos || !path.ends_with("/error")) return 0;
    path.remove_prefix(at + kFolder.size());
    path.remove_suffix(std::string_view("/error").size());
    return recording::ActionOf(path).value_or(0);
  }

  void Write(const Line& line) {
    const std::string_view path = line.Text("path");
    const std::string value = Unquote(line.Text("value"));
    int64_t rc = static_cast<int64_t>(value.size());
    if (path.ends_with("/auto_online_blocks")) {
      const int error = instrument::WriteAutoOnline(value.c_str());
      if (error != 0) rc = error;
    } else if (const uint32_t action = InjectFile(path); action != 0) {
      int64_t error = 0;
      if (!absl::SimpleAtoi(value, &error)) rc = -EINVAL;
      if (rc > 0) instrument::SetInjectedError(action, error);
    } else if (path.ends_with("/eject")) {
      instrument::Work work;
      work.op = Op::kEject;
      work.block = machine_.first_dimm_block.v;
      work.count = machine_.nr_dimm_blocks;
      processes_.Start(-1, work, nullptr);
    } else {
      return Differ(line, "the model has no such file");
    }
    const std::string text = rc >= 0 ? std::to_string(rc) : recording::ErrnoText(rc);
    if (line.Text("result") != text) Differ(line, absl::StrCat("=> ", text));
  }

  void Read(const Line& line) {
    const uint32_t action = InjectFile(line.Text("path"));
    if (action == 0) return Differ(line, "the model has no such file");
    const std::string value = std::to_string(instrument::InjectedError(action));
    if (Unquote(line.Text("value")) != value) Differ(line, absl::StrCat("= '", value, "'"));
  }

  void Insmod(const Line& line) {
    if (line.Text("module") != "memory-notifier-error-inject") {
      return Differ(line, "the model has no such module");
    }
    int32_t priority = 0;
    const std::string_view args = line.Text("args");
    if (args.starts_with("priority="))
      (void)absl::SimpleAtoi(std::string(args.substr(9)), &priority);
    const int name = instrument::Name("notifier_err_inject_callback");
    instrument::AddKernelNotifier(static_cast<uint32_t>(name), priority, true);
  }

  // ---- What processes say ----

  static std::string Nothing(const Process* p, const std::string& why) {
    if (p == nullptr) return "nothing: no process runs";
    return absl::StrCat("nothing: ", p->number < 0 ? "it" : absl::StrCat("p", p->number), " ", why);
  }

  // The next line that the process says must be the recorded one.
  void AskFor(Process& p, const Line& line) {
    const Line* said = processes_.Ask(p, [&](const Line& l) { return Same(line, l); });
    if (said == nullptr) return Differ(line, Nothing(&p, processes_.why()));
    const Line got = *said;
    Processes::Take(p);
    Expect(line, got);
    if (line.kind == Kind::kEv && got.kind == Kind::kEv) ExpectDumps(p);
  }

  // The probe prints the machine right after its event, if it was told to.
  void ExpectDumps(const Process& p) {
    ++report_.events;
    const instrument::Event& e = instrument::EventOf(p.task);
    const Line* next = NextLine();
    const bool dump = next != nullptr && (next->kind == Kind::kPages || IsZone(*next) ||
                                          next->kind == Kind::kPagesPoisoned);
    if ((e.pages_at != 0 || e.zones_at != 0) && !dump && next != nullptr) {
      Differ(*next, e.pages_at != 0 ? "PAGES of the event's block" : "ZONE at the event");
    }
  }

  static bool IsZone(const Line& l) { return l.kind == Kind::kZone || l.kind == Kind::kZoneTotal; }

  void Named(const Line& line) {
    const int64_t number = line.Number("proc");
    Process* p = processes_.Find(number);
    if ((p == nullptr || p->over) && line.kind == Kind::kEv) {
      // A kernel worker shows only its number.
      if (Process* worker = processes_.Adopt(number); worker != nullptr) p = worker;
    }
    if (p == nullptr && line.kind == Kind::kFnRet) {
      // Somebody who looks at the machine drains the per-CPU lists first.
      p = &processes_.Start(number, instrument::Work{}, nullptr);
    }
    if (p == nullptr) return Differ(line, "no such process");
    AskFor(*p, line);
  }

  void Wake(const Line& line) {
    const auto sleeper = sleepers_.find(std::string(line.Text("name")));
    if (sleeper == sleepers_.end()) return Differ(line, "nothing: this probe does not sleep");
    Process& p = *sleeper->second;
    sleepers_.erase(sleeper);
    processes_.Wake(p);
    AskFor(p, line);
  }

  void Anonymous(const Line& line) {
    const std::string_view text = line.Text("text");
    if (line.kind == Kind::kKern && text.starts_with("note: ")) return;
    Process* p = processes_.Speaker(line.kind);
    if (p == nullptr) return Differ(line, Nothing(p, ""));
    if (line.kind == Kind::kKern && IsOfRepeatedGroup()) return Repeated(*p, line);
    AskFor(*p, line);
    if (line.kind == Kind::kSleep) sleepers_[std::string(line.Text("name"))] = p;
    if (line.kind == Kind::kMtAlloc) input_.Allocated();
  }

  // A group of three messages says what happened to a page, and why it was dumped; the second
  // is the same for all reasons.
  bool IsOfRepeatedGroup() const {
    const auto repeats = [this](size_t i) {
      return i < file_.lines.size() && file_.lines[i].kind == Kind::kKern &&
             MayRepeat(file_.lines[i].Text("text"));
    };
    return repeats(at_) || repeats(at_ + 1);
  }

  // How often such messages come depends on time, and whether at all on where the pages of the
  // background lie. The model goes on with its loop, but not beyond.
  void Repeated(Process& p, const Line& line) {
    const Line* said = processes_.Look(p, [&](const Line& l) { return Same(line, l); });
    if (said != nullptr) Processes::Take(p);
  }

  // ---- Inner functions ----

  // The log of functions is switched on some time before its first line.
  void Function(const Line& line) {
    if (!counting_) processes_.CountFromHere();
    counting_ = true;
    Named(line);
  }

  void FnCount(const Line& line) {
    const Line* next = NextLine();
    counting_ = next != nullptr && next->kind == Kind::kFnCount;
    const std::string function(line.Text("function"));
    const uint32_t count = processes_.Returns(function);
    const bool same = CountsAlike(function) ? line.Number("count") == count
                                            : (count != 0) == (line.Number("count") != 0);
    if (!same) Differ(line, absl::StrCat("FNCOUNT ", function, " = ", count));
  }

  // ---- Looking ----

  void State(const Line& line) {
    std::vector<BlockId> blocks;
    for (const recording::Field& f : line.fields) {
      if (f.name == std::string_view("block")) {
        blocks.push_back(BlockId{static_cast<uint32_t>(f.number)});
      }
    }
    // They are shown from the lowest to the highest one.
    const auto above = [](BlockId a, BlockId b) { return a.v >= b.v; };
    if (std::adjacent_find(blocks.begin(), blocks.end(), above) != blocks.end()) {
      return Differ(line, recording::Print(ShowState(blocks)));
    }
    Expect(line, ShowState(blocks));
  }

  void Chain(const Line& line) {
    instrument::ChainEntry entries[instrument::kMaxNotifierNames];
    const uint32_t n = instrument::Chain(entries, instrument::kMaxNotifierNames);
    const auto pos = static_cast<uint32_t>(line.Number("pos"));
    const Line* before = at_ == 0 ? nullptr : &file_.lines[at_ - 1];
    const bool goes_on = before != nullptr && before->kind == Kind::kChain;
    if (pos >= n) return Differ(line, absl::StrCat("nothing: the chain has ", n, " entries"));
    if (pos != 0 && (!goes_on || before->Number("pos") + 1 != pos)) {
      return Differ(line, "CHAIN from its first entry on, one by one");
    }
    Expect(line, ShowChain(pos, entries[pos]));
    const Line* next = NextLine();
    const bool last = next == nullptr || next->kind != Kind::kChain || next->Number("pos") == 0;
    if (last && pos + 1 < n) {
      Differ(next == nullptr ? line : *next,
             recording::Print(ShowChain(pos + 1, entries[pos + 1])));
    }
  }

  // A dump with a label of the script drains the per-CPU lists first.
  void DrainFor(const Line& line) {
    const Line* before = at_ == 0 ? nullptr : &file_.lines[at_ - 1];
    if (recording::ActionOf(line.Text("at")).has_value() || line.Text("at") == "out_readd_memory")
      return;
    if (before != nullptr && before->Has("at")) return;
    processes_.RunAside(instrument::Work{});
  }

  void Zone(const Line& line) {
    DrainFor(line);
    const std::string at(line.Text("at"));
    if (!FollowsInDump(line)) return Differ(line, "the next zone, or totalram, of the dump");
    if (line.kind == Kind::kZoneTotal) return Expect(line, ShowTotal(at));
    Line model =
        ShowZone({static_cast<uint32_t>(line.Number("node")), std::string(line.Text("zone"))}, at);
    // No page of a zone is free that has none.
    if (line.Number("managed") == 0 && line.Number("free") != model.Number("free")) {
      return Differ(line, recording::Print(model));
    }
    if (FreeIsInput(line, model)) *model.Find("free") = *line.Find("free");
    Expect(line, model);
  }

  // A dump has the zones of LAYOUT in their order, then totalram, all with the same label.
  bool FollowsInDump(const Line& line) {
    static constexpr const char* kSame[] = {"node", "zone"};
    if (file_.lines[at_ - 1].kind != Kind::kZone) dump_at_ = 0;
    const size_t place = dump_at_++;
    if (in_layout_) zones_.push_back(&line);
    if (place >= zones_.size() || line.kind != zones_[place]->kind) return false;
    if (place != 0 && line.Text("at") != file_.lines[at_ - 1].Text("at")) return false;
    return std::all_of(std::begin(kSame), std::end(kSame), [&](const char* name) {
      return line.Text(name) == zones_[place]->Text(name);
    });
  }

  // Where the pages of a process and the page cache around it lie is input, as is the zone that
  // the memmap of added memory is taken from, or that of removed memory goes back to.
  bool FreeIsInput(const Line& line, const Line& model) const {
    const int64_t memmap = int64_t{mm::PagesPerBlock()} * 64 >> mm::PageShift();
    const int64_t off = std::abs(line.Number("free") - model.Number("free"));
    return !eaters_.empty() ||
           (off > memmap && off <= kFreeTolerance + uevents_.blocks_moved() * memmap);
  }

  void Pages(const Line& line) {
    DrainFor(line);
    if (line.Text("at") == "out_readd_memory") return Anonymous(line);
    if (!IsOfEvent(line)) return Differ(line, "PAGES of the event's block");
    const BlockId block = BlockOf(line);
    if (line.kind == Kind::kPages && mm::Present(block)) input_.Adopt(line);
    // With poisoned struct pages there are two lines: the one of this kind is meant.
    Line model;
    for (Line& shown : ShowPages(block, std::string(line.Text("at")))) {
      model = std::move(shown);
      if (model.kind == line.kind) break;
    }
    const bool counted = line.kind == Kind::kPages && model.kind == Kind::kPages;
    const bool same = counted ? SamePages(line, model, input_.Busy(block)) : Same(line, model);
    if (!same) Differ(line, recording::Print(model));
  }

  // What a probe prints at an event has the name of its action and is of its block.
  bool IsOfEvent(const Line& line) const {
    const Line& before = file_.lines[at_ - 1];
    const bool at_event = before.kind == Kind::kEv;
    const bool goes_on = before.kind == Kind::kPagesPoisoned;
    if (!at_event && !goes_on) return true;
    return line.Text("at") == before.Text(at_event ? "action" : "at") &&
           line.Text("block") == before.Text("block");
  }

  // ---- Remarks ----

  static std::string NodeList(uint8_t mm::node::* state) {
    std::vector<uint32_t> nodes;
    for (uint32_t n = 0; n < kMaxNodes; ++n) {
      if (mm::mm().nodes[n].*state != 0) nodes.push_back(n);
    }
    if (nodes.empty()) return "";
    if (nodes.size() == 1) return std::to_string(nodes[0]);
    return absl::StrCat(nodes.front(), "-", nodes.back());
  }

  // What a key of a remark stands for; nothing for one that is only a remark.
  std::optional<std::string> ValueOf(std::string_view key) const {
    if (key == "has_memory") return NodeList(&mm::node::has_memory);
    if (key == "has_normal_memory") return NodeList(&mm::node::has_normal_memory);
    if (key == "online" || key == "nodes_online") return NodeList(&mm::node::online);
    if (key == "auto_online_blocks") return AutoOnline();
    const int64_t base = instrument::MtBase();
    if (base < 0) return std::nullopt;
    const uint32_t first = mm::BlockOf(mm::Pfn{static_cast<uint32_t>(base)}).v;
    if (key == "A") return std::to_string(first);
    if (key == "B") return std::to_string(first + 1);
    return std::nullopt;
  }

  static std::string AutoOnline() {
    constexpr const char* kWords[] = {"offline", "online", "online_kernel", "online_movable"};
    return kWords[mm::mm().memhp_default_online_type];
  }

  void Remark(const Line& line) {
    const std::string text(line.Text("text"));
    for (const std::string& word : std::vector<std::string>(absl::StrSplit(text, ' '))) {
      const size_t equals = word.find('=');
      // INFO says what the machine is; NOTE is for people.
      const bool exact =
          line.kind == Kind::kInfo && !in_layout_ && text.find('=') != std::string::npos;
      if (equals == std::string::npos && !exact) continue;
      const std::string key = word.substr(0, equals);
      const std::optional<std::string> value = ValueOf(key);
      if (exact && !value.has_value()) {
        return Differ(line, absl::StrCat("nothing: the model knows no ", key));
      }
      if (value.has_value() && *value != word.substr(equals + 1)) {
        return Differ(line, absl::StrCat(key, "=", *value));
      }
    }
  }

  const recording::File& file_;
  const std::string_view path_;
  const bool keep_going_;
  Machine machine_;
  Uevents uevents_;
  Processes processes_;
  Input input_;
  Report report_;
  size_t at_ = 0;  // the line that is being handled
  bool in_layout_ = true;
  std::vector<const Line*> zones_;  // a dump, as LAYOUT has it
  size_t dump_at_ = 0;              // the place of the next line in it
  bool counting_ = false;           // calls of inner functions
  std::vector<Process*> calls_;     // whose CTL line is still to come
  std::map<std::string, Process*> sleepers_;
  std::map<int64_t, int64_t> eaters_;   // MiB, by process
  std::map<int64_t, int64_t> signals_;  // last one sent, by process
};

}  // namespace

absl::StatusOr<Report> Replay(const recording::File& file, std::string_view path, bool keep_going) {
  return Replayer(file, path, keep_going).Run();
}

}  // namespace hotplug::replay
