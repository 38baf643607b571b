// SPDX-License-Identifier: GPL-2.0-or-later
//
// The line is held against all templates at once: each word leaves those that it fits, until one
// is left that has no more words.
#include "model/scenario/text/read_op.h"

#include <algorithm>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "model/scenario/ops.h"
#include "model/scenario/rules.h"

namespace hotplug::scenario {

namespace {

using Kinds = std::vector<OpKind>;

// What stands between `before` and `behind` in a word that fits.
Word OperandOf(const OpWord& word, const Word& found) {
  const size_t around = word.before.size() + word.behind.size();
  if (found.text.size() < around) return found;
  return {found.text.substr(word.before.size(), found.text.size() - around),
          found.column + word.before.size()};
}

// The name of a folder is a part of a path: another name is another path.
bool IsTraceFolder(const Machine& m, absl::string_view name) {
  const Words folders = WordsOf(Field::kTrace);
  for (uint32_t node = 0; node < folders.size(); ++node) {
    if (View(folders[node]) == name) return HasNode(m, node);
  }
  return false;
}

bool Fits(const Machine& m, const OpWord& word, const Word& found) {
  if (!word.has_field) return found.text == View(word.before);
  if (!absl::StartsWith(found.text, View(word.before))) return false;
  if (!absl::EndsWith(found.text, View(word.behind))) return false;
  return word.field != Field::kTrace || IsTraceFolder(m, OperandOf(word, found).text);
}

// The word as people know it: "page=", "memoryN/state".
std::string Described(const OpWord& word) {
  if (!word.has_field || word.behind.empty()) return std::string(word.before);
  const bool trace = word.field == Field::kTrace;
  return absl::StrCat(View(word.before), trace ? "NODE" : "memoryN", View(word.behind),
                      trace ? " of a node with memory" : "");
}

// What may stand at this place of a line.
std::string Expected(const Kinds& kinds, uint32_t place) {
  std::vector<std::string> words;
  const auto add = [&words](const std::string& word) {
    if (std::find(words.begin(), words.end(), word) == words.end()) words.push_back(word);
  };
  for (OpKind kind : kinds) {
    const OpShape& shape = ShapeOf(kind);
    add(place < shape.nr_words ? Described(shape.words[place]) : "end of line");
  }
  return Alternatives(words);
}

class OpReader {
 public:
  OpReader(const Scenario& s, const References& refer, Line& line)
      : s_(s), refer_(refer), line_(line) {}

  bool Read(Op* op) {
    for (const Operation& row : kOperations) {
      if (View(ShapeOf(row.kind).words[0].before) == line_.first().text) kinds_.push_back(row.kind);
    }
    for (uint32_t place = 1; !line_.Peek().text.empty() || !IsWhole(place); ++place) {
      if (!ReadWord(place, op)) return false;
    }
    op->kind = kinds_[0];
    return true;
  }

 private:
  // Whether the words up to `place` are an operation; of those left it alone remains.
  bool IsWhole(uint32_t place) {
    const auto whole = std::find_if(kinds_.begin(), kinds_.end(), [place](OpKind kind) {
      return ShapeOf(kind).nr_words == place;
    });
    if (whole == kinds_.end()) return false;
    kinds_ = {*whole};
    return true;
  }

  bool ReadWord(uint32_t place, Op* op) {
    const Word found = line_.Take();
    Kinds left;
    for (OpKind kind : kinds_) {
      const OpShape& shape = ShapeOf(kind);
      if (place < shape.nr_words && Fits(s_.machine, shape.words[place], found)) {
        left.push_back(kind);
      }
    }
    if (left.empty()) return line_.Fail(found, Expected(kinds_, place));
    kinds_ = left;
    const OpWord& word = ShapeOf(left[0]).words[place];
    return !word.has_field || ReadOperand(word, found, op);
  }

  bool ReadOperand(const OpWord& word, const Word& found, Op* op) {
    const Word operand = OperandOf(word, found);
    const Words words = WordsOf(word.field);
    uint8_t index = 0;
    uint64_t number = 0;
    bool ok = false;
    switch (word.field) {
      case Field::kBlock:
        ok = refer_.Block(found, operand.text, &index);
        break;
      case Field::kAddress:
        ok = refer_.Address(operand, &index);
        break;
      case Field::kTask:
        ok = refer_.Task(operand, &index);
        break;
      case Field::kNotifier:
        ok = refer_.Notifier(operand, &index);
        break;
      default:
        if (words.size() == 0)
          return ReadNumber(word.field, operand, &number) && Put(word, number, op);
        ok = line_.OneOf(operand, words, &index);
    }
    return ok && Put(word, index, op);
  }

  bool ReadNumber(Field field, const Word& word, uint64_t* number) {
    const Range range = RangeOf(field, s_);
    if (!line_.Number(word, range.low, range.high, number)) return false;
    if (field != Field::kNode || HasNode(s_.machine, static_cast<uint32_t>(*number))) return true;
    return line_.Fail(word, "a node with memory");
  }

  static bool Put(const OpWord& word, uint64_t value, Op* op) {
    Set(op, word.field, value);
    return true;
  }

  const Scenario& s_;
  const References& refer_;
  Line& line_;
  Kinds kinds_;  // those that the words so far fit
};

// The first words of the operations, each once.
std::vector<std::string_view> AllVerbs() {
  std::vector<std::string_view> verbs;
  for (const OpShape& shape : kShapes) {
    const std::string_view verb = shape.words[0].before;
    if (std::find(verbs.begin(), verbs.end(), verb) == verbs.end()) verbs.push_back(verb);
  }
  return verbs;
}

}  // namespace

bool IsVerb(absl::string_view word) {
  return std::any_of(kShapes.begin(), kShapes.end(),
                     [word](const OpShape& shape) { return View(shape.words[0].before) == word; });
}

std::string Verbs() { return Alternatives(AllVerbs()); }

bool ReadOp(const Scenario& s, const References& refer, Line& line, Op* op) {
  return OpReader(s, refer, line).Read(op);
}

}  // namespace hotplug::scenario
