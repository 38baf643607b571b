// SPDX-License-Identifier: GPL-2.0-or-later
//
// ShiftDimm. Blocks and page frame numbers are fields of their own types; the other places are
// spans of zones and numbers within texts.
#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include "fuzz/fidelity/recording/change.h"
#include "fuzz/fidelity/recording/lexer.h"
#include "fuzz/fidelity/recording/texts.h"
#include "model/sim/check.h"

namespace hotplug::recording {
namespace {

constexpr int64_t kDefaultPageSize = 4096;

enum class Unit : uint8_t { kBlock, kPfn, kAddress };

// A number in a text of such lines, behind `before`. With `between` it is followed by the end
// of the same range, which moves as the beginning does.
struct Mention {
  Kind kind;
  std::string_view before;
  Unit unit;
  int base;
  size_t digits;  // at least
  std::string_view between;
};

constexpr Mention kMentions[] = {
    {Kind::kKern, "[mem 0x", Unit::kAddress, 16, 8, "-0x"},
    {Kind::kKern, "memory [0x", Unit::kAddress, 16, 16, "-0x"},
    {Kind::kKern, "region: ", Unit::kAddress, 16, 16, "->"},
    {Kind::kKern, "pfn:0x", Unit::kPfn, 16, 1, ""},
    {Kind::kKern, "pfn ", Unit::kPfn, 16, 1, ""},
    {Kind::kKern, "memory memory", Unit::kBlock, 10, 1, ""},
    {Kind::kFnEnter, "0x", Unit::kPfn, 16, 1, ""},
    {Kind::kInfo, "A=", Unit::kBlock, 10, 1, " B="},
    {Kind::kInfo, "block=", Unit::kBlock, 10, 1, ""},
    {Kind::kScenario, "A=", Unit::kBlock, 10, 1, " B="},
    {Kind::kScenario, "block=", Unit::kBlock, 10, 1, ""},
};

// The number at text[at], and where it ends; no number if that is `at`.
int64_t NumberAt(std::string_view text, size_t at, int base, size_t* end) {
  int64_t number = 0;
  const char* const begin = text.data() + at;
  *end = at + static_cast<size_t>(
                  std::from_chars(begin, text.data() + text.size(), number, base).ptr - begin);
  return number;
}

std::string Digits(int64_t number, const Mention& mention) {
  char buffer[20];
  const auto result = std::to_chars(buffer, buffer + sizeof(buffer), number, mention.base);
  const std::string digits(buffer, result.ptr);
  return std::string(mention.digits - std::min(mention.digits, digits.size()), '0') + digits;
}

class Shifter {
 public:
  Shifter(const Line& machine, int64_t blocks)
      : first_moved_(RangeOf(machine.Text("boot_blocks"))->last + 1),
        blocks_(blocks),
        block_pages_(machine.Number("block_pages")),
        page_size_(machine.Number("page_size", kDefaultPageSize)) {}

  void Shift(Line* line) const {
    if (line->kind == Kind::kMachine) ShiftRange(line->Find("dimm_blocks"));
    if (line->kind == Kind::kZone) ShiftSpan(line->Find("start_pfn"), line->Find("spanned"));
    for (Field& field : line->fields) {
      if (field.type == Type::kText) ShiftMentions(line->kind, &field.text);
      if (field.type != Type::kBlock && field.type != Type::kPfn) continue;
      const bool block = field.type == Type::kBlock;
      const int64_t distance = Distance(field.number, block ? Unit::kBlock : Unit::kPfn);
      if (distance == 0) continue;
      field.number += distance;
      field.text =
          block ? std::to_string(field.number) : HexText(static_cast<uint64_t>(field.number));
    }
  }

  // Whether everything that moves stays above boot memory, and no number becomes too large.
  bool HasRoom(const File& file) const {
    const auto fits = [this](int64_t block) {
      return block < first_moved_ ||
             (block + blocks_ >= first_moved_ && block + blocks_ <= kMaxBlock);
    };
    const std::optional<BlockRange> dimm = RangeOf(file.lines[0].Text("dimm_blocks"));
    if (!dimm || !fits(dimm->first) || !fits(dimm->last)) return false;
    for (const Line& line : file.lines) {
      for (const Field& field : line.fields) {
        if (field.type == Type::kBlock && !fits(field.number)) return false;
      }
    }
    return true;
  }

 private:
  int64_t SizeOf(Unit unit) const {
    if (unit == Unit::kBlock) return 1;
    return unit == Unit::kPfn ? block_pages_ : block_pages_ * page_size_;
  }

  // How far what is there moves.
  int64_t Distance(int64_t number, Unit unit) const {
    return number >= first_moved_ * SizeOf(unit) ? blocks_ * SizeOf(unit) : 0;
  }

  void ShiftRange(Field* field) const {
    const BlockRange range = *RangeOf(field->text);
    field->number = range.first + blocks_;
    field->text = std::to_string(field->number) + "-" + std::to_string(range.last + blocks_);
  }

  // A zone that begins below the DIMM and ends in it becomes longer or shorter.
  void ShiftSpan(const Field* start, Field* spanned) const {
    if (spanned->number == 0) return;
    const int64_t last = start->number + spanned->number - 1;
    spanned->number += Distance(last, Unit::kPfn) - Distance(start->number, Unit::kPfn);
    spanned->text = std::to_string(spanned->number);
  }

  void ShiftMentions(Kind kind, std::string* text) const {
    for (const Mention& mention : kMentions) {
      if (mention.kind != kind) continue;
      for (size_t at = 0; (at = text->find(mention.before, at)) != std::string::npos;) {
        at = ShiftMention(mention, at, text);
      }
    }
  }

  // Returns where to look for the next one.
  size_t ShiftMention(const Mention& mention, size_t at, std::string* text) const {
    const bool is_word = at == 0 || !IsWordChar((*text)[at - 1]);
    at += mention.before.size();
    size_t end = 0;
    const int64_t number = NumberAt(*text, at, mention.base, &end);
    if (!is_word || end == at) return at;
    const int64_t distance = Distance(number, mention.unit);
    if (distance == 0) return end;
    std::string moved = Digits(number + distance, mention);
    const size_t second = end + mention.between.size();
    if (second > end && text->compare(end, second - end, mention.between) == 0) {
      moved += mention.between;
      moved += Digits(NumberAt(*text, second, mention.base, &end) + distance, mention);
    }
    text->replace(at, end - at, moved);
    return at + moved.size();
  }

  const int64_t first_moved_;  // block
  const int64_t blocks_;
  const int64_t block_pages_;
  const int64_t page_size_;
};

}  // namespace

File ShiftDimm(const File& file, int64_t blocks) {
  const Shifter shifter(file.lines[0], blocks);
  HOTPLUG_CHECK(shifter.HasRoom(file));
  File shifted = file;
  for (Line& line : shifted.lines) shifter.Shift(&line);
  return shifted;
}

}  // namespace hotplug::recording
