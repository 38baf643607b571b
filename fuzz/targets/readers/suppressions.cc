// SPDX-License-Identifier: GPL-2.0-or-later
//
// The reader of suppression files, on any bytes: what is before the first NUL is a file, and what
// is behind it a token. A broken file leaves nothing behind; of a good one each pattern is used or
// told at the end.
#include "fuzz/report/suppressions.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "fuzz/targets/readers/law.h"

namespace {

[[noreturn]] void Broken(const char* law, const std::string& shown) {
  hotplug::targets::Broken("suppressions", law, shown);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t end = std::min(input.find('\0'), input.size());
  const std::string_view token = input.substr(std::min(end + 1, input.size()));
  hotplug::report::Suppressions known;
  if (!known.Add(input.substr(0, end), "input")) {
    if (!known.empty()) Broken("all-or-nothing", known.error());
    hotplug::targets::CheckMessage("suppressions", known.error());
    return 0;
  }
  const size_t patterns = known.Unused().size();
  if (known.empty() != (patterns == 0)) Broken("all-are-unused-first", known.UnusedReport());
  const bool matched = known.Match(token);
  if (matched != (known.Unused().size() < patterns)) Broken("matching-is-use", std::string(token));
  // A pattern without a star means itself.
  for (const std::string& pattern : known.Unused()) {
    if (pattern.find('*') == std::string::npos && !known.Match(pattern)) Broken("itself", pattern);
  }
  return 0;
}
