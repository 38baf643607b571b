// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/fidelity/recording/lexer.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/fidelity/recording/texts.h"
#include "model/limits.h"
#include "model/mm/kernel.h"
#include "model/mm/types.h"
#include "model/sim/check.h"

namespace hotplug::recording {
namespace {

constexpr int64_t kMaxCount = std::numeric_limits<uint32_t>::max();
constexpr int64_t kMinNumber = std::numeric_limits<int32_t>::min();
constexpr int64_t kMaxNumber = std::numeric_limits<int32_t>::max();
constexpr int64_t kMaxProc = int64_t{1} << 20;
constexpr int64_t kMaxSignal = 64;  // _NSIG
constexpr std::string_view kZones[] = {"DMA", "DMA32", "Normal", "Movable", "Device"};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsModuleChar(char c) { return IsWordChar(c) || c == '-'; }
// The blanks of \S in regular expressions.
bool IsNoBlank(char c) { return c != ' ' && (c < '\t' || c > '\r'); }

// Where the characters that are `member` end.
size_t Run(std::string_view text, size_t from, bool (*member)(char)) {
  const auto* const end = std::find_if_not(text.begin() + from, text.end(), member);
  return static_cast<size_t>(end - text.begin());
}

size_t NonEmpty(size_t length) { return length == 0 ? kNoValue : length; }

// Moves *at behind the literal, if it stands there.
bool Skip(std::string_view text, size_t* at, std::string_view literal) {
  if (!text.substr(*at).starts_with(literal)) return false;
  *at += literal.size();
  return true;
}

// A number ends where the word ends: "12x" is none. It has a sign only if the range does.
template <int64_t kLow, int64_t kHigh>
size_t Decimal(std::string_view text, int64_t* number) {
  const size_t digits = kLow < 0 && text.starts_with('-') ? 1 : 0;
  const size_t end = Run(text, digits, IsWordChar);
  if (end == digits || !IsDigit(text[digits])) return kNoValue;
  const bool ok = ToNumber(text.substr(0, end), 10, number);
  return ok && *number >= kLow && *number <= kHigh ? end : kNoValue;
}

template <int64_t kHigh>
size_t Hex(std::string_view text, int64_t* number) {
  if (!text.starts_with("0x")) return kNoValue;
  const size_t end = Run(text, 2, IsWordChar);
  const std::string_view digits = text.substr(2, end - 2);
  if (digits.find_first_not_of("0123456789abcdef") != std::string_view::npos) return kNoValue;
  return ToNumber(digits, 16, number) && *number <= kHigh ? end : kNoValue;
}

size_t Proc(std::string_view text, int64_t* number) {
  if (!text.starts_with('p')) return kNoValue;
  const size_t size = Decimal<0, kMaxProc>(text.substr(1), number);
  return size == kNoValue ? kNoValue : size + 1;
}

size_t Bit(std::string_view text, int64_t* number) {
  return Decimal<0, 1>(text, number) == 1 ? 1 : kNoValue;
}

template <int64_t kLow, int64_t kHigh>
size_t Power(std::string_view text, int64_t* number) {
  const size_t size = Decimal<kLow, kHigh>(text, number);
  return size != kNoValue && (*number & (*number - 1)) == 0 ? size : kNoValue;
}

// What `raw` makes a probe return, as the 32 bits that it is.
size_t Raw(std::string_view text, int64_t* number) {
  size_t size = Hex<kMaxCount>(text, number);
  if (size == kNoValue) size = Decimal<kMinNumber, kMaxCount>(text, number);
  *number &= kMaxCount;
  return size;
}

size_t Name(std::string_view text, int64_t*) { return NonEmpty(Run(text, 0, IsWordChar)); }
size_t Notifier(std::string_view text, int64_t* number) {
  const size_t size = Name(text, number);
  return size <= kMaxNotifierName ? size : kNoValue;
}
size_t Module(std::string_view text, int64_t*) { return NonEmpty(Run(text, 0, IsModuleChar)); }
size_t Word(std::string_view text, int64_t*) { return NonEmpty(Run(text, 0, IsNoBlank)); }
size_t Text(std::string_view text, int64_t*) { return text.size(); }

size_t Message(std::string_view text, int64_t*) {
  return !text.empty() && IsNoBlank(text[0]) ? text.size() : kNoValue;
}

// Words with one blank between them.
size_t Words(std::string_view text, int64_t*) {
  const bool ok = !text.empty() && text.front() != ' ' && text.back() != ' ' &&
                  text.find("  ") == std::string_view::npos &&
                  text.find('\t') == std::string_view::npos;
  return ok ? text.size() : kNoValue;
}

size_t Arguments(std::string_view text, int64_t*) { return std::min(text.find(')'), text.size()); }

// "smt=off"
size_t Pair(std::string_view text, int64_t*) {
  const size_t equals = Run(text, 0, IsWordChar);
  const size_t end = Run(text, 0, IsNoBlank);
  return equals > 0 && text.substr(equals).starts_with('=') && end > equals + 1 ? end : kNoValue;
}

size_t Range(std::string_view text, int64_t* number) {
  const size_t end = Run(text, 0, IsModuleChar);
  const std::optional<BlockRange> range = RangeOf(text.substr(0, end));
  if (!range || range->last > kMaxBlock || range->first > range->last) {
    return kNoValue;
  }
  *number = range->first;
  return end;
}

size_t RangeOrNone(std::string_view text, int64_t* number) {
  return Run(text, 0, IsWordChar) == 4 && text.starts_with("none") ? 4 : Range(text, number);
}

// A kernel that the model has a profile of, with or without the number of a stable release.
size_t Kernel(std::string_view text, int64_t*) {
  const size_t end = Run(text, 0, IsNoBlank);
  for (const std::string_view name : mm::kKernelNames) {
    std::string_view rest = text.substr(0, end);
    if (!rest.starts_with(name)) continue;
    rest.remove_prefix(name.size());
    if (rest.empty()) return end;
    if (rest.size() > 1 && rest[0] == '.' && Run(rest, 1, IsDigit) == rest.size()) return end;
  }
  return kNoValue;
}

size_t Action(std::string_view text, int64_t* number) {
  const size_t end = Run(text, 0, IsWordChar);
  const std::optional<uint32_t> action = ActionOf(text.substr(0, end));
  if (!action) return kNoValue;
  *number = *action;
  return end;
}

size_t Zone(std::string_view text, int64_t*) {
  const size_t end = Run(text, 0, IsWordChar);
  const bool known =
      std::find(std::begin(kZones), std::end(kZones), text.substr(0, end)) != std::end(kZones);
  return known ? end : kNoValue;
}

size_t ZoneOrNone(std::string_view text, int64_t* number) {
  return text.starts_with('-') ? 1 : Zone(text, number);
}

// valid_zones of a block: "-", "ERR_EIO", or names with commas between.
size_t Zones(std::string_view text, int64_t*) {
  if (text.starts_with('-')) return 1;
  const size_t end = Run(text, 0, [](char c) { return IsWordChar(c) || c == ','; });
  const std::string_view zones = text.substr(0, end);
  if (zones.starts_with("ERR_E")) {
    return zones.size() > 5 && zones.find(',') == std::string_view::npos ? end : kNoValue;
  }
  const bool ok = !zones.empty() && zones.front() != ',' && zones.back() != ',' &&
                  zones.find(",,") == std::string_view::npos &&
                  zones.find('_') == std::string_view::npos;
  return ok ? end : kNoValue;
}

// "-EBUSY", "-4095"
size_t Error(std::string_view text, int64_t* number) {
  if (!text.starts_with('-')) return kNoValue;
  const size_t end = Run(text, 1, IsWordChar);
  if (const std::optional<int64_t> error = ErrnoOf(text.substr(1, end - 1))) {
    *number = -*error;
    return end;
  }
  return Decimal<kMinNumber, 0>(text, number);
}

size_t Status(std::string_view text, int64_t* number) {
  if (!text.starts_with("OK")) return Error(text, number);
  *number = 0;
  return Run(text, 2, IsWordChar) == 2 ? 2 : kNoValue;
}

size_t Result(std::string_view text, int64_t* number) {
  return text.starts_with('-') ? Error(text, number) : Decimal<0, kMaxCount>(text, number);
}

// "NOTIFY_OK", "0x12 (errno -EEXIST)", "0x8001 (errno OK, stops the chain)"
size_t Answer(std::string_view text, int64_t* number) {
  size_t at = 0;
  if (Skip(text, &at, "NOTIFY_OK")) {
    *number = mm::NOTIFY_OK;
    return Run(text, at, IsWordChar) == at ? at : kNoValue;
  }
  at = Hex<kMaxCount>(text, number);
  if (at == kNoValue || !Skip(text, &at, " (errno ")) return kNoValue;
  int64_t error = 0;
  const size_t size = Status(text.substr(at), &error);
  if (size == kNoValue) return kNoValue;
  at += size;
  Skip(text, &at, ", stops the chain");
  return Skip(text, &at, ")") ? at : kNoValue;
}

// A string as Python writes it.
size_t Value(std::string_view text, int64_t*) {
  if (!text.starts_with('\'') && !text.starts_with('"')) return kNoValue;
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == text[0]) return i + 1;
    if (text[i] == '\\') ++i;
  }
  return kNoValue;
}

// One that a process writes.
size_t Written(std::string_view text, int64_t* number) {
  const size_t size = Value(text, number);
  return size <= kMaxWrite + 2 ? size : kNoValue;
}

// What was read from a file is not escaped: it ends with the last quote of the line.
size_t Contents(std::string_view text, int64_t*) {
  const size_t end = text.rfind('\'');
  return text.starts_with('\'') && end > 0 ? end + 1 : kNoValue;
}

std::string UpTo(int64_t most) { return " up to " + std::to_string(most); }
std::string FromTo(int64_t least, int64_t most) {
  return " from " + std::to_string(least) + " to " + std::to_string(most);
}

const std::vector<Lexer>& Lexers() {
  static const std::vector<Lexer> lexers = {
      {"proc", Type::kProc, "a process (p1, p2, ...)", Proc},
      {"number", Type::kNumber, "a 32-bit number", Decimal<kMinNumber, kMaxNumber>},
      {"count", Type::kNumber, "a 32-bit number", Decimal<0, kMaxCount>},
      {"bit", Type::kNumber, "0 or 1", Bit},
      {"order", Type::kNumber, "a number" + FromTo(0, kMaxOrder), Decimal<0, kMaxOrder>},
      {"pages", Type::kNumber, "a power of two" + UpTo(kMaxPagesPerBlock),
       Power<1, kMaxPagesPerBlock>},
      {"bytes", Type::kNumber, "a power of two" + FromTo(kMinPageBytes, kMaxPageBytes),
       Power<kMinPageBytes, kMaxPageBytes>},
      {"nodes", Type::kNumber, "a number" + FromTo(1, kMaxNodes), Decimal<1, kMaxNodes>},
      {"node", Type::kNumber, "a number" + FromTo(0, kMaxNodes - 1), Decimal<0, kMaxNodes - 1>},
      {"signal", Type::kNumber, "a signal" + FromTo(1, kMaxSignal), Decimal<1, kMaxSignal>},
      {"raw", Type::kHex, "a 32-bit number", Raw},
      {"pfn", Type::kPfn, "a number with 0x below " + HexText(kMaxPfn), Hex<kMaxPfn - 1>},
      {"block", Type::kBlock, "a block number" + UpTo(kMaxBlock), Decimal<0, kMaxBlock>},
      {"anyblock", Type::kBlock, "a block number" + UpTo(kMaxBlock) + " or -1",
       Decimal<-kMaxBlock, kMaxBlock>},
      {"range", Type::kWord, "blocks (a-b, both" + UpTo(kMaxBlock) + ")", Range},
      {"norange", Type::kWord, "blocks (a-b, both" + UpTo(kMaxBlock) + ") or none", RangeOrNone},
      {"kernel", Type::kWord, "a kernel (rfc, 5.9, 5.11 or 6.1, or one of these and .N)", Kernel},
      {"name", Type::kName, "a name", Name},
      {"notifier", Type::kName, "a notifier's name of" + UpTo(kMaxNotifierName) + " characters",
       Notifier},
      {"action", Type::kAction,
       "an action (ONLINE, GOING_OFFLINE, OFFLINE, GOING_ONLINE, CANCEL_ONLINE, CANCEL_OFFLINE)",
       Action},
      {"zone", Type::kZone, "a zone (DMA, DMA32, Normal, Movable, Device)", Zone},
      {"nozone", Type::kZone, "a zone (DMA, DMA32, Normal, Movable, Device) or -", ZoneOrNone},
      {"zones", Type::kWord, "zones (Normal,Movable), none or -", Zones},
      {"errno", Type::kErrno, "an errno (-EBUSY, -4095)", Error},
      {"status", Type::kErrno, "OK or an errno (-EBUSY, -4095)", Status},
      {"result", Type::kErrno, "a number or an errno (-EBUSY, -4095)", Result},
      {"answer", Type::kAnswer, "NOTIFY_OK or 0x... (errno ...[, stops the chain])", Answer},
      {"written", Type::kValue, "a string in quotes of" + UpTo(kMaxWrite) + " characters", Written},
      {"contents", Type::kValue, "a string in quotes", Contents},
      {"module", Type::kWord, "the name of a module", Module},
      {"word", Type::kWord, "a word", Word},
      {"pair", Type::kWord, "a pair KEY=VALUE", Pair},
      {"args", Type::kText, "arguments", Arguments},
      {"words", Type::kText, "words with one blank between", Words},
      {"message", Type::kText, "a message", Message},
      {"text", Type::kText, "a text", Text},
  };
  return lexers;
}

}  // namespace

const Lexer& LexerOf(std::string_view name) {
  const auto found = std::find_if(Lexers().begin(), Lexers().end(),
                                  [name](const Lexer& lexer) { return lexer.name == name; });
  HOTPLUG_CHECK(found != Lexers().end());
  return *found;
}

}  // namespace hotplug::recording
