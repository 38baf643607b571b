// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/fidelity/recording/check.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/fidelity/recording/error.h"
#include "model/limits.h"

namespace hotplug::recording {
namespace {

constexpr const char* kNeededKeys[] = {
    "kernel",      "block_pages", "section_pages", "pageblock_pages", "max_order",  "boot_blocks",
    "dimm_blocks", "nodes",       "dimm_node",     "debug_vm",        "config_bug", "auto_online"};
constexpr Kind kLayoutKinds[] = {
    Kind::kState,     Kind::kChain,         Kind::kPages, Kind::kPagesNovalid, Kind::kZone,
    Kind::kZoneTotal, Kind::kPagesPoisoned, Kind::kInfo,  Kind::kKern,         Kind::kNote};
constexpr int64_t kSigterm = 15;

bool IsOneOf(Kind kind, std::initializer_list<Kind> kinds) {
  return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

// What a request is about: all that RET and CTL repeat.
std::string Subject(const Line& line) {
  constexpr std::string_view kNotRepeated[] = {"proc", "alarm", "sa_restart", "result", "signal"};
  std::string subject;
  for (const Field& field : line.fields) {
    if (std::find(std::begin(kNotRepeated), std::end(kNotRepeated), field.name) ==
        std::end(kNotRepeated)) {
      subject += (subject.empty() ? "" : " ") + field.text;
    }
  }
  return subject;
}

class Checker {
 public:
  Checker(const File& file, std::string_view filename) : file_(file), filename_(filename) {}

  absl::Status Check() {
    for (size_t i = 0; i < file_.lines.size() && error_.ok(); ++i) {
      line_ = &file_.lines[i];
      CheckSection() && CheckLine(i == 0 ? nullptr : &file_.lines[i - 1]);
    }
    if (error_.ok()) CheckEnd();
    return error_;
  }

 private:
  enum class Section : uint8_t { kMachine, kBeforeLayout, kLayout, kBody, kEnd };
  struct Open {
    const Line* line;
    std::string subject;
  };

  // All of these return false if there is an error.
  bool FailAt(const Line& line, uint32_t column, const std::string& what, const std::string& got) {
    error_ = Expected({filename_, line.number, column}, what, got);
    return false;
  }
  bool Fail(const std::string& what, const std::string& got) {
    return FailAt(*line_, 1, what, got);
  }
  bool FailField(std::string_view field, const std::string& what) {
    const Field& found = *line_->Find(field);
    return FailAt(*line_, found.column, what, InQuotes(found.text));
  }

  bool CheckSection();
  bool CheckLayout();
  bool CheckMachine();
  bool CheckKeys();
  bool CheckLine(const Line* before);
  bool CheckScenario();
  bool CheckBegin();
  bool CheckName();
  bool CheckRet();
  bool CheckCtl(const Line* before);
  bool CheckDied();
  bool CheckSender();
  bool CheckReceiver();
  bool CheckEnd();

  const File& file_;
  const std::string_view filename_;
  absl::Status error_;
  const Line* line_ = nullptr;

  Section section_ = Section::kMachine;
  const Line* layout_ = nullptr;
  const Line* scenario_ = nullptr;
  std::map<int64_t, Open> open_;  // requests and commands in progress, by process
  std::set<int64_t> known_;       // processes that have made a request or begun a command
  std::set<int64_t> eaters_;
  std::set<std::string_view> names_;  // of notifiers
};

// Moves on to the next section where the line begins it.
bool Checker::CheckSection() {
  const Kind kind = line_->kind;
  const std::string got = InQuotes(KindName(kind));
  switch (section_) {
    case Section::kMachine:
      section_ = Section::kBeforeLayout;
      return kind == Kind::kMachine ? CheckMachine() : Fail("MACHINE", got);
    case Section::kBeforeLayout:
      section_ = Section::kLayout;
      layout_ = line_;
      return kind == Kind::kLayout || Fail("LAYOUT", got);
    case Section::kLayout:
      if (kind == Kind::kLayoutEnd) {
        section_ = Section::kBody;
        return CheckLayout();
      }
      return std::find(std::begin(kLayoutKinds), std::end(kLayoutKinds), kind) !=
                 std::end(kLayoutKinds) ||
             Fail("STATE, CHAIN, ZONE, PAGES, INFO or LAYOUT_END", got);
    case Section::kBody:
      if (IsOneOf(kind, {Kind::kEnd, Kind::kEndIncomplete})) section_ = Section::kEnd;
      return !IsOneOf(kind, {Kind::kMachine, Kind::kLayout, Kind::kLayoutEnd}) ||
             Fail("a line that stands behind LAYOUT_END", got);
    case Section::kEnd:
      return Fail("end of file", got);
  }
  return true;
}

bool Checker::CheckKeys() {
  std::set<std::string_view> keys;
  for (const Field& field : line_->fields) {
    std::string_view key = field.name;
    if (key == "other") key = std::string_view(field.text).substr(0, field.text.find('='));
    if (!keys.insert(key).second) {
      return FailAt(*line_, field.column, "each key once", InQuotes(key) + " again");
    }
  }
  for (const char* key : kNeededKeys) {
    if (!line_->Has(key)) return Fail(std::string("the key ") + key, "MACHINE without it");
  }
  return true;
}

bool Checker::CheckMachine() {
  if (!CheckKeys()) return false;
  const int64_t block = line_->Number("block_pages");
  const int64_t section = line_->Number("section_pages");
  if (section > block) return FailField("section_pages", "at most block_pages");
  if (line_->Number("pageblock_pages") > section) {
    return FailField("pageblock_pages", "at most section_pages");
  }
  if (int64_t{1} << line_->Number("max_order") > section) {
    return FailField("max_order", "an order of at most section_pages");
  }
  const std::optional<BlockRange> dimm = RangeOf(line_->Text("dimm_blocks"));
  if (dimm && RangeOf(line_->Text("boot_blocks"))->last >= dimm->first) {
    return FailField("dimm_blocks", "blocks above boot_blocks");
  }
  if (line_->Number("dimm_node") >= line_->Number("nodes")) {
    return FailField("dimm_node", "a number below nodes");
  }
  return true;
}

// At LAYOUT_END: whether the machine has been described.
bool Checker::CheckLayout() {
  std::set<int64_t> with_pages;
  const Line* state = nullptr;
  bool chain = false;
  bool zone = false;
  for (const Line* line = layout_; line != line_; ++line) {
    if (line->kind == Kind::kState && state == nullptr) state = line;
    chain |= line->kind == Kind::kChain;
    zone |= line->kind == Kind::kZone;
    if (IsOneOf(line->kind, {Kind::kPages, Kind::kPagesNovalid})) {
      with_pages.insert(line->Number("block"));
    }
  }
  if (state == nullptr) return Fail("a STATE line before LAYOUT_END", "none");
  if (!chain) return Fail("a CHAIN line before LAYOUT_END", "none");
  if (!zone) return Fail("a ZONE line before LAYOUT_END", "none");
  for (const Field& field : state->fields) {
    if (std::string_view(field.name) != "block" || with_pages.contains(field.number)) continue;
    return Fail("a PAGES line of block " + field.text + " before LAYOUT_END", "none");
  }
  return true;
}

bool Checker::CheckLine(const Line* before) {
  switch (line_->kind) {
    case Kind::kScenario:
    case Kind::kScenarioEnd:
      return CheckScenario();
    case Kind::kReq:
      return CheckBegin();
    case Kind::kCall:
      return CheckName() && CheckBegin();
    case Kind::kChain:
      return CheckName();
    case Kind::kRet:
      return CheckRet();
    case Kind::kCtl:
      return CheckName() && CheckCtl(before);
    case Kind::kDied:
      return CheckDied();
    case Kind::kEat:
    case Kind::kEatCheck:
      eaters_.insert(line_->Number("proc"));
      return true;
    case Kind::kEv:
      return CheckSender();
    case Kind::kSig:
      return CheckReceiver();
    default:
      return true;
  }
}

bool Checker::CheckScenario() {
  const bool begins = line_->kind == Kind::kScenario;
  if (begins && scenario_ != nullptr) return Fail("SCENARIO_END", "another SCENARIO");
  if (!begins && scenario_ == nullptr) return Fail("SCENARIO before", "SCENARIO_END");
  scenario_ = begins ? line_ : nullptr;
  return true;
}

bool Checker::CheckBegin() {
  const int64_t proc = line_->Number("proc");
  if (!open_.emplace(proc, Open{line_, Subject(*line_)}).second) {
    return FailField("proc", "a process that has no open REQ or CALL");
  }
  known_.insert(proc);
  return open_.size() <= kMaxProcesses ||
         FailField("proc", "at most " + std::to_string(kMaxProcesses) + " processes at one time");
}

// Whoever names a notifier in CHAIN or in a command makes it known.
bool Checker::CheckName() {
  if (!line_->Has("name")) return true;
  constexpr uint32_t kMost = kMaxNotifierNames - kOwnNotifierNames;
  names_.insert(line_->Text("name"));
  return names_.size() <= kMost ||
         FailField("name", "at most " + std::to_string(kMost) + " notifiers");
}

bool Checker::CheckRet() {
  const auto found = open_.find(line_->Number("proc"));
  if (found == open_.end() || found->second.line->kind != Kind::kReq) {
    return FailField("proc", "a process with an open REQ");
  }
  if (found->second.subject != Subject(*line_)) {
    return FailAt(
        *line_, line_->Find("block")->column,
        "the block, file and value of REQ in line " + std::to_string(found->second.line->number),
        "others");
  }
  open_.erase(found);
  return true;
}

// Ends the oldest open CALL of the command. A command without CALL has begun here.
bool Checker::CheckCtl(const Line* before) {
  const std::string subject = Subject(*line_);
  auto oldest = open_.end();
  for (auto it = open_.begin(); it != open_.end(); ++it) {
    if (it->second.line->kind != Kind::kCall || it->second.subject != subject) continue;
    if (oldest == open_.end() || it->second.line < oldest->second.line) oldest = it;
  }
  if (oldest != open_.end()) {
    open_.erase(oldest);
  } else if (before != nullptr && before->kind == Kind::kCall) {
    return FailField("cmd", "the command of the CALL before");
  }
  return true;
}

// A process that fills memory ends by SIGTERM without having made a request.
bool Checker::CheckDied() {
  return open_.erase(line_->Number("proc")) != 0 || line_->Number("signal") == kSigterm ||
         FailField("proc", "a process with an open REQ or CALL");
}

// A process that has never made a request is a worker of the kernel.
bool Checker::CheckSender() {
  const int64_t proc = line_->Number("proc");
  return open_.contains(proc) || !known_.contains(proc) ||
         FailField("proc", "a process with an open REQ or CALL, or one that never made a request");
}

bool Checker::CheckReceiver() {
  const int64_t proc = line_->Number("proc");
  return known_.contains(proc) || eaters_.contains(proc) ||
         FailField("proc", "a process of a REQ, CALL or EAT above");
}

bool Checker::CheckEnd() {
  if (section_ != Section::kEnd) {
    error_ = Expected({filename_, static_cast<uint32_t>(file_.lines.size()) + 3, 1},
                      section_ == Section::kMachine ? "MACHINE" : "END or END_INCOMPLETE",
                      "end of file");
    return false;
  }
  if (line_->kind == Kind::kEndIncomplete) return true;
  if (scenario_ != nullptr) return Fail("SCENARIO_END", InQuotes("END"));
  if (open_.empty()) return true;
  const Line& request = *open_.begin()->second.line;
  return FailAt(request, request.Find("proc")->column,
                request.kind == Kind::kReq ? "a process with a RET or DIED before END"
                                           : "a process with a CTL or DIED before END",
                InQuotes(request.Text("proc")));
}

}  // namespace

absl::Status CheckLines(const File& file, std::string_view filename) {
  return Checker(file, filename).Check();
}

}  // namespace hotplug::recording
