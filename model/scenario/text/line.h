// SPDX-License-Identifier: GPL-2.0-or-later
//
// A line of a text, taken word by word from the left. Everything that can fail returns false and
// keeps what was expected, and where; after that nothing else may be asked.
#ifndef MODEL_SCENARIO_TEXT_LINE_H_
#define MODEL_SCENARIO_TEXT_LINE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "model/scenario/echo.h"
#include "model/scenario/spec.h"

namespace hotplug::scenario {

// A word of a line, or an empty one: its end. Columns count bytes from 1.
struct Word {
  absl::string_view text;
  size_t column = 1;
};

// Abseil's string_view may be a type of its own.
inline absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view View(const Word& word) { return {word.text.data(), word.text.size()}; }

// The words of a line, without its comment.
std::vector<Word> Split(absl::string_view line);

// Decimal, or hexadecimal with 0x. No sign, no blanks.
bool ToNumber(absl::string_view text, uint64_t* value);

// "a, b or c".
template <class Words>
std::string Alternatives(const Words& words) {
  std::string all;
  for (size_t i = 0; i < words.size(); ++i) {
    absl::StrAppend(&all, i == 0 ? "" : i + 1 == words.size() ? " or " : ", ", View(words[i]));
  }
  return all;
}

// What a text has at most. A printed one has 1000 lines of 200 bytes; these are 64 MiB at most,
// and are read within a second.
inline constexpr size_t kMaxLineBytes = 4096;
inline constexpr size_t kMaxLines = 100000;

class Line {
 public:
  explicit Line(absl::string_view filename) : filename_(EchoName(View(Word{filename}))) {}

  // Goes on to the next line, with this text: UTF-8 without control characters, comments included.
  bool Next(absl::string_view text);
  const std::string& filename() const { return filename_; }
  size_t number() const { return number_; }  // counted from 1
  bool empty() const { return words_.empty(); }
  const Word& first() const { return words_[0]; }
  const std::string& error() const { return error_; }

  bool Fail(const Word& found, absl::string_view expected);
  bool FailAtEndOfFile(absl::string_view expected);

  // The next word, without taking it.
  Word Peek() const;
  Word Take();
  bool End();
  bool Literal(absl::string_view word);
  // The next word, which is `key` and a value; `key` ends in '='. One that is left out leaves
  // `*value` as it is.
  bool Key(absl::string_view key, Word* value);
  bool OptionalKey(absl::string_view key, Word* value);
  bool OptionalNumber(absl::string_view key, uint32_t most, uint8_t* value);

  // What a word says.
  bool Number(const Word& word, uint64_t low, uint64_t high, uint64_t* value);
  bool PowerOfTwo(const Word& word, uint32_t low, uint32_t high, uint8_t* order);
  template <class Words>
  bool OneOf(const Word& word, const Words& words, uint8_t* index) {
    for (size_t i = 0; i < words.size(); ++i) {
      if (View(words[i]) != word.text) continue;
      *index = static_cast<uint8_t>(i);
      return true;
    }
    return Fail(word, Alternatives(words));
  }
  bool Spec(const Word& word, const SpecError& error);
  // Whether a list has room for what this line adds to it.
  bool Room(bool full, uint32_t capacity, absl::string_view what);

 private:
  const std::string filename_;  // as messages have it
  std::string error_;
  size_t number_ = 0;
  std::vector<Word> words_;
  size_t next_ = 0;        // index into words_
  size_t end_column_ = 1;  // after the last word
};

}  // namespace hotplug::scenario

#endif  // MODEL_SCENARIO_TEXT_LINE_H_
