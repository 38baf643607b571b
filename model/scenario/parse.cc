// SPDX-License-Identifier: GPL-2.0-or-later
//
// A line is split into words; its first word selects a row of kLines, which says where such
// a line may stand and what reads the rest of it. The first failure is kept in `error_`;
// everything that can fail returns false from then on.
#include "model/scenario/parse.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "model/scenario/print.h"
#include "model/scenario/rules.h"
#include "model/scenario/spec.h"
#include "model/scenario/words.h"

namespace hotplug::scenario {
namespace {

constexpr char kBlanks[] = " \t\r";
constexpr size_t kShownWord = 60;  // of a word that is not what was expected

// A word of a line, or an empty one: its end.
struct Word {
  absl::string_view text;
  size_t column = 1;
};

// Abseil's string_view may be a type of its own.
absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }
std::string_view View(const Word& word) { return {word.text.data(), word.text.size()}; }

std::vector<Word> Split(absl::string_view line) {
  line = line.substr(0, line.find('#'));
  std::vector<Word> words;
  size_t at = 0;
  while ((at = line.find_first_not_of(kBlanks, at)) != absl::string_view::npos) {
    const size_t end = std::min(line.find_first_of(kBlanks, at), line.size());
    words.push_back({line.substr(at, end - at), at + 1});
    at = end;
  }
  return words;
}

// Decimal, or hexadecimal with 0x. No sign, no blanks.
bool ToNumber(absl::string_view text, uint64_t* value) {
  if (text.empty() || !absl::ascii_isdigit(static_cast<unsigned char>(text[0]))) return false;
  if (absl::StartsWith(text, "0x")) {
    return text.size() > 2 && absl::ascii_isxdigit(static_cast<unsigned char>(text[2])) &&
           absl::SimpleHexAtoi(text, value);
  }
  return absl::SimpleAtoi(text, value);
}

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
  for (const NamedAnswer& named : kNamedAnswers) {
    if (text != View(named.word)) continue;
    *value = named.value;
    return true;
  }
  uint64_t number = 0;
  if (absl::ConsumePrefix(&text, "notifier_from_errno(")) {
    if (text == "0)") return *value = kNotifyOk, true;
    if (!absl::ConsumePrefix(&text, "-") || !absl::ConsumeSuffix(&text, ")")) return false;
    if (!ToErrno(text, kMaxErrno, &number)) return false;
    *value = NotifierFromErrno(static_cast<uint32_t>(number));
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
constexpr char kAfterTask[] =
    "an operation (write, read, alloc, free, get, put, kill, after, sleep, remove, add, "
    "register, unregister, alloc_contig, free_contig, poison or mmap), task, fault, at or expect";
constexpr absl::string_view kExpected[] = {"driver",
                                           "machine",
                                           "memory",
                                           "memory, notifier or task",
                                           "answer, notifier or task",
                                           kAfterTask,
                                           "fault, at or expect",
                                           "at or expect"};

constexpr uint32_t Bit(Place place) { return 1u << static_cast<uint32_t>(place); }

class Parser {
 public:
  Parser(absl::string_view filename, const Names& names) : filename_(filename), names_(names) {}

  absl::StatusOr<File> Parse(absl::string_view text);

 private:
  struct Line {
    absl::string_view word;
    uint32_t places;  // bits of the places where it may stand
    Place then;
    bool (Parser::*read)();
  };
  static const Line kLines[];

  // Errors. All return false.
  bool Fail(const Word& found, absl::string_view expected);
  bool FailAtEnd();

  // Words of the current line.
  Word Take();
  bool End();
  bool Literal(absl::string_view word);
  bool Key(absl::string_view key, Word* value);
  bool OptionalKey(absl::string_view key, Word* value);
  bool OptionalNumber(absl::string_view key, uint32_t most, uint8_t* value);
  bool Number(const Word& word, uint64_t low, uint64_t high, uint64_t* value);
  bool PowerOfTwo(const Word& word, uint32_t low, uint32_t high, uint8_t* order);
  template <class Words>
  bool OneOf(const Word& word, const Words& words, uint8_t* index);
  bool Spec(const Word& word, const SpecError& error);
  bool BlockIndex(const Word& word, absl::string_view name, uint8_t* index);
  bool Address(const Word& word, uint8_t* index);
  bool TaskIndex(const Word& word, uint8_t* index);
  bool ThreadIndex(const Word& word, uint8_t* index);
  bool NotifierIndex(const Word& word, uint8_t* index);
  bool Room(bool full, uint32_t capacity, absl::string_view what);

  // Lines.
  bool ReadLine(absl::string_view line);
  bool ReadHead();
  bool ReadDriver();
  bool ReadMachine();
  bool ReadMemory();
  bool ReadMemoryRange(uint32_t* blocks);
  bool ReadNotifier();
  bool ReadAnswer();
  bool ReadTask();
  bool ReadOp();
  bool ReadWrite(Op* op);
  bool ReadAlloc(Op* op);
  bool ReadRead(Op* op);
  bool TraceFile(const Word& word, absl::string_view expected, Op* op);
  bool ReadNodeAndOrder(uint32_t max_order, Op* op);
  bool ReadFault();
  bool ReadAt();
  bool ReadExpect();
  void CollectTaskNames(const std::vector<absl::string_view>& lines);

  const absl::string_view filename_;
  const Names& names_;
  File file_;
  Scenario& s_ = file_.scenario;
  std::string error_;
  std::vector<absl::string_view> task_names_;  // as the task lines say; operations point forward

  size_t line_ = 0;  // counted from 1
  std::vector<Word> words_;
  size_t next_ = 0;        // index into words_
  size_t end_column_ = 1;  // behind the last word
  Place place_ = Place::kHead;
  bool in_expect_ = false;
};

constexpr uint32_t kInTask = Bit(Place::kTask);
const Parser::Line Parser::kLines[] = {
    {"driver", Bit(Place::kHead), Place::kDriver, &Parser::ReadDriver},
    {"machine", Bit(Place::kDriver), Place::kMachine, &Parser::ReadMachine},
    {"memory", Bit(Place::kMachine) | Bit(Place::kMemory), Place::kMemory, &Parser::ReadMemory},
    {"notifier", Bit(Place::kMemory) | Bit(Place::kNotifier), Place::kNotifier,
     &Parser::ReadNotifier},
    {"answer", Bit(Place::kNotifier), Place::kNotifier, &Parser::ReadAnswer},
    {"task", Bit(Place::kMemory) | Bit(Place::kNotifier) | kInTask, Place::kTask,
     &Parser::ReadTask},
    {"write", kInTask, Place::kTask, &Parser::ReadOp},
    {"read", kInTask, Place::kTask, &Parser::ReadOp},
    {"alloc", kInTask, Place::kTask, &Parser::ReadOp},
    {"free", kInTask, Place::kTask, &Parser::ReadOp},
    {"get", kInTask, Place::kTask, &Parser::ReadOp},
    {"put", kInTask, Place::kTask, &Parser::ReadOp},
    {"kill", kInTask, Place::kTask, &Parser::ReadOp},
    {"after", kInTask, Place::kTask, &Parser::ReadOp},
    {"sleep", kInTask, Place::kTask, &Parser::ReadOp},
    {"remove", kInTask, Place::kTask, &Parser::ReadOp},
    {"add", kInTask, Place::kTask, &Parser::ReadOp},
    {"mmap", kInTask, Place::kTask, &Parser::ReadOp},
    {"register", kInTask, Place::kTask, &Parser::ReadOp},
    {"unregister", kInTask, Place::kTask, &Parser::ReadOp},
    {"alloc_contig", kInTask, Place::kTask, &Parser::ReadOp},
    {"free_contig", kInTask, Place::kTask, &Parser::ReadOp},
    {"poison", kInTask, Place::kTask, &Parser::ReadOp},
    {"fault", kInTask | Bit(Place::kFault), Place::kFault, &Parser::ReadFault},
    {"at", kInTask | Bit(Place::kFault) | Bit(Place::kAt), Place::kAt, &Parser::ReadAt},
    {"expect", kInTask | Bit(Place::kFault) | Bit(Place::kAt), Place::kAt, &Parser::ReadExpect},
};

bool Parser::Fail(const Word& found, absl::string_view expected) {
  std::string what = absl::StrCat("'", absl::CHexEscape(found.text.substr(0, kShownWord)),
                                  found.text.size() > kShownWord ? "..." : "", "'");
  if (found.text.empty()) what = found.column == end_column_ ? "end of line" : "nothing";
  error_ = absl::StrCat(filename_, ":", line_, ":", found.column, ": expected ", expected,
                        ", found ", what);
  return false;
}

bool Parser::FailAtEnd() {
  error_ = absl::StrCat(filename_, ":", line_, ":1: expected ",
                        kExpected[static_cast<size_t>(place_)], ", found end of file");
  return false;
}

Word Parser::Take() {
  return next_ < words_.size() ? words_[next_++] : Word{absl::string_view(), end_column_};
}

bool Parser::End() {
  const Word word = Take();
  return word.text.empty() || Fail(word, "end of line");
}

bool Parser::Literal(absl::string_view word) {
  const Word found = Take();
  return found.text == word || Fail(found, word);
}

// The next word, which is `key` and a value; `key` ends in '='.
bool Parser::Key(absl::string_view key, Word* value) {
  return OptionalKey(key, value) ? true : Fail(Take(), key);
}

bool Parser::OptionalKey(absl::string_view key, Word* value) {
  if (next_ == words_.size() || !absl::StartsWith(words_[next_].text, key)) return false;
  *value = Take();
  value->text.remove_prefix(key.size());
  value->column += key.size();
  return true;
}

bool Parser::Number(const Word& word, uint64_t low, uint64_t high, uint64_t* value) {
  if (ToNumber(word.text, value) && *value >= low && *value <= high) return true;
  return Fail(word, absl::StrCat("a number from ", low, " to ", high));
}

bool Parser::PowerOfTwo(const Word& word, uint32_t low, uint32_t high, uint8_t* order) {
  uint64_t value = 0;
  if (ToNumber(word.text, &value) && value >= low && value <= high && (value & (value - 1)) == 0) {
    for (*order = 0; value > 1; value >>= 1) ++*order;
    return true;
  }
  return Fail(word, absl::StrCat("a power of two from ", low, " to ", high));
}

template <class Words>
bool Parser::OneOf(const Word& word, const Words& words, uint8_t* index) {
  std::string all;
  for (size_t i = 0; i < words.size(); ++i) {
    const absl::string_view candidate = View(words[i]);
    if (candidate == word.text) {
      *index = static_cast<uint8_t>(i);
      return true;
    }
    const bool last = i + 1 == words.size();
    absl::StrAppend(&all, i == 0 ? "" : last ? " or " : ", ", candidate);
  }
  return Fail(word, all);
}

bool Parser::Spec(const Word& word, const SpecError& error) {
  if (error.expected.empty()) return true;
  const auto at = static_cast<size_t>(error.part.data() - word.text.data());
  return Fail(Word{{error.part.data(), error.part.size()}, word.column + at}, error.expected);
}

// `name` is the part of the word that names the block.
bool Parser::BlockIndex(const Word& word, absl::string_view name, uint8_t* index) {
  const uint32_t blocks = s_.machine.blocks.size;
  for (uint32_t i = 0; i < blocks; ++i) {
    if (name != BlockName(s_.machine, i)) continue;
    *index = static_cast<uint8_t>(i);
    return true;
  }
  return Fail(word, absl::StrCat("a block from ", BlockName(s_.machine, 0), " to ",
                                 BlockName(s_.machine, blocks - 1)));
}

// Where a block begins.
bool Parser::Address(const Word& word, uint8_t* index) {
  const Machine& m = s_.machine;
  uint64_t address = 0;
  const bool is_number = ToNumber(word.text, &address);
  for (uint32_t i = 0; i < m.blocks.size; ++i) {
    if (!is_number || address != BlockAddress(m, i)) continue;
    *index = static_cast<uint8_t>(i);
    return true;
  }
  return Fail(word, absl::StrCat("the address of a block, 0x", absl::Hex(BlockAddress(m, 0)),
                                 " to 0x", absl::Hex(BlockAddress(m, m.blocks.size - 1)),
                                 " in steps of 0x", absl::Hex(kBlockBytes)));
}

bool Parser::TaskIndex(const Word& word, uint8_t* index) {
  for (size_t i = 0; i < task_names_.size() && i < kMaxTasks; ++i) {
    if (task_names_[i] != word.text) continue;
    *index = static_cast<uint8_t>(i);
    return true;
  }
  return Fail(word, absl::StrCat("a task (", absl::StrJoin(task_names_, ", "), ")"));
}

// A task, or the one that no scenario declares.
bool Parser::ThreadIndex(const Word& word, uint8_t* index) {
  if (word.text != "kworker") return TaskIndex(word, index);
  *index = kKworker;
  return true;
}

bool Parser::NotifierIndex(const Word& word, uint8_t* index) {
  const uint32_t notifiers = s_.notifiers.size;
  for (uint32_t i = 0; i < notifiers; ++i) {
    if (word.text != NotifierName(i)) continue;
    *index = static_cast<uint8_t>(i);
    return true;
  }
  if (notifiers == 0) return Fail(word, "a notifier, of which there is none");
  return Fail(word, absl::StrCat("a notifier from A to ", NotifierName(notifiers - 1)));
}

bool Parser::Room(bool full, uint32_t capacity, absl::string_view what) {
  return !full || Fail(words_[0], absl::StrCat("at most ", capacity, " ", what));
}

bool Parser::ReadHead() { return Literal("scenario") && Literal("1") && End(); }

bool Parser::ReadDriver() {
  const Word word = Take();
  return Spec(word, scenario::ReadDriver(View(word), names_, &s_)) && End();
}

// A key that is left out leaves `*value` as it is.
bool Parser::OptionalNumber(absl::string_view key, uint32_t most, uint8_t* value) {
  Word word;
  uint64_t number = 0;
  if (!OptionalKey(key, &word)) return true;
  if (!Number(word, 0, most, &number)) return false;
  *value = static_cast<uint8_t>(number);
  return true;
}

bool Parser::ReadMachine() {
  Machine& m = s_.machine;
  Word word;
  uint8_t on = 0;
  if (!Key("kernel=", &word)) return false;
  if (!Spec(word, scenario::ReadKernel(View(word), names_, &m))) return false;
  if (OptionalKey("debug_vm=", &word)) {
    if (!OneOf(word, kSwitchWords, &on)) return false;
    m.debug_vm = on != 0;
  }
  if (OptionalKey("auto_online=", &word)) {
    if (!OneOf(word, kSwitchWords, &on)) return false;
    m.auto_online = on != 0;
  }
  if (OptionalKey("kmemleak=", &word)) {
    if (!OneOf(word, kSwitchWords, &on)) return false;
    m.kmemleak = on != 0;
  }
  if (!OptionalNumber("pcp_high=", kMaxPcpHigh, &m.pcp_high)) return false;
  if (!OptionalNumber("pagevec=", kMaxPagevec, &m.pagevec)) return false;
  if (!Key("pages_per_block=", &word)) return false;
  if (!PowerOfTwo(word, kMinPagesPerBlock, kMaxPagesPerBlock, &m.block_order)) return false;
  if (!Key("pageblock_pages=", &word)) return false;
  if (!PowerOfTwo(word, 1, PagesPerBlock(m), &m.pageblock_order)) return false;
  if (!Key("max_order=", &word)) return false;
  uint64_t max_order = 0;
  if (!Number(word, 0, std::min<uint32_t>(m.block_order, kMaxOrder), &max_order)) return false;
  m.max_order = static_cast<uint8_t>(max_order);
  return End();
}

// "4" or "4-7".
bool Parser::ReadMemoryRange(uint32_t* blocks) {
  Machine& m = s_.machine;
  const Word word = Take();
  const size_t dash = word.text.find('-');
  const Word low{word.text.substr(0, dash), word.column};
  uint64_t first = 0;
  if (m.blocks.size == 0) {
    constexpr uint32_t kHighest = std::numeric_limits<uint8_t>::max();
    if (!Number(low, 0, kHighest, &first)) return false;
    m.first_block = static_cast<uint8_t>(first);
  } else {
    const uint32_t next = m.first_block + m.blocks.size;
    if (!ToNumber(low.text, &first) || first != next) {
      return Fail(low, absl::StrCat("block ", next));
    }
  }
  uint64_t last = first;
  if (dash != absl::string_view::npos) {
    const Word high{word.text.substr(dash + 1), word.column + dash + 1};
    if (!Number(high, first, m.first_block + kMaxBlocks - 1, &last)) return false;
  }
  *blocks = static_cast<uint32_t>(last - first + 1);
  return true;
}

bool Parser::ReadMemory() {
  const List<Block, kMaxBlocks>& read = s_.machine.blocks;
  if (!Room(read.full(), kMaxBlocks, "memory blocks")) return false;
  const bool lowest = read.size == 0;
  const Block below = lowest ? Block{} : read[read.size - 1];
  uint32_t blocks = 0;
  if (!ReadMemoryRange(&blocks)) return false;

  Block block;
  Word word;
  uint64_t node = 0;
  if (!Key("node=", &word) || !Number(word, below.node, kMaxNodes - 1, &node)) return false;
  block.node = static_cast<uint8_t>(node);
  uint8_t zone = 0;
  if (!Key("zone=", &word) || !OneOf(word, kZoneWords, &zone)) return false;
  block.zone = static_cast<Zone>(zone);
  if (!lowest && block.node == below.node && block.zone < below.zone) {
    return Fail(word, "Movable (normal blocks lie below the movable ones of their node)");
  }
  word = Take();
  block.reserved = word.text == "reserved";
  block.offline = word.text == "offline";
  if (!word.text.empty() && !block.reserved && !block.offline) {
    return Fail(word, "reserved, offline or end of line");
  }
  if (lowest && s_.machine.first_block == 0 && !block.reserved) {
    return Fail(word, "reserved (block 0 always is)");
  }
  for (; blocks > 0; --blocks) s_.machine.blocks.push(block);
  return End();
}

bool Parser::ReadNotifier() {
  if (!Room(s_.notifiers.full(), kMaxNotifiers, "notifiers")) return false;
  if (!Literal(NotifierName(s_.notifiers.size))) return false;
  Word word;
  if (!Key("priority=", &word)) return false;
  int32_t priority = 0;  // SimpleAtoi() has no int16_t
  using Limits = std::numeric_limits<int16_t>;
  if (!absl::SimpleAtoi(word.text, &priority) || priority < Limits::min() ||
      priority > Limits::max()) {
    return Fail(word, absl::StrCat("a number from ", Limits::min(), " to ", Limits::max()));
  }
  word = Take();
  if (!word.text.empty() && word.text != "unregistered") {
    return Fail(word, "unregistered or end of line");
  }
  s_.notifiers.push(Notifier{static_cast<int16_t>(priority), !word.text.empty()});
  return End();
}

bool Parser::ReadAnswer() {
  if (!Room(s_.answers.full(), kMaxAnswers, "answers")) return false;
  Answer answer;
  answer.notifier = static_cast<uint8_t>(s_.notifiers.size - 1);
  uint8_t action = 0;
  if (!OneOf(Take(), kActionWords, &action)) return false;
  answer.action = kActions[action];
  if (next_ < words_.size() && absl::StartsWith(words_[next_].text, "memory")) {
    const Word block = Take();
    if (!BlockIndex(block, block.text, &answer.block)) return false;
  }
  Word word;
  if (OptionalKey("nth=", &word)) {
    uint64_t nth = 0;
    if (!Number(word, 1, std::numeric_limits<uint8_t>::max(), &nth)) return false;
    answer.nth = static_cast<uint8_t>(nth);
  }
  word = Take();
  if (!ToAnswer(word.text, &answer.value)) {
    return Fail(word,
                "NOTIFY_DONE, NOTIFY_OK, NOTIFY_BAD, NOTIFY_STOP, notifier_from_errno(-ERRNO), "
                "-ERRNO or a 32-bit number");
  }
  s_.answers.push(answer);
  return End();
}

bool Parser::ReadTask() {
  if (!Room(s_.tasks.full(), kMaxTasks, "tasks")) return false;
  std::array<std::string, kRoles> possible;
  for (uint32_t i = 0; i < kRoles; ++i) {
    possible[i] = absl::StrCat(View(kRoleWords[i]), "-", s_.tasks.size + 1);
  }
  uint8_t role = 0;
  if (!OneOf(Take(), possible, &role)) return false;
  s_.tasks.push(Task{static_cast<Role>(role)});
  return End();
}

bool Parser::ReadWrite(Op* op) {
  const Word file = Take();
  if (file.text == View(kEnableFile)) {
    op->kind = OpKind::kWriteEnable;
    return Number(Take(), 0, std::numeric_limits<uint64_t>::max(), &op->value);
  }
  if (file.text == View(kProbeFile)) {
    op->kind = OpKind::kWriteProbe;
    return Address(Take(), &op->block);
  }
  if (file.text == View(kAutoOnlineFile)) {
    op->kind = OpKind::kWriteAutoOnline;
    return OneOf(Take(), kStateWordWords, &op->arg);
  }
  absl::string_view block = file.text;
  if (absl::ConsumeSuffix(&block, "/state")) {
    op->kind = OpKind::kWriteState;
    return BlockIndex(file, block, &op->block) && OneOf(Take(), kStateWordWords, &op->arg);
  }
  if (absl::ConsumeSuffix(&block, "/online")) {
    op->kind = OpKind::kWriteOnline;
    return BlockIndex(file, block, &op->block) && OneOf(Take(), kDigitWords, &op->arg);
  }
  return Fail(file,
              "memtrace/enable, memoryN/state, memoryN/online, memory/probe or "
              "memory/auto_online_blocks");
}

bool Parser::TraceFile(const Word& word, absl::string_view expected, Op* op) {
  for (uint32_t node = 0; node < kMaxNodes; ++node) {
    if (word.text != View(kTraceFiles[node]) || !HasNode(s_.machine, node)) continue;
    op->node = static_cast<uint8_t>(node);
    return true;
  }
  return Fail(word, expected);
}

bool Parser::ReadRead(Op* op) {
  const Word file = Take();
  op->kind = OpKind::kReadEnable;
  if (file.text == View(kEnableFile)) return true;
  op->kind = OpKind::kReadTrace;
  return TraceFile(file, "memtrace/enable or memtrace/NODE/trace of a node with memory", op);
}

bool Parser::ReadAlloc(Op* op) {
  op->kind = OpKind::kAlloc;
  return OneOf(Take(), kMobilityWords, &op->arg) && ReadNodeAndOrder(kMaxAllocOrder, op);
}

bool Parser::ReadNodeAndOrder(uint32_t max_order, Op* op) {
  Word word;
  uint64_t number = 0;
  if (!Key("node=", &word) || !Number(word, 0, kMaxNodes - 1, &number)) return false;
  op->node = static_cast<uint8_t>(number);
  if (!HasNode(s_.machine, op->node)) return Fail(word, "a node with memory");
  if (!Key("order=", &word) || !Number(word, 0, max_order, &number)) return false;
  op->order = static_cast<uint8_t>(number);
  return true;
}

bool Parser::ReadOp() {
  if (!Room(s_.ops.full(), kMaxOps, "operations")) return false;
  const absl::string_view verb = words_[0].text;
  Op op;
  op.task = static_cast<uint8_t>(s_.tasks.size - 1);
  bool ok = true;
  if (verb == "write") {
    ok = ReadWrite(&op);
  } else if (verb == "read") {
    ok = ReadRead(&op);
  } else if (verb == "mmap") {
    op.kind = OpKind::kMmapTrace;
    ok = TraceFile(Take(), "memtrace/NODE/trace of a node with memory", &op);
  } else if (verb == "alloc") {
    ok = ReadAlloc(&op);
  } else if (verb == "free") {
    op.kind = OpKind::kFree;
  } else if (verb == "get" || verb == "poison") {
    op.kind = verb == "get" ? OpKind::kGet : OpKind::kPoison;
    const Word block = Take();
    Word word;
    uint64_t page = 0;
    ok = BlockIndex(block, block.text, &op.block) && Key("page=", &word) &&
         Number(word, 0, PagesPerBlock(s_.machine) - 1, &page);
    op.page = static_cast<uint16_t>(page);
  } else if (verb == "put") {
    op.kind = OpKind::kPut;
  } else if (verb == "kill") {
    op.kind = OpKind::kKill;
    ok = TaskIndex(Take(), &op.target) && OneOf(Take(), kSignalWords, &op.arg);
  } else if (verb == "after") {
    op.kind = OpKind::kAfter;
    ok = TaskIndex(Take(), &op.target);
  } else if (verb == "remove" || verb == "add") {
    op.kind = verb == "remove" ? OpKind::kRemove : OpKind::kAdd;
    const Word block = Take();
    ok = BlockIndex(block, block.text, &op.block);
  } else if (verb == "register" || verb == "unregister") {
    op.kind = verb == "register" ? OpKind::kRegister : OpKind::kUnregister;
    ok = NotifierIndex(Take(), &op.notifier);
  } else if (verb == "alloc_contig") {
    op.kind = OpKind::kAllocContig;
    ok = ReadNodeAndOrder(MaxContigOrder(s_.machine), &op);
  } else if (verb == "free_contig") {
    op.kind = OpKind::kFreeContig;
  } else {
    op.kind = OpKind::kSleep;
    ok = Number(Take(), 1, kMaxSleep, &op.value);
  }
  s_.ops.push(op);
  return ok && End();
}

bool Parser::ReadFault() {
  if (!Room(s_.faults.full(), kMaxFaults, "faults")) return false;
  Fault fault;
  uint8_t site = 0;
  if (!OneOf(Take(), kFaultSiteWords, &site)) return false;
  fault.site = static_cast<FaultSite>(site);
  Word word;
  uint64_t nth = 0;
  if (!Key("nth=", &word)) return false;
  if (!Number(word, 1, std::numeric_limits<uint8_t>::max(), &nth)) return false;
  fault.nth = static_cast<uint8_t>(nth);

  std::array<std::string, kFaultErrnos.size()> possible;
  for (size_t i = 0; i < possible.size(); ++i) {
    possible[i] = absl::StrCat("-", View(kErrnoWords[kFaultErrnos[i] - 1u]));
  }
  word = Take();
  if (fault.site == FaultSite::kAddMemory) {
    uint8_t error = 0;
    if (!OneOf(word, possible, &error)) return false;
    fault.error = kFaultErrnos[error];
  } else if (word.text != possible[0]) {
    return Fail(word, possible[0]);
  }
  s_.faults.push(fault);
  return End();
}

bool Parser::ReadAt() {
  if (!Room(s_.schedule.full(), kMaxPreemptions, "preemptions")) return false;
  Preemption p;
  uint64_t step = 0;
  if (!ThreadIndex(Take(), &p.task)) return false;
  if (!Number(Take(), 1, std::numeric_limits<uint16_t>::max(), &step)) return false;
  p.step = static_cast<uint16_t>(step);
  if (!Literal("run") || !ThreadIndex(Take(), &p.other)) return false;
  s_.schedule.push(p);
  return End();
}

bool Parser::ReadExpect() {
  in_expect_ = true;
  return End();
}

void Parser::CollectTaskNames(const std::vector<absl::string_view>& lines) {
  for (absl::string_view line : lines) {
    const std::vector<Word> words = Split(line);
    if (!words.empty() && words[0].text == "expect") return;
    if (words.size() > 1 && words[0].text == "task") task_names_.push_back(words[1].text);
  }
}

bool Parser::ReadLine(absl::string_view line) {
  ++line_;
  if (in_expect_) {
    line = absl::StripAsciiWhitespace(line);
    if (!line.empty()) file_.expect.emplace_back(line);
    return true;
  }
  words_ = Split(line);
  next_ = 0;
  end_column_ = words_.empty() ? 1 : words_.back().column + words_.back().text.size();
  if (line_ == 1) return ReadHead();
  if (words_.empty()) return true;

  const Word first = Take();
  for (const Line& row : kLines) {
    if (row.word != first.text || (row.places & Bit(place_)) == 0) continue;
    place_ = row.then;
    return (this->*row.read)();
  }
  return Fail(first, kExpected[static_cast<size_t>(place_)]);
}

absl::StatusOr<File> Parser::Parse(absl::string_view text) {
  const std::vector<absl::string_view> lines = absl::StrSplit(text, '\n');
  CollectTaskNames(lines);
  bool ok = true;
  for (size_t i = 0; ok && i < lines.size(); ++i) ok = ReadLine(lines[i]);
  if (ok && place_ < Place::kTask) ok = FailAtEnd();
  if (!ok) return absl::InvalidArgumentError(error_);
  if (const char* why = Invalid(s_, names_)) {
    return absl::InternalError(absl::StrCat(filename_, ": ", why));
  }
  return file_;
}

}  // namespace

bool IsText(absl::string_view contents) { return absl::StartsWith(contents, "scenario "); }

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
