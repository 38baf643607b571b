// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the fields of lines look like: one lexer for each word that the templates of grammar.cc
// have behind a colon.
#ifndef FUZZ_FIDELITY_RECORDING_LEXER_H_
#define FUZZ_FIDELITY_RECORDING_LEXER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "fuzz/fidelity/recording/recording.h"

namespace hotplug::recording {

inline constexpr int64_t kMaxBlock = int64_t{1} << 20;
inline constexpr size_t kNoValue = std::string_view::npos;

struct Lexer {
  std::string_view name;
  Type type;
  std::string what;  // "expected WHAT"
  // The length of such a value at the beginning of `text`, or kNoValue. Sets *number if the
  // type has a number.
  size_t (*read)(std::string_view text, int64_t* number);
};

const Lexer& LexerOf(std::string_view name);

}  // namespace hotplug::recording

#endif  // FUZZ_FIDELITY_RECORDING_LEXER_H_
