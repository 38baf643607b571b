// SPDX-License-Identifier: GPL-2.0-or-later
//
// The lines of a file: the first word selects a row of kRows, or is the verb of an operation.
#include "model/scenario/text/parse.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "model/scenario/bytes.h"
#include "model/scenario/print.h"
#include "model/scenario/rules.h"
#include "model/scenario/spec.h"
#include "model/scenario/text/line.h"
#include "model/scenario/text/read_at.h"
#include "model/scenario/text/read_op.h"
#include "model/scenario/text/references.h"
#include "model/scenario/words.h"

namespace hotplug::scenario {
namespace {

// "EBUSY" or "16", as they stand behind a minus sign.
bool ToErrno(absl::string_view text, uint64_t max, uint64_t* error) {
  for (size_t i = 0; i < kErrnoWords.size(); ++i) {
    if (text != View(kErrnoWords[i])) continue;
    *error = i + 1;
    return true;
  }
  return ToNumber(text, error) && *error <= max;
}

// Every spelling of what a notifier returns.
bool ToAnswer(absl::string_view text, uint32_t* value) {
  for (const mm::NamedValue& named : mm::kNotifyAnswers) {
    if (text != named.name) continue;
    *value = named.value;
    return true;
  }
  uint64_t number = 0;
  if (absl::ConsumePrefix(&text, "notifier_from_errno(")) {
    if (text == "0)") return *value = mm::NOTIFY_OK, true;
    if (!absl::ConsumePrefix(&text, "-") || !absl::ConsumeSuffix(&text, ")")) return false;
    if (!ToErrno(text, kMaxErrno, &number)) return false;
    *value = static_cast<uint32_t>(mm::notifier_from_errno(-static_cast<int>(number)));
    return true;
  }
  if (absl::ConsumePrefix(&text, "-")) {
    if (!ToErrno(text, uint64_t{1} << 31, &number)) return false;
    *value = uint32_t{0} - static_cast<uint32_t>(number);
    return true;
  }
  if (!ToNumber(text, &number) || number > std::numeric_limits<uint32_t>::max()) return false;
  *value = static_cast<uint32_t>(number);
  return true;
}

// What was read last, and so what may follow.
enum class Place : uint8_t { kHead, kDriver, kMachine, kMemory, kNotifier, kTask, kFault, kAt };

constexpr size_t kLongestTaskName = std::string_view("memtrace-1").size();

constexpr uint32_t Bit(Place place) { return 1u << static_cast<uint32_t>(place); }

class Parser {
 public:
  Parser(absl::string_view filename, const Names& names) : names_(names), line_(filename) {}

  absl::StatusOr<File> Parse(absl::string_view text);

 private:
  struct Row {
    absl::string_view word;
    uint32_t places;  // bits of the places where it may stand
    Place then;
    bool (Parser::*read)();
  };
  static const Row kRows[];

  bool ReadLine(absl::string_view text);
  bool ReadHead();
  bool ReadDriver();
  bool ReadMachine();
  bool ReadSwitch(absl::string_view key, bool* on);
  bool ReadMemory();
  bool ReadMemoryRange(uint32_t* blocks);
  bool ReadNotifier();
  bool ReadAnswer();
  bool ReadTask();
  bool ReadOperation();
  bool ReadFault();
  bool ReadAt();
  bool ReadExpect();
  bool ReadExpected(absl::string_view text);
  void CollectTaskNames(absl::string_view text);

  const Names& names_;
  File file_;
  Scenario& s_ = file_.scenario;
  std::vector<absl::string_view> task_names_;  // as the task lines say
  Line line_;
  const References refer_{s_, task_names_, line_};
  Place place_ = Place::kHead;
  bool in_expect_ = false;
};

constexpr uint32_t kInTask = Bit(Place::kTask);
const Parser::Row Parser::kRows[] = {
    {"driver", Bit(Place::kHead), Place::kDriver, &Parser::ReadDriver},
    {"machine", Bit(Place::kDriver), Place::kMachine, &Parser::ReadMachine},
    {"memory", Bit(Place::kMachine) | Bit(Place::kMemory), Place::kMemory, &Parser::ReadMemory},
    {"notifier", Bit(Place::kMemory) | Bit(Place::kNotifier), Place::kNotifier,
     &Parser::ReadNotifier},
    {"answer", Bit(Place::kNotifier), Place::kNotifier, &Parser::ReadAnswer},
    {"task", Bit(Place::kMemory) | Bit(Place::kNotifier) | kInTask, Place::kTask,
     &Parser::ReadTask},
    {"fault", kInTask | Bit(Place::kFault), Place::kFault, &Parser::ReadFault},
    {"at", kInTask | Bit(Place::kFault) | Bit(Place::kAt), Place::kAt, &Parser::ReadAt},
    {"expect", kInTask | Bit(Place::kFault) | Bit(Place::kAt), Place::kAt, &Parser::ReadExpect},
};

// What may follow, for the message about something else.
std::string Expected(Place place) {
  switch (place) {
    case Place::kHead:
      return "driver";
    case Place::kDriver:
      return "machine";
    case Place::kMachine:
      return "memory";
    case Place::kMemory:
      return "memory, notifier or task";
    case Place::kNotifier:
      return "answer, notifier or task";
    case Place::kTask:
      return absl::StrCat("an operation (", Verbs(), "), task, fault, at or expect");
    case Place::kFault:
      return "fault, at or expect";
    case Place::kAt:
      return "at or expect";
  }
  return "";
}

bool Parser::ReadHead() { return line_.Literal("scenario") && line_.Literal("1") && line_.End(); }

bool Parser::ReadDriver() {
  const Word word = line_.Take();
  return line_.Spec(word, scenario::ReadDriver(View(word), names_, &s_)) && line_.End();
}

// A switch that is left out is off.
bool Parser::ReadSwitch(absl::string_view key, bool* on) {
  Word word;
  uint8_t index = 0;
  if (!line_.OptionalKey(key, &word)) return true;
  if (!line_.OneOf(word, kSwitchWords, &index)) return false;
  *on = index != 0;
  return true;
}

bool Parser::ReadMachine() {
  Machine& m = s_.machine;
  Word word;
  if (!line_.Key("kernel=", &word)) return false;
  if (!line_.Spec(word, scenario::ReadKernel(View(word), names_, &m))) return false;
  if (!ReadSwitch("debug_vm=", &m.debug_vm)) return false;
  if (!ReadSwitch("auto_online=", &m.auto_online)) return false;
  if (!ReadSwitch("kmemleak=", &m.kmemleak)) return false;
  if (!ReadSwitch("memmap_on_memory=", &m.memmap_on_memory)) return false;
  if (!line_.OptionalNumber("pcp_high=", kMaxPcpHigh, &m.pcp_high)) return false;
  if (!line_.OptionalNumber("pagevec=", kMaxPagevec, &m.pagevec)) return false;
  if (!line_.Key("pages_per_block=", &word)) return false;
  if (!line_.PowerOfTwo(word, kMinPagesPerBlock, kMaxPagesPerBlock, &m.block_order)) return false;
  if (!line_.Key("pageblock_pages=", &word)) return false;
  if (!line_.PowerOfTwo(word, 1, PagesPerBlock(m), &m.pageblock_order)) return false;
  if (!line_.Key("max_order=", &word)) return false;
  uint64_t max_order = 0;
  if (!line_.Number(word, 0, std::min<uint32_t>(m.block_order, kMaxOrder), &max_order))
    return false;
  m.max_order = static_cast<uint8_t>(max_order);
  return line_.End();
}

// "4" or "4-7".
bool Parser::ReadMemoryRange(uint32_t* blocks) {
  Machine& m = s_.machine;
  const Word word = line_.Take();
  const size_t dash = word.text.find('-');
  const Word low{word.text.substr(0, dash), word.column};
  uint64_t first = 0;
  if (m.blocks.size == 0) {
    constexpr uint32_t kHighest = std::numeric_limits<uint8_t>::max();
    if (!line_.Number(low, 0, kHighest, &first)) return false;
    m.first_block = static_cast<uint8_t>(first);
  } else {
    const uint32_t next = m.first_block + m.blocks.size;
    if (!ToNumber(low.text, &first) || first != next) {
      return line_.Fail(low, absl::StrCat("block ", next));
    }
  }
  uint64_t last = first;
  if (dash != absl::string_view::npos) {
    const Word high{word.text.substr(dash + 1), word.column + dash + 1};
    if (!line_.Number(high, first, m.first_block + kMaxBlocks - 1, &last)) return false;
  }
  *blocks = static_cast<uint32_t>(last - first + 1);
  return true;
}

bool Parser::ReadMemory() {
  const List<Block, kMaxBlocks>& read = s_.machine.blocks;
  if (!line_.Room(read.full(), kMaxBlocks, "memory blocks")) return false;
  const bool lowest = read.size == 0;
  const Block below = lowest ? Block{} : read[read.size - 1];
  uint32_t blocks = 0;
  if (!ReadMemoryRange(&blocks)) return false;

  Block block;
  Word word;
  uint64_t node = 0;
  if (!line_.Key("node=", &word) || !line_.Number(word, below.node, kMaxNodes - 1, &node))
    return false;
  block.node = static_cast<uint8_t>(node);
  uint8_t zone = 0;
  if (!line_.Key("zone=", &word) || !line_.OneOf(word, kZoneWords, &zone)) return false;
  block.zone = static_cast<Zone>(zone);
  if (!lowest && block.node == below.node && block.zone < below.zone) {
    return line_.Fail(word, "Movable (normal blocks lie below the movable ones of their node)");
  }
  word = line_.Take();
  block.reserved = word.text == "reserved";
  block.offline = word.text == "offline";
  if (!word.text.empty() && !block.reserved && !block.offline) {
    return line_.Fail(word, "reserved, offline or end of line");
  }
  if (lowest && s_.machine.first_block == 0 && !block.reserved) {
    return line_.Fail(word, "reserved (block 0 always is)");
  }
  for (; blocks > 0; --blocks) s_.machine.blocks.push(block);
  return line_.End();
}

bool Parser::ReadNotifier() {
  if (!line_.Room(s_.notifiers.full(), kMaxNotifiers, "notifiers")) return false;
  if (!line_.Literal(NotifierName(s_.notifiers.size))) return false;
  Word word;
  if (!line_.Key("priority=", &word)) return false;
  int32_t priority = 0;  // SimpleAtoi() has no int16_t
  using Limits = std::numeric_limits<int16_t>;
  if (!absl::SimpleAtoi(word.text, &priority) || priority < Limits::min() ||
      priority > Limits::max()) {
    return line_.Fail(word, absl::StrCat("a number from ", Limits::min(), " to ", Limits::max()));
  }
  word = line_.Take();
  if (!word.text.empty() && word.text != "unregistered") {
    return line_.Fail(word, "unregistered or end of line");
  }
  s_.notifiers.push(Notifier{static_cast<int16_t>(priority), !word.text.empty()});
  return line_.End();
}

bool Parser::ReadAnswer() {
  if (!line_.Room(s_.answers.full(), kMaxAnswers, "answers")) return false;
  Answer answer;
  answer.notifier = static_cast<uint8_t>(s_.notifiers.size - 1);
  uint8_t action = 0;
  if (!line_.OneOf(line_.Take(), kActionWords, &action)) return false;
  answer.action = static_cast<uint8_t>(mm::kMemActions[action].value);
  if (absl::StartsWith(line_.Peek().text, "memory")) {
    const Word block = line_.Take();
    if (!refer_.Block(block, block.text, &answer.block)) return false;
  }
  Word word;
  if (line_.OptionalKey("nth=", &word)) {
    uint64_t nth = 0;
    if (!line_.Number(word, 1, std::numeric_limits<uint8_t>::max(), &nth)) return false;
    answer.nth = static_cast<uint8_t>(nth);
  }
  word = line_.Take();
  if (!ToAnswer(word.text, &answer.value)) {
    return line_.Fail(
        word,
        "NOTIFY_DONE, NOTIFY_OK, NOTIFY_BAD, NOTIFY_STOP, notifier_from_errno(-ERRNO), "
        "-ERRNO or a 32-bit number");
  }
  s_.answers.push(answer);
  return line_.End();
}

bool Parser::ReadTask() {
  if (!line_.Room(s_.tasks.full(), kMaxTasks, "tasks")) return false;
  std::array<std::string, kRoles> possible;
  for (uint32_t i = 0; i < kRoles; ++i) {
    possible[i] = absl::StrCat(View(kRoleWords[i]), "-", s_.tasks.size + 1);
  }
  uint8_t role = 0;
  if (!line_.OneOf(line_.Take(), possible, &role)) return false;
  s_.tasks.push(Task{static_cast<Role>(role)});
  return line_.End();
}

bool Parser::ReadOperation() {
  if (!line_.Room(s_.ops.full(), kMaxOps, "operations")) return false;
  Op op;
  op.task = static_cast<uint8_t>(s_.tasks.size - 1);
  if (!ReadOp(s_, refer_, line_, &op)) return false;
  s_.ops.push(op);
  return true;
}

bool Parser::ReadFault() {
  if (!line_.Room(s_.faults.full(), kMaxFaults, "faults")) return false;
  Fault fault;
  uint8_t site = 0;
  if (!line_.OneOf(line_.Take(), kFaultSiteWords, &site)) return false;
  fault.site = static_cast<FaultSite>(site);
  Word word;
  uint64_t nth = 0;
  if (!line_.Key("nth=", &word)) return false;
  if (!line_.Number(word, 1, std::numeric_limits<uint8_t>::max(), &nth)) return false;
  fault.nth = static_cast<uint8_t>(nth);

  std::vector<std::string> possible;
  for (const uint8_t error : mm::FaultErrnos(fault.site)) {
    possible.push_back(absl::StrCat("-", View(kErrnoWords[error - 1u])));
  }
  uint8_t error = 0;
  if (!line_.OneOf(line_.Take(), possible, &error)) return false;
  fault.error = mm::kFaultErrnos[error];
  s_.faults.push(fault);
  return line_.End();
}

bool Parser::ReadAt() {
  if (!line_.Room(s_.schedule.full(), kMaxPreemptions, "preemptions")) return false;
  Preemption p;
  if (!scenario::ReadAt(s_, names_, refer_, line_, &p)) return false;
  s_.schedule.push(p);
  return true;
}

bool Parser::ReadExpect() {
  in_expect_ = true;
  return line_.End();
}

bool Parser::ReadExpected(absl::string_view text) {
  if (text.empty()) return true;
  if (file_.expect.size() == kMaxExpect) {
    return line_.Fail(Word{text},
                      absl::StrCat("at most ", kMaxExpect, " lines of an expect block"));
  }
  file_.expect.emplace_back(text);
  return true;
}

void Parser::CollectTaskNames(absl::string_view text) {
  size_t number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    // Nothing behind is read: the lines are too many, one is too long, there are enough tasks.
    if (++number > kMaxLines || line.size() > kMaxLineBytes || task_names_.size() == kMaxTasks) {
      return;
    }
    const std::vector<Word> words = Split(line);
    if (!words.empty() && words[0].text == "expect") return;
    if (words.size() < 2 || words[0].text != "task") continue;
    // Nor is what stands behind a name that is none, and messages list the others.
    if (words[1].text.size() > kLongestTaskName) return;
    task_names_.push_back(words[1].text);
  }
}

bool Parser::ReadLine(absl::string_view text) {
  if (!line_.Next(text)) return false;
  if (in_expect_) return ReadExpected(absl::StripAsciiWhitespace(text));
  if (line_.number() == 1) return ReadHead();
  if (line_.empty()) return true;

  const Word first = line_.Take();
  for (const Row& row : kRows) {
    if (row.word != first.text || (row.places & Bit(place_)) == 0) continue;
    place_ = row.then;
    return (this->*row.read)();
  }
  if (place_ == Place::kTask && IsVerb(first.text)) return ReadOperation();
  return line_.Fail(first, Expected(place_));
}

absl::StatusOr<File> Parser::Parse(absl::string_view text) {
  CollectTaskNames(text);
  bool ok = true;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ok = ReadLine(line);
    if (!ok) break;
  }
  if (ok && place_ < Place::kTask) ok = line_.FailAtEndOfFile(Expected(place_));
  if (!ok) return absl::InvalidArgumentError(line_.error());
  if (const char* why = Invalid(s_, names_)) {
    return absl::InternalError(absl::StrCat(line_.filename(), ": ", why));
  }
  return file_;
}

}  // namespace

bool IsText(absl::string_view contents) { return absl::StartsWith(contents, "scenario "); }

absl::StatusOr<File> Read(absl::string_view contents, absl::string_view filename,
                          const Names& names) {
  if (IsText(contents)) return Parse(contents, filename, names);
  return File{Decode(reinterpret_cast<const uint8_t*>(contents.data()), contents.size(),
                     names.nr_drivers, names.nr_kernels),
              {}};
}

absl::StatusOr<File> Parse(absl::string_view text, absl::string_view filename, const Names& names) {
  return Parser(filename, names).Parse(text);
}

std::string PrintFile(const File& file, const Names& names) {
  std::string text = Print(file.scenario, names);
  if (file.expect.empty()) return text;
  absl::StrAppend(&text, "expect\n");
  for (const std::string& line : file.expect) absl::StrAppend(&text, "  ", line, "\n");
  return text;
}

}  // namespace hotplug::scenario
