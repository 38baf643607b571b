// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the fuzz targets of readers share: how they say that a law is broken.
#ifndef FUZZ_TARGETS_READERS_LAW_H_
#define FUZZ_TARGETS_READERS_LAW_H_

#include <cstdio>
#include <cstdlib>

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"

namespace hotplug::targets {

// Ends the process with the law's name as the token of the finding, and what shows it.
[[noreturn]] inline void Broken(const char* target, const char* law, absl::string_view shown) {
  std::fprintf(stderr, "=== BROKEN LAW %s: %s\nDEDUP_TOKEN: %s/%s\n", law,
               absl::CHexEscape(shown).c_str(), target, law);
  std::abort();
}

}  // namespace hotplug::targets

#endif  // FUZZ_TARGETS_READERS_LAW_H_
