// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/fidelity/replay/asker.h"

#include "absl/strings/str_cat.h"
#include "fuzz/fidelity/replay/compare.h"

namespace hotplug::replay {

namespace {

using recording::Kind;
using recording::Line;

std::string Nothing(const Process* p, const std::string& why) {
  if (p == nullptr) return "nothing: no process runs";
  return absl::StrCat("nothing: ", p->number < 0 ? "it" : absl::StrCat("p", p->number), " ", why);
}

bool IsZone(const Line& l) { return l.kind == Kind::kZone || l.kind == Kind::kZoneTotal; }

}  // namespace

bool Asker::Handle(const Line& line) {
  switch (line.kind) {
    case Kind::kRet:
    case Kind::kEv:
      Named(line);
      return true;
    case Kind::kFnEnter:
    case Kind::kFnRet:
      Function(line);
      return true;
    case Kind::kFnCount:
      FnCount(line);
      return true;
    case Kind::kWake:
      Wake(line);
      return true;
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
      Anonymous(line);
      return true;
    default:
      return false;
  }
}

void Asker::AskFor(Process& p, const Line& line) {
  const Line* said = s_.processes.Ask(p, [&](const Line& l) { return Same(line, l); });
  if (said == nullptr) return s_.Differ(line, Nothing(&p, s_.processes.why()));
  const Line got = *said;
  Processes::Take(p);
  s_.Expect(line, got);
  if (line.kind == Kind::kEv && got.kind == Kind::kEv) ExpectDumps(p);
}

// The probe prints the machine right after its event, if it was told to.
void Asker::ExpectDumps(const Process& p) {
  ++s_.report.events;
  const instrument::Event& e = instrument::EventOf(p.task);
  const Line* next = s_.Next();
  const bool dump = next != nullptr && (next->kind == Kind::kPages || IsZone(*next) ||
                                        next->kind == Kind::kPagesPoisoned);
  if ((e.pages_at != 0 || e.zones_at != 0) && !dump && next != nullptr) {
    s_.Differ(*next, e.pages_at != 0 ? "PAGES of the event's block" : "ZONE at the event");
  }
}

void Asker::Named(const Line& line) {
  const int64_t number = line.Number("proc");
  Process* p = s_.processes.Find(number);
  if ((p == nullptr || p->over) && line.kind == Kind::kEv) {
    // A kernel worker shows only its number.
    if (Process* worker = s_.processes.Adopt(number); worker != nullptr) p = worker;
  }
  if (p == nullptr && line.kind == Kind::kFnRet) {
    // Somebody who looks at the machine drains the per-CPU lists first.
    p = s_.Start(line, number, instrument::Work{}, nullptr);
    if (p == nullptr) return;
  }
  if (p == nullptr) return s_.Differ(line, "no such process");
  AskFor(*p, line);
}

void Asker::Wake(const Line& line) {
  const auto sleeper = sleepers_.find(std::string(line.Text("name")));
  if (sleeper == sleepers_.end()) return s_.Differ(line, "nothing: this probe does not sleep");
  Process& p = *sleeper->second;
  sleepers_.erase(sleeper);
  s_.processes.Wake(p);
  AskFor(p, line);
}

void Asker::Anonymous(const Line& line) {
  const std::string_view text = line.Text("text");
  if (line.kind == Kind::kKern && text.starts_with("note: ")) return;
  Process* p = s_.processes.Speaker(line.kind);
  if (p == nullptr) return s_.Differ(line, Nothing(p, ""));
  if (line.kind == Kind::kKern && IsOfRepeatedGroup()) return Repeated(*p, line);
  AskFor(*p, line);
  if (line.kind == Kind::kSleep) sleepers_[std::string(line.Text("name"))] = p;
  if (line.kind == Kind::kMtAlloc) s_.input.Allocated();
}

// A group of three messages says what happened to a page, and why it was dumped; the second
// is the same for all reasons.
bool Asker::IsOfRepeatedGroup() const {
  const auto repeats = [this](size_t i) {
    return i < s_.file.lines.size() && s_.file.lines[i].kind == Kind::kKern &&
           MayRepeat(s_.file.lines[i].Text("text"));
  };
  return repeats(s_.at) || repeats(s_.at + 1);
}

// How often such messages come depends on time, and whether at all on where the pages of the
// background lie. The model goes on with its loop, but not beyond.
void Asker::Repeated(Process& p, const Line& line) {
  const Line* said = s_.processes.Look(p, [&](const Line& l) { return Same(line, l); });
  if (said != nullptr) Processes::Take(p);
}

// ---- Inner functions ----

// The log of functions is switched on some time before its first line.
void Asker::Function(const Line& line) {
  if (!counting_) s_.processes.CountFromHere();
  counting_ = true;
  Named(line);
}

void Asker::FnCount(const Line& line) {
  const Line* next = s_.Next();
  counting_ = next != nullptr && next->kind == Kind::kFnCount;
  const std::string function(line.Text("function"));
  const uint32_t count = s_.processes.Returns(function);
  const bool same = CountsAlike(function) ? line.Number("count") == count
                                          : (count != 0) == (line.Number("count") != 0);
  if (!same) s_.Differ(line, absl::StrCat("FNCOUNT ", function, " = ", count));
}

}  // namespace hotplug::replay
