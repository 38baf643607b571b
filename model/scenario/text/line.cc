// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/scenario/text/line.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"

namespace hotplug::scenario {

namespace {

constexpr char kBlanks[] = " \t\r";

}  // namespace

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

bool ToNumber(absl::string_view text, uint64_t* value) {
  if (text.empty() || !absl::ascii_isdigit(static_cast<unsigned char>(text[0]))) return false;
  if (absl::StartsWith(text, "0x")) {
    return text.size() > 2 && absl::ascii_isxdigit(static_cast<unsigned char>(text[2])) &&
           absl::SimpleHexAtoi(text, value);
  }
  return absl::SimpleAtoi(text, value);
}

bool Line::Next(absl::string_view text) {
  ++number_;
  if (number_ > kMaxLines) {
    return Fail(Word{text}, absl::StrCat("at most ", kMaxLines, " lines"));
  }
  if (text.size() > kMaxLineBytes) {
    return Fail(Word{text.substr(kMaxLineBytes), kMaxLineBytes + 1},
                absl::StrCat("at most ", kMaxLineBytes, " bytes in a line"));
  }
  const size_t at = FindNoText(View(Word{text}));
  if (at != std::string_view::npos) {
    return Fail(Word{text.substr(at, 1), at + 1}, "UTF-8 without control characters");
  }
  words_ = Split(text);
  next_ = 0;
  end_column_ = empty() ? 1 : words_.back().column + words_.back().text.size();
  return true;
}

bool Line::Fail(const Word& found, absl::string_view expected) {
  std::string what = absl::StrCat("'", Echo(View(found)), "'");
  if (found.text.empty()) what = found.column == end_column_ ? "end of line" : "nothing";
  error_ = absl::StrCat(filename_, ":", number_, ":", found.column, ": expected ", expected,
                        ", found ", what);
  return false;
}

bool Line::FailAtEndOfFile(absl::string_view expected) {
  error_ = absl::StrCat(filename_, ":", number_, ":1: expected ", expected, ", found end of file");
  return false;
}

Word Line::Peek() const {
  return next_ < words_.size() ? words_[next_] : Word{absl::string_view(), end_column_};
}

Word Line::Take() {
  const Word word = Peek();
  if (next_ < words_.size()) ++next_;
  return word;
}

bool Line::End() {
  const Word word = Take();
  return word.text.empty() || Fail(word, "end of line");
}

bool Line::Literal(absl::string_view word) {
  const Word found = Take();
  return found.text == word || Fail(found, word);
}

bool Line::Key(absl::string_view key, Word* value) {
  return OptionalKey(key, value) ? true : Fail(Take(), key);
}

bool Line::OptionalKey(absl::string_view key, Word* value) {
  if (!absl::StartsWith(Peek().text, key)) return false;
  *value = Take();
  value->text.remove_prefix(key.size());
  value->column += key.size();
  return true;
}

bool Line::Number(const Word& word, uint64_t low, uint64_t high, uint64_t* value) {
  if (ToNumber(word.text, value) && *value >= low && *value <= high) return true;
  return Fail(word, absl::StrCat("a number from ", low, " to ", high));
}

bool Line::PowerOfTwo(const Word& word, uint32_t low, uint32_t high, uint8_t* order) {
  uint64_t value = 0;
  if (ToNumber(word.text, &value) && value >= low && value <= high && (value & (value - 1)) == 0) {
    for (*order = 0; value > 1; value >>= 1) ++*order;
    return true;
  }
  return Fail(word, absl::StrCat("a power of two from ", low, " to ", high));
}

bool Line::OptionalNumber(absl::string_view key, uint32_t most, uint8_t* value) {
  Word word;
  uint64_t number = 0;
  if (!OptionalKey(key, &word)) return true;
  if (!Number(word, 0, most, &number)) return false;
  *value = static_cast<uint8_t>(number);
  return true;
}

bool Line::Spec(const Word& word, const SpecError& error) {
  if (error.expected.empty()) return true;
  const auto at = static_cast<size_t>(error.part.data() - word.text.data());
  return Fail(Word{{error.part.data(), error.part.size()}, word.column + at}, error.expected);
}

bool Line::Room(bool full, uint32_t capacity, absl::string_view what) {
  return !full || Fail(words_[0], absl::StrCat("at most ", capacity, " ", what));
}

}  // namespace hotplug::scenario
