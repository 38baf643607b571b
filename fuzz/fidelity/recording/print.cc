// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/fidelity/recording/print.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fuzz/fidelity/recording/grammar.h"
#include "fuzz/fidelity/recording/recording.h"
#include "model/sim/check.h"

namespace hotplug::recording {
namespace {

// Visits the nodes of a form along the fields of a line.
class Printer {
 public:
  struct Position {
    size_t next;
    size_t size;
  };

  explicit Printer(const std::vector<recording::Field>& fields) : fields_(fields) {}

  bool Print(const Form& form) {
    Reset({0, 0});
    return Walk(form.nodes, *this) && next_ == fields_.size();
  }
  std::string TakeText() { return std::move(text_); }

  bool Blank(const Sequence& nodes, size_t i) { return Literal(nodes, i); }
  bool Literal(const Sequence& nodes, size_t i) {
    text_ += nodes[i].text;
    return true;
  }
  bool Field(const Sequence& nodes, size_t i) {
    if (next_ == fields_.size() || fields_[next_].name != nodes[i].text) return false;
    const std::string& text = fields_[next_].text;
    const std::vector<std::string>& words = nodes[i].words;
    if (!words.empty() && std::find(words.begin(), words.end(), text) == words.end()) return false;
    text_ += text;
    ++next_;
    return true;
  }
  Position Mark() const { return {next_, text_.size()}; }
  void Reset(const Position& position) {
    next_ = position.next;
    text_.resize(position.size);
  }
  static bool Stuck(const Position&) { return false; }

 private:
  const std::vector<recording::Field>& fields_;
  size_t next_ = 0;
  std::string text_;
};

// Visits the nodes of a form and takes from the given texts what each field wants.
class Maker {
 public:
  struct Position {
    std::vector<bool> used;
    size_t fields;
  };

  explicit Maker(std::span<const NamedText> given) : given_(given), used_(given.size()) {}

  bool Make(const Form& form) {
    Reset({std::vector<bool>(given_.size()), 0});
    return Walk(form.nodes, *this) && std::find(used_.begin(), used_.end(), false) == used_.end();
  }
  std::vector<recording::Field> TakeFields() { return std::move(fields_); }

  static bool Blank(const Sequence&, size_t) { return true; }
  static bool Literal(const Sequence&, size_t) { return true; }
  bool Field(const Sequence& nodes, size_t i) {
    for (size_t k = 0; k < given_.size(); ++k) {
      if (used_[k] || given_[k].name != nodes[i].text) continue;
      const std::string& text = given_[k].text;
      int64_t number = 0;
      if (text.find('\n') != std::string::npos) return false;
      if (ReadValue(nodes[i], text, &number) != text.size()) return false;
      fields_.push_back({nodes[i].text.c_str(), nodes[i].type(), text, number});
      used_[k] = true;
      return true;
    }
    return false;
  }
  Position Mark() const { return {used_, fields_.size()}; }
  void Reset(const Position& position) {
    used_ = position.used;
    fields_.resize(position.fields);
  }
  static bool Stuck(const Position&) { return false; }

 private:
  const std::span<const NamedText> given_;
  std::vector<bool> used_;
  std::vector<recording::Field> fields_;
};

}  // namespace

std::optional<std::string> PrintIfFits(const Line& line) {
  Printer printer(line.fields);
  for (const Form& form : FormsOf(line.kind)) {
    if (printer.Print(form)) return printer.TakeText();
  }
  return std::nullopt;
}

std::string Print(const Line& line) {
  std::optional<std::string> text = PrintIfFits(line);
  HOTPLUG_CHECK(text.has_value());
  return *std::move(text);
}

std::string Print(const File& file) {
  std::string text = "# recording " + file.name + "\n# kernel " + file.kernel + "\n";
  for (const Line& line : file.lines) text += Print(line) + "\n";
  return text;
}

Line Make(Kind kind, std::span<const NamedText> fields) {
  Maker maker(fields);
  for (const Form& form : FormsOf(kind)) {
    if (maker.Make(form)) return {.kind = kind, .fields = maker.TakeFields()};
  }
  HOTPLUG_CHECK(!"a line of the grammar");
  return {};
}

Line Make(Kind kind, std::initializer_list<NamedText> fields) {
  return Make(kind, std::span<const NamedText>(fields.begin(), fields.size()));
}

}  // namespace hotplug::recording
