// SPDX-License-Identifier: GPL-2.0-or-later
//
// Whether a text is well-formed JSON (RFC 8259), or the part of XML 1.0 that reports are written
// in: elements, attributes, text, references to characters.
#ifndef FUZZ_TARGETS_READERS_WELL_FORMED_H_
#define FUZZ_TARGETS_READERS_WELL_FORMED_H_

#include <algorithm>
#include <string_view>
#include <vector>

#include "model/scenario/echo.h"

namespace hotplug::targets {

// Takes a text from its head. What is not there is not taken.
class Taker {
 public:
  explicit Taker(std::string_view text) : left_(text) {}

  bool empty() const { return left_.empty(); }
  char Peek() const { return left_.empty() ? '\0' : left_[0]; }
  bool Take(std::string_view part) {
    if (!left_.starts_with(part)) return false;
    left_.remove_prefix(part.size());
    return true;
  }
  // A character of UTF-8, empty if there is none.
  std::string_view TakeCharacter() {
    const std::string_view taken = left_.substr(0, left_.empty() ? 0 : Utf8Length(left_));
    left_.remove_prefix(taken.size());
    return taken;
  }
  // All up to the first byte that is one of `ends`.
  std::string_view TakeUntil(std::string_view ends) {
    const std::string_view taken = left_.substr(0, left_.find_first_of(ends));
    left_.remove_prefix(taken.size());
    return taken;
  }
  void TakeSpace() { left_.remove_prefix(std::min(left_.find_first_not_of(" \n"), left_.size())); }

 private:
  std::string_view left_;
};

class Json {
 public:
  explicit Json(std::string_view text) : text_(text) {}
  bool IsWhole() { return Value() && text_.empty(); }

 private:
  bool Value() {
    text_.TakeSpace();
    bool ok = false;
    if (text_.Take("{")) {
      ok = Sequence('}', [this] { return String() && text_.Take(":") && Value(); });
    } else if (text_.Take("[")) {
      ok = Sequence(']', [this] { return Value(); });
    } else if (text_.Peek() == '"') {
      ok = String();
    } else {
      ok = text_.Take("true") || text_.Take("false") || Number();
    }
    text_.TakeSpace();
    return ok;
  }
  bool Number() {
    const std::string_view digits = text_.TakeUntil(",]} \n");
    return !digits.empty() && digits.find_first_not_of("0123456789") == std::string_view::npos;
  }
  bool String() {
    if (!text_.Take("\"")) return false;
    while (!text_.Take("\"")) {
      const std::string_view character = text_.TakeCharacter();
      if (character.empty() || static_cast<unsigned char>(character[0]) < 0x20) return false;
      if (character == "\\" && !Escape()) return false;
    }
    return true;
  }
  bool Escape() {
    const std::string_view kind = text_.TakeCharacter();
    if (kind != "u") return kind == "\"" || kind == "\\" || kind == "n";
    for (int i = 0; i < 4; ++i) {
      const std::string_view digit = text_.TakeCharacter();
      if (digit.empty() || std::string_view("0123456789abcdef").find(digit) == digit.npos) {
        return false;
      }
    }
    return true;
  }
  template <class Member>
  bool Sequence(char end, Member member) {
    text_.TakeSpace();
    if (text_.Take({&end, 1})) return true;
    do {
      text_.TakeSpace();
      if (!member()) return false;
    } while (text_.Take(","));
    return text_.Take({&end, 1});
  }

  Taker text_;
};

class Xml {
 public:
  explicit Xml(std::string_view text) : text_(text) {}

  bool IsWhole() {
    if (!text_.Take("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")) return false;
    do {
      if (!(text_.Take("<") ? Tag() : !open_.empty() && Character("<"))) return false;
    } while (!open_.empty());
    return text_.Take("\n") && text_.empty();
  }

 private:
  bool Tag() {
    if (text_.Take("/")) {
      if (open_.empty() || !text_.Take(open_.back()) || !text_.Take(">")) return false;
      open_.pop_back();
      return true;
    }
    const std::string_view name = text_.TakeUntil(" />");
    if (name.empty()) return false;
    while (text_.Take(" ")) {
      if (text_.TakeUntil("=").empty() || !text_.Take("=\"")) return false;
      while (!text_.Take("\"")) {
        if (!Character("<\n\t\r")) return false;
      }
    }
    if (text_.Take("/>")) return true;
    open_.push_back(name);
    return text_.Take(">");
  }
  // A character that XML has, or a reference to one, and none of `others`.
  bool Character(std::string_view others) {
    if (text_.Peek() == '&') {
      const std::string_view reference = text_.TakeUntil(";");
      constexpr std::string_view kAll[] = {"&amp", "&lt", "&gt", "&quot", "&#9", "&#10", "&#13"};
      return text_.Take(";") &&
             std::find(std::begin(kAll), std::end(kAll), reference) != std::end(kAll);
    }
    const std::string_view character = text_.TakeCharacter();
    if (character.empty() || others.find(character) != others.npos) return false;
    const auto head = static_cast<unsigned char>(character[0]);
    if (head < 0x20) return head == '\n' || head == '\t' || head == '\r';
    return character != "\xef\xbf\xbe" && character != "\xef\xbf\xbf";
  }

  Taker text_;
  std::vector<std::string_view> open_;  // the elements that are
};

inline bool IsJson(std::string_view text) { return Json(text).IsWhole(); }
inline bool IsXml(std::string_view text) { return Xml(text).IsWhole(); }

}  // namespace hotplug::targets

#endif  // FUZZ_TARGETS_READERS_WELL_FORMED_H_
