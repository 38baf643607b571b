// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the fuzz targets of readers share: how they say that a law is broken, and what they run.
#ifndef FUZZ_TARGETS_READERS_LAW_H_
#define FUZZ_TARGETS_READERS_LAW_H_

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "fuzz/targets/finding.h"
#include "model/limits.h"
#include "model/scenario/echo.h"
#include "model/scenario/scenario.h"

namespace hotplug::targets {

// Ends the process with the law's name as the token of the finding, and what shows it.
[[noreturn]] inline void Broken(const char* target, const char* law, absl::string_view shown) {
  EndWith(absl::StrCat("=== BROKEN LAW ", law, ": ", absl::CHexEscape(shown),
                       "\nDEDUP_TOKEN: ", target, "/", law, "\n"));
}

// Texts can have machines of a real kernel's size, on which a run takes seconds with sanitizers.
inline bool IsSmall(const scenario::Machine& m) {
  return scenario::PagesPerBlock(m) <= kFuzzPagesPerBlock;
}

// A text of several lines that is shown on a terminal.
inline void CheckText(const char* target, const std::string& text) {
  constexpr size_t kMostText = size_t{1} << 20;
  if (text.size() > kMostText) Broken(target, "bounded", text.substr(0, 1000));
  for (std::string_view left = text; !left.empty();) {
    const size_t end = std::min(left.find('\n'), left.size());
    if (FindNoText(left.substr(0, end)) != left.npos) Broken(target, "printable", text);
    left.remove_prefix(std::min(end + 1, left.size()));
  }
}

// The message of an error, which is one line.
inline void CheckMessage(const char* target, const std::string& message) {
  constexpr size_t kMostMessage = 1000;
  const bool one_line = !message.empty() && message.find('\n') == std::string::npos;
  if (!one_line || message.size() > kMostMessage) Broken(target, "message", message);
  CheckText(target, message);
}

}  // namespace hotplug::targets

#endif  // FUZZ_TARGETS_READERS_LAW_H_
