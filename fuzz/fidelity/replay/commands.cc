// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/fidelity/replay/commands.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "fuzz/fidelity/replay/work.h"
#include "model/mm/page.h"

namespace hotplug::replay {

namespace {

using instrument::Op;
using mm::BlockId;
using recording::Kind;
using recording::Line;

bool SameEvent(const Line& a, const Line& b) {
  return a.Text("action") == b.Text("action") && a.Text("block") == b.Text("block");
}

}  // namespace

bool Commands::Handle(const Line& line) {
  switch (line.kind) {
    case Kind::kReq:
      Request(line);
      return true;
    case Kind::kReqFailed:
      FailedOpen(line);
      return true;
    case Kind::kCall:
      Call(line);
      return true;
    case Kind::kCtl:
      Control(line);
      return true;
    case Kind::kSig:
      Signal(line);
      return true;
    case Kind::kDied:
      Died(line);
      return true;
    case Kind::kEat:
      s_.input.Eat(line.Number("proc"), line.Number("mib"));
      return true;
    case Kind::kEatCheck:
      EatCheck(line);
      return true;
    default:
      return false;
  }
}

void Commands::Request(const Line& line) {
  const BlockId block = BlockOf(line);
  if (!mm::Present(block)) return s_.Differ(line, "open: -ENOENT");
  const instrument::Work work = WorkOf(line);
  s_.input.TakeFor(s_.at, work);
  s_.Start(line, line.Number("proc"), work, &line);
}

void Commands::FailedOpen(const Line& line) {
  if (mm::Present(BlockOf(line))) return s_.Differ(line, "the file is there");
  if (line.Text("result") != "-ENOENT") s_.Differ(line, "open: -ENOENT");
}

// A change of the chain that has to wait takes its place in the queue now; all else begins
// when the process says something.
void Commands::Call(const Line& line) {
  const instrument::Work work = WorkOf(line);
  s_.input.TakeFor(s_.at, work);
  Process* const p = s_.Start(line, line.Number("proc"), work, &line);
  if (p == nullptr) return;
  calls_.push_back(p);
  const bool queues = work.op == Op::kReg || work.op == Op::kUnreg || work.op == Op::kUnregall;
  if (queues && !ComesLate(line)) s_.processes.Queue(*p);
}

// Between two events the rwsem of the chain is free for a moment. Whether a waiting change
// gets it, or the reader of the next event steals it once more (6.1), is a race: that event
// tells who won, by whether it is delivered to the notifier.
bool Commands::ComesLate(const Line& line) const {
  const Line* current = nullptr;
  for (size_t i = 0; i < s_.at; ++i) {
    if (s_.file.lines[i].kind == Kind::kEv) current = &s_.file.lines[i];
  }
  if (current == nullptr || !line.Has("name")) return false;
  bool told = false, stopped = false;
  const Line* next = nullptr;
  for (size_t i = s_.at + 1; i < s_.file.lines.size(); ++i) {
    const Line& l = s_.file.lines[i];
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

void Commands::Control(const Line& line) {
  const auto open = std::find_if(calls_.begin(), calls_.end(),
                                 [&](const Process* p) { return SameCommand(*p->work, line); });
  if (open != calls_.end()) {
    Process& p = **open;
    calls_.erase(open);
    return asker_.AskFor(p, line);
  }
  // A command without a CALL line began here, and nothing was said until its end.
  const instrument::Work work = WorkOf(line);
  s_.input.TakeFor(s_.at, work);
  if (Process* const p = s_.Start(line, -1, work, &line); p != nullptr) asker_.AskFor(*p, line);
}

void Commands::Signal(const Line& line) {
  Process* p = s_.processes.Find(line.Number("proc"));
  if (p != nullptr && !p->over) {
    instrument::Signal(p->task, static_cast<uint32_t>(line.Number("signal")));
  }
  signals_[line.Number("proc")] = line.Number("signal");
}

void Commands::Died(const Line& line) {
  const int64_t proc = line.Number("proc");
  if (Process* p = s_.processes.Find(proc); p != nullptr) return asker_.AskFor(*p, line);
  if (signals_[proc] != line.Number("signal") || !s_.input.EndEater(proc)) {
    s_.Differ(line, "no such process was killed by this signal");
  }
}

void Commands::EatCheck(const Line& line) {
  const int64_t pages = s_.input.PagesOf(line.Number("proc"));
  if (line.Number("bad") != 0 || line.Number("pages") != pages) {
    s_.Differ(line, absl::StrCat("EAT p", line.Number("proc"), " check: 0 bad pages of ", pages));
  }
}

}  // namespace hotplug::replay
