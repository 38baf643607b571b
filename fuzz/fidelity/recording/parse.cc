// SPDX-License-Identifier: GPL-2.0-or-later
//
// The first word of a line selects its forms. They are tried in turn; if none fits, the error
// is about the place that the best of them came to, and names all that could stand there.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fuzz/fidelity/recording/check.h"
#include "fuzz/fidelity/recording/error.h"
#include "fuzz/fidelity/recording/grammar.h"
#include "fuzz/fidelity/recording/recording.h"
#include "model/limits.h"

namespace hotplug::recording {
namespace {

constexpr size_t kMaxLine = 64 << 10;

std::string_view WordAt(std::string_view text, size_t at) {
  return text.substr(at, text.find(' ', at) - at);
}

// What nodes[i] wants to see.
std::string Wanted(const Sequence& nodes, size_t i) {
  const Node& node = nodes[i];
  switch (node.what) {
    case Node::What::kBlank:
      return Wanted(nodes, i + 1);
    case Node::What::kLiteral:
      return InQuotes(node.text);
    case Node::What::kOptional:
    case Node::What::kRepeat:
      return Wanted(node.parts[0], 0);
    case Node::What::kField:
      break;
  }
  if (node.lexer == nullptr) return "";
  const bool after = i > 0 && nodes[i - 1].what == Node::What::kLiteral;
  return std::string(node.lexer->what) + (after ? " after " + InQuotes(nodes[i - 1].text) : "");
}

// Visits the nodes of a form along a line.
class Reader {
 public:
  struct Position {
    size_t at;
    size_t fields;
  };

  explicit Reader(std::string_view text) : text_(text) {}

  bool Read(const Form& form, Line* line) {
    Reset({0, 0});
    if (!Walk(form.nodes, *this)) return false;
    if (at_ != text_.size()) return MissEnd();
    line->kind = form.kind;
    line->fields = std::move(fields_);
    return true;
  }

  absl::Status Error(std::string_view file, uint32_t line) const {
    const bool at_end = farthest_ == text_.size();
    const std::string_view word = WordAt(text_, farthest_);
    const std::string got = at_end ? "end of line" : word.empty() ? InQuotes(" ") : InQuotes(word);
    return Expected({file, line, farthest_ + 1}, AllWanted(), got);
  }

  bool Blank(const Sequence& nodes, size_t i) { return Literal(nodes, i); }
  bool Literal(const Sequence& nodes, size_t i) {
    if (!text_.substr(at_).starts_with(nodes[i].text)) return Miss(&nodes, i);
    at_ += nodes[i].text.size();
    return true;
  }
  bool Field(const Sequence& nodes, size_t i) {
    int64_t number = 0;
    const size_t size = ReadValue(nodes[i], text_.substr(at_), &number);
    if (size == kNoValue) return Miss(&nodes, i);
    fields_.push_back({nodes[i].text.c_str(), nodes[i].type(), std::string(text_.substr(at_, size)),
                       number, static_cast<uint32_t>(at_ + 1)});
    at_ += size;
    return true;
  }
  Position Mark() const { return {at_, fields_.size()}; }
  void Reset(const Position& position) {
    at_ = position.at;
    fields_.resize(position.fields);
  }
  // An item whose first word, behind the blank, stands there is that item or an error.
  bool Stuck(const Position& position) const { return farthest_ > position.at + 1; }

 private:
  // What did not stand at farthest_. Without nodes: the end of the line.
  struct Missed {
    const Sequence* nodes;
    size_t index;
  };

  bool Miss(const Sequence* nodes, size_t i) {
    if (at_ > farthest_) missed_.clear();
    if (at_ >= farthest_) missed_.push_back({nodes, i});
    farthest_ = std::max(farthest_, at_);
    return false;
  }

  // A blank goes with the word behind it.
  bool MissEnd() {
    if (text_[at_] == ' ' && !WordAt(text_, at_ + 1).empty()) ++at_;
    return Miss(nullptr, 0);
  }

  std::string AllWanted() const {
    std::vector<std::string> all;
    for (const Missed& missed : missed_) {
      std::vector<std::string> wanted;
      if (missed.nodes == nullptr) {
        wanted = {"end of line"};
      } else if (const Node& node = (*missed.nodes)[missed.index]; !node.words.empty()) {
        wanted = node.words;
      } else {
        wanted = {Wanted(*missed.nodes, missed.index)};
      }
      for (const std::string& one : wanted) {
        if (std::find(all.begin(), all.end(), one) == all.end()) all.push_back(one);
      }
    }
    std::string text;
    for (size_t i = 0; i < all.size(); ++i) {
      text += (i == 0 ? "" : i + 1 == all.size() ? " or " : ", ") + all[i];
    }
    return text;
  }

  const std::string_view text_;
  size_t at_ = 0;
  std::vector<recording::Field> fields_;
  size_t farthest_ = 0;
  std::vector<Missed> missed_;
};

absl::Status CheckBytes(std::string_view text, std::string_view file, uint32_t line) {
  if (text.size() > kMaxLine) {
    return Expected({file, line, kMaxLine + 1}, "lines of at most 65536 bytes",
                    std::to_string(text.size()));
  }
  const auto* const bad = std::find_if(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < ' ' && c != '\t') || byte > '~';
  });
  if (bad == text.end()) return absl::OkStatus();
  const auto column = static_cast<size_t>(bad - text.begin()) + 1;
  return Expected({file, line, column}, "ASCII text",
                  "byte " + HexText(static_cast<unsigned char>(*bad)));
}

// Takes a line off the text, which is not empty.
absl::Status TakeLine(std::string_view* text, std::string_view file, uint32_t number,
                      std::string_view* line) {
  const size_t end = text->find('\n');
  if (end == std::string_view::npos) {
    return Expected({file, number, text->size() + 1}, "a newline", "end of file");
  }
  *line = text->substr(0, end);
  text->remove_prefix(end + 1);
  return absl::OkStatus();
}

// Reads the comment that begins so into *value.
absl::Status ReadComment(std::string_view* text, std::string_view file, uint32_t number,
                         std::string_view begin, std::string* value) {
  const Place place = {file, number, 1};
  if (text->empty()) return Expected(place, InQuotes(begin), "end of file");
  std::string_view line;
  absl::Status status = TakeLine(text, file, number, &line);
  if (status.ok()) status = CheckBytes(line, file, number);
  if (!status.ok()) return status;
  if (!line.starts_with(begin)) return Expected(place, InQuotes(begin), InQuotes(line));
  *value = line.substr(begin.size());
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Line> ParseLine(std::string_view text, std::string_view file, uint32_t number) {
  if (absl::Status status = CheckBytes(text, file, number); !status.ok()) return status;
  const std::string_view word = WordAt(text, 0);
  const std::span<const Form> forms = FormsOf(word);
  if (forms.empty()) {
    return Expected({file, number, 1}, "a kind of line",
                    text.empty() ? "an empty line" : InQuotes(word));
  }
  Reader reader(text);
  Line line{.number = number};
  for (const Form& form : forms) {
    if (reader.Read(form, &line)) return line;
  }
  return reader.Error(file, number);
}

absl::StatusOr<File> Parse(std::string_view text, std::string_view file) {
  File result;
  if (text.size() > kMaxRecordingBytes) {
    return Expected({file, 1, 1}, "at most " + std::to_string(kMaxRecordingBytes) + " bytes",
                    std::to_string(text.size()));
  }
  absl::Status status = ReadComment(&text, file, 1, "# recording ", &result.name);
  if (status.ok()) status = ReadComment(&text, file, 2, "# kernel ", &result.kernel);
  for (uint32_t number = 3; status.ok() && !text.empty(); ++number) {
    if (number > kMaxRecordingLines) {
      return Expected({file, number, 1}, "at most " + std::to_string(kMaxRecordingLines) + " lines",
                      "more");
    }
    std::string_view line;
    status = TakeLine(&text, file, number, &line);
    if (!status.ok()) break;
    absl::StatusOr<Line> read = ParseLine(line, file, number);
    if (!read.ok()) return read.status();
    result.lines.push_back(*std::move(read));
  }
  if (status.ok()) status = CheckLines(result, file);
  if (!status.ok()) return status;
  return result;
}

}  // namespace hotplug::recording
