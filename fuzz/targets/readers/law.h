// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the fuzz targets of readers share: how they say that a law is broken.
#ifndef FUZZ_TARGETS_READERS_LAW_H_
#define FUZZ_TARGETS_READERS_LAW_H_

#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "model/scenario/echo.h"

namespace hotplug::targets {

// Ends the process with the law's name as the token of the finding, and what shows it.
[[noreturn]] inline void Broken(const char* target, const char* law, absl::string_view shown) {
  std::fprintf(stderr, "=== BROKEN LAW %s: %s\nDEDUP_TOKEN: %s/%s\n", law,
               absl::CHexEscape(shown).c_str(), target, law);
  std::abort();
}

// A text of several lines that is shown on a terminal.
inline void CheckText(const char* target, const std::string& text) {
  constexpr size_t kMostText = size_t{1} << 20;
  if (text.size() > kMostText) Broken(target, "bounded", text.substr(0, 1000));
  if (EchoMessage(text.substr(0, kMaxEchoedMessage)) != text.substr(0, kMaxEchoedMessage)) {
    Broken(target, "printable", text);
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
