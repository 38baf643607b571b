// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/fidelity/recording/error.h"

#include "model/scenario/echo.h"
namespace hotplug::recording {
namespace {

constexpr size_t kMaxQuoted = 40;

}  // namespace

absl::Status Expected(const Place& place, const std::string& what, const std::string& got) {
  return absl::InvalidArgumentError(EchoName(place.file) + ":" + std::to_string(place.line) + ":" +
                                    std::to_string(place.column) + ": expected " + what + ", got " +
                                    got);
}

std::string InQuotes(std::string_view text) {
  const bool cut = text.size() > kMaxQuoted;
  return "\"" + std::string(text.substr(0, kMaxQuoted)) + (cut ? "...\"" : "\"");
}

}  // namespace hotplug::recording
