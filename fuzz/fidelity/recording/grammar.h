// SPDX-License-Identifier: GPL-2.0-or-later
//
// The templates of grammar.cc as trees, and the walk over a tree. Whoever reads, prints or
// makes lines is a visitor of that walk.
#ifndef FUZZ_FIDELITY_RECORDING_GRAMMAR_H_
#define FUZZ_FIDELITY_RECORDING_GRAMMAR_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/fidelity/recording/lexer.h"
#include "fuzz/fidelity/recording/recording.h"

namespace hotplug::recording {

struct Node;
using Sequence = std::vector<Node>;

struct Node {
  enum class What : uint8_t { kBlank, kLiteral, kField, kOptional, kRepeat };
  What what;
  std::string text = {};                // a literal, or the name of a field
  const Lexer* lexer = nullptr;         // of a field, unless it is one of `words`
  std::vector<std::string> words = {};  // of a field
  std::vector<Sequence> parts = {};     // kOptional: one; kRepeat: an item is one of these

  Type type() const { return lexer != nullptr ? lexer->type : Type::kWord; }
};

// A form of a line. Kinds have one; CALL and CTL have one for each command.
struct Form {
  Kind kind;
  Sequence nodes;
};

std::span<const Form> FormsOf(Kind kind);
// Those whose first word it is.
std::span<const Form> FormsOf(std::string_view word);

// The length of the field's value at the beginning of `text`, or kNoValue.
size_t ReadValue(const Node& field, std::string_view text, int64_t* number);

// Every word that a field of this name can be, in lines of this kind.
std::vector<std::string> WordsOf(Kind kind, std::string_view field);

// Takes the first of the parts that the visitor can take.
template <class Visitor>
bool WalkOneOf(const std::vector<Sequence>& parts, Visitor& visitor);

// Calls visitor.Blank, Literal and Field(nodes, index) in order until one is false. Optional
// parts and items are tried: where one fails, visitor.Reset(visitor.Mark()) undoes it. A part
// that visitor.Stuck(mark) fails for good: none of its alternatives is tried.
template <class Visitor>
bool Walk(const Sequence& nodes, Visitor& visitor) {
  for (size_t i = 0; i < nodes.size(); ++i) {
    bool ok = true;
    switch (nodes[i].what) {
      case Node::What::kBlank:
        ok = visitor.Blank(nodes, i);
        break;
      case Node::What::kLiteral:
        ok = visitor.Literal(nodes, i);
        break;
      case Node::What::kField:
        ok = visitor.Field(nodes, i);
        break;
      case Node::What::kOptional:
        WalkOneOf(nodes[i].parts, visitor);
        break;
      case Node::What::kRepeat:
        ok = WalkOneOf(nodes[i].parts, visitor);
        while (ok && WalkOneOf(nodes[i].parts, visitor)) {
        }
        break;
    }
    if (!ok) return false;
  }
  return true;
}

template <class Visitor>
bool WalkOneOf(const std::vector<Sequence>& parts, Visitor& visitor) {
  for (const Sequence& part : parts) {
    const auto mark = visitor.Mark();
    if (Walk(part, visitor)) return true;
    const bool stuck = visitor.Stuck(mark);
    visitor.Reset(mark);
    if (stuck) return false;
  }
  return false;
}

}  // namespace hotplug::recording

#endif  // FUZZ_FIDELITY_RECORDING_GRAMMAR_H_
